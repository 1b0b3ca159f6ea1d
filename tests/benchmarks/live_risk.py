"""The live risk: what a fill, a tick and a refresh of value at risk and stress cost."""

from __future__ import annotations

import datetime
import functools
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np

from actors.clock import DAY, HOUR, MINUTE, SECOND
from actors.messages import (
    CashEvent,
    Fill,
    Instrument,
    Order,
    OrderEvent,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.portfolio.valuation import exposures, value
from actors.risk.limits import MEASURED, limit_use
from actors.risk.live.greeks_book import ListedOption
from actors.risk.live.monitor import LiveRisk
from actors.risk.pricing.contracts import European, Right
from actors.risk.returns import ReturnHistory
from configs.breach_rules import BreachRule
from configs.schema import AccountSection, Configuration, RiskSection
from tests.benchmarks.figures import figure

POSITIONS, FEW = 10_000, 100
OPTIONS_AN_UNDERLYING = 4
"""Of five instruments one is a stock and four are options on it."""
EVENTS, ROUNDS = 1_500, 5
RULE = BreachRule(name="tail", measure="value_at_risk", confidence=0.99, threshold=Decimal(1))
LIMITS = dict.fromkeys(MEASURED, 10**15)
BEGIN = 19_724 * DAY + 15 * HOUR


class World:
    """One account with a position in each of some instruments.

    Args:
        positions: How many.
        options: Whether four of five instruments are options on the fifth.
    """

    def __init__(self, positions: int, options: bool = False) -> None:
        self.instruments = [Instrument(id=number, symbol=f"I{number}") for number in range(positions)]
        self.now = BEGIN
        self.ledger = Ledger(self.instruments, {"main": "USD"})
        self.marks = Marks()
        self.history = ReturnHistory(positions, 500)
        self.live = LiveRisk(
            self.ledger,
            self.marks,
            self.instruments,
            self.history,
            Configuration(accounts=(AccountSection(id="main"),), risk=RiskSection(rules=(RULE,))),
            _options(positions) if options else {},
        )
        self.sequence = 0
        chance = np.random.Generator(np.random.PCG64(5))
        self.prices = chance.integers(1_000, 20_000, positions).tolist()
        self.tick(dict(enumerate(self.prices)))
        self.apply(
            CashEvent(partition=0, sequence=1, time=1, account="main", currency="USD", amount=10**17, reason="opening")
        )
        for number, lots in enumerate(chance.integers(1, 500, positions).tolist()):
            self.apply(self.fill(number, lots if number % 3 else -lots))

    def fill(self, instrument: int, lots: int) -> OrderEvent:
        """Return the event of a fill of so many lots, sold where negative."""
        side, number = Side.BUY if lots > 0 else Side.SELL, self.sequence + 1
        price = self.marks.prices[instrument]
        fields = {"order_id": f"o{number}", "client_order_id": f"c{number}", "account": "main", "strategy": "trend"}
        order = Order(
            **fields,
            principal="benchmark",
            instrument=instrument,
            side=side,
            type=OrderType.LIMIT,
            quantity=abs(lots),
            limit_price=price,
            time_in_force=TimeInForce.DAY,
            status=OrderStatus.FILLED,
            submitted_at=1,
            updated_at=1,
        )
        traded = Fill(
            **fields,
            execution_id=f"x{number}",
            instrument=instrument,
            side=side,
            quantity=abs(lots),
            price=price,
            fee=1,
            liquidity="taker",
            time=1,
        )
        return OrderEvent(partition=0, sequence=number, time=1, order=order, fill=traded)

    def apply(self, event: OrderEvent | CashEvent) -> None:
        """Take an event: books, exposures, limit use."""
        self.ledger.apply(event)
        self.live.take(event, self.now)
        self.sequence = event.sequence

    def tick(self, prices: dict[int, int]) -> None:
        """Take prices: exposures, profit, limit use."""
        self.marks.prices.update(prices)
        self.marks.times.update(dict.fromkeys(prices, self.now))
        self.live.tick(tuple(prices), self.now)

    def refreshed(self) -> tuple[int, int, int]:
        """Read exposure, profit and the use of all limits."""
        book = self.live.book.account("main")
        return book.own.gross, book.profit, sum(use.value for use in book.limit_use(LIMITS).values())

    def is_right(self) -> bool:
        """Return whether a full count says the same."""
        books, prices = self.ledger.books("main"), self.marks.prices
        whole = exposures(books, prices, self.instruments, "USD")
        figures = value(books, prices, self.instruments, "USD")
        use = limit_use(LIMITS, whole, [], prices, self.instruments)
        expected = sum(map(abs, whole.values())), figures.equity - figures.deposits, sum(u.value for u in use.values())
        return self.refreshed() == expected


def measure_live() -> bool:
    """Print the figures; return False where an answer is wrong."""
    large, small = World(POSITIONS), World(FEW)
    _fills(large)
    _ticks(large, small)
    return _tails() and large.is_right() and small.is_right()


def _fills(world: World) -> None:
    lots = [37, -18, 5, -41]
    rounds = []
    for clock in (*[time.perf_counter_ns] * ROUNDS, time.thread_time_ns):
        events = []
        for number in range(EVENTS):
            events.append(world.fill(number * 7 % POSITIONS, lots[number % 4]))
            world.sequence += 1
        rounds.append(_each(functools.partial(_apply, world, events), world.refreshed, clock))
    processor = rounds.pop()
    ninety_nine = [_quantile(took, 0.99) for took in rounds]
    figure(
        "fill to position, exposure and limit use, p99, in process",
        statistics.median(ninety_nine),
        "us",
        goal=100.0,
        rounds=[round(one, 1) for one in ninety_nine],
        p50=round(statistics.median(_quantile(took, 0.5) for took in rounds), 1),
        p99_of_processor_time=round(_quantile(processor, 0.99), 1),
        conditions=f"one account of {POSITIONS} positions, {EVENTS} fills a round; the use of {len(LIMITS)} limits is "
        "read after each; median of the rounds; what others did on the same cores is in it, but not in the processor's",
    )


def _apply(world: World, events: Sequence[OrderEvent], number: int) -> None:
    world.apply(events[number])


def _ticks(large: World, small: World) -> None:
    def play(world: World) -> tuple[float, float]:
        count = len(world.instruments)
        prices = [world.prices[number * 13 % count] + number % 29 for number in range(EVENTS)]

        def one(number: int) -> None:
            world.tick({number * 13 % count: prices[number]})

        rounds = [_each(one, world.refreshed) for _ in range(ROUNDS)]
        fifty, ninety_nine = ([_quantile(took, level) for took in rounds] for level in (0.5, 0.99))
        return statistics.median(fifty), statistics.median(ninety_nine)

    few, many = play(small), play(large)
    figure(
        f"one price tick in a book of {POSITIONS} positions: exposure, profit and limit use refreshed, p50",
        many[0],
        "us",
        goal=50.0,
        p99=round(many[1], 1),
        p50_at_100_positions=round(few[0], 1),
        p99_at_100_positions=round(few[1], 1),
        conditions="one account; another instrument with each tick; the use of all limits is read after each; the "
        f"largest position stands in a tournament tree; median of {ROUNDS} rounds",
    )


def _tails() -> bool:
    world = World(POSITIONS, options=True)
    chance = np.random.Generator(np.random.PCG64(6))
    closes = np.array(world.prices) * np.exp(np.cumsum(0.01 * chance.standard_normal((501, POSITIONS)), axis=0))
    for number, row in enumerate(np.maximum(1, closes).astype(int).tolist()):
        end = BEGIN - (501 - number) * 30 * MINUTE
        world.history.tick(range(POSITIONS), end)
        world.history.add(world.history.closes(number, dict(enumerate(row))))
    world.history.returns()
    first = _seconds(lambda: world.live.refresh(BEGIN, 1))
    measurements = world.live.tails.measurements
    again = _seconds(lambda: world.live.refresh(BEGIN + 60 * SECOND, 2))
    unmoved = world.live.tails.measurements == measurements
    world.tick({0: world.prices[0] + 10})
    after_a_tick = _seconds(lambda: world.live.refresh(BEGIN + 120 * SECOND, 3))
    greeks = world.live.greeks
    refreshed = greeks.refreshed
    tick = _quantile(
        _each(lambda number: world.tick({5 * (number % 50): world.prices[0] + number}), world.refreshed), 0.5
    )
    share = (greeks.refreshed - refreshed) / EVENTS
    figure(
        f"value at risk and stress of {POSITIONS} positions of stocks and options refreshed",
        1e3 * after_a_tick,
        "ms",
        first_ms=round(1e3 * first, 2),
        nothing_moved_ms=round(1e3 * again, 4),
        conditions="historical simulation over 500 returns of each instrument's own price, one core; firm and account "
        "hold the same book, which is measured once",
    )
    figure(
        f"tick of an underlying with {OPTIONS_AN_UNDERLYING} options held, Greeks refreshed, p50",
        tick,
        "us",
        options_reckoned_a_tick=share,
        conditions=f"{POSITIONS} positions, Black-Scholes-Merton over the options of that underlying alone",
    )
    return unmoved and share == OPTIONS_AN_UNDERLYING


def _options(positions: int) -> dict[int, ListedOption]:
    expiry = datetime.date(1970, 1, 1) + datetime.timedelta(days=BEGIN // DAY + 200)
    return {
        number: ListedOption(
            contract=European(right=Right.CALL if number % 2 else Right.PUT, strike=100.0 + number % 5, expiry=expiry),
            underlying=number - number % 5,
            volatility=0.25,
            rate=0.03,
        )
        for number in range(positions)
        if number % 5
    }


def _each(
    work: Callable[[int], None], after: Callable[[], object], clock: Callable[[], int] = time.perf_counter_ns
) -> list[float]:
    """Return the microseconds that each of many runs takes, reading what came of it included."""
    took = []
    gc.collect()
    gc.disable()
    try:
        for number in range(EVENTS):
            began = clock()
            work(number)
            after()
            took.append((clock() - began) / 1e3)
    finally:
        gc.enable()
    return took


def _quantile(took: Sequence[float], level: float) -> float:
    return statistics.quantiles(took, n=1000)[round(level * 1000) - 1]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
