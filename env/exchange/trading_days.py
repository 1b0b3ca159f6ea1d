"""Which session an order is for, and how long it lives.

A day order belongs to the session under way when it comes, or to the next one where it comes at or after the close: a
decision taken on the closing bar is an order for tomorrow. It expires when the session after its own opens; bars of its
own session that become known late still fill it. An order for the close is of the same session; an order for the open
is of the next session that opens at or after its arrival. Both live as long as a day order of that session.

Where the market never closes (or the calendar's knowledge ends), sessions are UTC days, and a bar that ends at midnight
belongs to the day before.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.clock import DAY

Bounds = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class TradingDay(NamedTuple):
    """One session.

    Attributes:
        closed_before: When the session before it closed, UTC nanoseconds.
        opens_at, closes_at: Its first and last instant.
        expires_at: First instant of the trading clock at which its day orders have expired.
    """

    closed_before: int
    opens_at: int
    closes_at: int
    expires_at: int


class TradingDays:
    """The sessions of calendars.

    Args:
        bounds: Gives the opens and closes of a calendar's sessions, UTC nanoseconds, ascending; empty for ``24/7``.
    """

    def __init__(self, bounds: Callable[[str], Bounds]) -> None:
        self._bounds = bounds
        self._known: dict[str, tuple[list[int], list[int]]] = {}
        self._last: dict[str, TradingDay] = {}

    def load(self, calendars: Iterable[str]) -> None:
        """Make the calendars known.

        Raises:
            InputError: There is no such calendar.
        """
        for calendar in sorted(calendars):
            if calendar not in self._known:
                opens, closes = self._bounds(calendar)
                self._known[calendar] = opens.tolist(), closes.tolist()

    def current(self, calendar: str, time: int) -> TradingDay:
        """Return the session under way at ``time``, or the next one; at a close it is the next one."""
        last = self._last.get(calendar)
        if last is not None and last.closed_before <= time < last.closes_at:
            return last
        opens, closes = self._known[calendar]
        found = _session(opens, closes, bisect.bisect_right(closes, time)) or _utc_day(time // DAY)
        self._last[calendar] = found
        return found

    def following(self, calendar: str, time: int) -> TradingDay:
        """Return the first session that opens at or after ``time``."""
        opens, closes = self._known[calendar]
        return _session(opens, closes, bisect.bisect_left(opens, time)) or _utc_day(-(-time // DAY))


def _session(opens: list[int], closes: list[int], place: int) -> TradingDay | None:
    if place + 1 >= len(opens):
        return None
    return TradingDay(closes[place - 1] if place else opens[0], opens[place], closes[place], opens[place + 1])


def _utc_day(day: int) -> TradingDay:
    opens_at, closes_at = day * DAY, (day + 1) * DAY
    return TradingDay(opens_at, opens_at, closes_at, closes_at + 1)
