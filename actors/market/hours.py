"""When an instrument may have data: the sessions of its calendar, asked one row at a time or in arrays."""

from __future__ import annotations

import bisect

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]

CLOSED = -1


class Hours:
    """The sessions of one calendar.

    A bar belongs to the first session that ends after the bar begins, and has to overlap it; a quote, trade or book
    message has to lie within a session, both ends included. Where there are no sessions it is always open, and all is
    session 0.

    Args:
        opens, closes: Sorted bounds of the sessions, UTC nanoseconds.
    """

    def __init__(self, opens: Times, closes: Times) -> None:
        self._opens, self._closes = opens, closes
        self._open_list: list[int] = opens.tolist()
        self._close_list: list[int] = closes.tolist()

    def of_bar(self, begin: int, end: int) -> int:
        """Return the index of the bar's session, or ``CLOSED``."""
        closes = self._close_list
        if not closes:
            return 0
        place = bisect.bisect_right(closes, begin)
        return place if place < len(closes) and self._open_list[place] < end else CLOSED

    def of_moment(self, time: int) -> int:
        """Return the index of the session at ``time``, or ``CLOSED``."""
        closes = self._close_list
        if not closes:
            return 0
        place = bisect.bisect_left(closes, time)
        return place if place < len(closes) and self._open_list[place] <= time else CLOSED

    def of_bars(self, begin: Times, end: Times) -> Times:
        """Return the index of each bar's session, or ``CLOSED``."""
        return self._within(np.searchsorted(self._closes, begin, "right"), end - 1)

    def of_moments(self, time: Times) -> Times:
        """Return the index of the session at each time, or ``CLOSED``."""
        return self._within(np.searchsorted(self._closes, time, "left"), time)

    def _within(self, places: npt.NDArray[np.intp], reached: Times) -> Times:
        if not len(self._closes):
            return np.zeros(len(places), np.int64)
        last = len(self._closes) - 1
        inside = (places <= last) & (self._opens[np.minimum(places, last)] <= reached)
        return np.where(inside, places, CLOSED).astype(np.int64)
