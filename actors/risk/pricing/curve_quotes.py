"""What yield curves are built from: deposits, futures, forward rate agreements, swaps and par yields as quoted."""

from __future__ import annotations

import abc
import dataclasses
import datetime
import re

from actors.errors import InputError
from actors.risk.pricing.contracts import finite

_TENOR = re.compile(r"[1-9]\d*[DWMY]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quote(abc.ABC):
    """What all quotes have.

    Attributes:
        observed: The day on which it was seen; ``None``: the day of the curve.
    """

    observed: datetime.date | None = None

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The quote as a trader calls it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DepositQuote(Quote):
    """A deposit from the spot day; of an overnight index the rate of the coming night, whatever the tenor.

    Attributes:
        tenor: For instance ``3M``.
        rate: Simple, per year, as a fraction.
    """

    tenor: str
    rate: float

    def __post_init__(self) -> None:
        """Check the quote."""
        check_tenor(self.tenor)
        finite("rate", self.rate)

    @property
    def name(self) -> str:
        """The quote as a trader calls it."""
        return f"deposit {self.tenor}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FutureQuote(Quote):
    """A three-month interest rate future, which starts on the third Wednesday of its month.

    Attributes:
        year: Of its start.
        month: Of its start: 3, 6, 9 or 12.
        price: 100 less the rate in per cent.
        convexity: Rate of the future less that of the forward, as a fraction; see ``convexity_adjustment``.
    """

    year: int
    month: int
    price: float
    convexity: float = 0.0

    def __post_init__(self) -> None:
        """Check the quote."""
        finite("price", self.price)
        finite("convexity", self.convexity)
        if self.month not in (3, 6, 9, 12):
            raise InputError("no quarterly future", field="month", value=self.month, rule="3, 6, 9 or 12")

    @property
    def name(self) -> str:
        """The quote as a trader calls it."""
        return f"future {self.year}-{self.month:02}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForwardRateQuote(Quote):
    """A forward rate agreement on the index's own term.

    Attributes:
        starts: Months from the spot day to the start.
        rate: Simple, per year, as a fraction.
    """

    starts: int
    rate: float

    def __post_init__(self) -> None:
        """Check the quote."""
        finite("rate", self.rate)
        if self.starts < 1:
            raise InputError("no start", field="starts", value=self.starts, rule="months, 1 at least")

    @property
    def name(self) -> str:
        """The quote as a trader calls it."""
        return f"forward rate agreement in {self.starts}M"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SwapQuote(Quote):
    """A swap of a fixed rate against the index, by the index's conventions: overnight indices make it an OIS.

    Attributes:
        tenor: For instance ``10Y``.
        rate: The fixed rate, per year, as a fraction.
    """

    tenor: str
    rate: float

    def __post_init__(self) -> None:
        """Check the quote."""
        check_tenor(self.tenor)
        finite("rate", self.rate)

    @property
    def name(self) -> str:
        """The quote as a trader calls it."""
        return f"swap {self.tenor}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParYieldQuote(Quote):
    """A constant maturity Treasury yield: the coupon of a bond that is worth 100, paid twice a year.

    Up to half a year it is the simple rate of what is paid once, at the end (US Treasury, "Treasury yield curve
    methodology", 2021: par yields on a bond-equivalent basis).

    Attributes:
        months: To maturity.
        rate: Per year, as a fraction.
    """

    months: int
    rate: float

    def __post_init__(self) -> None:
        """Check the quote."""
        finite("rate", self.rate)
        if self.months < 1 or (self.months > 6 and self.months % 6):
            raise InputError("no maturity", field="months", value=self.months, rule="1 to 6 or whole half years")

    @property
    def name(self) -> str:
        """The quote as a trader calls it."""
        years, rest = divmod(self.months, 12)
        return f"par yield {self.months}M" if rest else f"par yield {years}Y"


def check_tenor(tenor: str) -> None:
    """Refuse what is no tenor.

    Raises:
        InputError: It is not a number with D, W, M or Y.
    """
    if not _TENOR.fullmatch(tenor):
        raise InputError("not a tenor", field="tenor", value=tenor, rule="a number with D, W, M or Y, as in 3M or 10Y")


def convexity_adjustment(volatility: float, start_years: float, end_years: float) -> float:
    """Return by how much a future's rate is above the forward's, in continuous rates.

    T. Ho and S. Lee (1986); J. Hull (2018), 10th edition, section 6.3: sigma^2 T1 T2 / 2.

    Args:
        volatility: Of the short rate, absolute, per square root of a year.
        start_years: Years to the start of the future's period.
        end_years: Years to its end.
    """
    return volatility * volatility * start_years * end_years / 2
