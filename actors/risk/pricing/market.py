"""What the market says of an option's underlying on one day."""

from __future__ import annotations

import dataclasses
import datetime

from actors.errors import InputError
from actors.risk.pricing.contracts import Contract, finite, of_the_day, positive

DAYS_A_YEAR = 365.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Market:
    """The market of one underlying on one day; rates are continuous, years have 365 days.

    Attributes:
        date: The day.
        spot: The underlying's price, positive.
        volatility: Per year, as a fraction, positive.
        rate: Risk-free rate per year.
        dividend: Dividend yield per year; of an exchange rate the foreign rate, of a future the rate itself.
        observed: The day on which these numbers were seen; ``None``: that day. Older ones are refused.

    Raises:
        InputError: A number that is none, or of another day.
    """

    date: datetime.date
    spot: float
    volatility: float
    rate: float = 0.0
    dividend: float = 0.0
    observed: datetime.date | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        positive("spot", self.spot)
        positive("volatility", self.volatility)
        finite("rate", self.rate)
        finite("dividend", self.dividend)
        of_the_day("observed", self.observed, self.date)

    def years_to(self, contract: Contract) -> float:
        """Return the years until a contract expires, positive.

        Raises:
            InputError: It has expired, or does on this day.
        """
        days = (contract.expiry - self.date).days
        if days <= 0:
            raise InputError(
                "an option that has expired can't be priced",
                field="expiry",
                value=contract.expiry.isoformat(),
                rule=f"after {self.date.isoformat()}",
                remedy="settle it: at expiry an option is worth what exercising it pays",
            )
        return days / DAYS_A_YEAR
