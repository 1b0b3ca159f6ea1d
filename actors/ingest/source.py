"""What a source of market data is, and how the configured one is opened."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actors.errors import ConfigurationError
from actors.ingest.bars import read_bars
from actors.ingest.formats import find_files
from actors.ingest.lean import choose, read_lean
from actors.ingest.lobster import read_lobster
from actors.ingest.table import Table, concatenate
from actors.ingest.table_source import TableSource
from actors.market.ticks import RawSlice
from actors.messages import Instrument
from configs.schema import FeedSection, InstrumentsSection


class Source(Protocol):
    """A finite stream of market data that gives the same slices each time it is read."""

    def describe(self) -> str:
        """Return in a few words where the data come from, for a person."""

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return, for every symbol of the source, prices from which its increment can be inferred."""

    def times(self) -> npt.NDArray[np.int64] | None:
        """Return the rows' event times, UTC nanoseconds, in no order; ``None`` where days are all that is known."""

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        """Yield the slices from ``from_sequence`` on, in the order in which they become known.

        Args:
            instruments: The instrument master; rows of other symbols come as unknown.
            from_sequence: Sequence of the first slice wanted, from 1.
        """


SimulatedFactory = Callable[[FeedSection, InstrumentsSection], Source]


def open_source(
    feed: FeedSection, instruments: InstrumentsSection, simulated: SimulatedFactory | None = None
) -> Source:
    """Open the source that ``feed`` describes.

    Args:
        feed: Path, format, filters.
        instruments: The calendar of daily bars.
        simulated: Makes the simulated market, for a feed without ``data``.

    Raises:
        DataError: The data can't be read; the error names the file and the way out.
        ConfigurationError: There is neither data nor a simulated market.
    """
    if feed.data is None:
        if simulated is None:
            raise ConfigurationError(
                "no market data", field="feed.data", rule="a file or folder, as nothing simulates one"
            )
        return simulated(feed, instruments)
    path = feed.data.expanduser()
    table, notes = read_table(path, feed, instruments)
    return TableSource(path.name, table, feed, instruments, notes)


def read_table(path: pathlib.Path, feed: FeedSection, instruments: InstrumentsSection) -> tuple[Table, list[str]]:
    """Return the rows of a file or of a folder's files, and remarks for people.

    Args:
        path: A file or a folder.
        feed: Format, columns, time zone.
        instruments: The calendar of daily bars.

    Raises:
        DataError: The data can't be read; the error names the file and the way out.
    """
    form, paths = find_files(path, feed.format)
    notes: list[str] = []
    tables: list[Table] = []
    if form == "lean":
        paths, notes = choose(paths)
        tables = [table for one in paths for table in read_lean(one)]
    elif form == "lobster":
        tables = [read_lobster(one) for one in paths]
    else:
        for one in paths:
            table, remarks = read_bars(one, feed, instruments)
            tables.append(table)
            notes.extend(remarks)
    return concatenate(tables, str(path)), notes
