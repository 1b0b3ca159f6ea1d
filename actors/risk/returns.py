"""Returns of every instrument, period by period: what historical simulation looks back on.

A period is a stretch of the clock of fixed length (30 minutes by default) in which at least one slice came. Daily data
thus give one period a session and intraday data one each half hour of trading; the first period of a day carries the
overnight return. Time in which nothing trades makes no periods.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from actors.clock import MINUTE
from actors.messages import Message

Array = npt.NDArray[np.float64]
DEFAULT_PERIOD = 30 * MINUTE


class Closes(Message, frozen=True):
    """The last prices at the end of one period, as they are journaled.

    Attributes:
        sequence: Sequence of the newest slice that is in them.
        time: End of the period, UTC nanoseconds.
        prices: int64 price increments by instrument id, as bytes; 0 where there was none yet.
        ages: uint16 number of periods since the instrument last had a price of its own, as bytes.
    """

    sequence: int
    time: int
    prices: bytes
    ages: bytes


class ReturnHistory:
    """Closes of the newest periods, in a ring.

    An instrument that had no price of its own in a period keeps its last one (nothing traded, so the mark stands) for
    at most ``stale_periods`` periods; after that its close is missing until it trades again. Nothing is ever filled
    backwards.

    Args:
        instruments: Number of instruments.
        window: Returns that are kept.
        period: Length of a period, nanoseconds.
        stale_periods: Periods without a price of its own after which an instrument's price is stale.

    Attributes:
        ages: Periods closed since each instrument's last own price, 65,535 at most.
        count: Periods closed so far.
        closed_until: End of the newest closed period, UTC nanoseconds; 0 before the first.
    """

    def __init__(self, instruments: int, window: int, period: int = DEFAULT_PERIOD, stale_periods: int = 3) -> None:
        self.window = window
        self.period = period
        self.stale_periods = stale_periods
        self.ages = np.full(instruments, 65_535, np.uint16)
        self.count = 0
        self.closed_until = 0
        self._ring = np.full((window + 1, instruments), np.nan)
        self._ticked = np.zeros(instruments, bool)
        self._open_end = 0
        self._spacings: deque[int] = deque(maxlen=window)
        self._returns: Array | None = None

    def end_of(self, time: int) -> int:
        """Return the end of the period that ``time`` lies in; a period contains its end, not its beginning."""
        return -(-time // self.period) * self.period

    def tick(self, instruments: Sequence[int], time: int) -> None:
        """Note that these instruments had a price at ``time``; it opens its period if that is not open."""
        self._ticked[instruments] = True
        self._open_end = max(self._open_end, self.end_of(time))

    def is_due(self, time: int) -> bool:
        """Return whether a period is open that has ended before ``time``."""
        return self.closed_until < self._open_end < time

    def is_complete(self, time: int) -> bool:
        """Return whether ``time`` is the very end of the open period."""
        return self.closed_until < self._open_end == time

    def closes(self, sequence: int, prices: Mapping[int, int]) -> Closes:
        """Return the close of the open period at ``prices`` (increments by instrument id); nothing is changed."""
        row = np.zeros(len(self.ages), np.int64)
        row[list(prices)] = list(prices.values())
        ages = np.where(self._ticked, 0, np.minimum(self.ages, 65_534) + 1).astype(np.uint16)
        return Closes(sequence, self._open_end, row.tobytes(), ages.tobytes())

    def add(self, closes: Closes) -> None:
        """Append the close of one period; what ticked until then belongs to it."""
        prices = np.frombuffer(closes.prices, np.int64)
        self.ages = np.frombuffer(closes.ages, np.uint16)
        usable = (prices > 0) & (self.ages <= self.stale_periods)
        self._ring[self.count % len(self._ring)] = np.where(usable, prices, np.nan)
        self.count += 1
        if self.closed_until:
            self._spacings.append(closes.time - self.closed_until)
        self.closed_until = closes.time
        self._open_end = max(self._open_end, closes.time)
        self._ticked[:] = False
        self._returns = None

    def returns(self) -> Array:
        """Return the fraction that each instrument gained in each period, oldest first, NaN where a close is missing.

        Shape (periods, instruments), at most ``window`` periods.
        """
        if self._returns is None:
            rows = min(self.count, len(self._ring))
            order = np.arange(self.count - rows, self.count) % len(self._ring)
            closes = self._ring[order]
            self._returns = closes[1:] / closes[:-1] - 1.0
            self._returns.flags.writeable = False
        return self._returns

    @property
    def horizon(self) -> int | None:
        """The usual time from close to close, nanoseconds (median); ``None`` before the second close."""
        return int(np.median(self._spacings)) if self._spacings else None

    def stale(self, instruments: Iterable[int]) -> list[int]:
        """Return those that have had no price of their own for more than ``stale_periods`` closed periods."""
        return [one for one in instruments if not self._ticked[one] and self.ages[one] > self.stale_periods]
