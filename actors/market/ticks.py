"""Market data as arrays: one 80-byte record a row, read through a view that fits its kind.

``RAW`` holds prices and sizes as received (float64, currency units and units of the instrument; NaN where missing);
``TICK`` holds them as whole increments after validation. ``BAR``, ``QUOTE``, ``TRADE`` and ``BOOK`` name the same
bytes as ``TICK`` for one kind each: ``ticks[ticks["kind"] == Kind.BAR].view(BAR)["close"]``.
"""

from __future__ import annotations

import enum

import msgspec
import numpy as np
import numpy.typing as npt

from actors.messages import Bar, Message, Quote, Trade


class Kind(enum.IntEnum):
    """What a row is."""

    BAR = 1
    QUOTE = 2
    TRADE = 3
    BOOK = 4


class BookAction(enum.IntEnum):
    """What a row of kind BOOK does to the book (LOBSTER's event types)."""

    ADD = 1
    REDUCE = 2
    DELETE = 3
    EXECUTE = 4
    EXECUTE_HIDDEN = 5
    HALT = 7


UNKNOWN_INSTRUMENT = 0xFFFFFFFF

IN_FLIGHT = 2
"""Slices that may be under way between feed and market: one that the followers work on, and one that is made ready."""
FEW = 32
"""Rows up to which a loop over them is faster than arrays."""

_BAR, _QUOTE, _TRADE = int(Kind.BAR), int(Kind.QUOTE), int(Kind.TRADE)

_HEADER = [
    ("kind", "u1"),
    ("action", "u1"),
    ("side", "i1"),
    ("flags", "u1"),
    ("instrument", "<u4"),
    ("event_time", "<i8"),
    ("known_time", "<i8"),
    ("row", "<i8"),
]


def _layout(number: str, *names: str) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [*_HEADER, *((name, number) for name in names[:5]), (names[5], "<i8")]
    return np.dtype(fields)


RAW = _layout("<f8", "first", "second", "third", "fourth", "fifth", "reference")
TICK = _layout("<i8", "first", "second", "third", "fourth", "fifth", "reference")
BAR = _layout("<i8", "open", "high", "low", "close", "volume", "period")
QUOTE = _layout("<i8", "bid", "ask", "bid_size", "ask_size", "unused", "unused2")
TRADE = _layout("<i8", "price", "size", "unused", "unused2", "unused3", "unused4")
BOOK = _layout("<i8", "price", "size", "unused", "unused2", "unused3", "order_id")

RAW_BAR = _layout("<f8", "open", "high", "low", "close", "volume", "period")
RAW_QUOTE = _layout("<f8", "bid", "ask", "bid_size", "ask_size", "unused", "unused2")
RAW_TRADE = _layout("<f8", "price", "size", "unused", "unused2", "unused3", "unused4")
RAW_BOOK = _layout("<f8", "price", "size", "unused", "unused2", "unused3", "order_id")

Ticks = npt.NDArray[np.void]


class RawSlice(Message, frozen=True):
    """Rows as received that became known together; the input of the market shards.

    Attributes:
        sequence: Counts the slices of a run from 1 without gaps.
        time: The trading clock after this slice, UTC nanoseconds.
        rows: ``RAW`` records as bytes.
        unknown: Symbols of rows whose instrument is not in the master, by position in ``rows``.
        source: Where the rows came from, for the quarantine (file or generator name).
    """

    sequence: int
    time: int
    rows: bytes
    unknown: dict[int, str] = {}
    source: str = ""

    def ticks(self) -> Ticks:
        """Return the rows as a read-only ``RAW`` array."""
        return np.frombuffer(self.rows, RAW)


class MarketSlice(Message, frozen=True):
    """Validated rows of one slice as a market shard publishes them, in the order received.

    Attributes:
        shard: Index of the market shard.
        sequence: The raw slice's sequence: published for every slice, even if no row passed.
        time: The trading clock after this slice.
        rows: ``TICK`` records as bytes.
        quiet: Whether the venue has said that the slice caused no report: there are no fills to wait for.
    """

    shard: int
    sequence: int
    time: int
    rows: bytes
    quiet: bool = False

    def ticks(self) -> Ticks:
        """Return the rows as a read-only ``TICK`` array."""
        return np.frombuffer(self.rows, TICK)


decode_raw_slice = msgspec.msgpack.Decoder(RawSlice).decode
decode_market_slice = msgspec.msgpack.Decoder(MarketSlice).decode


def events(ticks: Ticks) -> list[Bar | Quote | Trade]:
    """Return bars, quotes and trades of a ``TICK`` array as messages, in order; book rows are left out."""
    found: list[Bar | Quote | Trade] = []
    for row in ticks.tolist():
        kind, _, side, _, instrument, event_time, known_time, _, first, second, third, fourth, fifth, reference = row
        if kind == Kind.BAR:
            found.append(Bar(instrument, event_time, known_time, first, second, third, fourth, fifth, reference))
        elif kind == Kind.QUOTE:
            found.append(Quote(instrument, event_time, known_time, first, second, third, fourth))
        elif kind == Kind.TRADE:
            found.append(Trade(instrument, event_time, known_time, first, second, side))
    return found


def last_prices(ticks: Ticks) -> dict[int, int]:
    """Return the newest price in a ``TICK`` array by instrument id, ascending.

    The price is a bar's close, a trade's price or the middle of a two-sided quote (rounded down to the increment);
    rows of kind BOOK and one-sided quotes give none.
    """
    return _last_of_few(ticks) if len(ticks) <= FEW else _last_of_many(ticks)


def _last_of_few(ticks: Ticks) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in ticks.tolist():
        kind, instrument, first, second = row[0], row[4], row[8], row[9]
        price = 0
        if kind == _BAR:
            price = row[11]
        elif kind == _TRADE:
            price = first
        elif kind == _QUOTE and first > 0 and second > 0:
            price = (first + second) // 2
        if price > 0:
            found[instrument] = price
    return dict(sorted(found.items()))


def _last_of_many(ticks: Ticks) -> dict[int, int]:
    kind, first, second = ticks["kind"], ticks["first"], ticks["second"]
    price = np.where(kind == _TRADE, first, 0)
    np.copyto(price, ticks["fourth"], where=kind == _BAR)
    np.copyto(price, (first + second) >> 1, where=(kind == _QUOTE) & (first > 0) & (second > 0))
    known = np.flatnonzero(price > 0)
    instruments = ticks["instrument"][known]
    newest = np.zeros(int(instruments.max(initial=0)) + 1, np.int64)  # ids are dense
    newest[instruments] = price[known]  # of several prices of one instrument the last one stays
    ids = np.flatnonzero(newest)
    return dict(zip(ids.tolist(), newest[ids].tolist(), strict=True))
