"""The session under way, or the next one, of every calendar: looked up once a session, not once an order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.calendars import ALWAYS_OPEN, Sessions, sessions
from actors.clock import DAY
from actors.messages import Instrument, OrderType, SubmitOrder, TimeInForce

CLOSED_FOR_EVER = (0, 0)

_PLAIN_TYPES = (OrderType.MARKET, OrderType.LIMIT)
_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


def concerns(order: SubmitOrder) -> bool:
    """Return whether what becomes of an order that the gate lets through depends on its session."""
    return order.type not in _PLAIN_TYPES or order.time_in_force in _AUCTIONS


class SessionHours:
    """Sessions of the calendars of all instruments; ``load`` reads them.

    Args:
        instruments: The instrument master.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._calendars = [instrument.calendar for instrument in instruments]
        self._sessions: dict[str, Sessions] = {}
        self._current: dict[str, tuple[int, int, int]] = {}

    @property
    def loaded(self) -> bool:
        """True once the calendars have been read."""
        return bool(self._sessions)

    def load(self) -> None:
        """Read the calendars: 0.7 s for the library and 0.1 s for each, so not on the loop that takes orders.

        Raises:
            InputError: There is no such calendar.
        """
        self._sessions = {calendar: sessions(calendar) for calendar in sorted(set(self._calendars))}

    def at(self, instrument: int, time: int) -> tuple[int, int]:
        """Return open and close of the session under way at ``time`` or the next one, UTC nanoseconds.

        Zeros where the market never closes, the calendar has ended or was not read, or there is no such instrument.
        """
        if not self._sessions or not 0 <= instrument < len(self._calendars):
            return CLOSED_FOR_EVER
        calendar = self._calendars[instrument]
        current = self._current.get(calendar)
        if current is None or not current[0] <= time < current[2]:
            current = self._current[calendar] = self._find(calendar, time)
        return current[1], current[2]

    def of(self, order: SubmitOrder, time: int) -> tuple[int, int]:
        """Return open and close of the session that an order belongs to, UTC nanoseconds; reads the calendars first.

        It is the session under way, or the next one where it comes at or after a close; for an order for the opening
        it is the first session that opens at ``time`` or later. Where a market never closes, sessions are UTC days.
        Zeros where the calendar has ended, or there is no such instrument.
        """
        instrument = order.instrument
        if not 0 <= instrument < len(self._calendars):
            return CLOSED_FOR_EVER
        if not self._sessions:
            self.load()
        found = self._sessions[self._calendars[instrument]]
        opening = order.time_in_force is TimeInForce.AT_OPEN
        if found.always_open:
            start = (-(-time // DAY) if opening else time // DAY) * DAY
            return start, start + DAY
        if not opening:
            return self.at(instrument, time)
        at = int(np.searchsorted(found.opens, time, side="left"))
        return (int(found.opens[at]), int(found.closes[at])) if at < len(found.opens) else CLOSED_FOR_EVER

    def _find(self, calendar: str, time: int) -> tuple[int, int, int]:
        """Return from when on the session is the one, its open, and its close."""
        found = self._sessions[calendar]
        if calendar == ALWAYS_OPEN or found.always_open:
            return 0, 0, 0
        at = int(np.searchsorted(found.closes, time, side="right"))
        if at == len(found.closes):
            return 0, 0, 0
        since = int(found.closes[at - 1]) if at else 0
        return since, int(found.opens[at]), int(found.closes[at])
