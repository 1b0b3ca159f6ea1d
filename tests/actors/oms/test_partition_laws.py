"""A partition against a venue that repeats, delays, reorders, loses, crosses and contradicts; the laws always hold."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.errors import Conflict, InputError, Unavailable
from actors.messages import Contingency, OrderStatus, ReportType, Side, SubmitOrder, TradingState, VenueCancel, encode
from actors.oms.admission import repeated, repeated_list, repeated_replacement, to_be_canceled
from actors.oms.inputs import Deposit, Discrepancy, Input, Price, StateChange, Terms, VenueReport
from actors.oms.sending import outstanding
from actors.oms.venue import PLAIN
from actors.oms.watching import concerned
from tests.actors.oms import laws
from tests.actors.oms.adversary import Adversary
from tests.actors.oms.drawing import changes, orders, prices
from tests.actors.oms.support import FEE_RATE, IN_PLACE, INSTRUMENTS, LIMITS, NATIVE, PRICE, Bench, replayed

VENUES = (PLAIN, IN_PLACE, NATIVE)
_RESTATING = (ReportType.TRADE_CANCEL, ReportType.TRADE_CORRECT, ReportType.REPLACED, ReportType.RESTATED)
_ANYTHING = [kind for kind in ReportType if kind is not ReportType.TRADE]


class AdversarialVenue(RuleBasedStateMachine):
    """Drives a partition by clients, market, clock and an ``Adversary``; the laws hold after every step."""

    submitted = Bundle("submitted")

    @initialize(short=st.booleans(), capabilities=st.sampled_from(VENUES))
    def begin(self, short: bool, capabilities: Any) -> None:
        """Open the account."""
        self.bench = Bench(dataclasses.replace(LIMITS, allow_short=int(short)), capabilities=capabilities)
        self.partition = self.bench.partition
        self.venue = Adversary()
        self.record = laws.Record()
        self.closed: set[str] = set()
        self.number = 0
        self.deposits = self.partition.accounts["main"].books.cash("USD")

    def _give(self, record: Input) -> Any:
        before = {order_id: working.order.status for order_id, working in self.partition.orders.items()}
        effects = self.bench.give(record)
        restates = isinstance(record, VenueReport) and record.report.type in _RESTATING
        for order_id, status in before.items():
            opened = not status.is_open and self.partition.orders[order_id].order.status.is_open
            assert not opened or (restates and status is OrderStatus.FILLED)
        laws.what_goes_out_may(self.bench, self.venue.said[: self.partition.last_report], self.closed)
        for message in effects.messages:
            self.venue.receive(message)
        return effects

    def _id(self) -> str:
        self.number += 1
        return f"c{self.number}"

    # Clients.

    @rule(target=submitted, order=orders())
    def submit(self, order: SubmitOrder) -> str:
        """A client submits; the gate may refuse. The same again is the same order."""
        order = msgspec.structs.replace(order, client_order_id=self._id())
        assert repeated(self.partition, order) is None
        self._give(self.bench.submit_record(order))
        assert repeated(self.partition, order) == self.bench.order(order.client_order_id)
        return order.client_order_id

    @rule(
        target=submitted,
        contingency=st.sampled_from(Contingency),
        legs=st.lists(orders(), min_size=2, max_size=4),
        alike=st.booleans(),
    )
    def submit_list(self, contingency: Contingency, legs: list[SubmitOrder], alike: bool) -> str:
        """A client submits orders that depend on one another; often they are of one instrument, an exit of one side."""
        if contingency is Contingency.BRACKET and len(legs) == 2:
            legs = [*legs, legs[1]]
        if alike:
            side = Side.SELL if legs[0].side is Side.BUY else Side.BUY
            rest = legs if contingency is Contingency.OCO else legs[1:]
            same = [msgspec.structs.replace(leg, instrument=legs[0].instrument, side=side) for leg in rest]
            legs = same if contingency is Contingency.OCO else [legs[0], *same]
        legs = [msgspec.structs.replace(leg, client_order_id=self._id()) for leg in legs]
        record = self.bench.list_record(contingency, *legs, list_id=self._id())
        assert repeated_list(self.partition, record.orders) is None
        effects = self._give(record)
        assert repeated_list(self.partition, record.orders) == effects.orders
        return legs[-1].client_order_id

    @rule(client_order_id=submitted)
    def cancel(self, client_order_id: str) -> None:
        """A client cancels, whatever the state."""
        record = self.bench.cancel_record(client_order_id)
        try:
            wanted = to_be_canceled(self.partition, record.cancel)
        except Conflict:
            wanted = False
            assert not self.bench.order(client_order_id).leaves_quantity
        if wanted:
            self._give(record)
            assert self.bench.order(client_order_id).status in (OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED)

    @rule(side=st.none() | st.sampled_from(Side), strategy=st.none() | st.sampled_from(laws.STRATEGIES))
    def cancel_all(self, side: Side | None, strategy: str | None) -> None:
        """Someone cancels all that fits: nothing that fits is left alone."""
        self._give(self.bench.cancel_all_record(side=side, strategy=strategy))
        for working in self.partition.standing.values():
            order = working.order
            if (side is None or order.side is side) and (strategy is None or order.strategy == strategy):
                assert order.status is OrderStatus.PENDING_CANCEL

    @rule(client_order_id=submitted, data=st.data())
    def replace(self, client_order_id: str, data: st.DataObject) -> None:
        """A client wants other terms; the gate, or the state of the order, may refuse."""
        order = self.partition.accounts["main"].orders[client_order_id].submitted
        wanted = data.draw(changes(order, self.bench.time))
        record = self.bench.replace_record(client_order_id, self._id(), **wanted)
        try:
            assert repeated_replacement(self.partition, record.replace) is None
        except Conflict as error:
            assert error.code in ("ORDER_CLOSED", "REPLACE_PENDING")
            return
        self._give(record)
        assert repeated_replacement(self.partition, record.replace) is not None

    # The market and the clock.

    @precondition(lambda self: self.partition.watching)
    @rule(low=prices, above=st.integers(0, 100), spread=st.integers(0, 10), instrument=st.integers(0, 1))
    def observe(self, low: int, above: int, spread: int, instrument: int) -> None:
        """The market moves; what concerns no order would change nothing."""
        high = low + above
        bid, ask = (high, high + spread) if spread else (0, 0)
        price = Price(instrument, low, high, high, bid, ask)
        record = self.bench.observe_record(price)
        matters = concerned(self.partition, record.sequence, record.time, price)
        before = [working.order for working in self.partition.orders.values()]
        effects = self._give(record)
        if not matters:
            assert not effects.events and not effects.messages
            assert before == [working.order for working in self.partition.orders.values()]

    @rule(step=st.integers(1, 4_000))
    def time_passes(self, step: int) -> None:
        """The trading clock advances; what is due is done."""
        self.bench.time += step
        if self.partition.timers.next <= self.bench.time:
            self._give(self.bench.reach_record(self.bench.time))
            assert self.partition.timers.next > self.bench.time

    # The venue.

    @precondition(lambda self: self.venue.unanswered)
    @rule(data=st.data(), count=st.integers(1, 6), refuse=st.integers(0, 7), prompt=st.booleans())
    def venue_answers(self, data: st.DataObject, count: int, refuse: int, prompt: bool) -> None:
        """The venue answers messages, now and then not the way that one would like."""
        for _ in range(min(count, len(self.venue.unanswered))):
            place = 0 if prompt else data.draw(st.integers(0, len(self.venue.unanswered) - 1))
            self.venue.answer(place, refuse == 7)
        if prompt:
            self._everything_arrives()

    @precondition(lambda self: self.venue.book)
    @rule(data=st.data(), fee=st.integers(-5, 500), price=st.integers(9_000, 11_000), how=st.integers(0, 9))
    def venue_fills(self, data: st.DataObject, fee: int, price: int, how: int) -> None:
        """The venue fills an order: most often one that is open, and often all of it; sometimes too much."""
        wild = how == 9
        resting = [order_id for order_id, found in self.venue.book.items() if found.open or wild]
        if not resting:
            return
        order_id = data.draw(st.sampled_from(resting))
        found = self.venue.book[order_id]
        left = max(1, found.quantity - found.filled)
        quantity = data.draw(st.integers(1, 150)) if wild else left if how % 2 else data.draw(st.integers(1, left))
        self.venue.trade(order_id, quantity, price, fee)
        if how < 5:
            self._everything_arrives()

    @precondition(lambda self: self.venue.executions)
    @rule(data=st.data(), quantity=st.integers(0, 150), price=st.integers(9_000, 11_000))
    def venue_restates(self, data: st.DataObject, quantity: int, price: int) -> None:
        """The venue corrects an execution, or takes it back."""
        self.venue.restate(data.draw(st.sampled_from(sorted(self.venue.executions))), quantity, price)

    @precondition(lambda self: self.venue.book)
    @rule(
        data=st.data(),
        kind=st.sampled_from(_ANYTHING),
        quantity=st.integers(0, 400),
        revision=st.integers(0, 3),
        reference_id=st.sampled_from(["", "e1", "e2"]),
    )
    def venue_says_anything(
        self, data: st.DataObject, kind: ReportType, quantity: int, revision: int, reference_id: str
    ) -> None:
        """The venue says anything at all: of an order that it got, or of one that nobody sent, or it says it again."""
        order_id = data.draw(st.sampled_from([*self.venue.book, "3-999", "9-1", "3-1/9"]))
        restates = kind in (ReportType.RESTATED, ReportType.REPLACED)
        fields = {
            "order_quantity": quantity if restates else 0,
            "quantity": 0 if restates else quantity,
            "price": PRICE,
            "execution_id": f"x{len(self.venue.said)}" if kind is ReportType.TRADE_CORRECT else "",
            "limit_price": PRICE - quantity if kind is ReportType.RESTATED and quantity % 2 else 0,
        }
        executed = [report for report in self.venue.said if report.execution_id]
        if executed and not quantity % 5:
            said = data.draw(st.sampled_from(executed))
            names = ("execution_id", "reference_id", "quantity", "price", "fee")
            self.venue.say(said.order_id, said.type, **{name: getattr(said, name) for name in names})
        else:
            self.venue.say(order_id, kind, revision=revision, reference_id=reference_id, **fields)

    @precondition(lambda self: self.venue.talking)
    @rule(data=st.data(), count=st.integers(1, 4))
    def reports_leave_the_venue(self, data: st.DataObject, count: int) -> None:
        """Reports of one order are on their way, before those of another that may be older."""
        order_id = data.draw(st.sampled_from(sorted(self.venue.talking)))
        for _ in range(count):
            if order_id in self.venue.talking:
                self.venue.speak(order_id, self.bench.time)

    @precondition(lambda self: len(self.venue.said) > self.partition.last_report)
    @rule(count=st.integers(1, 8))
    def reports_arrive(self, count: int) -> None:
        """Reports arrive in order."""
        for report in self.venue.said[self.partition.last_report :][:count]:
            self.record.take(report, self.venue.book)
            self._give(VenueReport(time=self.bench.time, report=report))

    def _everything_arrives(self) -> None:
        while self.venue.talking:
            self.venue.speak(self.venue.talking[0], self.bench.time)
        self.reports_arrive(len(self.venue.said))

    @precondition(lambda self: self.partition.last_report > 0)
    @rule(data=st.data())
    def a_report_arrives_again_or_too_early(self, data: st.DataObject) -> None:
        """An old report arrives again, and one before its predecessor: nothing happens."""
        report = self.venue.said[data.draw(st.integers(0, self.partition.last_report - 1))]
        before = self.partition.digest()
        assert not self._give(VenueReport(time=0, report=report)).events
        if len(self.venue.said) > self.partition.last_report + 1:
            early = self.venue.said[self.partition.last_report + 1]
            try:
                self.partition.apply(VenueReport(time=0, report=early))
            except Unavailable as error:
                assert error.code == "REPORT_GAP"
            else:
                raise AssertionError("a gap was not seen")
        assert self.partition.digest() == before

    @precondition(lambda self: self.partition.awaiting)
    @rule()
    def what_is_outstanding_is_sent_again(self) -> None:
        """The venue does not answer: it is asked again, of its orders in the same words."""
        sent = {encode(message) for message in self.bench.sent()}
        for order_id in self.partition.awaiting:
            for message in outstanding(self.partition, order_id):
                assert isinstance(message, VenueCancel) or encode(message) in sent
                self.venue.receive(message)

    @precondition(lambda self: any(one.confirmed and one.slice.live for one in self.partition.standing.values()))
    @rule(data=st.data())
    def an_order_is_missing_at_the_venue(self, data: st.DataObject) -> None:
        """Reconciliation finds that the venue does not have an order any more."""
        known = [one for one in self.partition.standing.values() if one.confirmed and one.slice and one.slice.live]
        working = data.draw(st.sampled_from(known))
        self.venue.book[working.venue_id].open = False
        text = "it stands here and not at the venue; it is closed here"
        found = {"code": "VENUE_ORDER_MISSING", "order_id": working.venue_id, "text": text, "closes": True}
        self._give(Discrepancy(time=self.bench.time, **found))
        self.closed.add(working.venue_id)
        assert not working.order.leaves_quantity

    # Those in charge.

    @rule(
        amount=st.integers(-(10**13), 10**13),
        scope=st.sampled_from(["firm", "account:main", "strategy:carry"]),
        state=st.sampled_from([TradingState.ACTIVE, *TradingState]),
        capabilities=st.sampled_from(VENUES),
        what=st.integers(0, 4),
    )
    def those_in_charge(self, amount: int, scope: str, state: TradingState, capabilities: Any, what: int) -> None:
        """Money comes and goes, the kill switch moves, or the venue does other things natively from now on."""
        if what == 0:
            fields = {"instruments": INSTRUMENTS, "fee_rate": FEE_RATE, "capabilities": capabilities}
            self._give(Terms(time=self.bench.time, **fields))
        elif what > 2:
            self._give(StateChange(time=self.bench.time, scope=scope, state=state, principal="p", reason="r"))
        else:
            fields = {"account": "main", "currency": "USD", "amount": amount, "reason": "r", "key": self._id()}
            try:
                self._give(Deposit(time=self.bench.time, **fields))
            except InputError as error:
                assert error.code == "CASH_INSUFFICIENT"
            else:
                self.deposits += amount

    # The laws.

    @invariant()
    def the_books_hold(self) -> None:
        """Executions, positions and cash."""
        laws.executions_are_booked_once(self.bench, self.record)
        laws.positions_are_sums_of_fills(self.bench)
        laws.cash_is_deposits_and_fills(self.bench, self.deposits)

    @invariant()
    def the_orders_hold(self) -> None:
        """Quantities, statuses and events."""
        laws.orders_agree_with_their_fills(self.bench, self.record)
        laws.statuses_say_what_is_filled(self.partition)
        laws.events_tell_everything(self.bench)
        laws.only_one_leg_fills(self.partition)

    @invariant()
    def the_indices_hold(self) -> None:
        """Exposure, what is awaited, who watches the market."""
        laws.exposure_is_the_worst_case(self.partition)
        laws.the_venue_owes_what_is_awaited(self.partition)
        laws.the_watch_is_complete(self.partition)

    @invariant()
    def a_replay_gives_the_same(self) -> None:
        """To the byte; after every step once in a while, as it costs a whole replay."""
        if random.random() < 0.1:
            self._replay()

    def teardown(self) -> None:
        """And always at the end."""
        if hasattr(self, "bench"):
            self._replay()

    def _replay(self) -> None:
        partition, events, messages = replayed(self.bench.inputs)
        assert partition.digest() == self.partition.digest()
        assert events == self.bench.events()
        assert messages == [encode(message) for message in self.bench.sent()]


AdversarialVenue.TestCase.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestPartitionAgainstAnAdversarialVenue = AdversarialVenue.TestCase
