"""Market data of a finite source in memory: columns as read, put in order of known time and cut into slices."""

from __future__ import annotations

import dataclasses
import difflib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from actors.calendars import hours_of_dates
from actors.clock import DAY, SECOND
from actors.errors import DataError, InputError
from actors.ingest.stamps import nanoseconds
from actors.instruments import FOREVER
from actors.market.ticks import RAW, UNKNOWN_INSTRUMENT, Kind, RawSlice, Ticks
from actors.messages import Instrument
from configs.schema import FeedSection, InstrumentsSection

Integers = npt.NDArray[np.int64]
MISSING_TIME = np.iinfo(np.int64).min


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of one or several files in the order of the files; all arrays have one length.

    Attributes:
        kind: What every row is.
        symbols: Symbol by code.
        codes: Code of each row's symbol.
        stamps: Start of the row's interval, or its instant; UTC nanoseconds. With ``daily``: midnight UTC of its session's
            date. ``MISSING_TIME`` where it could not be read.
        rows: Number of each row in its file, as an editor shows it.
        values: Prices and sizes as received, in the order of ``RAW``'s five numbers; NaN where missing or unreadable.
        reference: Nominal length of the bar in nanoseconds, or the order id.
        duration: Time from a row's stamp to its being known, nanoseconds; not used with ``daily``.
        daily: Whether the stamps are dates.
        sides, actions: Sign of the side and action of each row, where the kind has them.
    """

    kind: Kind
    symbols: tuple[str, ...]
    codes: npt.NDArray[np.int32]
    stamps: Integers
    rows: Integers
    values: npt.NDArray[np.float64]
    reference: Integers
    duration: int = 0
    daily: bool = False
    sides: npt.NDArray[np.int8] | None = None
    actions: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)


@dataclasses.dataclass(frozen=True)
class _Prepared:
    rows: Ticks
    starts: Integers
    times: Integers
    unknown: Integers
    symbols: npt.NDArray[np.object_]


class TableSource:
    """A source whose data fit in memory (about 150 bytes a row).

    Rows that share a known time travel in one slice; quotes, trades and book messages also with those of the same batch
    interval (``feed.batch_milliseconds`` times ``feed.speed``; speed ``max`` cuts as speed 1 does, so that its fills are
    those of real time). A row whose time can't be read travels with the row before it, a row that claims to be from after
    ``now`` with the newest believable one: neither moves the trading clock.

    Args:
        name: Name of the file or folder, carried by every slice.
        table: The data.
        feed: Filters and batch length.
        instruments: Default calendar, for symbols that the master does not know.
        notes: What a person should know of how the data were read.
        now: The machine's clock, for telling rows from the future.

    Raises:
        DataError: There are no rows, or no row is left by the filters.
        InputError: A symbol that the filter names is not in the data.
    """

    def __init__(
        self,
        name: str,
        table: Table,
        feed: FeedSection,
        instruments: InstrumentsSection,
        notes: Sequence[str] = (),
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self.name = name
        self.notes = tuple(notes)
        self._calendar = instruments.calendar
        self._feed = feed
        self._now = now()
        if not len(table):
            raise DataError(f"{name} holds no rows", field="feed.data", value=name, rule="at least one row under the header")
        self.table = _of_symbols(table, feed.symbols, name)
        self._prepared: tuple[tuple[Instrument, ...], _Prepared] | None = None

    def describe(self) -> str:
        """Return name, number of rows and symbols, and the notes."""
        kind = "daily bars" if self.table.daily else self.table.kind.name.lower() + " rows"
        return "; ".join((f"{self.name}: {len(self.table):,} {kind} of {len(self.table.symbols)} symbols", *self.notes))

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return all prices by symbol."""
        table = self.table
        columns = {Kind.BAR: 4, Kind.QUOTE: 2, Kind.TRADE: 1, Kind.BOOK: 1}[table.kind]
        order = np.argsort(table.codes, kind="stable")
        bounds = np.searchsorted(table.codes[order], np.arange(len(table.symbols) + 1))
        return {
            symbol: table.values[order[bounds[code] : bounds[code + 1]], :columns].ravel()
            for code, symbol in enumerate(table.symbols)
        }

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        """Yield the slices from ``from_sequence`` on; the first call for a master puts the rows in order."""
        prepared = self.prepare(instruments)
        ends = [*prepared.starts[1:].tolist(), len(prepared.rows)]
        for index in range(from_sequence - 1, len(prepared.starts)):
            start, end = int(prepared.starts[index]), ends[index]
            first, last = np.searchsorted(prepared.unknown, (start, end))
            unknown = {int(place) - start: str(prepared.symbols[self.table.codes[0] * 0 + at])
                       for at, place in enumerate(prepared.unknown[first:last], int(first))}
            yield RawSlice(index + 1, int(prepared.times[index]), prepared.rows[start:end].tobytes(), unknown, self.name)
