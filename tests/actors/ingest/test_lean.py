from __future__ import annotations

import pathlib

import pytest

from actors.clock import DAY, HOUR, MINUTE
from actors.errors import DataError
from actors.market.ticks import Kind
from tests.actors.ingest.files import opened, sliced, utc, write, write_zip

BARS = ("34200000,1689500,1689800,1689400,1689700,800", "34260000,1690000,1690500,1690000,1690100,12300")
QUOTES = (
    "34200000,1659000,1660000,1659000,1659900,1000,1659800,1660300,1659800,1660100,20200",
    "34260000,,,,,,1659800,1660300,1659800,1660100,300",
)


def minute_tree(root: pathlib.Path) -> pathlib.Path:
    """Lay out minute trades and quotes of one day as LEAN does."""
    folder = root / "equity" / "usa" / "minute" / "spy"
    write_zip(folder / "20131007_trade.zip", "20131007_spy_minute_trade.csv", *BARS)
    write_zip(folder / "20131007_quote.zip", "20131007_spy_minute_quote.csv", *QUOTES)
    return folder


def test_minutes_are_bars_in_dollars_at_new_york_time(tmp_path: pathlib.Path) -> None:
    slices = sliced(minute_tree(tmp_path))
    assert [utc(one.time) for one in slices] == ["2013-10-07T13:31:00", "2013-10-07T13:32:00"]
    row = slices[0].ticks()[0]
    assert [row[name] for name in ("first", "second", "third", "fourth", "fifth")] == [
        168.95,
        168.98,
        168.94,
        168.97,
        800,
    ]
    assert (row["kind"], row["reference"], row["row"], slices[0].source) == (Kind.BAR, MINUTE, 1, "spy")
    source = opened(tmp_path / "equity" / "usa" / "minute")
    assert list(source.prices()) == ["SPY"] and "1 quote files left aside" in source.describe()


def test_a_quote_file_gives_the_quote_at_the_end_of_each_minute(tmp_path: pathlib.Path) -> None:
    slices = sliced(minute_tree(tmp_path) / "20131007_quote.zip")
    assert [utc(one.time) for one in slices] == ["2013-10-07T13:31:00", "2013-10-07T13:32:00"]
    first, second = (one.ticks()[0] for one in slices)
    assert first["kind"] == Kind.QUOTE and first["event_time"] == first["known_time"]
    assert [first[name] for name in ("first", "second", "third", "fourth")] == [165.99, 166.01, 1000.0, 20200.0]
    assert [second[name] for name in ("first", "second", "third", "fourth")] == [0.0, 166.01, 0.0, 300.0]


def test_daily_and_hour_files_hold_all_days_of_a_symbol(tmp_path: pathlib.Path) -> None:
    daily = write_zip(
        tmp_path / "daily" / "spy.zip",
        "spy.csv",
        "20131128 00:00,1,1,1,1,1",
        "20131129 00:00,973100,975300,965300,973600,2150000",
    )
    holiday, half_day = sliced(daily)
    assert (utc(holiday.time), utc(half_day.time)) == ("2013-11-28T21:00:00", "2013-11-29T18:00:00")
    assert half_day.ticks()["first"][0] == 97.31 and half_day.ticks()["reference"][0] == DAY
    hour = write_zip(tmp_path / "hour" / "spy.zip", "spy.csv", "20131001 09:00,973100,975300,965300,973600,2150000")
    (bar,) = sliced(hour)
    assert utc(bar.time) == "2013-10-01T14:00:00" and bar.ticks()["reference"][0] == HOUR


def test_a_time_that_is_no_time_of_day_moves_nothing(tmp_path: pathlib.Path) -> None:
    slices = sliced(write_zip(tmp_path / "a.zip", "20131007_spy_minute_trade.csv", *BARS, "99999999999,1,1,1,1,1"))
    assert len(slices) == 2 and slices[1].ticks()["event_time"].tolist()[1] == -1


@pytest.mark.parametrize(
    ("path", "name", "line", "complaint"),
    [
        ("a.zip", "readme.md", "text", "holds no CSV file"),
        ("a.zip", "20131007_spy_minute_trade.csv", "", "is empty"),
        ("a.zip", "20139907_spy_minute_trade.csv", BARS[0], "bears no date"),
        ("a.zip", "20131007_ibm_Trade_Tick.csv", "14430270,1,1,1", "no LEAN file of bars"),
        ("a.zip", "bars.csv", "Date,Open,High,Low,Close", "no LEAN file of bars"),
        ("forex/oanda/daily/eurusd.zip", "eurusd.csv", "20131001 00:00,1,1,1,1,0", "forex"),
    ],
)
def test_a_zip_of_something_else_is_refused(
    tmp_path: pathlib.Path, path: str, name: str, line: str, complaint: str
) -> None:
    write_zip(tmp_path / path, name, *([line] if line else []))
    with pytest.raises(DataError, match=complaint):
        opened(tmp_path / path)


def test_a_torn_zip_is_refused(tmp_path: pathlib.Path) -> None:
    path = minute_tree(tmp_path) / "20131007_trade.zip"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="can't read"):
        opened(path)


def test_a_tree_of_several_resolutions_is_refused(tmp_path: pathlib.Path) -> None:
    minute_tree(tmp_path)
    write_zip(tmp_path / "equity" / "usa" / "daily" / "spy.zip", "spy.csv", "20131001 00:00,1,1,1,1,1")
    write(tmp_path / "equity" / "usa" / "readme.md", "text")
    with pytest.raises(DataError, match="several resolutions: daily, minute"):
        opened(tmp_path / "equity" / "usa")
