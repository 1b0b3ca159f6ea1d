"""Time is handed in: the wall clock when live, the data's own clock otherwise. All times are UTC nanoseconds."""

from __future__ import annotations

import time
from typing import Protocol

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Where a component gets the time from."""

    def now(self) -> int:
        """Return the present time in UTC nanoseconds since 1970."""


class WallClock:
    """The machine's clock: for leases, tokens, logs and pacing, never for orders."""

    def now(self) -> int:
        """Return the machine's time in UTC nanoseconds."""
        return time.time_ns()


class DataClock:
    """The trading clock: it stands at the latest known time of the data and never runs backwards.

    Args:
        start: First time, UTC nanoseconds.
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """Return the known time of the newest data seen, in UTC nanoseconds."""
        return self._now

    def advance(self, to: int) -> None:
        """Move to ``to`` where that is later than now; an earlier time is ignored."""
        if to > self._now:
            self._now = to
