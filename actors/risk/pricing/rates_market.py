"""What the market says of interest rates on one day."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

from actors.errors import InputError
from actors.risk.pricing.contracts import finite, not_negative, positive
from actors.risk.pricing.curves import Curve
from actors.vocabulary import Word


class VolatilityModel(Word):
    """How a rate moves: in proportion to itself (F. Black 1976) or by amounts (L. Bachelier 1900)."""

    LOGNORMAL = "lognormal"
    NORMAL = "normal"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RatesMarket:
    """Curves, past rates and a volatility on one day.

    Attributes:
        discount: What payments are discounted by; its date is the day.
        forecast: What the rates of the index come from; ``None``: the same curve.
        fixings: Days and rates of the index that were set before, as fractions.
        volatility: Of the rate, per square root of a year; as a fraction of it (lognormal) or absolute (normal).
        model: Which of the two; needed with a volatility, whose size means nothing without it.
        displacement: Added to rates that move in proportion to themselves, so that they may be negative.

    Raises:
        InputError: A number that is none, or curves of two days.
    """

    discount: Curve
    forecast: Curve | None = None
    fixings: tuple[tuple[datetime.date, float], ...] = ()
    volatility: float | None = None
    model: VolatilityModel | None = None
    displacement: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        not_negative("displacement", self.displacement)
        if self.volatility is not None:
            positive("volatility", self.volatility)
            if self.model is None:
                raise InputError(
                    "a volatility without its model",
                    field="model",
                    value="none",
                    rule=" or ".join(VolatilityModel),
                    remedy="normal for an absolute one, such as 0.008 for 80 basis points; lognormal for one of 20%",
                )
        if self.forecast is not None and self.forecast.date != self.discount.date:
            raise InputError(
                "curves of two days",
                field="forecast.date",
                value=self.forecast.date.isoformat(),
                rule=f"that of the discount curve, {self.discount.date.isoformat()}",
            )
        for day, rate in self.fixings:
            finite(f"fixings[{day.isoformat()}]", rate)

    @property
    def date(self) -> datetime.date:
        """The day."""
        return self.discount.date

    @property
    def index_curve(self) -> Curve:
        """The curve that the rates of the index come from."""
        return self.forecast or self.discount

    def moved(self, move: Callable[[Curve], Curve]) -> RatesMarket:
        """Return the market with both of its curves moved."""
        forecast = None if self.forecast is None else move(self.forecast)
        return dataclasses.replace(self, discount=move(self.discount), forecast=forecast)

    def known_volatility(self) -> float:
        """Return the volatility.

        Raises:
            InputError: There is none.
        """
        if self.volatility is None:
            raise InputError(
                "no volatility",
                field="volatility",
                value="none",
                rule="a positive number, and its model",
                remedy="give the volatility of the rate with the market",
            )
        return self.volatility
