"""What an order's look shows: the newest prices and quotes, volatility and sessions where limits ask for them."""

from __future__ import annotations

import asyncio
import math
import pathlib
import time

import numpy as np
import pytest

from actors.clock import DataClock
from actors.market.ticks import FEW, QUOTE, TICK, Kind, MarketSlice
from actors.messages import MONEY_UNIT, Instrument, encode
from actors.oms.inputs import Look
from actors.oms.recent_volatility import DECAY, LEAST_CHANGES, RecentVolatility
from actors.oms.reference_prices import ReferencePrices
from actors.oms.session_hours import SessionHours
from actors.peers import Peers
from actors.service import socket_path
from tests.actors.oms.support import FakeMarket, until

SECOND = 1_000_000_000
INSTRUMENTS = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BTC/USD", calendar="24/7"))
# XNYS on Monday 2024-01-08: 14:30 to 21:00 UTC; the Friday before closes at 21:00.
OPENS, CLOSES = 1_704_724_200 * SECOND, 1_704_747_600 * SECOND
FRIDAY_CLOSE = 1_704_488_400 * SECOND


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
    prices = ReferencePrices("oms-0", ("market-0",), DataClock(), INSTRUMENTS)
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
        prices = ReferencePrices("oms-0", ("market-0",), DataClock(), INSTRUMENTS)
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
    prices = ReferencePrices("oms-0", ("market-0",), DataClock(), INSTRUMENTS)
    prices._acknowledge = lambda *_: None  # type: ignore[method-assign]
    for measures in (False, True):
        prices.measures_volatility = measures
        for step in range(25):
            level = 100 + step % 2
            sequence = prices.sequences[0] + 1
            prices._take(0, encode(quotes(sequence, 1, (0, level - 1, level + 1))))
        assert (prices.look(0).volatility > 0) is measures


@pytest.mark.parametrize(
    ("time_", "expected"),
    [
        (OPENS, (OPENS, CLOSES)),
        (CLOSES - 1, (OPENS, CLOSES)),
        (FRIDAY_CLOSE, (OPENS, CLOSES)),
        (FRIDAY_CLOSE - 1, (FRIDAY_CLOSE - (CLOSES - OPENS), FRIDAY_CLOSE)),
        (CLOSES, (OPENS + 86_400 * SECOND, CLOSES + 86_400 * SECOND)),
        (4_000_000_000 * SECOND, (0, 0)),
    ],
)
def test_the_session_is_the_one_under_way_or_the_next(time_: int, expected: tuple[int, int]) -> None:
    hours = SessionHours(INSTRUMENTS)
    assert hours.at(0, time_) == (0, 0)
    hours.load()
    assert hours.at(0, time_) == hours.at(0, time_) == expected
    assert hours.at(1, time_) == hours.at(7, time_) == (0, 0)


def test_sessions_follow_the_trading_clock_and_are_read_beside_the_loop(tmp_path: pathlib.Path) -> None:
    async def play() -> None:
        clock = DataClock(OPENS - 1)
        prices = ReferencePrices("oms-0", (), clock, INSTRUMENTS)
        assert prices.look(0).session_close == 0
        prices.read_sessions()
        await until(lambda: prices.sessions.loaded, 30)
        assert (prices.look(0).session_open, prices.look(0).session_close) == (OPENS, CLOSES)
        clock.advance(CLOSES)
        assert prices.look(0).session_open > CLOSES
        await prices.close()

    asyncio.run(play())
