"""How long a market was open between two times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actors.calendars import ALWAYS_OPEN, Times, session_bounds


class OpenHours:
    """Time during sessions only, by calendar; what was not read yet is not known.

    Args:
        bounds: Gives the opens and closes of a calendar's sessions, UTC nanoseconds.
    """

    def __init__(self, bounds: Callable[[str], tuple[Times, Times]] = session_bounds) -> None:
        self._bounds = bounds
        self._read: dict[str, tuple[Times, Times, Times]] = {}

    def read(self, calendar: str) -> None:
        """Read a calendar; some 0.1 s, and 0.7 s for the library at the first."""
        if calendar != ALWAYS_OPEN:
            opens, closes = self._bounds(calendar)
            lengths = np.concatenate([np.zeros(1, np.int64), np.cumsum(closes - opens)])
            self._read[calendar] = (opens, closes, lengths)

    def between(self, calendar: str, start: int, end: int) -> int | None:
        """Return the nanoseconds from ``start`` to ``end`` during which a market was open; ``None``: not known yet."""
        if end <= start:
            return 0
        if calendar == ALWAYS_OPEN:
            return end - start
        read = self._read.get(calendar)
        return None if read is None else _elapsed(read, end) - _elapsed(read, start)


def _elapsed(read: tuple[Times, Times, Times], time: int) -> int:
    opens, closes, lengths = read
    begun = int(np.searchsorted(opens, time, side="right"))
    if not begun:
        return 0
    return int(lengths[begun - 1]) + min(time, int(closes[begun - 1])) - int(opens[begun - 1])
