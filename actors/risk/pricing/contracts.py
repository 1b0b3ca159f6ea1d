"""Options as their terms say, whatever the market does."""

from __future__ import annotations

import dataclasses
import datetime
import math
import numbers

from actors.errors import InputError
from actors.vocabulary import Word


class Right(Word):
    """What the holder may do."""

    CALL = "call"
    PUT = "put"

    @property
    def sign(self) -> int:
        """+1 for a call, -1 for a put."""
        return 1 if self is Right.CALL else -1


class BarrierKind(Word):
    """What happens where the barrier is touched: the option begins (in) or ends (out), from below (up) or above."""

    UP_IN = "up_in"
    UP_OUT = "up_out"
    DOWN_IN = "down_in"
    DOWN_OUT = "down_out"


class Average(Word):
    """How an Asian option averages prices."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


class BasketKind(Word):
    """What of its two assets a basket option is on."""

    MAXIMUM = "maximum"
    MINIMUM = "minimum"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contract:
    """What all options have.

    Attributes:
        right: Call or put.
        strike: Price at which it may be exercised, positive.
        expiry: The last day.

    Raises:
        InputError: A strike that is none.
    """

    right: Right
    strike: float
    expiry: datetime.date

    def __post_init__(self) -> None:
        """Check the terms."""
        positive("strike", self.strike)


@dataclasses.dataclass(frozen=True, kw_only=True)
class European(Contract):
    """May be exercised on its last day."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class American(Contract):
    """May be exercised on any day."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Digital(Contract):
    """Pays a fixed amount where it ends in the money.

    Attributes:
        payout: That amount, positive.
    """

    payout: float

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("payout", self.payout)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Barrier(Contract):
    """Begins or ends where the price touches a barrier, which is watched all the time; otherwise European.

    Attributes:
        kind: Which barrier.
        barrier: Its price, positive.
        rebate: Paid where it ends, or at expiry where it never began; 0 or more.
    """

    kind: BarrierKind
    barrier: float
    rebate: float = 0.0

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("barrier", self.barrier)
        not_negative("rebate", self.rebate)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asian(Contract):
    """Pays by the average price of some days; European.

    Attributes:
        average: Which average.
        fixings: The days that are still to come, ascending, the last one not after expiry.
        past: Prices of the days that are over.
    """

    average: Average
    fixings: tuple[datetime.date, ...]
    past: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        ascending = all(one < other for one, other in zip(self.fixings, self.fixings[1:]))
        if not self.fixings or not ascending or self.fixings[-1] > self.expiry:
            raise InputError(
                "fixings that can't be",
                field="fixings",
                value=", ".join(day.isoformat() for day in self.fixings) or "none",
                rule=f"ascending days, one at least, none after {self.expiry.isoformat()}",
            )
        for price in self.past:
            positive("past", price)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Basket(Contract):
    """Is on the dearer or the cheaper of two assets; European.

    Attributes:
        kind: Which.
    """

    kind: BasketKind


def positive(field: str, number: float) -> None:
    """Refuse what is no positive number."""
    if not (_is_number(number) and number > 0):
        raise InputError(f"no {field}", field=field, value=str(number), rule="a positive number")


def not_negative(field: str, number: float) -> None:
    """Refuse what is negative or no number."""
    if not (_is_number(number) and number >= 0):
        raise InputError(f"no {field}", field=field, value=str(number), rule="0 or a positive number")


def finite(field: str, number: float) -> None:
    """Refuse what is no number."""
    if not _is_number(number):
        raise InputError(f"no {field}", field=field, value=str(number), rule="a finite number")


def of_the_day(field: str, observed: datetime.date | None, date: datetime.date) -> None:
    """Refuse what was observed on another day than it is to count for; ``None``: it was on that day."""
    if observed is not None and observed != date:
        raise InputError(
            "the market of another day",
            field=field,
            value=observed.isoformat(),
            rule=date.isoformat(),
            remedy="take today's prices, or price as of the day of these",
        )


def _is_number(number: object) -> bool:
    return isinstance(number, numbers.Real) and math.isfinite(number)
