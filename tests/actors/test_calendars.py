from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from actors.calendars import hours_of_dates, local_midnight, open_intervals, session_bounds, sessions
from actors.clock import DAY, HOUR, MINUTE
from actors.errors import InputError


def instant(text: str) -> int:
    return int(pd.Timestamp(text).tz_convert("UTC").as_unit("ns").value)


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64))


@pytest.mark.parametrize(
    ("calendar", "date", "opens", "closes"),
    [
        ("XNYS", "2013-10-07", "2013-10-07T13:30Z", "2013-10-07T20:00Z"),
        ("XNYS", "2013-11-29", "2013-11-29T14:30Z", "2013-11-29T18:00Z"),
        ("XNYS", "2024-03-08", "2024-03-08T14:30Z", "2024-03-08T21:00Z"),
        ("XNYS", "2024-03-11", "2024-03-11T13:30Z", "2024-03-11T20:00Z"),
        ("XNYS", "1998-01-02", "1998-01-02T14:30Z", "1998-01-02T21:00Z"),
        ("XLON", "2012-06-21", "2012-06-21T07:00Z", "2012-06-21T15:30Z"),
        ("CMES", "2024-01-03", "2024-01-02T17:00-06:00", "2024-01-03T17:00-06:00"),
    ],
    ids=["summer", "half day", "before the clocks change", "after they changed", "long ago", "London", "overnight"],
)
def test_a_known_session_has_its_published_hours(calendar: str, date: str, opens: str, closes: str) -> None:
    found = sessions(calendar)
    at = int(np.searchsorted(found.dates, day(date)))
    assert found.dates[at] == day(date)
    assert (found.opens[at], found.closes[at]) == (instant(opens), instant(closes))
    hours = hours_of_dates(calendar, np.array([day(date)]))
    assert (hours[0][0], hours[1][0], bool(hours[2][0])) == (instant(opens), instant(closes), True)


def test_session_bounds_are_sorted_nanoseconds_of_many_decades() -> None:
    opens, closes = session_bounds("XNYS")
    assert opens.dtype == closes.dtype == np.int64
    assert opens[0] < instant("1971-01-01T00:00Z") and closes[-1] > instant("2049-01-01T00:00Z")
    assert (np.diff(opens) > 0).all() and (opens < closes).all() and (closes[:-1] < opens[1:]).all()
    assert not opens.flags.writeable
    assert session_bounds("XNYS")[0] is opens


def test_an_alias_names_the_same_sessions() -> None:
    assert (session_bounds("NYSE")[0] == session_bounds("XNYS")[0]).all()


def test_a_calendar_with_bounds_is_cut_to_them() -> None:
    assert sessions("XHKG").dates[-1] <= day("2049-12-31")


def test_the_calendar_that_never_closes_has_no_bounds() -> None:
    opens, closes = session_bounds("24/7")
    assert len(opens) == len(closes) == 0
    assert sessions("24/7").always_open and not sessions("XNYS").always_open
    begin, end, is_session = hours_of_dates("24/7", np.array([day("2024-01-06")]))
    assert (begin[0], end[0] - begin[0], bool(is_session[0])) == (instant("2024-01-06T00:00Z"), DAY, True)


@pytest.mark.parametrize("date", ["2024-07-04", "2024-07-06", "2060-01-05", "1950-07-06"])
def test_a_date_without_session_gets_ordinary_hours_and_is_told_apart(date: str) -> None:
    opens, closes, is_session = hours_of_dates("XNYS", np.array([day(date)]))
    assert not is_session[0]
    assert closes[0] - opens[0] == 6 * HOUR + 30 * MINUTE
    assert opens[0] // DAY == day(date)


def test_an_unknown_calendar_is_refused_with_its_neighbours() -> None:
    with pytest.raises(InputError, match="unknown trading calendar") as caught:
        sessions("XNYSE")
    assert "XNYS" in (caught.value.remedy or "")
    with pytest.raises(InputError) as caught:
        sessions("§")
    assert "XLON" in (caught.value.remedy or "")


def test_a_calendar_that_the_library_cannot_build_is_refused_with_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    import exchange_calendars

    def broken(*_: object, **__: object) -> None:
        raise NotImplementedError("no such holiday")

    monkeypatch.setattr(exchange_calendars, "get_calendar", broken)
    with pytest.raises(InputError, match="no such holiday"):
        sessions("XWBO")


def test_local_midnight_counts_from_the_wall_clock_after_the_change_of_clocks() -> None:
    zone = sessions("XNYS").zone
    assert local_midnight(day("2024-03-10"), zone) + 12 * HOUR == instant("2024-03-10T12:00-04:00")
    assert local_midnight(day("2024-11-03"), zone) + 12 * HOUR == instant("2024-11-03T12:00-05:00")


def test_intervals_of_several_calendars_are_merged() -> None:
    opens, closes = open_intervals(["XLON", "XNYS"])
    at = int(np.searchsorted(opens, instant("2012-06-21T07:00Z")))
    assert opens[at] == instant("2012-06-21T07:00Z") and closes[at] == instant("2012-06-21T20:00Z")
    assert (opens[1:] > closes[:-1]).all()
    assert len(open_intervals(["XNYS", "24/7"])[0]) == len(open_intervals([])[0]) == 0
