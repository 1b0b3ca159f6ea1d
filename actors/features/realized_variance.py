"""Realised variance of each instrument and period, measured as the data arrive.

Bars: the sum over a period of the squared log returns from close to close, beginning with the first bar's open
(Andersen and Bollerslev 1998); a period that holds one bar is measured by its range instead (Garman and Klass 1980).
Quotes and trades: the sum of squared log returns of the middle, or of the trade price, sampled at the end of every
thirtieth part of the period, which keeps the bounce between bid and ask out (Zhang, Mykland and Ait-Sahalia 2005).
What happens between two periods, the night above all, is not part of either.

**Which periods.** Time is cut on the UTC grid of ``period_minutes``; 0 means 30. An observation belongs to the period
in which it became known. A bar that is as long as a period or longer is a period of its own, so daily bars give one
variance a session. The rule looks at nothing but the bar at hand: a recording of one hour, say, needs
``period_minutes: 1`` from its user, because its length can't be known while it streams.

**When it is known.** A period's variance is known at the period's end, and given out by the first update whose time
has reached it. Nothing that becomes known later changes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from actors.clock import MINUTE
from actors.market.ticks import FEW, Kind, Ticks
from actors.messages import RealizedVariance

DEFAULT_PERIOD_MINUTES = 30
SAMPLES_PER_PERIOD = 30


def garman_klass(open: float, high: float, low: float, close: float) -> float:
    """Return the variance of one bar from its range.

    ``0.5 ln(high/low)^2 - (2 ln 2 - 1) ln(close/open)^2`` (Garman and Klass 1980, equation 20 in its practical form).
    Never negative where low <= open, close <= high.
    """
    return 0.5 * math.log(high / low) ** 2 - (2 * math.log(2) - 1) * math.log(close / open) ** 2


def smallest_variance(price: float) -> float:
    """Return the least variance that a price in increments can show: that of the rounding, ``(1 / price)^2 / 12``.

    A price that did not move has moved by less than half an increment either way; the floor keeps its logarithm finite.
    """
    return 1.0 / (12.0 * price * price)


class _BarPeriod:
    """The bars of one instrument in one period."""

    __slots__ = ("end", "total", "count", "open", "high", "low", "close")

    def __init__(self, end: int) -> None:
        self.end = end
        self.total = 0.0
        self.count = 0
        self.open = self.high = self.low = self.close = 0

    def add(self, open: int, high: int, low: int, close: int) -> None:
        if self.count == 0:
            self.open, self.high, self.low = open, high, low
        else:
            self.high, self.low = max(self.high, high), min(self.low, low)
        self.total += math.log(close / (self.close if self.count else open)) ** 2
        self.close = close
        self.count += 1

    def variance(self) -> float:
        measured = garman_klass(self.open, self.high, self.low, self.close) if self.count == 1 else self.total
        return max(measured, smallest_variance(self.close))


class _PricePeriod:
    """The prices of one instrument in one period, sampled at the end of each cell."""

    __slots__ = ("end", "total", "cell", "sample", "price")

    def __init__(self, end: int, cell: int, price: float) -> None:
        self.end = end
        self.total = 0.0
        self.cell = cell
        self.sample = price
        self.price = price

    def add(self, cell: int, price: float) -> None:
        if cell != self.cell:
            self._sample()
            self.cell = cell
        self.price = price

    def _sample(self) -> None:
        self.total += math.log(self.price / self.sample) ** 2
        self.sample = self.price

    def variance(self) -> float:
        return max(self.total + math.log(self.price / self.sample) ** 2, smallest_variance(self.price))


class RealizedVarianceEstimator:
    """Measures the realised variance of every instrument as ticks arrive in the order in which they became known.

    Where an instrument shows several kinds in one period, bars are preferred to quotes and quotes to trades.

    Args:
        period_minutes: Length of a period; 0 stands for 30. See the module for the rule.

    Attributes:
        period: Length of a period in nanoseconds.
        late: Number of ticks that came after their period was given out; they change nothing.
    """

    def __init__(self, period_minutes: int = 0) -> None:
        self.period = (period_minutes or DEFAULT_PERIOD_MINUTES) * MINUTE
        self.late = 0
        self._cell = max(1, self.period // SAMPLES_PER_PERIOD)
        self._open: dict[tuple[int, int], _BarPeriod | _PricePeriod] = {}
        self._lengths: dict[int, int] = {}
        self._complete_until = 0

    def length(self, instrument: int) -> int:
        """Return the nominal length of an instrument's periods in nanoseconds."""
        return self._lengths.get(instrument, self.period)

    def update(self, ticks: Ticks, time: int) -> list[RealizedVariance]:
        """Take ticks and return the variances that are known by now and were not returned before.

        Args:
            ticks: ``TICK`` records in the order of their known times.
            time: The trading clock after them, UTC nanoseconds: every period that ended by then is complete.

        Returns:
            New variances, ordered by known time and instrument.
        """
        found: list[RealizedVariance] = []
        for row in self._thinned(ticks).tolist():
            kind, _, _, _, instrument, event_time, known_time, _, first, second, third, fourth, _, reference = row
            if kind == Kind.BAR:
                if reference >= self.period:
                    self._lengths[instrument] = reference
                    variance = max(garman_klass(first, second, third, fourth), smallest_variance(fourth))
                    found.append(RealizedVariance(instrument, event_time, known_time, variance))
                    continue
                bars = self._current(instrument, kind, known_time, found)
                if isinstance(bars, _BarPeriod):
                    bars.add(first, second, third, fourth)
            elif kind == Kind.TRADE or (kind == Kind.QUOTE and first > 0 and second > 0):
                price = float(first) if kind == Kind.TRADE else (first + second) / 2
                prices = self._current(instrument, kind, known_time, found, price)
                if isinstance(prices, _PricePeriod):
                    prices.add((known_time - 1) // self._cell, price)
        self._complete(time, found)
        found.sort(key=lambda row: (row.known_time, row.instrument))
        return found

    def _thinned(self, ticks: Ticks) -> Ticks:
        """Leave out the prices of a large array that are neither the first nor the last of their cell.

        They change nothing, as a period begins with its first price and is sampled at the ends of its cells. Bars, late
        ticks and ticks out of order are left to be looked at one by one.
        """
        if len(ticks) <= FEW:
            return ticks
        kind, known_times = ticks["kind"], ticks["known_time"]
        two_sided = (kind == Kind.QUOTE) & (ticks["first"] > 0) & (ticks["second"] > 0)
        if (
            (kind == Kind.BAR).any()
            or known_times[0] <= self._complete_until
            or (known_times[1:] < known_times[:-1]).any()
        ):
            return ticks
        prices: Ticks = ticks[two_sided | (kind == Kind.TRADE)]
        if not len(prices):
            return prices
        keys = np.stack([prices["kind"], prices["instrument"], (prices["known_time"] - 1) // self._cell])
        order = np.lexsort(keys)
        changes = (np.diff(keys[:, order]) != 0).any(axis=0)
        kept = np.zeros(len(prices), np.bool_)
        kept[order[np.append(True, changes)]] = True
        kept[order[np.append(changes, True)]] = True
        thinned: Ticks = prices[kept]
        return thinned

    def _current(
        self, instrument: int, kind: int, known_time: int, found: list[RealizedVariance], price: float = 0.0
    ) -> _BarPeriod | _PricePeriod | None:
        """Return the open period to which a tick belongs, or ``None`` for a tick that is too late."""
        if known_time <= self._complete_until:
            self.late += 1
            return None
        current = self._open.get((instrument, kind))
        if current is not None and known_time <= current.end:
            return current
        self._complete(known_time - 1, found)
        end = ((known_time - 1) // self.period + 1) * self.period
        opened: _BarPeriod | _PricePeriod
        if kind == Kind.BAR:
            opened = _BarPeriod(end)
        else:
            opened = _PricePeriod(end, (known_time - 1) // self._cell, price)
        self._open[instrument, kind] = opened
        return opened

    def _complete(self, time: int, found: list[RealizedVariance]) -> None:
        """Give out every period that has ended by ``time``."""
        until = time // self.period * self.period
        if until <= self._complete_until:
            return
        self._complete_until = until
        given: set[int] = set()
        for (instrument, kind), period in sorted(self._open.items()):
            if period.end <= until:
                del self._open[instrument, kind]
                if instrument not in given:
                    given.add(instrument)
                    start = period.end - self.period
                    found.append(RealizedVariance(instrument, start, period.end, period.variance()))


def realized_variances(slices: Iterable[Ticks], period_minutes: int = 0) -> list[RealizedVariance]:
    """Return the variances of recorded data, by the estimator that measures the live stream.

    Args:
        slices: ``TICK`` arrays in the order of their known times.
        period_minutes: Length of a period; 0 stands for 30.

    Returns:
        The variances of all periods that ended by the last known time.
    """
    estimator = RealizedVarianceEstimator(period_minutes)
    found: list[RealizedVariance] = []
    for ticks in slices:
        if len(ticks):
            found += estimator.update(ticks, int(ticks["known_time"].max()))
    return found
