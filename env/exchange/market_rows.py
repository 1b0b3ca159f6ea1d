"""Reads the rows of a market slice as events; a few rows are read several times as fast by hand as through an array."""

from __future__ import annotations

import fractions
import struct
from collections.abc import Callable, Collection, Iterator

import msgspec
import numpy as np

from actors.market.ticks import FEW, Kind, MarketSlice
from env.exchange.bars import BarEvent
from env.exchange.market_event import MarketEvent
from env.exchange.quotes import QuoteEvent
from env.exchange.trades import TradeEvent

_ROW = struct.Struct("<BBbBI9q")  # ``actors.market.ticks.TICK``
_EVENTS: dict[int, Callable[[tuple[int, ...], fractions.Fraction], MarketEvent]] = {
    int(Kind.BAR): BarEvent,
    int(Kind.QUOTE): QuoteEvent,
    int(Kind.TRADE): TradeEvent,
}


def events(
    market: MarketSlice, instruments: Collection[int], participation: fractions.Fraction
) -> Iterator[tuple[int, MarketEvent]]:
    """Yield instrument and event of every bar, quote and trade, in order, as long as its instrument is wanted.

    Args:
        market: The slice.
        instruments: Whose rows are wanted; what changes in it meanwhile counts for the rows that follow.
        participation: Largest share of a volume that our orders may take.
    """
    for row in _ROW.iter_unpack(market.rows):
        read = _EVENTS.get(row[0])
        if read is not None and row[4] in instruments:
            yield row[4], read(row, participation)


def rows_of(market: MarketSlice, instruments: Collection[int]) -> MarketSlice:
    """Return the slice with only the rows of ``instruments``."""
    rows, size = market.rows, _ROW.size
    if not rows:
        return market
    if not instruments:
        kept = b""
    elif len(rows) <= FEW * size:
        wanted = [row[4] in instruments for row in _ROW.iter_unpack(rows)]
        kept = rows if all(wanted) else b"".join(rows[at * size : (at + 1) * size] for at in np.flatnonzero(wanted))
    else:
        ticks = market.ticks()
        is_wanted = np.isin(ticks["instrument"], np.fromiter(instruments, np.int64, len(instruments)))
        kept = rows if is_wanted.all() else ticks[is_wanted].tobytes()
    return market if kept is rows else msgspec.structs.replace(market, rows=kept)
