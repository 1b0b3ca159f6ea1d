"""Which trading session an order belongs to: looked up when it comes, and on record with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from actors.calendars import ALWAYS_OPEN, Times, session_bounds
from actors.clock import DAY
from actors.messages import Instrument, OrderType, SubmitOrder, TimeInForce

_PLAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT)
_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


class SessionTimes:
    """Sessions of the instruments' calendars; where a market never closes, sessions are UTC days.

    Args:
        instruments: The instrument master.
        bounds: Gives the opens and closes of a calendar's sessions, UTC nanoseconds.

    Attributes:
        asked_for: Whether a limit asks for the session of every order.
    """

    def __init__(
        self, instruments: Sequence[Instrument], bounds: Callable[[str], tuple[Times, Times]] = session_bounds
    ) -> None:
        self._instruments = instruments
        self._bounds = bounds
        self.asked_for = False
        self._newest: dict[str, tuple[int, int]] = {}

    def concerns(self, order: SubmitOrder) -> bool:
        """Return whether what becomes of an order depends on its session."""
        return self.asked_for or order.type not in _PLAIN_TYPES or order.time_in_force in _AUCTIONS

    def read(self) -> None:
        """Read all calendars: some 0.1 s for each and 0.7 s for the library, so beside the loop that takes orders."""
        for calendar in sorted({instrument.calendar for instrument in self._instruments} - {ALWAYS_OPEN}):
            self._bounds(calendar)

    def of(self, order: SubmitOrder, time: int) -> tuple[int, int]:
        """Return open and close of the session that an order belongs to, UTC nanoseconds.

        It is the session under way, or the next one where it comes at or after a close; for an order for the opening
        it is the first session that opens at ``time`` or later. Zeros where the calendar does not reach so far.
        """
        index = order.instrument
        if not 0 <= index < len(self._instruments):
            return 0, 0
        calendar = self._instruments[index].calendar
        if order.time_in_force is TimeInForce.AT_OPEN:
            return self._session(calendar, time, opening=True)
        found = self._newest.get(calendar, (0, 0))
        if not found[0] <= time < found[1]:
            found = self._newest[calendar] = self._session(calendar, time, opening=False)
        return found

    def _session(self, calendar: str, time: int, opening: bool) -> tuple[int, int]:
        if calendar == ALWAYS_OPEN:
            return utc_day(time, opening)
        opens, closes = self._bounds(calendar)
        if opening:
            at = int(np.searchsorted(opens, time, side="left"))
        else:
            at = int(np.searchsorted(closes, time, side="right"))
        return (int(opens[at]), int(closes[at])) if at < len(opens) else (0, 0)


def utc_day(time: int, opening: bool) -> tuple[int, int]:
    """Return begin and end of the UTC day of ``time``; ``opening``: of the first one that begins then or later."""
    start = -(-time // DAY) * DAY if opening else time // DAY * DAY
    return start, start + DAY
