from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from actors.errors import ConfigurationError, DataError
from actors.ingest.stamps import read_stamps, zone_of
from actors.ingest.table import MISSING_TIME

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


def texts(stamps: Any) -> list[str | None]:
    return [
        None if stamp == MISSING_TIME else str(np.datetime64(int(stamp), "ns")).removesuffix("000000")
        for stamp in stamps
    ]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["2006-01-03", None, "soon"], ["2006-01-03", None, None]),
        (["8/24/2015", "8/3/2015"], ["2015-08-24", "2015-08-03"]),
        (["24/8/2015", "3/8/2015"], ["2015-08-24", "2015-08-03"]),
        (["20060103", "20060104"], ["2006-01-03", "2006-01-04"]),
        ([20060103, 20060104], ["2006-01-03", "2006-01-04"]),
        (["2011/07/31"], ["2011-07-31"]),
        (["31-Dec-2010"], ["2010-12-31"]),
        (["1993-02-01 00:00:00+00:00"], ["1993-02-01"]),
        (["1993-02-01 00:00:00-05:00"], ["1993-02-01"]),
        ([datetime.date(2020, 1, 1), None], ["2020-01-01", None]),
        ([datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)], ["2020-01-01", "2020-01-02"]),
        ([1577836800, 1577923200], ["2020-01-01", "2020-01-02"]),
        (["9999-12-31", "2020-01-01"], [None, "2020-01-01"]),
    ],
)
def test_dates_are_told_from_times_and_stay_dates_in_every_zone(column: list[Any], expected: list[str | None]) -> None:
    stamps, daily = read_stamps(pa.array(column), NEW_YORK, "date")
    assert daily
    assert [text and text[:10] for text in texts(stamps)] == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["2012-02-01 09:30:00"], ["2012-02-01T14:30:00.000"]),
        (["2012-07-02T09:30:00"], ["2012-07-02T13:30:00.000"]),
        (["2012-02-01T09:30:00-05:00", "2012-02-01T09:30:00"], ["2012-02-01T14:30:00.000"] * 2),
        (["2012-02-01T09:30:00Z"], ["2012-02-01T09:30:00.000"]),
        (["2011/07/31 22:38:45.108"], ["2011-08-01T02:38:45.108"]),
        (["2/1/2012 9:30", "2/13/2012 9:30"], ["2012-02-01T14:30:00.000", "2012-02-13T14:30:00.000"]),
        (["20130102 00:00", "20130102 09:30"], ["2013-01-02T05:00:00.000", "2013-01-02T14:30:00.000"]),
        (["2024-11-03 01:30", "2024-11-04 01:30"], [None, "2024-11-04T06:30:00.000"]),
        ([1700000000, 1700000060], ["2023-11-14T22:13:20.000", "2023-11-14T22:14:20.000"]),
        ([1700000000.5], ["2023-11-14T22:13:20.500"]),
        (["1700000000123"], ["2023-11-14T22:13:20.123"]),
        (["1700000000.5", "x", "1700000001.5"], ["2023-11-14T22:13:20.500", None, "2023-11-14T22:13:21.500"]),
        ([1700000000123456], ["2023-11-14T22:13:20.123456000"]),
        ([1700000000123456789], ["2023-11-14T22:13:20.123456789"]),
        ([datetime.datetime(2012, 2, 1, 9, 30)], ["2012-02-01T14:30:00.000"]),
        ([datetime.datetime(2012, 2, 1, 9, 30, tzinfo=datetime.timezone.utc)], ["2012-02-01T09:30:00.000"]),
    ],
)
def test_times_become_utc_nanoseconds(column: list[Any], expected: list[str | None]) -> None:
    stamps, daily = read_stamps(pa.array(column), NEW_YORK, "time")
    assert not daily
    assert texts(stamps) == expected


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_unit_of_a_time_stamp_gives_the_same_nanoseconds(unit: str) -> None:
    column = pa.chunked_array(
        [pa.array([1_700_000_000, None], pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp(unit))]
    )
    stamps, _ = read_stamps(column, zoneinfo.ZoneInfo("UTC"), "time")
    assert stamps.tolist() == [1_700_000_000_000_000_000, MISSING_TIME]


def test_a_dictionary_column_is_read_like_its_values() -> None:
    stamps, daily = read_stamps(pa.array(["2020-01-01", "2020-01-01"]).dictionary_encode(), NEW_YORK, "date")
    assert daily and len(stamps) == 2


@pytest.mark.parametrize(
    ("column", "complaint"),
    [(["1/2/2015", "3/4/2015"], "can't be told apart"), (["a", "b"], "no readable time"), ([True], "no readable time")],
)
def test_a_column_that_tells_no_time_is_refused(column: list[Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        read_stamps(pa.array(column), NEW_YORK, "date")


def test_an_unknown_time_zone_is_refused() -> None:
    assert str(zone_of("Europe/London")) == "Europe/London"
    for name in ("Mars/Olympus", "../etc"):
        with pytest.raises(ConfigurationError, match="unknown time zone"):
            zone_of(name)
