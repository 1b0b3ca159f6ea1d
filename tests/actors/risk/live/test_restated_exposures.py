"""Busts and corrections, whatever became of the position since: the live exposures are what a full count says."""

from __future__ import annotations

import datetime
import random
from typing import Any

import msgspec
import pytest

from actors.entries import CashDividend, Charge, Conversion, Entry, ExchangeRate, Exercise, LotMethod, Rename, Split
from actors.errors import AlphaMindError
from actors.messages import AccountEvent, BookingEvent, Fill, Instrument, OptionTerms, Side
from actors.risk.live.greeks_book import GreeksBook, ListedOption
from actors.risk.live.monitor import LiveRisk
from actors.risk.pricing.contracts import European, Right
from actors.risk.returns import ReturnHistory
from configs.schema import AccountSection, Configuration
from tests.actors.portfolio.samples import cash_event, fill, money, order_event
from tests.actors.risk.live.test_exposure_book import ACCOUNTS, World, check

TERMS = OptionTerms(underlying=0, right="call", strike=money(10), expiry=10**18)
MASTER = (
    Instrument(id=0, symbol="AAA"),
    Instrument(id=1, symbol="BBB"),
    Instrument(id=2, symbol="CALL", multiplier=10, option=TERMS),
    Instrument(id=3, symbol="CALL2", multiplier=10, option=TERMS),
    Instrument(id=4, symbol="EEE", currency="EUR"),
    Instrument(id=5, symbol="FFF", currency="EUR"),
)
CALL = ListedOption(
    contract=European(right=Right.CALL, strike=10.0, expiry=datetime.date(1971, 1, 1)), underlying=0, volatility=0.3
)
OPTIONS = {2: CALL, 3: CALL}
RENAMES = [(0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)]


class Restated(World):
    """The live risk, and the executions that can be taken back."""

    def __init__(self) -> None:
        super().__init__(MASTER)
        configuration = Configuration(
            accounts=tuple(AccountSection(id=name, currency=ACCOUNTS[name]) for name in ACCOUNTS)
        )
        history = ReturnHistory(len(MASTER), 40)
        self.live = LiveRisk(self.ledger, self.marks, MASTER, history, configuration, OPTIONS)
        self.book = self.live.book
        self.known: list[Fill] = []

    @property
    def next(self) -> int:
        return self.ledger.sequences.get(0, 0) + 1

    def take(self, event: Any) -> None:
        assert self.ledger.apply(event)
        self.live.take(event, self.now)

    def open_with(self, account: str, lots: LotMethod) -> None:
        self.take(
            AccountEvent(
                partition=0, sequence=self.next, time=1, account=account, currency=ACCOUNTS[account], lots=lots
            )
        )

    def cash(self, account: str, amount: int, currency: str = "USD") -> None:
        self.take(cash_event(self.next, amount, account=account, currency=currency))

    def tick(self, prices: dict[int, int]) -> None:
        self.now += 1
        self.marks.prices.update(prices)
        self.marks.times.update(dict.fromkeys(prices, self.now))
        self.live.tick(tuple(prices), self.now)

    def book_fill(self, traded: Fill) -> None:
        self.now += 1
        fields = {"account": traded.account, "instrument": traded.instrument, "strategy": traded.strategy}
        self.take(order_event(self.next, traded, **fields))

    def trade(self, account: str, instrument: int, strategy: str, quantity: int, price: int) -> None:
        traded = fill(quantity, price, 3, strategy, instrument, account)
        self.known.append(msgspec.structs.replace(traded, execution_id=f"x{self.next}"))
        self.book_fill(self.known[-1])

    def bust(self, number: int) -> Fill:
        known = self.known.pop(number)
        side = Side.SELL if known.side is Side.BUY else Side.BUY
        self.book_fill(
            msgspec.structs.replace(
                known, execution_id=f"{known.execution_id}~bust", side=side, fee=-known.fee, reverses=known.execution_id
            )
        )
        return known

    def correct(self, number: int, quantity: int, price: int) -> None:
        known = self.bust(number)
        self.known.append(
            msgspec.structs.replace(
                known, execution_id=f"x{self.next}", quantity=quantity, price=price, corrects=known.execution_id
            )
        )
        self.book_fill(self.known[-1])

    def enter(self, account: str, entry: Entry) -> None:
        try:
            self.ledger.books(account).check(entry)
        except AlphaMindError:
            return
        self.now += 1
        self.take(
            BookingEvent(
                partition=0, sequence=self.next, time=1, account=account, entry=entry, reason="r", key=f"{self.next}"
            )
        )


