"""What is kept up one change at a time is what a count of everything says."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.entries import Charge
from actors.messages import MONEY_UNIT, BookingEvent, Instrument, OrderStatus, OrderType, Side, round_half_even
from actors.portfolio.attribution import attribute
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.portfolio.translation import translate
from actors.portfolio.valuation import exposures, value
from actors.risk.limits import MEASURED, limit_use
from actors.risk.live.exposure_book import ExposureBook
from actors.risk.live.largest import Largest
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, order_event

LIMITS = dict.fromkeys(MEASURED, 1_000_000)
ACCOUNTS = {"main": "USD", "second": "USD", "euro": "EUR"}

accounts = st.sampled_from(list(ACCOUNTS))
instruments = st.integers(0, len(INSTRUMENTS) - 1)
fills = st.tuples(
    st.just("fill"),
    accounts,
    instruments,
    st.sampled_from(["trend", "carry", "hedge"]),
    st.sampled_from([-300, -100, -7, -1, 1, 7, 100, 300]),
    st.integers(1, 5_000),
)
orders = st.tuples(
    st.just("order"), accounts, instruments, st.integers(0, 5), st.booleans(), st.integers(0, 3_000), st.booleans()
)
ticks = st.tuples(st.just("tick"), st.dictionaries(instruments, st.integers(1, 5_000), min_size=1, max_size=3))
deposits = st.tuples(st.just("cash"), accounts, st.integers(-(10**12), 10**13))
streams = st.lists(st.one_of(fills, orders, ticks, ticks, deposits), max_size=60)


class World:
    """A ledger, marks and the book that follows both."""

    def __init__(self, instruments: Sequence[Instrument] = INSTRUMENTS) -> None:
        self.instruments = instruments
        self.ledger = Ledger(instruments, ACCOUNTS)
        self.marks = Marks()
        self.book = ExposureBook(self.ledger, self.marks, instruments)
        self.open: dict[str, dict[str, Any]] = defaultdict(dict)
        self.now = 0

    def play(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        self.now += 1
        if kind == "tick":
            self.marks.prices.update(rest[0])
            self.marks.times.update(dict.fromkeys(rest[0], self.now))
            self.book.tick(rest[0])
            return
        sequence = self.ledger.sequences.get(0, 0) + 1
        if kind == "cash":
            event: Any = cash_event(sequence, rest[1], account=rest[0], currency=ACCOUNTS[rest[0]])
        elif kind == "fill":
            account, instrument, strategy, quantity, price = rest
            traded = fill(quantity, price, 3, strategy, instrument, account)
            event = order_event(sequence, traded, account=account, instrument=instrument, strategy=strategy)
        else:
            account, instrument, number, buy, price, is_open = rest
            event = order_event(
                sequence,
                account=account,
                instrument=instrument,
                order_id=f"{account}-{instrument}-{number}",
                side=Side.BUY if buy else Side.SELL,
                type=OrderType.LIMIT if price else OrderType.MARKET,
                limit_price=price or None,
                status=OrderStatus.NEW if is_open else OrderStatus.CANCELED,
            )
            if is_open:
                self.open[account][event.order.order_id] = event.order
            else:
                self.open[account].pop(event.order.order_id, None)
        self.take(event)

    def take(self, event: Any) -> None:
        assert self.ledger.apply(event)
        self.book.take(event, self.now)


def check(world: World) -> None:
    prices, sums = world.marks.prices, defaultdict(lambda: [0, 0, 0, 0])
    netted: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    abroad: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for account, currency in ACCOUNTS.items():
        books, book = world.ledger.books(account), world.book.account(account)
        for one in ("USD", "EUR"):
            expected = exposures(books, prices, world.instruments, one)
            totals = book.by_currency[one]
            assert totals.values == expected
            assert totals.gross == sum(map(abs, expected.values())) and totals.net == sum(expected.values())
            assert totals.long == sum(amount for amount in expected.values() if amount > 0)
            assert totals.short == -sum(amount for amount in expected.values() if amount < 0)
            assert totals.largest.value == max(map(abs, expected.values()), default=0)
        figures = value(books, prices, world.instruments, currency)
        equity = translate(books, prices, world.instruments, currency).equity
        known = {other: pool for other, pool in books.pools.items() if pool.rate and other != currency}
        deposits = figures.deposits + sum(pool.contributed for pool in known.values())
        assert (book.equity, book.profit) == (equity, equity - deposits)
        own = exposures(books, prices, world.instruments, currency)
        foreign = {
            instrument: round_half_even(amount * pool.rate, MONEY_UNIT)
            for other, pool in known.items()
            for instrument, amount in exposures(books, prices, world.instruments, other).items()
        }
        assert book.foreign.values == foreign
        gross, net = (sum(map(one, [*own.values(), *foreign.values()])) for one in (abs, int))
        assert (book.gross, book.net) == (gross, net)
        assert book.untranslated().keys().isdisjoint({*known, currency})
        expected_use = limit_use(LIMITS, own, world.open[account].values(), prices, world.instruments)
        translated_use = limit_use(LIMITS, {**own, **foreign}, (), prices, world.instruments)
        for name in ("maximum_position_notional", "maximum_gross_exposure", "maximum_net_exposure"):
            expected_use[name] = translated_use[name]
        use = book.limit_use(LIMITS)
        assert {name: one.value for name, one in use.items()} == {name: one.value for name, one in expected_use.items()}
        assert {name for name, one in use.items() if one.symbol} == {n for n, one in expected_use.items() if one.symbol}
        parts = {one.strategy: one.market_value for one in attribute(books, prices, world.instruments, currency)}
        assert {name: sums_[1] for name, sums_ in book.by_strategy.items() if sums_[1]} == {
            name: amount for name, amount in parts.items() if amount
        }
        for at, amount in enumerate((equity, deposits, gross, net)):
            sums[currency][at] += amount
        for instrument, amount in own.items():
            netted[currency][instrument] += amount
        for instrument, amount in foreign.items():
            abroad[currency][instrument] += amount
        check_oldest(world, book)
    for currency, (equity, deposits, gross, net) in sums.items():
        firm = world.book.firm[currency]
        assert (firm.gross, firm.net) == (gross, net)
        assert (firm.equity, firm.profit) == (equity, equity - deposits)
        assert firm.foreign.values == {one: amount for one, amount in abroad[currency].items() if amount}
        assert firm.netted.values == {one: amount for one, amount in netted[currency].items() if amount}
    check_oldest(world, world.book)


def check_oldest(world: World, book: Any) -> None:
    books = [book] if book is not world.book else [world.book.account(account) for account in ACCOUNTS]
    held = {one for each in books for totals in each.by_currency.values() for one in totals.values}
    times: dict[str, list[int]] = defaultdict(list)
    for one in held:
        times[world.instruments[one].calendar].append(world.marks.times.get(one, 0))
    found = {calendar: (instrument, time) for calendar, instrument, time in book.prices.oldest()}
    assert found.keys() == times.keys()
    for calendar, (instrument, time) in found.items():
        assert instrument in held and world.instruments[instrument].calendar == calendar
        known = world.marks.times.get(instrument)
        assert known is None or time == known == min(one for one in times[calendar] if one)


CANCELED_BEFORE_A_PRICE = [
    ("fill", "main", 4, "carry", 7, 1477),
    ("fill", "main", 4, "trend", -7, 674),
    ("tick", {4: 3905}),
]
OPPOSITE_STRATEGIES = [
    ("tick", {1: 2373}),
    ("fill", "second", 1, "carry", -300, 2203),
    ("fill", "second", 1, "hedge", 300, 1914),
    ("tick", {1: 3302}),
]


@settings(max_examples=100, deadline=None)
@example(CANCELED_BEFORE_A_PRICE)
@example(OPPOSITE_STRATEGIES)
@given(streams)
def test_exposures_and_limit_use_equal_a_full_count_after_every_step(stream: list[Any]) -> None:
    world = World()
    for step in stream:
        world.play(step)
        check(world)


@pytest.mark.parametrize("seed", range(8))
def test_long_streams_leave_nothing_behind(seed: int) -> None:
    chance = random.Random(seed)
    world = World()
    for _ in range(300):
        account, instrument = chance.choice(list(ACCOUNTS)), chance.randrange(len(INSTRUMENTS))
        strategy, price = chance.choice(["trend", "carry", "hedge"]), chance.randint(1, 5_000)
        quantity = chance.choice([-300, -100, -7, -1, 1, 7, 100, 300])
        world.play(
            chance.choice(
                [
                    ("fill", account, instrument, strategy, quantity, price),
                    ("order", account, instrument, chance.randrange(6), quantity > 0, price, chance.random() < 0.5),
                    ("tick", {instrument: price}),
                ]
            )
        )
        check(world)


@settings(max_examples=40, deadline=None)
@given(streams)
def test_a_book_read_anew_equals_one_that_followed(stream: list[Any]) -> None:
    world = World()
    for step in stream:
        world.play(step)
    world.book.reread(world.book.accounts(), world.now)
    check(world)
    orders = {account: list(found.values()) for account, found in world.open.items()}
    followed, world.book = world.book, ExposureBook(world.ledger, world.marks, INSTRUMENTS)
    for account, found in orders.items():
        for order in found:
            world.book.account(account).orders.take(order)
    world.book.reread(followed.accounts(), world.now)
    check(world)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), max_size=120))
def test_the_largest_is_the_largest(changes: list[tuple[int, int]]) -> None:
    tree: Largest[int] = Largest()
    values: dict[int, int] = {}
    for key, amount in changes:
        tree.set(key, amount)
        values[key] = amount
        largest = max(values.values())
        assert tree.value == largest and tree.get(key) == amount
        assert tree.key is None if not largest else values[tree.key] == largest
        assert len(tree) == sum(1 for one in values.values() if one)


def test_what_one_position_costs_before_its_price_does_not_depend_on_the_others() -> None:
    count = 1_000
    world = World([Instrument(id=number, symbol=f"I{number}") for number in range(count)])
    books, whole = world.ledger.books("main"), []
    original = books.positions
    books.positions = lambda: whole.append(1) or original()  # type: ignore[method-assign,func-returns-value]
    for number in range(count):
        world.play(("fill", "main", number, "trend", 1, 100))
    assert not whole and len(world.book.account("main").own.values) == count
    charge = Charge(kind="interest", currency="USD", amount=-1)
    sequence = world.ledger.sequences[0] + 1
    world.take(BookingEvent(partition=0, sequence=sequence, time=1, account="main", entry=charge, reason="r", key="k"))
    assert len(whole) == 1
    check(world)
