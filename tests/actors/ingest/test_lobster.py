from __future__ import annotations

import pathlib

import numpy as np
import pytest

from actors.errors import DataError
from actors.market.ticks import Kind
from tests.actors.ingest.files import opened, sliced, utc, write

NAME = "AAPL_2012-06-21_34200000_37800000_message_50.csv"
MESSAGES = (
    "34200.004241176,1,16113575,18,5853300,1",
    "34200.00426064,4,16113584,18,5853200,-1",
    "34200.0144,3,16113575,18,5853300,1",
    "34201,7,0,0,-1,-1",
)


def test_messages_are_rows_of_the_book_to_the_nanosecond(tmp_path: pathlib.Path) -> None:
    slices = sliced(write(tmp_path / NAME, *MESSAGES), batch_milliseconds=0)
    rows = np.concatenate([one.ticks() for one in slices])
    assert len(slices) == 4 and set(rows["kind"]) == {Kind.BOOK}
    assert utc(rows["event_time"][0]) == "2012-06-21T13:30:00"
    assert (rows["event_time"] % 1_000_000_000).tolist() == [4_241_176, 4_260_640, 14_400_000, 0]
    assert rows["action"].tolist() == [1, 4, 3, 7] and rows["side"].tolist() == [1, -1, 1, -1]
    assert rows["reference"].tolist() == [16113575, 16113584, 16113575, 0]
    assert rows["first"].tolist() == [585.33, 585.32, 585.33, 0.0] and rows["second"].tolist() == [18, 18, 18, 0]


def test_messages_within_the_batch_time_travel_together(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / NAME, *MESSAGES)
    assert [len(one.ticks()) for one in sliced(path)] == [2, 1, 1]
    assert [len(one.ticks()) for one in sliced(path, speed=1)] == [2, 1, 1]
    assert [len(one.ticks()) for one in sliced(path, speed=4)] == [3, 1]


def test_a_folder_as_delivered_is_read_by_its_messages(tmp_path: pathlib.Path) -> None:
    write(tmp_path / f"{NAME}.gz", *MESSAGES, "x,1,1,1,1,1")
    write(tmp_path / "AAPL_2012-06-21_34200000_57600000_orderbook_1.csv.gz", "5859400,200,5853300,18")
    write(tmp_path / "AAPL_2012-06-21_34200000_57600000_START_OF_DAY_SNAPSHOT.csv.gz", "1")
    write(tmp_path / "LOBSTER_SampleFiles_ReadMe.txt", "text")
    source = opened(tmp_path)
    assert list(source.prices()) == ["AAPL"] and "5 book messages" in source.describe()


@pytest.mark.parametrize(
    ("name", "lines", "complaint"),
    [
        ("messages.csv", MESSAGES, "not named as LOBSTER"),
        (NAME, ("34200.004,1,16113575",), "3 fields a line"),
        (NAME, ("a,b,c,d,e,f",), "holds no message"),
    ],
)
def test_what_is_no_message_file_is_refused(
    tmp_path: pathlib.Path, name: str, lines: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        opened(write(tmp_path / name, *lines), format="lobster")
