from __future__ import annotations

import gzip
import os
import pathlib
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet
import pytest

from actors.errors import ConfigurationError, DataError, InputError
from actors.ingest.source import open_source
from configs.schema import FeedSection, InstrumentsSection
from tests.actors.ingest.files import HEADER, dow_like, opened, write, write_zip

Make = Callable[[pathlib.Path], pathlib.Path]


def bytes_in(name: str, content: bytes) -> Make:
    def make(folder: pathlib.Path) -> pathlib.Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def lines_in(name: str, *lines: str) -> Make:
    return lambda folder: write(folder / name, *lines)


def folder_with(*makes: Make) -> Make:
    def make(folder: pathlib.Path) -> pathlib.Path:
        for each in makes:
            each(folder)
        return folder

    return make


def parquet_in(name: str, table: pa.Table) -> Make:
    def make(folder: pathlib.Path) -> pathlib.Path:
        pyarrow.parquet.write_table(table, folder / name)
        return folder / name

    return make


def nested(folder: pathlib.Path) -> pathlib.Path:
    write(folder / "inner" / "a.csv", HEADER)
    return folder


ROW = "2013-11-27,10,11,9,10.5,1000,AAA"
INTRADAY = ("2013-11-27T14:30:00Z,10,11,9,10,1,BBB", "2013-11-27T14:31:00Z,10,11,9,10,1,BBB")
NO_PRICES = pa.table({"date": ["2013-11-27"], "price": [1.0]})
NO_ROWS = pa.table({name: pa.array([], pa.string()) for name in ("date", "open", "high", "low", "close")})


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda folder: folder / "nothing.csv", "no such file or folder"),
        (bytes_in("a.csv", b""), "is empty"),
        (bytes_in("a.csv.gz", gzip.compress(b"\n \n")), "is empty"),
        (lines_in("a.csv", HEADER), "has a header and no rows"),
        (lines_in("a.csv", "Date,GDX,GLD", "2013-11-27,1,2"), "no column for open, high, low, close"),
        (lines_in("a.csv", ROW, ROW), "no column for time, open"),
        (lines_in("a.csv", HEADER, "x,1,1,1,1,1,A"), "no readable time"),
        (bytes_in("a.csv", bytes(range(256)) * 4), "is binary"),
        (bytes_in("a.csv", b"\xff\xfe,\xfa\n1,2\n"), "not UTF-8"),
        (bytes_in("a.csv", f"{HEADER}\n{ROW[:-3]}".encode() + b"\xff\xfe\n"), "not readable as CSV"),
        (bytes_in("a.csv.gz", b"\x1f\x8b\x08garbage"), "can't read"),
        (bytes_in("a.csv.gz", gzip.compress(b"date,open\n" * 99)[:-9]), "can't read"),
        (bytes_in("a.zip", b"PK\x03\x04garbage"), "can't read"),
        (bytes_in("a.parquet", b"PAR1garbage"), "not readable as Parquet"),
        (bytes_in("a.parquet", b"garbage"), "no column for"),
        (parquet_in("a.parquet", NO_PRICES), "no column for open"),
        (parquet_in("a.parquet", NO_ROWS), "holds no rows"),
        (lambda folder: folder, "is empty"),
        (folder_with(lines_in("notes.md", "text")), "no readable file"),
        (nested, "it holds inner/"),
        (folder_with(lines_in("a.csv", HEADER, ROW), bytes_in("b.parquet", b"PAR1")), "mixes formats"),
        (folder_with(lines_in("a.csv", HEADER, ROW), lines_in("b.csv", HEADER, *INTRADAY)), "mixes daily bars"),
        (folder_with(lines_in("a.csv", HEADER, ROW), bytes_in("b.csv", b"")), "b.csv is empty"),
    ],
)
def test_data_that_cannot_be_used_are_refused_with_the_way_out(
    tmp_path: pathlib.Path, make: Make, complaint: str
) -> None:
    path = make(tmp_path)
    with pytest.raises(DataError, match=complaint) as caught:
        opened(path)
    assert caught.value.field in ("feed.data", "feed.columns", "feed.columns.time")


def test_one_format_of_a_mixed_folder_can_be_chosen(tmp_path: pathlib.Path) -> None:
    dow_like(tmp_path)
    write_zip(tmp_path / "x.zip", "spy.csv", "20131001 00:00,1,1,1,1,1")
    assert list(opened(tmp_path, format="csv").prices()) == ["AAA", "BBB"]
    assert list(opened(tmp_path, format="lean").prices()) == ["SPY"]
    assert list(opened(tmp_path / "x.zip").prices()) == ["SPY"]


def test_a_symbol_that_the_data_lack_is_refused_with_its_neighbours(tmp_path: pathlib.Path) -> None:
    assert list(opened(dow_like(tmp_path), symbols=("BBB",)).prices()) == ["BBB"]
    with pytest.raises(InputError, match="no symbol 'BBC'") as caught:
        opened(tmp_path, symbols=("BBC",))
    assert caught.value.remedy == "did you mean BBB?"


def test_without_data_the_simulated_market_is_asked_for() -> None:
    asked = []

    def simulate(feed: FeedSection, instruments: InstrumentsSection) -> str:
        asked.append((feed, instruments))
        return "market"

    feed, instruments = FeedSection(), InstrumentsSection()
    assert open_source(feed, instruments, simulated=simulate) == "market"  # type: ignore[arg-type,comparison-overlap]
    assert asked == [(feed, instruments)]
    with pytest.raises(ConfigurationError, match="no market data"):
        open_source(feed, instruments)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dow_like(tmp_path)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(pathlib.Path, "open", denied)
    with pytest.raises(DataError, match="Permission denied"):
        opened(path / "BBB_2013.csv")
    monkeypatch.setattr(pathlib.Path, "iterdir", denied)
    with pytest.raises(DataError, match="Permission denied"):
        opened(path)