def check_greeks(world: Restated) -> None:
    whole = GreeksBook(OPTIONS, MASTER, world.marks.prices)
    whole.tick((), world.now)
    for account in ACCOUNTS:
        for instrument, lots in world.ledger.books(account).net_positions().items():
            whole.hold(account, instrument, lots)
        assert world.live.greeks.totals[account] == whole.totals[account]


def anything(world: Restated, chance: random.Random) -> None:
    account, strategy = chance.choice(list(ACCOUNTS)), chance.choice(["trend", "carry"])
    instrument, price = chance.randrange(len(MASTER)), chance.randint(1, 5_000)
    quantity = chance.choice([-100, -30, -7, 7, 30, 100])
    kind = chance.randrange(15)
    other = next(one for one in ("EUR", "USD") if one != ACCOUNTS[account])
    if kind < 4 or not world.known:
        world.trade(account, instrument, strategy, quantity, price)
    elif kind == 4:
        world.tick({instrument: price})
    elif kind in (5, 6):
        world.bust(chance.randrange(len(world.known)))
    elif kind == 7:
        world.correct(chance.randrange(len(world.known)), abs(quantity), price)
    elif kind == 8:
        old, new = chance.choice(RENAMES)
        world.enter(account, Rename(instrument=old, into=new))
    elif kind == 9:
        world.enter(account, Split(instrument=instrument, numerator=chance.choice([2, 3]), denominator=1, price=price))
    elif kind == 10:
        world.enter(account, Exercise(instrument=chance.choice([2, 3]), strategy=strategy, quantity=5))
    elif kind == 11:
        world.enter(account, ExchangeRate(currency=other, rate=chance.randint(50_000_000, 200_000_000)))
    elif kind == 12:
        world.cash(account, chance.randint(1, 10**12), chance.choice([other, ACCOUNTS[account]]))
    elif kind == 13:
        sold, bought = chance.sample([other, ACCOUNTS[account]], 2)
        world.enter(account, Conversion(sold=sold, sold_amount=10**9, bought=bought, bought_amount=price * 10**6))
    else:
        world.enter(
            account,
            chance.choice(
                [
                    CashDividend(instrument=instrument, amount=10**6),
                    Charge(kind="interest", currency="USD", amount=-12_345),
                ]
            ),
        )


@pytest.mark.parametrize("lots", LotMethod)
@pytest.mark.parametrize("seed", range(4))
def test_exposures_and_greeks_equal_a_full_count_after_busts_and_corrections(lots: LotMethod, seed: int) -> None:
    chance, world = random.Random(seed), Restated()
    for account in ACCOUNTS:
        if lots is not LotMethod.AVERAGE:
            world.open_with(account, lots)
    for _ in range(150):
        anything(world, chance)
        check(world)
        check_greeks(world)


def test_a_bust_reaches_the_position_under_its_new_name() -> None:
    world = Restated()
    world.tick({0: 1000, 1: 1000})
    world.trade("main", 0, "trend", 100, 1000)
    world.enter("main", Rename(instrument=0, into=1))
    world.bust(0)
    own = world.book.account("main").own
    assert (own.values, own.gross, world.book.firm["USD"].gross) == ({}, 0, 0)
