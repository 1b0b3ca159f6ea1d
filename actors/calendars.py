"""When exchanges are open: sessions of the calendars that ``exchange_calendars`` knows, as UTC nanoseconds."""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import functools
import warnings
import zoneinfo
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.clock import DAY
from actors.errors import InputError

Times = npt.NDArray[np.int64]
Dates = npt.NDArray[np.int64]

ALWAYS_OPEN = "24/7"
_FIRST, _LAST = "1970-01-01", "2050-12-31"


@dataclasses.dataclass(frozen=True)
class Sessions:
    """The sessions of one calendar, oldest first; all arrays are read-only and of one length.

    Attributes:
        calendar: The calendar's name.
        dates: Session dates, days since 1970.
        opens, closes: First and last instant of each session, UTC nanoseconds.
        zone: The exchange's time zone.
        usual_open, usual_close: Ordinary hours in that zone, nanoseconds since midnight of the session's date.
    """

    calendar: str
    dates: Dates
    opens: Times
    closes: Times
    zone: zoneinfo.ZoneInfo
    usual_open: int
    usual_close: int

    @property
    def always_open(self) -> bool:
        """True for the calendar that never closes; its arrays are empty."""
        return self.calendar == ALWAYS_OPEN


def session_bounds(calendar: str) -> tuple[Times, Times]:
    """Return the opens and closes of all sessions from 1970 (or the calendar's beginning) to 2050 (or its end).

    Args:
        calendar: Name as ``exchange_calendars`` spells it (``XNYS``), one of its aliases (``NYSE``) or ``24/7``.

    Returns:
        Two sorted, read-only arrays of UTC nanoseconds; both empty for ``24/7``, which is always open.

    Raises:
        InputError: There is no such calendar.
    """
    found = sessions(calendar)
    return found.opens, found.closes


@functools.lru_cache(maxsize=None)
def sessions(calendar: str) -> Sessions:
    """Return the sessions of ``calendar``; the first call for each takes some 0.1 s, and the library itself 0.7 s.

    Raises:
        InputError: There is no such calendar.
    """
    if calendar == ALWAYS_OPEN:
        nothing = _frozen(np.empty(0, np.int64))
        return Sessions(calendar, nothing, nothing, nothing, zoneinfo.ZoneInfo("UTC"), 0, DAY)
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    known: list[str] = exchange_calendars.get_calendar_names(include_aliases=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            canonical = exchange_calendars.resolve_alias(calendar)
            schedule: Any = exchange_calendars.get_calendar(canonical, **_range(canonical))
    except InvalidCalendarName:
        near = difflib.get_close_matches(calendar.upper(), known, n=3, cutoff=0.4)
        raise InputError(
            f"unknown trading calendar {calendar!r}",
            field="calendar",
            value=calendar,
            rule=f"a calendar of exchange_calendars, or {ALWAYS_OPEN}",
            remedy=f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(sorted(known))}",
        ) from None
    except (NotImplementedError, ValueError) as error:
        raise InputError(
            f"exchange_calendars can't build the calendar {calendar!r}: {str(error)[:120]}",
            field="calendar",
            value=calendar,
            remedy="name a calendar of the same hours, or 24/7",
        ) from None
    return Sessions(
        calendar=calendar,
        dates=_frozen(schedule.schedule.index.to_numpy().astype("datetime64[D]").astype(np.int64)),
        opens=_nanoseconds(schedule.opens),
        closes=_nanoseconds(schedule.closes),
        zone=zoneinfo.ZoneInfo(str(schedule.tz)),
        usual_open=_since_midnight(schedule.open_times[-1][1], schedule.open_offset),
        usual_close=_since_midnight(schedule.close_times[-1][1], schedule.close_offset),
    )


def hours_of_dates(calendar: str, dates: Dates) -> tuple[Times, Times, npt.NDArray[np.bool_]]:
    """Return open and close of each date, and whether the date is a session.

    A date that is no session gets the hours of an ordinary day, so that whoever validates it still has
    a time to put it at. For ``24/7`` every date is a session from midnight to midnight UTC.

    Args:
        calendar: Name of the calendar.
        dates: Days since 1970, in any order.

    Returns:
        Opens and closes in UTC nanoseconds, and a mask of real sessions; each of the shape of ``dates``.
    """
    found = sessions(calendar)
    if found.always_open:
        return dates * DAY, dates * DAY + DAY, np.ones(dates.shape, bool)
    at = np.searchsorted(found.dates, dates).clip(max=len(found.dates) - 1)
    is_session = found.dates[at] == dates
    opens, closes = found.opens[at], found.closes[at]
    for place in np.flatnonzero(~is_session):
        midnight = local_midnight(int(dates[place]), found.zone)
        opens[place], closes[place] = midnight + found.usual_open, midnight + found.usual_close
    return opens, closes, is_session


def local_midnight(date: int, zone: zoneinfo.ZoneInfo) -> int:
    """Return when the clocks of ``zone`` would show midnight of ``date``, judged by their offset at that day's noon.

    Adding a wall-clock time to it is right for the whole day, as clocks change in the small hours.

    Args:
        date: Days since 1970.
        zone: The time zone.

    Returns:
        UTC nanoseconds.
    """
    noon = datetime.datetime(1970, 1, 1, 12, tzinfo=zone) + datetime.timedelta(days=date)
    offset = noon.utcoffset() or datetime.timedelta()
    return date * DAY - round(offset.total_seconds()) * 1_000_000_000


def open_intervals(calendars: Iterable[str]) -> tuple[Times, Times]:
    """Return starts and ends of the intervals in which at least one calendar is open, without overlaps.

    Both are empty where one of the calendars is always open, or where none is given.
    """
    each = [sessions(calendar) for calendar in sorted(set(calendars))]
    if not each or any(found.always_open for found in each):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    opens = np.concatenate([found.opens for found in each])
    closes = np.concatenate([found.closes for found in each])
    order = np.argsort(opens, kind="stable")
    opens, latest = opens[order], np.maximum.accumulate(closes[order])
    begins = np.concatenate([[True], opens[1:] > latest[:-1]])
    ends = np.concatenate([begins[1:], [True]])
    return opens[begins], latest[ends]


def _range(calendar: str) -> dict[str, str]:
    from exchange_calendars.calendar_utils import global_calendar_dispatcher

    factory = global_calendar_dispatcher._calendar_factories.get(calendar)
    earliest = None if factory is None else factory.bound_min()
    latest = None if factory is None else factory.bound_max()
    return {
        "start": _FIRST if earliest is None else max(_FIRST, str(earliest.date())),
        "end": _LAST if latest is None else min(_LAST, str(latest.date())),
    }


def _nanoseconds(column: Any) -> Times:
    naive = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return _frozen(naive.to_numpy().astype("datetime64[ns]").astype(np.int64))


def _since_midnight(time: datetime.time, offset_days: int) -> int:
    return offset_days * DAY + ((time.hour * 60 + time.minute) * 60 + time.second) * 1_000_000_000


def _frozen(array: Times) -> Times:
    array.flags.writeable = False
    return array
