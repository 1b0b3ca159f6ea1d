"""Bonds, swaps, caps and swaptions as their terms say, whatever the market does."""

from __future__ import annotations

import dataclasses
import datetime

from actors.errors import InputError
from actors.risk.pricing.contracts import finite, positive
from actors.risk.pricing.conventions import DayCount, Frequency, Holidays, Index, Roll
from actors.vocabulary import Word


class Side(Word):
    """Whether the fixed rate is paid or received."""

    PAYER = "payer"
    RECEIVER = "receiver"


class CapKind(Word):
    """Whether the floating rate is bounded from above or from below."""

    CAP = "cap"
    FLOOR = "floor"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Period:
    """What lasts from a first to a last day.

    Attributes:
        start: First day of the first period.
        maturity: Last day of the last one; periods are counted back from it, so that the first may be a short one.
    """

    start: datetime.date
    maturity: datetime.date

    def __post_init__(self) -> None:
        """Check the days."""
        if self.start >= self.maturity:
            raise InputError(
                "a maturity before the start",
                field="maturity",
                value=self.maturity.isoformat(),
                rule=f"after {self.start.isoformat()}",
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bond(Period):
    """What all bonds have.

    Attributes:
        face: What is paid back, positive.
        settlement_days: Business days from a trade to its settlement.
        holidays: Whose business days count.
        roll: Where payments go whose day is none.
    """

    face: float = 100.0
    settlement_days: int = 1
    holidays: Holidays = Holidays.NONE
    roll: Roll = Roll.FOLLOWING

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("face", self.face)
        if not 0 <= self.settlement_days <= 30:
            raise InputError("no settlement", field="settlement_days", value=self.settlement_days, rule="0 to 30")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixedBond(Bond):
    """Pays a fixed coupon.

    Attributes:
        coupon: Per year, as a fraction of the face.
        frequency: How often a part of it is paid.
        day_count: How accrued interest is counted.
    """

    coupon: float
    frequency: Frequency = Frequency.SEMIANNUAL
    day_count: DayCount = DayCount.ACTUAL_ACTUAL

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        finite("coupon", self.coupon)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FloatingBond(Bond):
    """Pays the rate of an index, as set at the start of each period, and a spread.

    Attributes:
        index: Which; not an overnight one.
        spread: Per year, as a fraction.
    """

    index: Index
    spread: float = 0.0

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        finite("spread", self.spread)
        term_rate(self.index)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InterestRateSwap(Period):
    """Exchanges a fixed rate for that of an index, by the index's conventions.

    Attributes:
        index: Which.
        side: Whether the fixed rate is paid or received.
        rate: The fixed rate, per year, as a fraction.
        notional: What rates are paid on, positive.
        spread: Added to the index, per year, as a fraction.
    """

    index: Index
    side: Side
    rate: float
    notional: float
    spread: float = 0.0

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("notional", self.notional)
        finite("rate", self.rate)
        finite("spread", self.spread)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cap(Period):
    """Pays in each period what the index is above (a floor: below) the strike.

    Attributes:
        index: Which; not an overnight one.
        kind: Cap or floor.
        strike: Per year, as a fraction.
        notional: What rates are paid on, positive.
    """

    index: Index
    kind: CapKind
    strike: float
    notional: float

    def __post_init__(self) -> None:
        """Check the terms."""
        super().__post_init__()
        positive("notional", self.notional)
        finite("strike", self.strike)
        term_rate(self.index)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Swaption:
    """May be exchanged for a swap on its last day; physically settled.

    Attributes:
        swap: The swap; its rate is the strike.
        expiry: The last day, not after the swap's start.
    """

    swap: InterestRateSwap
    expiry: datetime.date

    def __post_init__(self) -> None:
        """Check the terms."""
        if self.expiry > self.swap.start:
            raise InputError(
                "a swap that has begun before it can be chosen",
                field="expiry",
                value=self.expiry.isoformat(),
                rule=f"not after {self.swap.start.isoformat()}",
            )


def term_rate(index: Index) -> None:
    """Refuse an overnight index where a rate is set at the start of a period."""
    if index.overnight:
        raise InputError(
            "an index whose rate is known at the end of a period only",
            field="index",
            value=index,
            rule=f"one of {', '.join(one for one in Index if not one.overnight)}",
        )
