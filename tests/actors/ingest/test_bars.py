from __future__ import annotations

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from actors.clock import DAY, MINUTE
from actors.errors import DataError
from actors.ingest.delimited import numbers, shortest_decimals
from actors.market.ticks import UNKNOWN_INSTRUMENT, Kind
from tests.actors.ingest.files import HEADER, dow_like, opened, sliced, utc, write


def test_daily_bars_begin_at_the_open_and_are_known_at_the_close_of_their_session(tmp_path: pathlib.Path) -> None:
    slices = sliced(dow_like(tmp_path))
    assert [utc(one.time) for one in slices] == ["2013-11-27T21:00:00", "2013-11-29T18:00:00"]
    assert [one.sequence for one in slices] == [1, 2]
    rows = slices[1].ticks()
    assert [utc(time) for time in rows["event_time"]] == ["2013-11-29T14:30:00"] * 2
    assert rows["instrument"].tolist() == [0, 1] and rows["row"].tolist() == [3, 3]
    assert set(rows["kind"]) == {Kind.BAR} and set(rows["reference"]) == {DAY}
    assert rows[["first", "second", "third", "fourth", "fifth"]].tolist()[0] == (10.5, 11.0, 10.0, 10.25, 500.0)


def test_the_symbol_is_in_the_file_name_where_no_column_has_it(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "XYZ_daily.csv", "date;open;high;low;close", "2013-11-27;1,5;2;1;1.5", "2013-11-29;1.5;2;1;1.5")
    source = opened(tmp_path)
    assert list(source.prices()) == ["XYZ"]
    assert "no volume" in source.describe()
    rows = sliced(tmp_path)[0].ticks()
    assert np.isnan(rows["first"][0]) and rows["fifth"][0] == 0.0


def test_intraday_bars_are_known_when_they_end(tmp_path: pathlib.Path) -> None:
    path = write(
        tmp_path / "A.csv",
        "Date,Time,Open,High,Low,Close,Vol",
        *(f"2013-11-27,{hour}:{minute:02d},1,2,1,1.5,10" for hour, minute in ((9, 30), (9, 35), (9, 40), (10, 30))),
    )
    slices = sliced(path, timezone="America/New_York")
    assert [utc(one.time) for one in slices] == [
        f"2013-11-27T{time}:00" for time in ("14:35", "14:40", "14:45", "15:35")
    ]
    assert set(slices[0].ticks()["reference"]) == {5 * MINUTE}


def test_a_single_intraday_bar_is_taken_to_be_a_minute_long(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "A.csv", "time,open,high,low,close,volume", "2013-11-27T14:30:00Z,1,2,1,1.5,10")
    assert sliced(path)[0].ticks()["reference"][0] == MINUTE


@pytest.mark.parametrize("clock", ["05:00:00", "14:30:00"], ids=["midnight in New York", "the open"])
def test_daily_bars_stamped_with_an_instant_are_dated_by_the_exchange(tmp_path: pathlib.Path, clock: str) -> None:
    path = write(
        tmp_path / "A.csv",
        "time,open,high,low,close,volume",
        *(f"2013-11-{day}T{clock}Z,1,2,1,1.5,10" for day in (25, 26, 27, 29)),
    )
    assert [utc(one.time)[:10] for one in sliced(path)] == [f"2013-11-{day}" for day in (25, 26, 27, 29)]
    assert "dated in the time zone of XNYS" in opened(path).describe()


def test_weekly_bars_are_refused_because_nobody_can_say_when_they_were_known(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "A.csv", "date,open,high,low,close", *(f"2013-11-{day:02d},1,2,1,1" for day in (4, 11, 18)))
    with pytest.raises(DataError, match="7 days long"):
        opened(path)


def test_rows_that_cannot_be_parsed_come_as_nan_and_stop_nothing(tmp_path: pathlib.Path) -> None:
    path = write(
        tmp_path / "bars.csv",
        HEADER,
        "2013-11-25,10,11,9,10,100,A",
        "2013-11-26,ten,11,9,10,100,A",
        "",
        "2013-11-27,10,11",
        "never,10,11,9,10,100,A",
        "2013-11-29,10,11,9,10,100,A,surplus",
        "2013-12-02,10,11,9,1e1,-,",
    )
    slices = sliced(path)
    rows = np.concatenate([one.ticks() for one in slices])
    assert rows["row"].tolist() == [2, 3, 5, 6, 7, 8]
    assert np.isnan(rows["first"][1]) and rows["second"][1] == 11.0
    assert rows["second"][2] == 11.0 and np.isnan(rows["third"][2])
    assert rows["event_time"][3] == -1 and rows["known_time"][3] == rows["known_time"][2]
    assert rows["fifth"][4] == 100.0 and rows["fourth"][5] == 10.0 and np.isnan(rows["fifth"][5])


def test_rows_of_a_symbol_without_instrument_carry_the_symbol(tmp_path: pathlib.Path) -> None:
    source = opened(write(tmp_path / "bars.csv", HEADER, "2013-11-25,1,1,1,1,1,NA", "2013-11-25,1,1,1,1,1,TRUE"))
    (only,) = source.slices(())
    assert set(only.ticks()["instrument"]) == {UNKNOWN_INSTRUMENT}
    assert only.unknown == {0: "NA", 1: "TRUE"} and only.source == "bars.csv"


def test_parquet_in_single_precision_is_read_as_the_decimals_it_stands_for(tmp_path: pathlib.Path) -> None:
    days = pa.array([16036, 16038], pa.int32()).cast(pa.date32())
    price = pa.array(np.array([3.8906, 10.1], np.float32))
    table = pa.table(
        {
            "date": days,
            "ticker": pa.array(["A", None]).dictionary_encode(),
            "open": price,
            "high": price,
            "low": price,
            "close": price,
            "volume": pa.array([5, 6]),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "panel.parquet")
    slices = sliced(tmp_path / "panel.parquet")
    assert [one.ticks()["first"][0] for one in slices] == [3.8906, 10.1]
    assert list(opened(tmp_path / "panel.parquet").prices()) == ["A", ""]


def test_single_precision_numbers_written_out_in_full_are_read_as_what_they_stand_for(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "A.csv", HEADER, "2013-11-27,74.05999755859375,75.1500015258789,73.5,74.05999755859375,1,A")
    assert sliced(path)[0].ticks()["first"][0] == 74.06
    assert shortest_decimals(np.array([np.nan, np.inf, 1e30], np.float32))[2] == np.float32(1e30)


def test_columns_of_any_type_become_numbers_or_nan() -> None:
    assert numbers(pa.array([" 1 ", "-.5", "1e3", "0x1", None])).tolist()[:3] == [1.0, -0.5, 1000.0]
    assert np.isnan(numbers(pa.array([" 1 ", "-.5", "1e3", "0x1", None]))[3:]).all()
    assert numbers(pa.array(["7"]).dictionary_encode()).tolist() == [7.0]
    assert np.isnan(numbers(pa.array([True, False]))).all()
    assert numbers(pa.chunked_array([[1], [2]])).tolist() == [1.0, 2.0]
