"""The pure core of a market shard: raw slices go in, market slices come out, the state of the market is kept."""

from __future__ import annotations

import struct
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from actors.calendars import session_bounds as calendar_bounds
from actors.errors import InputError, NotFound
from actors.market.book import Book, Top
from actors.market.master import SessionBounds
from actors.market.quality import QUARANTINE_KEPT, Checked, Quality
from actors.market.reasons import QuarantinedRow, Reason
from actors.market.ticks import RAW, TICK, BookAction, Kind, MarketSlice, RawSlice
from actors.messages import Bar, Instrument, Quote
from configs.schema import MarketSection

_TICK_ROW = struct.Struct("<BBbBIqqq6q")
_NO_TOP: Top = (0, 0, 0, 0)

TickRow = tuple[int, ...]


class Applied(NamedTuple):
    """What became of one raw slice.

    Attributes:
        slice: What to publish.
        accepted: Number of its rows that were accepted.
        counts: Number of its rows that were refused, by reason.
    """

    slice: MarketSlice
    accepted: int
    counts: dict[Reason, int]

    @property
    def quarantined(self) -> int:
        """Number of its rows that were refused."""
        return sum(self.counts.values())


class MarketShard:
    """Quality, books, bars and last prices of the instruments of one shard. Deterministic.

    Rows of kind BOOK are not published: they move the instrument's book, and become a TRADE row where they executed an
    order and a QUOTE row where the top of the book changed, in their place.

    Args:
        shard: The shard's index.
        section: Configuration of the market shards; an instrument belongs to shard ``id % section.shards``.
        instruments: All instruments; those of other shards are left out.
        session_bounds: Opens and closes of a calendar's sessions by its name.

    Attributes:
        instruments: The instruments of this shard by id.
        sequence: Sequence of the newest slice, 0 before the first.
        time: The trading clock, UTC nanoseconds.
        accepted: Rows accepted so far.
        quarantined: Rows refused so far, by reason.
        quarantine: The newest refused rows, oldest first.
        books: Order books by instrument id, made with an instrument's first book message.
    """

    def __init__(
        self,
        shard: int,
        section: MarketSection,
        instruments: Sequence[Instrument],
        session_bounds: SessionBounds = calendar_bounds,
    ) -> None:
        mine = [instrument for instrument in instruments if instrument.id % section.shards == shard]
        self.shard = shard
        self.instruments = {instrument.id: instrument for instrument in mine}
        self.sequence = 0
        self.time = 0
        self.accepted = 0
        self.quarantined: Counter[Reason] = Counter()
        self.quarantine: deque[QuarantinedRow] = deque(maxlen=QUARANTINE_KEPT)
        self.books: dict[int, Book] = {}
        self._quality = Quality(section.quality, mine, session_bounds)
        self._bars_kept = section.bars_kept
        self._bars: dict[int, deque[TickRow]] = {}
        self._last: dict[int, tuple[int, int]] = {}
        self._quotes: dict[int, TickRow] = {}
        self._tops: dict[int, Top] = {}

    @property
    def rounded(self) -> int:
        """Accepted rows of which a number was rounded to its increment."""
        return self._quality.rounded

    @property
    def gaps(self) -> dict[int, int]:
        """Missing sessions so far, by instrument id."""
        return self._quality.gaps

    def apply(self, raw: RawSlice) -> Applied:
        """Take the next slice; never fails on what its rows hold.

        Raises:
            InputError: The bytes are no whole records; nothing was changed.
        """
        return self.take(raw, self.check(raw))

    def check(self, raw: RawSlice) -> Checked:
        """Validate the next slice; ``take`` has to follow before the one after it is checked and taken.

        What the shard shows (prices, quotes, bars, counts) stays as it is until then, so that a slice can be made ready
        while its predecessor is still being worked on.

        Raises:
            InputError: The bytes are no whole records; nothing was changed.
        """
        check_records(raw)
        return self._quality.check(raw)

    def published(self, raw: RawSlice, checked: Checked) -> MarketSlice | None:
        """Return what ``take`` will publish where that is known before; ``None`` where a book has to make it first."""
        if int(Kind.BOOK) in checked.rows[:: TICK.itemsize]:  # the kind is the first byte of a row
            return None
        return MarketSlice(self.shard, raw.sequence, max(self.time, raw.time), checked.rows)

    def take(self, raw: RawSlice, checked: Checked) -> Applied:
        """Take a slice that was checked."""
        self.sequence = raw.sequence
        self.time = max(self.time, raw.time)
        self.accepted += checked.accepted
        self.quarantined.update(checked.counts)
        self.quarantine.extend(checked.quarantined)
        rows = self._remember(checked.rows)
        published = MarketSlice(self.shard, raw.sequence, self.time, rows)
        return Applied(published, checked.accepted, checked.counts)

    def last_prices(self) -> list[tuple[int, int, int]]:
        """Return (instrument id, price in increments, event time) of each instrument that has a price.

        The price is a bar's close, a trade's price or the middle of a two-sided quote, whichever came last.
        """
        return [(instrument, price, time) for instrument, (price, time) in sorted(self._last.items())]

    def last_quotes(self) -> list[Quote]:
        """Return the newest quote of each instrument that has one."""
        return [Quote(row[4], row[5], row[6], *row[8:12]) for _, row in sorted(self._quotes.items())]

    def bars(self, instrument: int, count: int) -> list[Bar]:
        """Return the newest ``count`` bars of an instrument, oldest first; fewer where fewer are kept.

        Raises:
            NotFound: The instrument is not one of this shard's.
            InputError: ``count`` is not positive.
        """
        if instrument not in self.instruments:
            raise NotFound(
                f"market shard {self.shard} has no instrument {instrument}",
                field="instrument",
                value=instrument,
                code="INSTRUMENT_UNKNOWN",
            )
        if count < 1:
            raise InputError("count of bars is not positive", field="count", value=count, rule="1 or more")
        rows = list(self._bars.get(instrument, ()))[-count:]
        return [Bar(row[4], row[5], row[6], *row[8:14]) for row in rows]

    def _remember(self, rows: bytes) -> bytes:
        """Update bars, prices and books; returns the rows to publish."""
        published: list[TickRow] | None = None
        begun = 0
        for number, row in enumerate(_TICK_ROW.iter_unpack(rows)):
            kind = row[0]
            if kind == Kind.BOOK:
                if published is None:
                    published = list(_TICK_ROW.iter_unpack(rows[: number * _TICK_ROW.size]))
                begun = len(published)
                published.extend(self._from_book(row))
                for derived in published[begun:]:
                    self._note(derived)
                continue
            if published is not None:
                published.append(row)
            self._note(row)
        if published is None:
            return rows
        return b"".join([_TICK_ROW.pack(*row) for row in published])

    def _note(self, row: TickRow) -> None:
        kind, instrument = row[0], row[4]
        if kind == Kind.BAR:
            kept = self._bars.get(instrument)
            if kept is None:
                kept = self._bars[instrument] = deque(maxlen=self._bars_kept)
            kept.append(row)
            self._last[instrument] = (row[11], row[5])
        elif kind == Kind.TRADE:
            self._last[instrument] = (row[8], row[5])
        else:
            self._quotes[instrument] = row
            if row[8] and row[9]:
                self._last[instrument] = ((row[8] + row[9]) // 2, row[5])

    def _from_book(self, row: TickRow) -> Iterator[TickRow]:
        action, side, instrument, price, size = row[1], row[2], row[4], row[8], row[9]
        book = self.books.get(instrument)
        if book is None:
            book = self.books[instrument] = Book()
        top = book.apply(action, row[13], side, price, size)
        if action in (BookAction.EXECUTE, BookAction.EXECUTE_HIDDEN):
            aggressor = -1 if side > 0 else 1
            yield (int(Kind.TRADE), 0, aggressor, *row[3:8], price, size, 0, 0, 0, 0)
        if top != self._tops.get(instrument, _NO_TOP):
            self._tops[instrument] = top
            yield (int(Kind.QUOTE), 0, 0, *row[3:8], *top, 0, 0)


def check_records(raw: RawSlice) -> None:
    """Refuse a slice whose bytes are no whole ``RAW`` records.

    Raises:
        InputError: They are not.
    """
    if len(raw.rows) % RAW.itemsize:
        raise InputError(
            "rows of a slice are cut off",
            field="rows",
            value=f"{len(raw.rows)} bytes",
            rule=f"a multiple of {RAW.itemsize} bytes",
        )
