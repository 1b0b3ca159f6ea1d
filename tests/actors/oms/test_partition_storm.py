"""The same siege as of the laws, at random and long: what it takes many steps to come to."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from actors.messages import (
    Conditions,
    Contingency,
    OrderType,
    PegReference,
    ReportType,
    Side,
    TimeInForce,
    TradingState,
)
from actors.oms.inputs import Price
from tests.actors.oms.adversary import NO_IDS, NO_NUMBERS, NUMBERS
from tests.actors.oms.laws import STRATEGIES
from tests.actors.oms.siege import Siege
from tests.actors.oms.support import IN_PLACE, NATIVE, PLAIN, PRICE, submission

VENUES = {"plain": PLAIN, "in place": IN_PLACE, "native": NATIVE}
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_STANDING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)


class Storm:
    """Draws what happens to a siege."""

    def __init__(self, seed: int, capabilities: Any) -> None:
        self.random = random.Random(seed)
        self.siege = Siege(self.random.random() < 0.7, capabilities)
        self.price = PRICE
        self._steps = {
            self.submit: 8, self.submit_list: 5, self.replace: 12, self.cancel: 5, self.cancel_all: 0.3,
            self.observe: 12, self.pass_time: 3, self.answer: 25, self.trade: 16, self.restate: 4, self.say: 2,
            self.leave: 10, self.arrive: 25, self.everything: 5, self.send_again: 2, self.miss: 0.5, self.charge: 2,
            self.odd: 1,
        }  # fmt: skip

    def step(self) -> str:
        """Let one thing happen, and return its name."""
        (what,) = self.random.choices(list(self._steps), list(self._steps.values()))
        what()
        return what.__name__

    def _near(self, spread: int = 300) -> int:
        return self.price + self.random.randint(-spread, spread)

    def _order(self, **fields: Any) -> Any:
        pick = self.random
        kind = pick.choice([OrderType.LIMIT, *OrderType])
        conditions: dict[str, Any] = {"reduce_only": pick.random() < 0.15}
        plain = kind in (OrderType.MARKET, OrderType.LIMIT)
        if kind is OrderType.LIMIT and pick.random() < 0.4:
            conditions["display_quantity"], plain = pick.randint(1, 30), False
        if kind in _STOPS:
            conditions["stop_price"] = self._near()
        elif kind is OrderType.TRAILING_STOP:
            name, distance = pick.choice([("trail_amount", 50), ("trail_rate", 500_000)])
            conditions[name] = distance
        elif kind is OrderType.PEGGED:
            conditions.update(peg=pick.choice(list(PegReference)), peg_offset=pick.randint(-20, 20))
        in_force = pick.choice(list(TimeInForce) if plain else _STANDING)
        if in_force is TimeInForce.GTD:
            conditions["expire_time"] = self.siege.bench.time + pick.randint(1, 3_000)
        bounded = kind in _LIMITED or kind is OrderType.PEGGED and pick.random() < 0.5
        built = Conditions(**conditions)
        return submission(
            "",
            fields.get("side") or pick.choice(list(Side)),
            fields.get("quantity") or pick.randint(max(1, conditions.get("display_quantity", 1)), 120),
            instrument=fields.get("instrument", pick.choice([0, 0, 0, 1])),
            type=kind,
            time_in_force=in_force,
            limit_price=self._near() if bounded else None,
            strategy=pick.choice(STRATEGIES),
            conditions=None if built == Conditions() else built,
        )

    def submit(self) -> None:
        """A client submits."""
        if len(self.siege.partition.standing) < 12:
            self.siege.submit(self._order())

    def submit_list(self) -> None:
        """A client submits a list, most often of exits from one position."""
        contingency = self.random.choice(list(Contingency))
        first = self._order()
        side = Side.SELL if first.side is Side.BUY else Side.BUY
        alike = {"side": side, "instrument": first.instrument}
        others = [self._order(**alike if self.random.random() < 0.8 else {}) for _ in range(self.random.randint(2, 3))]
        if contingency is Contingency.OCO:
            first = msgspec.structs.replace(first, side=side)
            others = others[: self.random.randint(1, 2)]
        if len(self.siege.partition.standing) < 12:
            self.siege.submit_list(contingency, [first, *others])

    def _some_order(self) -> Any:
        standing = list(self.siege.partition.standing.values())
        every = list(self.siege.partition.orders.values())
        return self.random.choice(standing if standing and self.random.random() < 0.9 else every) if every else None

    def replace(self) -> None:
        """A client wants other terms."""
        working = self._some_order()
        if working is None:
            return
        order, pick = working.submitted, self.random
        conditions, wanted = order.conditions or Conditions(), {}
        if pick.random() < 0.6:
            wanted["quantity"] = max(1, working.order.filled_quantity + pick.randint(-20, 120))
        if order.limit_price is not None and pick.random() < 0.6:
            wanted["limit_price"] = self._near()
        if conditions.stop_price is not None and pick.random() < 0.5:
            wanted["stop_price"] = self._near()
        if conditions.display_quantity is not None and pick.random() < 0.5:
            wanted["display_quantity"] = pick.randint(1, 30)
        if conditions.expire_time is not None and pick.random() < 0.5:
            wanted["expire_time"] = self.siege.bench.time + pick.randint(1, 3_000)
        if order.type is OrderType.TRAILING_STOP and pick.random() < 0.5:
            wanted[pick.choice(["trail_amount", "trail_rate"])] = pick.randint(40, 90)
        if wanted:
            self.siege.replace(order.client_order_id, wanted)

    def cancel(self) -> None:
        """A client cancels."""
        working = self._some_order()
        if working is not None:
            self.siege.cancel(working.order.client_order_id)

    def cancel_all(self) -> None:
        """Someone cancels all that fits."""
        self.siege.cancel_all(self.random.choice([None, *Side]), self.random.choice([None, *STRATEGIES]))

    def observe(self) -> None:
        """The market moves."""
        self.price = max(9_000, min(11_000, self._near(80)))
        low, high = self.price - self.random.randint(0, 30), self.price + self.random.randint(0, 30)
        bid, ask = self.random.choice([(0, 0), (self.price - 5, self.price + 5)])
        self.siege.observe(Price(self.random.choice([0, 0, 1]), low, high, self.price, bid, ask))

    def pass_time(self) -> None:
        """The trading clock advances."""
        self.siege.pass_time(self.random.choice([1, 10, 500]))

    def answer(self) -> None:
        """The venue answers."""
        waiting = len(self.siege.venue.unanswered)
        for _ in range(min(waiting, self.random.randint(1, 4))):
            place = 0 if self.random.random() < 0.7 else self.random.randrange(len(self.siege.venue.unanswered))
            self.siege.venue.answer(place, self.random.random() < 0.1)

    def trade(self) -> None:
        """The venue fills."""
        venue, wild = self.siege.venue, self.random.random() < 0.04
        resting = [order_id for order_id, found in venue.book.items() if found.open or wild]
        if resting:
            order_id = self.random.choice(resting)
            found = venue.book[order_id]
            left = max(1, found.quantity - found.filled)
            quantity = self.random.choice([left, self.random.randint(1, left), self.random.randint(1, left)])
            venue.trade(order_id, quantity if not wild else self.random.randint(1, 150), self._near(50), 7)

    def restate(self) -> None:
        """The venue corrects an execution, or takes it back."""
        executions = self.siege.venue.executions
        if executions:
            quantity = self.random.choice([0, self.random.randint(1, 120)])
            self.siege.venue.restate(self.random.choice(list(executions)), quantity, self._near(50))

    def say(self) -> None:
        """The venue says anything at all, and now and then what can't be."""
        if self.random.random() < 0.5:
            order_id = self.random.choice([*self.siege.venue.book, *NO_IDS])
            kind, field = self.random.choice(list(ReportType)), self.random.choice(NUMBERS)
            self.siege.venue.say_nonsense(order_id, kind, field, self.random.choice(NO_NUMBERS))
        kind = self.random.choice([kind for kind in ReportType if kind is not ReportType.TRADE])
        order_id = self.random.choice([*self.siege.venue.book, "3-999", "3-1/9"])
        self.siege.venue.say_anything(order_id, kind, self.random.randint(0, 200), self.random.randint(0, 3), "e1")

    def leave(self) -> None:
        """Reports of one order leave the venue."""
        for order_id in self.random.sample(self.siege.venue.talking, min(1, len(self.siege.venue.talking))):
            self.siege.venue.speak(order_id, self.siege.bench.time)

    def arrive(self) -> None:
        """Reports arrive."""
        self.leave()
        self.siege.arrive(self.random.randint(1, 4))

    def everything(self) -> None:
        """All reports arrive."""
        self.siege.everything_arrives()

    def odd(self) -> None:
        """A report is out of place, or an execution is told again."""
        if self.siege.partition.last_report:
            self.siege.arrive_again_or_too_early(self.random.randrange(self.siege.partition.last_report))
        if self.siege.venue.executed:
            self.siege.venue.say_again(self.random.choice(self.siege.venue.executed))

    def send_again(self) -> None:
        """The venue does not answer."""
        self.siege.send_again()

    def miss(self) -> None:
        """Reconciliation closes an order."""
        if self.siege.known:
            self.siege.miss(self.random.choice(self.siege.known))

    def charge(self) -> None:
        """Money comes and goes, fees change, and the kill switch moves, soon back again."""
        if self.random.random() < 0.3:
            self.siege.deposit(self.random.randint(-(10**12), 10**13))
        if self.random.random() < 0.2:
            self.siege.learn(self.siege.partition.capabilities, self.random.choice([0, 5_000, 100_000]))
        scope = self.random.choice(["firm", "account:main", "strategy:carry"])
        self.siege.switch(scope, self.random.choice([TradingState.ACTIVE, *TradingState]))
        if self.random.random() < 0.6:
            for each in ("firm", "account:main", "strategy:carry"):
                self.siege.switch(each, TradingState.ACTIVE)


def weather(seed: int, capabilities: Any, steps: int) -> Siege:
    """Let a storm blow over a partition, and check the laws after every step."""
    storm = Storm(seed, capabilities)
    for number in range(steps):
        what = storm.step()
        try:
            storm.siege.check_books()
            storm.siege.check_orders()
            storm.siege.check_indices()
            if number % 25 == 24:
                storm.siege.check_snapshot()
        except AssertionError as error:
            raise AssertionError(f"step {number} of seed {seed}: {what}") from error
    storm.siege.everything_arrives()
    storm.siege.check_replay()
    return storm.siege


@pytest.mark.parametrize("capabilities", VENUES.values(), ids=VENUES.keys())
@pytest.mark.parametrize("seed", range(4))
def test_a_partition_weathers_a_storm(seed: int, capabilities: Any) -> None:
    siege = weather(seed, capabilities, 250)
    assert siege.record.booked and siege.partition.alarms
