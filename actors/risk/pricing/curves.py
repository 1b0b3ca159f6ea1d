"""A yield curve as plain numbers: discount factors on some days, and what moves them."""

from __future__ import annotations

import bisect
import datetime
import math
from collections.abc import Sequence

from actors.encoding import Message
from actors.errors import InputError
from actors.risk.pricing.market import DAYS_A_YEAR

KEY_TENORS = 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0
"""Years of the key rates that are shifted by default."""


class Curve(Message, frozen=True):
    """Discount factors, from one to the next day by a constant forward rate (log-linear discount factors).

    Rates are continuous and per year of 365 days. After the last day the curve has no values.

    Attributes:
        date: The day that it is seen from; its discount factor is 1.
        days: Days, ascending, all after ``date``.
        discounts: Discount factor of each, positive.
        name: What it is of, for whoever reads an error.

    Raises:
        InputError: Days that do not ascend, or a factor that is none.
    """

    date: datetime.date
    days: tuple[datetime.date, ...]
    discounts: tuple[float, ...]
    name: str = "curve"

    def __post_init__(self) -> None:
        """Check days and factors."""
        ascending = all(one < other for one, other in zip((self.date, *self.days), self.days, strict=False))
        if not self.days or not ascending or len(self.days) != len(self.discounts):
            raise InputError(
                f"{self.name}: days that can't be",
                field="days",
                value=", ".join(day.isoformat() for day in self.days) or "none",
                rule=f"ascending, after {self.date.isoformat()}, one a discount factor ({len(self.discounts)})",
            )
        for day, factor in zip(self.days, self.discounts, strict=True):
            if not (math.isfinite(factor) and factor > 0):
                raise InputError(
                    f"{self.name}: no discount factor",
                    field=f"discounts[{day.isoformat()}]",
                    value=factor,
                    rule="a positive number",
                )

    @property
    def last(self) -> datetime.date:
        """The last day that the curve knows."""
        return self.days[-1]

    def years(self, day: datetime.date) -> float:
        """Return the years from the curve's date to a day, of 365 days each."""
        return (day - self.date).days / DAYS_A_YEAR

    def discount(self, day: datetime.date) -> float:
        """Return what one unit paid on ``day`` is worth on the curve's date.

        Raises:
            InputError: The day is before the curve's date or after its last day.
        """
        if not self.date <= day <= self.last:
            raise InputError(
                f"{self.name} has no value on this day",
                field="day",
                value=day.isoformat(),
                rule=f"from {self.date.isoformat()} to {self.last.isoformat()}",
                remedy="build the curve from quotes that reach as far as the contract",
            )
        at = bisect.bisect_left(self.days, day)
        after, last = self.days[at], math.log(self.discounts[at])
        before, first = (self.days[at - 1], math.log(self.discounts[at - 1])) if at else (self.date, 0.0)
        return math.exp(first + (last - first) * ((day - before).days / (after - before).days))

    def zero(self, day: datetime.date) -> float:
        """Return the continuous rate from the curve's date to a later day."""
        return -math.log(self.discount(day)) / self.years(day)

    def forward(self, start: datetime.date, end: datetime.date, year: float = 360.0) -> float:
        """Return the simple rate of the time between two days, by actual days over ``year``."""
        return (self.discount(start) / self.discount(end) - 1) * year / (end - start).days

    def parallel(self, shift: float) -> Curve:
        """Return the curve with every continuous rate moved by ``shift`` (0.0001 is a basis point)."""
        return self._moved(self.days, [shift] * len(self.days))

    def key_rate(self, place: int, shift: float, tenors: Sequence[float] = KEY_TENORS) -> Curve:
        """Return the curve with one key rate moved, its neighbours not, and linearly less between.

        The first and the last key rate move all that is before and after them, so that moving every key rate by the
        same is ``parallel``. T. Ho (1992), "Key rate durations: measures of interest rate risks".

        Args:
            place: Which of the key rates.
            shift: By how much, in continuous rates.
            tenors: Years of the key rates, ascending.

        Raises:
            InputError: Key rates that do not ascend, or no such key rate.
        """
        if not tenors or any(one >= other for one, other in zip(tenors, tenors[1:], strict=False)) or tenors[0] <= 0:
            raise InputError(
                "key rates that can't be", field="tenors", value=str(tuple(tenors)), rule="ascending years"
            )
        if not 0 <= place < len(tenors):
            raise InputError("no such key rate", field="place", value=place, rule=f"0 to {len(tenors) - 1}")
        keys = [self.date + datetime.timedelta(days=round(DAYS_A_YEAR * tenor)) for tenor in tenors]
        days = sorted({*self.days, *(key for key in keys if key < self.last)})
        return self._moved(days, [shift * _weight(day, place, keys) for day in days])

    def rolled(self, date: datetime.date) -> Curve:
        """Return the curve of a later date on which the forward rates of this one have come true."""
        passed = self.discount(date)
        kept = [(day, factor / passed) for day, factor in zip(self.days, self.discounts, strict=True) if day > date]
        return Curve(date, tuple(day for day, _ in kept), tuple(factor for _, factor in kept), self.name)

    def _moved(self, days: Sequence[datetime.date], shifts: Sequence[float]) -> Curve:
        factors = [
            self.discount(day) * math.exp(-shift * self.years(day)) for day, shift in zip(days, shifts, strict=True)
        ]
        return Curve(self.date, tuple(days), tuple(factors), self.name)


def flat_curve(date: datetime.date, rate: float, years: int = 60, name: str = "flat curve") -> Curve:
    """Return a curve of one continuous rate, for so many years of 365 days.

    Raises:
        InputError: A rate that is no number.
    """
    if not math.isfinite(rate):
        raise InputError("no rate", field="rate", value=rate, rule="a finite number")
    day = date + datetime.timedelta(days=round(years * DAYS_A_YEAR))
    return Curve(date, (day,), (math.exp(-rate * years),), name)


def _weight(day: datetime.date, place: int, keys: Sequence[datetime.date]) -> float:
    """Return how much a day's rate moves with a key rate, from 0 to 1."""
    key = keys[place]
    if day <= key:
        if place == 0:
            return 1.0
        before = keys[place - 1]
        return max(0.0, (day - before).days / (key - before).days)
    if place == len(keys) - 1:
        return 1.0
    after = keys[place + 1]
    return max(0.0, (after - day).days / (after - key).days)
