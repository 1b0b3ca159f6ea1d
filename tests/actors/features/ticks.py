"""Makes ticks for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.clock import MINUTE
from actors.market.ticks import TICK, Kind, Ticks

START = 1_700_006_400 * 1_000_000_000  # on the half hour


def bar(
    instrument: int,
    known_time: int,
    open: int,
    high: int,
    low: int,
    close: int,
    volume: int = 1000,
    period: int = MINUTE,
) -> tuple[int, ...]:
    return (Kind.BAR, 0, 0, 0, instrument, known_time - period, known_time, 0, open, high, low, close, volume, period)


def flat_bar(instrument: int, known_time: int, price: int, period: int = MINUTE) -> tuple[int, ...]:
    return bar(instrument, known_time, price, price, price, price, period=period)


def quote(instrument: int, time: int, bid: int, ask: int, size: int = 100) -> tuple[int, ...]:
    return (Kind.QUOTE, 0, 0, 0, instrument, time, time, 0, bid, ask, size, size, 0, 0)


def trade(instrument: int, time: int, price: int, size: int = 10, side: int = 1) -> tuple[int, ...]:
    return (Kind.TRADE, 0, side, 0, instrument, time, time, 0, price, size, 0, 0, 0, 0)


def ticks(rows: Sequence[tuple[int, ...]]) -> Ticks:
    return np.array(list(rows), dtype=TICK)
