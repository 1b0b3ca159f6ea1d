"""A source whose data fit in memory: rows are put in order of known time once, then cut into slices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from actors.calendars import hours_of_dates
from actors.clock import DAY
from actors.errors import DataError
from actors.ingest.span import choose_within
from actors.ingest.table import MISSING_TIME, PRICE_COLUMNS, Integers, Table
from actors.instruments import FOREVER, InstrumentMaster
from actors.market.ticks import RAW, UNKNOWN_INSTRUMENT, Kind, RawSlice, Ticks
from actors.messages import Instrument
from configs.schema import FeedSection, InstrumentsSection

BEFORE_ALL_TIME = -1
"""Event time of a row whose own can't be read: no instrument is valid then."""

_NUMBERS = ("first", "second", "third", "fourth", "fifth")


class _Ordered(NamedTuple):
    rows: Ticks
    starts: Integers
    times: Integers
    unknown_places: Integers
    unknown_codes: npt.NDArray[np.int32]


class TableSource:
    """Slices of a table (about 150 bytes of memory a row).

    Bars that become known at one time travel in one slice; quotes, trades and book messages travel with those of the
    same batch interval, ``feed.batch_milliseconds`` times ``feed.speed`` of data time. Speed ``max`` cuts as speed 1
    does, so that its fills are those of real time. A row whose time can't be read travels with the row before it, a row
    from after the machine's present time with the newest believable one: neither moves the trading clock.

    Args:
        name: Name of the file or folder, carried by every slice.
        table: The data.
        feed: Filters and batch length.
        instruments: The calendar of symbols that the master does not know.
        notes: What a person should know of how the data were read.
        now: The machine's clock.

    Raises:
        DataError: There are no rows.
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
        if not len(table):
            raise DataError(f"{name} holds no rows", field="feed.data", value=name, rule="at least one row of data")
        self.name = name
        self.notes = tuple(notes)
        self.table = table.of_symbols(feed.symbols)
        self._feed = feed
        self._calendar = instruments.calendar
        self._now = now()
        self._ordered: tuple[tuple[Instrument, ...], _Ordered] | None = None

    def describe(self) -> str:
        """Return name, number of rows and symbols, and the notes."""
        table = self.table
        what = (
            "daily bars"
            if table.daily
            else {Kind.BAR: "bars", Kind.BOOK: "book messages"}.get(table.kind, f"{table.kind.name.lower()}s")
        )
        return "; ".join((f"{self.name}: {len(table):,} {what} of {len(table.symbols)} symbols", *self.notes))

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Return all prices by symbol."""
        table = self.table
        order = np.argsort(table.codes, kind="stable")
        bounds = np.searchsorted(table.codes[order], np.arange(len(table.symbols) + 1))
        prices = table.values[order, : PRICE_COLUMNS[table.kind]]
        return {symbol: prices[bounds[code] : bounds[code + 1]].ravel() for code, symbol in enumerate(table.symbols)}

    def times(self) -> Integers | None:
        """Return the readable time stamps of the rows that the filters leave, in no order; ``None`` for daily bars."""
        if self.table.daily:
            return None
        stamps = self.table.stamps[self.table.stamps != MISSING_TIME]
        chosen: Integers = stamps[self._window(stamps)] if len(stamps) else stamps
        return chosen

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        """Yield the slices from ``from_sequence`` on; the first call for a master puts the rows in order.

        Raises:
            DataError: No row lies between ``feed.start`` and ``feed.end``, or all lie in the future.
        """
        master = tuple(instruments)
        if self._ordered is None or self._ordered[0] != master:
            self._ordered = master, self._order(master)
        ordered = self._ordered[1]
        bounds = [*ordered.starts.tolist(), len(ordered.rows)]
        firsts = np.searchsorted(ordered.unknown_places, bounds).tolist()
        for index in range(from_sequence - 1, len(ordered.starts)):
            start, end = bounds[index], bounds[index + 1]
            unknown = {
                int(ordered.unknown_places[at]) - start: self.table.symbols[ordered.unknown_codes[at]]
                for at in range(firsts[index], firsts[index + 1])
            }
            yield RawSlice(index + 1, int(ordered.times[index]), ordered.rows[start:end].tobytes(), unknown, self.name)

    def _order(self, instruments: tuple[Instrument, ...]) -> _Ordered:
        table = self.table
        ids = _instrument_ids(table, InstrumentMaster(instruments))
        event, known, due = self._times(ids, instruments)
        chosen = self._window(np.where(table.stamps == MISSING_TIME, due, event))
        order = chosen[np.argsort(due[chosen], kind="stable")]
        rows = np.zeros(len(order), RAW)
        rows["kind"] = table.kind
        rows["instrument"] = ids[order]
        rows["event_time"] = event[order]
        rows["known_time"] = known[order]
        rows["row"] = table.rows[order]
        rows["reference"] = table.reference[order]
        for column, number in enumerate(_NUMBERS):
            rows[number] = table.values[order, column]
        if table.sides is not None:
            rows["side"] = table.sides[order]
        if table.actions is not None:
            rows["action"] = table.actions[order]
        due = due[order]
        cuts = np.flatnonzero(np.diff(due // self._batch())) + 1
        starts = np.concatenate([np.zeros(1, np.int64), cuts])
        ends = np.concatenate([cuts, np.array([len(order)])])
        unknown = np.flatnonzero(rows["instrument"] == UNKNOWN_INSTRUMENT)
        return _Ordered(rows, starts, due[ends - 1], unknown, table.codes[order][unknown])

    def _batch(self) -> int:
        if self.table.kind is Kind.BAR:
            return 1
        speed = 1.0 if self._feed.speed == "max" else self._feed.speed
        return max(1, round(self._feed.batch_milliseconds * 1e6 * speed))

    def _times(
        self, ids: npt.NDArray[np.uint32], instruments: tuple[Instrument, ...]
    ) -> tuple[Integers, Integers, Integers]:
        """Return event and known times, and the times at which the rows are sent."""
        table = self.table
        readable = table.stamps != MISSING_TIME
        event: Integers = np.where(readable, table.stamps, 0)
        if table.daily:
            event, known = self._hours(event // DAY, ids, instruments)
        else:
            known = event + (table.reference if table.kind is Kind.BAR else 0)
        believable = readable & (known <= self._now)
        if not believable.any():
            raise DataError(
                f"no row of {self.name} has a time before now",
                field="feed.data",
                value=self.name,
                rule="times that lie in the past",
                remedy="check feed.timezone and feed.columns.time",
            )
        newest = int(known[believable].max())
        before = np.maximum.accumulate(np.where(readable, np.arange(len(known)), -1))
        before = np.where(before < 0, int(np.argmax(readable)), before)
        known = known[before]
        return np.where(readable, event, BEFORE_ALL_TIME), known, np.minimum(known, newest)

    def _hours(
        self, dates: Integers, ids: npt.NDArray[np.uint32], instruments: tuple[Instrument, ...]
    ) -> tuple[Integers, Integers]:
        calendars = [*(instrument.calendar for instrument in instruments), self._calendar]
        names = sorted(set(calendars))
        calendar_of = np.array([names.index(calendar) for calendar in calendars])
        calendar = calendar_of[np.minimum(ids, len(instruments))]
        opens, closes = np.empty_like(dates), np.empty_like(dates)
        for index, name in enumerate(names):
            here = calendar == index
            days, place = np.unique(dates[here], return_inverse=True)
            first, last, _ = hours_of_dates(name, days)
            opens[here], closes[here] = first[place], last[place]
        return opens, closes

    def _window(self, when: Integers) -> Integers:
        return choose_within(when, self._feed, self.name)


def _instrument_ids(table: Table, master: InstrumentMaster) -> npt.NDArray[np.uint32]:
    """Return each row's instrument, by symbol and by the time at which the row happened."""
    only = np.full(len(table.symbols), UNKNOWN_INSTRUMENT, np.uint32)
    changing = []
    for code, symbol in enumerate(table.symbols):
        bearers = master.namesakes(symbol)
        if len(bearers) == 1 and bearers[0].valid_from == 0 and bearers[0].valid_to == FOREVER:
            only[code] = bearers[0].id
        elif bearers:
            changing.append((code, bearers))
    ids = only[table.codes]
    for code, bearers in changing:
        of_symbol = table.codes == code
        for bearer in bearers:
            ids[of_symbol & (table.stamps >= bearer.valid_from) & (table.stamps < bearer.valid_to)] = bearer.id
    return ids
