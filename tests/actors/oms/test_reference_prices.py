"""What an order's look shows: the newest prices and quotes, and volatility where a limit asks for it."""

from __future__ import annotations

import asyncio
import math
import pathlib
import time

import numpy as np
import pytest

from actors.clock import DataClock
from actors.market.ticks import FEW, QUOTE, TICK, Kind, MarketSlice
from actors.messages import MONEY_UNIT, encode
from actors.oms.inputs import Look
from actors.oms.recent_volatility import DECAY, LEAST_CHANGES, RecentVolatility
from actors.oms.reference_prices import ReferencePrices
from actors.peers import Peers
from actors.service import socket_path
from tests.actors.oms.fakes import FakeMarket, until


def quotes(sequence: int, count: int, *pairs: tuple[int, int, int]) -> MarketSlice:
    """A slice of quotes (instrument, bid, ask), filled up with quotes of instrument 9."""
    rows = np.zeros(count, TICK)
    view = rows.view(QUOTE)
    for row in range(count):
        instrument, bid, ask = pairs[row] if row < len(pairs) else (9, 1, 2)
        view[row]["kind"], view[row]["instrument"] = Kind.QUOTE, instrument
        view[row]["bid"], view[row]["ask"] = bid, ask
    return MarketSlice(0, sequence, sequence, rows.tobytes())


@pytest.mark.parametrize("count", [3, FEW + 1])
def test_a_look_shows_the_newest_price_and_quote(tmp_path: pathlib.Path, count: int) -> None:
    prices = ReferencePrices("oms-0", ("market-0",), DataClock())
    assert prices.look(0).price == prices.look(0).bid == 0
    prices._acknowledge = lambda *_: None  # type: ignore[method-assign]
    prices._take(0, encode(quotes(1, count, (0, 90, 110), (0, 98, 104), (1, 7, 0))))
    before = time.time_ns()
    look = prices.look(0)
    assert before <= look.received <= time.time_ns()
    assert look == Look(market_sequence=1, price=101, bid=98, ask=104, received=look.received)
    assert (prices.look(1).bid, prices.look(1).ask, prices.look(1).price) == (7, 0, 0)
    assert prices.look(10**9).price == prices.look(-5).price == 0


def test_after_a_restart_quotes_come_from_the_snapshot(tmp_path: pathlib.Path) -> None:
    async def play() -> None:
        market = FakeMarket()
        (tmp_path / "sockets").mkdir()
        market.quotes = [[0, 1, 1, 98, 104, 5, 5]]
        market.publish({0: 100})
        await market.server.listen(socket_path(tmp_path, "market-0"))
        prices = ReferencePrices("oms-0", ("market-0",), DataClock())
        prices.start(Peers(tmp_path))
        await until(lambda: prices.look(0).bid == 98)
        assert (prices.look(0).price, prices.look(0).ask) == (100, 104)
        await prices.close()
        await market.server.close()

    asyncio.run(play())


def test_volatility_is_the_deviation_of_changes_once_enough_are_known() -> None:
    volatility = RecentVolatility()
    for _ in range(LEAST_CHANGES - 1):
        volatility.moved(0, 100, 101)
    assert volatility.of(0) == 0
    volatility.moved(0, 100, 99)
    assert volatility.of(0) == MONEY_UNIT // 100
    for _ in range(30):
        volatility.moved(0, 100, 100)
    assert volatility.of(0) == pytest.approx(MONEY_UNIT / 100 * math.sqrt(DECAY**30), rel=1e-6)
    assert volatility.of(1) == 0


def test_volatility_is_measured_only_where_it_is_asked_for(tmp_path: pathlib.Path) -> None:
    prices = ReferencePrices("oms-0", ("market-0",), DataClock())
    prices._acknowledge = lambda *_: None  # type: ignore[method-assign]
    for measures in (False, True):
        prices.measures_volatility = measures
        for step in range(25):
            level = 100 + step % 2
            sequence = prices.sequences[0] + 1
            prices._take(0, encode(quotes(sequence, 1, (0, level - 1, level + 1))))
        assert (prices.look(0).volatility > 0) is measures
