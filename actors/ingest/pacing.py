"""When a slice is due: market time mapped to the machine's clock, at a speed, with closed hours left out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from actors.calendars import open_intervals, sessions
from actors.clock import DAY, MINUTE
from configs.schema import FeedSection

TRADED_GAP = 15 * MINUTE
"""Longest pause between two slices, outside all sessions, that still counts as trading (extended hours)."""


class MarketHours:
    """Measures market time.

    Args:
        calendars: Calendars of the instruments; the market is open while one of them is.
        skip_closed_hours: Whether hours in which no calendar is open do not count.
    """

    def __init__(self, calendars: Iterable[str], skip_closed_hours: bool = True) -> None:
        names = sorted(set(calendars))
        self._opens, self._closes = open_intervals(names)
        self._skip = skip_closed_hours and len(self._opens) > 0
        self._before = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._closes - self._opens)])
        self._sessions = None if not names or sessions(names[0]).always_open else sessions(names[0]).closes

    def between(self, earlier: int, later: int) -> int:
        """Return the market time between two instants in nanoseconds.

        Closed hours do not count, unless data come in them: a pause of up to ``TRADED_GAP`` counts in full.
        """
        passed = later - earlier
        if not self._skip or passed <= TRADED_GAP:
            return max(0, passed)
        return self._open_until(later) - self._open_until(earlier)

    def session(self, time: int) -> int:
        """Return a number that counts sessions; what is known at a session's close belongs to it."""
        if self._sessions is None:
            return (time - 1) // DAY
        return int(np.searchsorted(self._sessions, time, "left"))

    def _open_until(self, time: int) -> int:
        at = int(np.searchsorted(self._opens, time, "right"))
        if at == 0:
            return 0
        open_for = min(time, int(self._closes[at - 1])) - int(self._opens[at - 1])
        return int(self._before[at - 1]) + open_for


class Pacer:
    """Tells when each slice is due. The wall clock is an anchor: what is late is caught up, never pushed on.

    Args:
        feed: Speed, warm-up and closed hours.
        hours: Measures market time.
        first_time: Time of the first slice of the data, where warm-up begins, also after a restart.
    """

    def __init__(self, feed: FeedSection, hours: MarketHours, first_time: int) -> None:
        self._speed = None if feed.speed == "max" else feed.speed
        self._hours = hours
        self._warm_until = hours.session(first_time) + feed.warmup_sessions
        self._last: int | None = None
        self._due = 0.0

    def due(self, time: int, now: float) -> float | None:
        """Return when the slice of market time ``time`` is due, in seconds of the clock that ``now`` is of.

        Returns:
            ``None`` if it is to be sent at once: at speed ``max``, and during warm-up.
        """
        if self._speed is None or self._hours.session(time) < self._warm_until:
            return None
        if self._last is None:
            self._due = now
        else:
            self._due += self.span(self._last, time)
        self._last = time
        return self._due

    def span(self, earlier: int, later: int) -> float:
        """Return how long the market time between two instants lasts at this speed, in seconds; 0 at ``max``."""
        return 0.0 if self._speed is None else self._hours.between(earlier, later) / 1e9 / self._speed

    def shift(self, seconds: float) -> None:
        """Move everything that is still due back, by the length of a pause."""
        self._due += seconds
