"""Small files of every format for the tests of the feed."""

from __future__ import annotations

import gzip
import pathlib
import zipfile

import numpy as np

from actors.ingest.source import open_source
from actors.ingest.table_source import TableSource
from actors.instruments import InstrumentMaster
from actors.market.ticks import RawSlice
from configs.schema import FeedSection, InstrumentsSection

HEADER = "Date,Open,High,Low,Close,Volume,Name"


def write(path: pathlib.Path, *lines: str) -> pathlib.Path:
    """Write lines, gzipped where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_zip(path: pathlib.Path, name: str, *lines: str) -> pathlib.Path:
    """Write a zip with one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "".join(f"{line}\n" for line in lines))
    return path


def dow_like(folder: pathlib.Path) -> pathlib.Path:
    """Write two daily files, one of a half day (2013-11-29), in the manner of a folder with a file an instrument."""
    write(folder / "AAA_2013.csv.gz", HEADER, "2013-11-27,10,11,9,10.5,1000,AAA", "2013-11-29,10.5,11,10,10.25,500,AAA")
    write(folder / "BBB_2013.csv", HEADER, "2013-11-27,20,21,19,20.5,2000,BBB", "2013-11-29,20.5,21,20,20.25,700,BBB")
    return folder


def opened(path: pathlib.Path, calendar: str = "XNYS", **feed: object) -> TableSource:
    """Open a path as the feed would."""
    source = open_source(FeedSection.model_validate({"data": path, **feed}), InstrumentsSection(calendar=calendar))
    assert isinstance(source, TableSource)
    return source


def sliced(path: pathlib.Path, calendar: str = "XNYS", **feed: object) -> list[RawSlice]:
    """Return all slices of a path with a master of its symbols."""
    source = opened(path, calendar, **feed)
    master = InstrumentMaster.from_source(source, InstrumentsSection(calendar=calendar))
    return list(source.slices(master.all))


def utc(nanoseconds: int) -> str:
    """Return a time as text."""
    return str(np.datetime64(int(nanoseconds), "ns").astype("datetime64[s]"))
