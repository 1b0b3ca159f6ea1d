from __future__ import annotations

import pathlib

import numpy as np
import pytest

from actors.errors import DataError
from actors.ingest.source import Source
from actors.instruments import InstrumentMaster
from actors.market.ticks import UNKNOWN_INSTRUMENT
from actors.messages import Instrument
from configs.schema import InstrumentsSection
from tests.actors.ingest.files import HEADER, dow_like, opened, sliced, utc, write


def row(day: str, symbol: str = "A", price: str = "10") -> str:
    return f"{day},{price},{price},{price},{price},100,{symbol}"


def test_slices_are_the_same_from_wherever_they_are_asked_for(tmp_path: pathlib.Path) -> None:
    path = write(
        tmp_path / "bars.csv", HEADER, *(row(f"2013-11-{day}", symbol) for symbol in "ABC" for day in range(11, 23))
    )
    source: Source = opened(path)
    master = InstrumentMaster.from_source(source, InstrumentsSection()).all[:2]
    whole = list(source.slices(master))
    assert [one.sequence for one in whole] == list(range(1, len(whole) + 1))
    for start in range(1, len(whole) + 2):
        assert list(opened(path).slices(master, start)) == whole[start - 1 :]
    assert [utc(one.time) for one in whole] == sorted(utc(one.time) for one in whole)
    assert whole[0].unknown == {2: "C"}


def test_rows_are_put_in_the_order_in_which_they_became_known(tmp_path: pathlib.Path) -> None:
    path = write(
        tmp_path / "bars.csv", HEADER, row("2013-11-15"), row("2013-11-13"), row("2013-11-14"), row("2013-11-13")
    )
    rows = np.concatenate([one.ticks() for one in sliced(path)])
    assert rows["row"].tolist() == [3, 5, 4, 2]
    assert (np.diff(rows["known_time"]) >= 0).all()


def test_a_date_that_is_no_session_goes_through_at_the_usual_hours(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "bars.csv", HEADER, row("2013-11-28"), row("2013-11-30"))
    assert [utc(one.time) for one in sliced(path)] == ["2013-11-28T21:00:00", "2013-11-30T21:00:00"]


def test_each_instrument_keeps_its_own_calendar(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "bars.csv", HEADER, row("2013-11-27", "A"), row("2013-11-27", "B"), row("2013-11-27", "C"))
    master = (Instrument(id=0, symbol="A", calendar="XLON"), Instrument(id=1, symbol="B", calendar="24/7"))
    slices = list(opened(path).slices(master))
    assert [(utc(one.time), one.ticks()["instrument"].tolist()) for one in slices] == [
        ("2013-11-27T16:30:00", [0]),
        ("2013-11-27T21:00:00", [UNKNOWN_INSTRUMENT]),
        ("2013-11-28T00:00:00", [1]),
    ]


def test_a_symbol_goes_to_whoever_bears_it_at_the_time(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "bars.csv", HEADER, row("2013-11-25"), row("2013-11-26"), row("2013-11-27"))
    change = int(np.datetime64("2013-11-26", "ns").astype(np.int64))
    end = int(np.datetime64("2013-11-27", "ns").astype(np.int64))
    master = (
        Instrument(id=0, symbol="A", valid_to=change),
        Instrument(id=1, symbol="A", valid_from=change, valid_to=end),
    )
    slices = list(opened(path).slices(master))
    assert [one.ticks()["instrument"][0] for one in slices] == [0, 1, UNKNOWN_INSTRUMENT]
    assert slices[2].unknown == {0: "A"}


def test_a_row_from_the_future_does_not_move_the_clock(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "bars.csv", HEADER, row("2013-11-25"), row("2199-11-26"), row("2013-11-27"))
    slices = sliced(path)
    assert [utc(one.time)[:10] for one in slices] == ["2013-11-25", "2013-11-27"]
    assert sorted(utc(time)[:4] for time in slices[1].ticks()["known_time"]) == ["2013", "2199"]
    with pytest.raises(DataError, match="before now"):
        sliced(write(tmp_path / "late.csv", HEADER, row("2199-11-26")))


def test_a_leading_row_without_time_travels_with_the_first_that_has_one(tmp_path: pathlib.Path) -> None:
    (only,) = sliced(write(tmp_path / "bars.csv", HEADER, row("?"), row("2013-11-27")))
    assert only.ticks()["event_time"].tolist()[0] == -1 and len(only.ticks()) == 2


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2013-11-26", None, "26 27"),
        (None, "2013-11-27", "25 26"),
        ("2013-11-26T14:30:00", "2013-11-27", "26"),
        ("2013-11-26T14:30:01", None, "27"),
        ("2013-11-26T09:30:00-05:00", "2013-11-27T00:00:00Z", "26"),
    ],
)
def test_only_the_time_asked_for_is_read(tmp_path: pathlib.Path, start: str | None, end: str | None, days: str) -> None:
    path = write(tmp_path / "bars.csv", HEADER, *(row(f"2013-11-{day}") for day in (25, 26, 27)))
    assert " ".join(utc(one.time)[8:10] for one in sliced(path, start=start, end=end)) == days


def test_a_time_without_zone_is_one_of_the_feeds_zone(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "bars.csv", HEADER, row("2013-11-25"), row("2013-11-26"))
    assert len(sliced(path, start="2013-11-25T09:30:00", timezone="America/New_York")) == 2
    assert len(sliced(path, start="2013-11-25T09:30:01", timezone="America/New_York")) == 1


def test_a_time_without_data_is_refused_with_the_span_of_the_data(tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match="no rows between") as caught:
        sliced(dow_like(tmp_path), start="2020-01-01")
    assert caught.value.rule == "the data run from 2013-11-27T14:30:00 to 2013-11-29T14:30:00 UTC"


def test_a_folder_mixes_notes_and_kinds_in_its_description(tmp_path: pathlib.Path) -> None:
    assert opened(dow_like(tmp_path / "dow")).describe() == "dow: 4 daily bars of 2 symbols"
