"""A partition against a venue that repeats, delays, loses, crosses and contradicts; the laws hold after every step."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.errors import Conflict, InputError, Unavailable
from actors.messages import (
    ExecutionReport,
    Fill,
    OrderEvent,
    OrderStatus,
    ReportType,
    Side,
    TimeInForce,
    TradingState,
    VenueOrder,
)
from actors.oms.admission import repeated
from actors.oms.effects import Effects
from actors.oms.inputs import Deposit, StateChange, VenueReport
from tests.actors.oms.support import INSTRUMENTS, LIMITS, PRICE, Bench, replayed, submission

SIDES = st.sampled_from(Side)
STRATEGIES = st.sampled_from(["momentum", "carry"])


class AdversarialVenue(RuleBasedStateMachine):
    """Drives a partition; what the venue says is queued and delivered late, again, or after a break."""

    orders = Bundle("orders")

    @initialize(short=st.booleans())
    def begin(self, short: bool) -> None:
        """Open the account."""
        self.bench = Bench(dataclasses.replace(LIMITS, allow_short=int(short)))
        self.partition = self.bench.partition
        self.said: list[ExecutionReport] = []
        self.sent: list[VenueOrder] = []
        self.number = 0
        self.deposits = self.partition.accounts["main"].books.cash("USD")

    def _give(self, effects: Effects) -> Effects:
        self.sent += [message for message in effects.messages if isinstance(message, VenueOrder)]
        return effects

    @rule(
        target=orders,
        side=SIDES,
        quantity=st.integers(1, 400),
        limit=st.none() | st.integers(9_500, 10_500),
        strategy=STRATEGIES,
        time_in_force=st.sampled_from(TimeInForce),
    )
    def submit(self, side: Side, quantity: int, limit: int | None, strategy: str, time_in_force: TimeInForce) -> str:
        """A client submits; the gate may refuse."""
        self.number += 1
        client_order_id = f"c{self.number}"
        effects = self.bench.submit(
            client_order_id,
            side=side,
            quantity=quantity,
            limit_price=limit,
            strategy=strategy,
            time_in_force=time_in_force,
        )
        self._give(effects)
        return client_order_id

    @rule(client_order_id=orders)
    def submit_again(self, client_order_id: str) -> None:
        """A client repeats itself: nothing happens."""
        order = self.bench.order(client_order_id)
        same = submission(
            client_order_id,
            order.side,
            order.quantity,
            limit_price=order.limit_price,
            strategy=order.strategy,
            time_in_force=order.time_in_force,
        )
        assert repeated(self.partition, same) == order

    @rule(client_order_id=orders)
    def cancel(self, client_order_id: str) -> None:
        """A client cancels, whatever the state."""
        try:
            self._give(self.bench.cancel(client_order_id))
        except Conflict:
            status = self.bench.order(client_order_id).status
            assert not status.is_open or status is OrderStatus.PENDING_CANCEL

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), kind=st.sampled_from([kind for kind in ReportType if kind is not ReportType.TRADE]))
    def venue_says(self, data: st.DataObject, kind: ReportType) -> None:
        """The venue says anything at all about any order that it got."""
        order = data.draw(st.sampled_from(self.sent))
        self._say(order.order_id, kind)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), quantity=st.integers(1, 150), fee=st.integers(-5, 500), price=st.integers(9_000, 11_000))
    def venue_fills(self, data: st.DataObject, quantity: int, fee: int, price: int) -> None:
        """The venue fills any order that it got, also one that it closed, also too much."""
        order = data.draw(st.sampled_from(self.sent))
        fields = {"quantity": quantity, "price": price, "fee": fee, "execution_id": f"e{len(self.said) + 1}"}
        self._say(order.order_id, ReportType.TRADE, **fields)

    @precondition(lambda self: any(report.type is ReportType.TRADE for report in self.said))
    @rule(data=st.data())
    def venue_repeats_a_fill(self, data: st.DataObject) -> None:
        """The venue reports an execution again, as a new report."""
        trade = data.draw(st.sampled_from([report for report in self.said if report.type is ReportType.TRADE]))
        fields = {name: getattr(trade, name) for name in ("quantity", "price", "fee", "execution_id")}
        self._say(trade.order_id, ReportType.TRADE, **fields)

    @rule(order_id=st.sampled_from(["3-999", "9-1"]))
    def venue_invents_an_order(self, order_id: str) -> None:
        """The venue fills what was never sent."""
        self._say(order_id, ReportType.TRADE, quantity=1, price=PRICE, execution_id=f"x{len(self.said)}")

    def _say(self, order_id: str, kind: ReportType, **fields: object) -> None:
        said: dict[str, Any] = {"order_id": order_id, "type": kind, "time": self.bench.time, **fields}
        report = ExecutionReport(sequence=len(self.said) + 1, **said)
        self.said.append(report)

    @precondition(lambda self: len(self.said) > self.partition.last_report)
    @rule(count=st.integers(1, 5))
    def deliver(self, count: int) -> None:
        """Reports arrive in order."""
        for report in self.said[self.partition.last_report :][:count]:
            self._give(self.bench.give(VenueReport(time=self.bench.time, report=report)))

    @precondition(lambda self: self.partition.last_report > 0)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """An old report arrives again: nothing happens."""
        report = self.said[data.draw(st.integers(0, self.partition.last_report - 1))]
        before = self.partition.digest()
        assert not self.bench.give(VenueReport(time=0, report=report)).events
        assert self.partition.digest() == before

    @precondition(lambda self: len(self.said) > self.partition.last_report + 1)
    @rule()
    def deliver_with_a_gap(self) -> None:
        """A report arrives before its predecessor: refused, nothing happens."""
        before = self.partition.digest()
        try:
            self.partition.apply(VenueReport(time=0, report=self.said[self.partition.last_report + 1]))
        except Unavailable:
            assert self.partition.digest() == before
        else:
            raise AssertionError("a gap was not seen")

    @rule(amount=st.integers(-(10**13), 10**13))
    def deposit(self, amount: int) -> None:
        """Money comes and goes."""
        self.number += 1
        record = Deposit(
            time=self.bench.time, account="main", currency="USD", amount=amount, reason="r", key=f"k{self.number}"
        )
        try:
            self.bench.give(record)
        except InputError as error:
            assert error.code == "CASH_INSUFFICIENT"
        else:
            self.deposits += amount

    @rule(scope=st.sampled_from(["firm", "account:main", "strategy:carry"]), state=st.sampled_from(TradingState))
    def move_the_kill_switch(self, scope: str, state: TradingState) -> None:
        """Someone moves the kill switch."""
        self.bench.give(StateChange(time=self.bench.time, scope=scope, state=state, principal="p", reason="r"))

    @rule(step=st.integers(1, 1_000))
    def time_passes(self, step: int) -> None:
        """The trading clock advances."""
        self.bench.time += step

    def _fills(self) -> list[Fill]:
        events = (event for effects in self.bench.effects for event in effects.events)
        return [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]

    @invariant()
    def every_fill_that_arrived_is_booked_once(self) -> None:
        """Executions of known orders and fills are the same set."""
        arrived = self.said[: self.partition.last_report]
        known = {
            report.execution_id
            for report in arrived
            if report.execution_id and report.order_id in self.partition.orders
        }
        booked = [fill.execution_id for fill in self._fills()]
        assert sorted(booked) == sorted(known)

    @invariant()
    def position_is_the_sum_of_fills(self) -> None:
        """For the account and for each strategy."""
        fills, books = self._fills(), self.partition.accounts["main"].books
        assert books.position(0) == sum(fill.side.sign * fill.quantity for fill in fills)
        for strategy in ("momentum", "carry"):
            own = sum(fill.side.sign * fill.quantity for fill in fills if fill.strategy == strategy)
            assert books.strategy_position(strategy, 0) == own

    @invariant()
    def cash_is_deposits_and_fills(self) -> None:
        """Cash = deposits - bought + sold - fees."""
        traded = sum(
            -fill.side.sign * INSTRUMENTS[0].notional(fill.price, fill.quantity) - fill.fee for fill in self._fills()
        )
        assert self.partition.accounts["main"].books.cash("USD") == self.deposits + traded

    @invariant()
    def orders_agree_with_their_fills(self) -> None:
        """Filled quantity and value are sums; leaves are never negative; only an alarm explains an overfill."""
        overfilled = {alarm.order_id for alarm in self.partition.alarms if alarm.code == "ORDER_OVERFILLED"}
        for order_id, working in self.partition.orders.items():
            order = working.order
            fills = [fill for fill in self._fills() if fill.order_id == order_id]
            assert order.filled_quantity == sum(fill.quantity for fill in fills)
            assert order.filled_value == sum(fill.quantity * fill.price for fill in fills)
            assert order.leaves_quantity >= 0
            assert (order.filled_quantity > order.quantity) == (order_id in overfilled)
            assert (order.filled_quantity >= order.quantity) == (order.status is OrderStatus.FILLED)
            assert (order_id in self.partition.standing) == order.status.is_open

    @invariant()
    def exposure_is_what_open_orders_leave(self) -> None:
        """Quantities and reserved cash are those of the standing orders, and nothing is left of the others."""
        account = self.partition.accounts["main"]
        standing = [working.order for working in self.partition.standing.values()]
        for side in Side:
            leaves = sum(order.leaves_quantity for order in standing if order.side is side)
            assert account.exposure.open_quantity(0, side) == leaves
        reserved = sum(working.reserved for working in self.partition.standing.values())
        assert account.exposure.reserved("USD") == reserved
        assert all(
            working.reserved == 0 for working in self.partition.orders.values() if not working.order.leaves_quantity
        )

    @invariant()
    def the_venue_owes_an_answer_on_pending_orders(self) -> None:
        """Awaiting = pending new + pending cancel."""
        pending = (OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL)
        waiting = {key for key, working in self.partition.orders.items() if working.order.status in pending}
        assert set(self.partition.awaiting) == waiting

    @invariant()
    def a_replay_gives_the_same_state_and_the_same_events(self) -> None:
        """To the byte; every step once in a while, as it costs a whole replay."""
        if random.random() < 0.2:
            self._replay()

    def teardown(self) -> None:
        """And always at the end."""
        if hasattr(self, "bench"):
            self._replay()

    def _replay(self) -> None:
        partition, events = replayed(self.bench.inputs)
        assert partition.digest() == self.partition.digest()
        assert events == self.bench.events()


AdversarialVenue.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPartitionAgainstAnAdversarialVenue = AdversarialVenue.TestCase
