"""How long a day order lives.

A day order belongs to the session under way when it comes, or to the next one where it comes at or after the close: a
decision taken on the closing bar is an order for tomorrow. It expires when the session after its own opens; bars of its
own session that become known late still fill it. Where the market never closes (or the calendar's knowledge ends),
sessions are UTC days, and a bar that ends at midnight belongs to the day before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from actors.clock import DAY

Bounds = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class TradingDays:
    """Expiry of day orders by calendar.

    Args:
        bounds: Gives the opens and closes of a calendar's sessions, UTC nanoseconds, ascending; empty for ``24/7``.
    """

    def __init__(self, bounds: Callable[[str], Bounds]) -> None:
        self._bounds = bounds
        self._known: dict[str, Bounds] = {}

    def load(self, calendars: Iterable[str]) -> None:
        """Make the calendars known.

        Raises:
            InputError: There is no such calendar.
        """
        for calendar in sorted(calendars):
            if calendar not in self._known:
                self._known[calendar] = self._bounds(calendar)

    def expires_at(self, calendar: str, accepted_at: int) -> int:
        """Return the first instant of the trading clock at which a day order of ``accepted_at`` has expired."""
        opens, closes = self._known[calendar]
        own = int(np.searchsorted(closes, accepted_at, side="right"))
        if own + 1 < len(opens):
            return int(opens[own + 1])
        return (accepted_at // DAY + 1) * DAY + 1
