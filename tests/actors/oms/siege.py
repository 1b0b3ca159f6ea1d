"""A partition besieged by clients, the market, the clock and an adversarial venue; every step keeps to the laws."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec

from actors.errors import Conflict, InputError, Unavailable
from actors.messages import (
    Contingency,
    OrderStatus,
    ReportType,
    Side,
    SubmitOrder,
    TradingState,
    VenueCancel,
    VenueOrder,
    encode,
)
from actors.oms.admission import repeated, repeated_list, repeated_replacement, to_be_canceled
from actors.oms.effects import Effects
from actors.oms.inputs import Deposit, Discrepancy, Input, Price, StateChange, Terms, VenueReport
from actors.oms.partition import Partition
from actors.oms.sending import outstanding
from actors.oms.snapshots import load, save
from actors.oms.venue import Capabilities, VenueMessage
from actors.oms.watching import concerned
from actors.oms.working_order import WorkingOrder, split_venue_id, venue_id
from tests.actors.oms import laws
from tests.actors.oms.adversary import Adversary
from tests.actors.oms.support import FEE_RATE, INSTRUMENTS, LIMITS, Bench, replayed

_RESTATING = (ReportType.TRADE_CANCEL, ReportType.TRADE_CORRECT, ReportType.REPLACED, ReportType.RESTATED)


class Siege:
    """A partition and all that may happen to it.

    Attributes:
        bench: The partition.
        venue: Its venue.
        record: What was executed, by the reports that have arrived.
        deposits: Money that came, less what left.
        closed: Ids of venue orders that reconciliation closed.
    """

    def __init__(self, short: bool, capabilities: Capabilities) -> None:
        self.bench = Bench(dataclasses.replace(LIMITS, allow_short=int(short)), capabilities=capabilities)
        self.partition = self.bench.partition
        self.venue = Adversary()
        self.record = laws.Record()
        self.deposits = self.partition.accounts["main"].books.cash("USD")
        self.closed: set[str] = set()
        self._number = 0
        self._follower: Partition | None = None

    def _give(self, record: Input) -> Effects:
        before = [
            (working, working.order.status, bool(working.amendments)) for working in self.partition.orders.values()
        ]
        effects = self.bench.give(record)
        if self._follower is not None:
            same = self._follower.apply(record)
            assert encode([same.events, same.messages]) == encode([effects.events, effects.messages])
        restates = isinstance(record, VenueReport) and record.report.type in _RESTATING
        for working, status, amended in before:
            if not status.is_open and working.order.status.is_open:
                assert status is OrderStatus.FILLED and (restates or amended)
        laws.what_goes_out_may(self.bench, self.venue.said[: self.partition.last_report], self.closed)
        for message in effects.messages:
            self._takes_no_second(message)
            self.venue.receive(message)
        return effects

    def _takes_no_second(self, message: VenueMessage) -> None:
        """Of an order of which the venue tells the truth it has no other when the next one comes."""
        order_id, number = split_venue_id(message.order_id)
        if isinstance(message, VenueOrder) and number > 1:
            former = venue_id(order_id, number - 1)
            assert not self.venue.book[former].open or former in self.venue.unsettled | self.closed, message.order_id

    def _id(self) -> str:
        self._number += 1
        return f"c{self._number}"

    # Clients.

    def submit(self, order: SubmitOrder) -> None:
        """A client submits; the gate may refuse. The same again is the same order."""
        order = msgspec.structs.replace(order, client_order_id=self._id())
        assert repeated(self.partition, order) is None
        self._give(self.bench.submit_record(order))
        assert repeated(self.partition, order) == self.bench.order(order.client_order_id)

    def submit_list(self, contingency: Contingency, legs: list[SubmitOrder]) -> None:
        """A client submits orders that depend on one another; the same again is the same list."""
        legs = [msgspec.structs.replace(leg, client_order_id=self._id()) for leg in legs]
        record = self.bench.list_record(contingency, *legs, list_id=self._id())
        assert repeated_list(self.partition, record.orders) is None
        effects = self._give(record)
        assert repeated_list(self.partition, record.orders) == effects.orders

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

    def cancel_all(self, side: Side | None, strategy: str | None) -> None:
        """Someone cancels all that fits: nothing that fits is left alone."""
        self._give(self.bench.cancel_all_record(side=side, strategy=strategy))
        for working in self.partition.standing.values():
            order = working.order
            if (side is None or order.side is side) and (strategy is None or order.strategy == strategy):
                assert order.status is OrderStatus.PENDING_CANCEL

    def replace(self, client_order_id: str, wanted: dict[str, Any]) -> None:
        """A client wants other terms; the gate, or the state of the order, may refuse."""
        record = self.bench.replace_record(client_order_id, self._id(), **wanted)
        try:
            assert repeated_replacement(self.partition, record.replace) is None
        except Conflict as error:
            assert error.code in ("ORDER_CLOSED", "REPLACE_PENDING", "ORDER_TRIGGERED")
            return
        self._give(record)
        assert repeated_replacement(self.partition, record.replace) is not None

    # The market and the clock.

    def observe(self, price: Price) -> None:
        """The market moves; what concerns no order changes nothing."""
        record = self.bench.observe_record(price)
        matters = concerned(self.partition, record.sequence, record.time, price)
        before = [working.order for working in self.partition.orders.values()]
        effects = self._give(record)
        if not matters:
            assert not effects.events and not effects.messages
            assert before == [working.order for working in self.partition.orders.values()]

    def pass_time(self, step: int) -> None:
        """The trading clock advances; what is due is done."""
        self.bench.time += step
        if self.partition.timers.next <= self.bench.time:
            self._give(self.bench.reach_record(self.bench.time))
            assert self.partition.timers.next > self.bench.time

    # The venue.

    def arrive(self, count: int) -> None:
        """Reports arrive in order."""
        for report in self.venue.said[self.partition.last_report :][:count]:
            self.record.take(report, self.venue.book)
            self._give(VenueReport(time=self.bench.time, report=report))

    def everything_arrives(self) -> None:
        """The venue says all that it has to say, and it arrives."""
        while self.venue.talking:
            self.venue.speak(self.venue.talking[0], self.bench.time)
        self.arrive(len(self.venue.said))

    def arrive_again_or_too_early(self, place: int) -> None:
        """An old report arrives again, and one before its predecessor: nothing happens."""
        before = self.partition.digest()
        assert not self._give(VenueReport(time=0, report=self.venue.said[place])).events
        if len(self.venue.said) > self.partition.last_report + 1:
            early = self.venue.said[self.partition.last_report + 1]
            try:
                self.partition.apply(VenueReport(time=0, report=early))
            except Unavailable as error:
                assert error.code == "REPORT_GAP"
            else:
                raise AssertionError("a gap was not seen")
        assert self.partition.digest() == before

    def send_again(self) -> None:
        """The venue does not answer: it is asked again, in the same words but for the time of a cancel."""
        sent = {encode(message) for message in self.bench.sent()}
        for order_id in self.partition.awaiting:
            for message in outstanding(self.partition, order_id):
                assert isinstance(message, VenueCancel) or encode(message) in sent
                self.venue.receive(message)

    @property
    def known(self) -> list[WorkingOrder]:
        """The orders that the venue has acknowledged, and that may still trade there."""
        standing = self.partition.standing.values()
        return [one for one in standing if one.confirmed and one.slice is not None and one.slice.live]

    def miss(self, working: WorkingOrder) -> None:
        """Reconciliation finds that the venue does not have an order any more."""
        venue_id, text = working.venue_id, "it stands here and not at the venue; it is closed here"
        self.venue.book[venue_id].ended = True
        self.closed.add(venue_id)
        found = {"code": "VENUE_ORDER_MISSING", "order_id": venue_id, "text": text, "closes": True}
        self._give(Discrepancy(time=self.bench.time, **found))
        assert not working.order.leaves_quantity

    # Those in charge.

    def learn(self, capabilities: Capabilities, fee_rate: int = FEE_RATE) -> None:
        """The partition restarts with a venue that does other things natively, at other fees."""
        fields = {"instruments": INSTRUMENTS, "fee_rate": fee_rate, "capabilities": capabilities}
        self._give(Terms(time=self.bench.time, **fields))

    def switch(self, scope: str, state: TradingState) -> None:
        """Someone moves the kill switch."""
        self._give(StateChange(time=self.bench.time, scope=scope, state=state, principal="p", reason="r"))

    def deposit(self, amount: int) -> None:
        """Money comes and goes."""
        fields = {"account": "main", "currency": "USD", "amount": amount, "reason": "r", "key": self._id()}
        try:
            self._give(Deposit(time=self.bench.time, **fields))
        except InputError as error:
            assert error.code == "CASH_INSUFFICIENT"
        else:
            self.deposits += amount

    # The laws.

    def check_books(self) -> None:
        """Executions, positions and cash."""
        laws.executions_are_booked_once(self.bench, self.record)
        laws.positions_are_sums_of_fills(self.bench)
        laws.cash_is_deposits_and_fills(self.bench, self.deposits)

    def check_orders(self) -> None:
        """Quantities, statuses and events."""
        laws.orders_agree_with_their_fills(self.bench, self.record)
        laws.statuses_say_what_is_filled(self.partition)
        laws.events_tell_everything(self.bench)
        laws.only_one_leg_fills(self.partition)
        laws.exits_follow_the_first(self.partition)

    def check_indices(self) -> None:
        """Exposure, what is awaited, who watches the market, what works at the venue."""
        laws.exposure_is_the_worst_case(self.partition)
        laws.the_venue_owes_what_is_awaited(self.partition)
        laws.the_watch_is_complete(self.partition)
        laws.what_works_at_the_venue_is_what_is_left(self.partition)

    def check_snapshot(self) -> None:
        """A partition that is restored from a snapshot is the same, and goes on the same from there."""
        restored = load(save(self.partition))
        assert restored.digest() == self.partition.digest()
        assert save(restored) == save(self.partition)
        if self._follower is not None:
            assert self._follower.digest() == self.partition.digest()
        self._follower = restored

    def check_replay(self) -> None:
        """The same inputs give the same state, events and messages, to the byte."""
        partition, events, messages = replayed(self.bench.inputs)
        assert partition.digest() == self.partition.digest()
        assert events == self.bench.events()
        assert messages == [encode(message) for message in self.bench.sent()]
