"""A partition against a venue that repeats, delays, reorders, loses, crosses and contradicts; the laws always hold."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.messages import Contingency, ReportType, Side, SubmitOrder, TradingState
from actors.oms.inputs import Price
from actors.oms.venue import Capabilities
from tests.actors.oms.adversary import NO_IDS, NO_NUMBERS, NUMBERS
from tests.actors.oms.drawing import changes, orders, prices
from tests.actors.oms.laws import STRATEGIES
from tests.actors.oms.siege import Siege
from tests.actors.oms.support import IN_PLACE, NATIVE, PLAIN

VENUES = (PLAIN, IN_PLACE, NATIVE)
_ANYTHING = [kind for kind in ReportType if kind is not ReportType.TRADE]


class AdversarialVenue(RuleBasedStateMachine):
    """Drives a ``Siege``; the laws hold after every step."""

    @initialize(short=st.booleans(), capabilities=st.sampled_from(VENUES))
    def begin(self, short: bool, capabilities: Capabilities) -> None:
        """Open the account."""
        self.siege = Siege(short, capabilities)
        self.venue = self.siege.venue
        self.partition = self.siege.partition

    def _some_order(self, data: st.DataObject, wild: bool) -> str:
        """The client's id of an order; unless it is wild, of an open one."""
        found = self.partition.accounts["main"].orders if wild else self.partition.standing
        return data.draw(st.sampled_from([working.order.client_order_id for working in found.values()]))

    @rule(order=orders())
    def submit(self, order: SubmitOrder) -> None:
        """A client submits."""
        self.siege.submit(order)

    @rule(
        contingency=st.sampled_from(Contingency), legs=st.lists(orders(), min_size=2, max_size=4), alike=st.booleans()
    )
    def submit_list(self, contingency: Contingency, legs: list[SubmitOrder], alike: bool) -> None:
        """A client submits orders that depend on one another; often they are of one instrument, an exit of one side."""
        if contingency is Contingency.BRACKET and len(legs) == 2:
            legs = [*legs, legs[1]]
        if alike:
            side = Side.SELL if legs[0].side is Side.BUY else Side.BUY
            same = [msgspec.structs.replace(leg, instrument=legs[0].instrument, side=side) for leg in legs]
            legs = same if contingency is Contingency.OCO else [legs[0], *same[1:]]
        self.siege.submit_list(contingency, legs)

    @precondition(lambda self: self.partition.standing)
    @rule(data=st.data(), wild=st.integers(0, 5))
    def cancel(self, data: st.DataObject, wild: int) -> None:
        """A client cancels."""
        self.siege.cancel(self._some_order(data, wild == 5))

    @rule(side=st.none() | st.sampled_from(Side), strategy=st.none() | st.sampled_from(STRATEGIES))
    def cancel_all(self, side: Side | None, strategy: str | None) -> None:
        """Someone cancels all that fits."""
        self.siege.cancel_all(side, strategy)

    @precondition(lambda self: self.partition.standing)
    @rule(data=st.data(), wild=st.integers(0, 5))
    def replace(self, data: st.DataObject, wild: int) -> None:
        """A client wants other terms."""
        client_order_id = self._some_order(data, wild == 5)
        order = self.partition.accounts["main"].orders[client_order_id].submitted
        self.siege.replace(client_order_id, data.draw(changes(order, self.siege.bench.time)))

    @precondition(lambda self: self.partition.watching)
    @rule(low=prices, above=st.integers(0, 100), spread=st.integers(0, 10), instrument=st.integers(0, 1))
    def observe(self, low: int, above: int, spread: int, instrument: int) -> None:
        """The market moves."""
        high = low + above
        bid, ask = (high, high + spread) if spread else (0, 0)
        self.siege.observe(Price(instrument, low, high, high, bid, ask))

    @rule(step=st.integers(1, 4_000))
    def time_passes(self, step: int) -> None:
        """The trading clock advances."""
        self.siege.pass_time(step)

    @precondition(lambda self: self.venue.unanswered)
    @rule(data=st.data(), count=st.integers(1, 6), refuse=st.integers(0, 7), prompt=st.booleans())
    def venue_answers(self, data: st.DataObject, count: int, refuse: int, prompt: bool) -> None:
        """The venue answers messages, now and then not the way that one would like."""
        for _ in range(min(count, len(self.venue.unanswered))):
            place = 0 if prompt else data.draw(st.integers(0, len(self.venue.unanswered) - 1))
            self.venue.answer(place, refuse == 7)
        if prompt:
            self.siege.everything_arrives()

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
            self.siege.everything_arrives()

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
        if not quantity % 5 and self.venue.executed:
            self.venue.say_again(data.draw(st.sampled_from(self.venue.executed)))
        else:
            order_id = data.draw(st.sampled_from([*self.venue.book, "3-999", "9-1", "3-1/9"]))
            self.venue.say_anything(order_id, kind, quantity, revision, reference_id)

    @rule(
        data=st.data(),
        kind=st.sampled_from(ReportType),
        field=st.sampled_from(NUMBERS),
        number=st.sampled_from(NO_NUMBERS),
    )
    def venue_says_nonsense(self, data: st.DataObject, kind: ReportType, field: str, number: int) -> None:
        """The venue says what can't be: nothing may follow from it but an alarm."""
        self.venue.say_nonsense(data.draw(st.sampled_from([*self.venue.book, *NO_IDS])), kind, field, number)

    @precondition(lambda self: self.venue.talking)
    @rule(data=st.data(), count=st.integers(1, 4))
    def reports_leave_the_venue(self, data: st.DataObject, count: int) -> None:
        """Reports of one order are on their way, before those of another that may be older."""
        order_id = data.draw(st.sampled_from(sorted(self.venue.talking)))
        for _ in range(count):
            if order_id in self.venue.talking:
                self.venue.speak(order_id, self.siege.bench.time)

    @precondition(lambda self: len(self.venue.said) > self.partition.last_report)
    @rule(count=st.integers(1, 8))
    def reports_arrive(self, count: int) -> None:
        """Reports arrive in order."""
        self.siege.arrive(count)

    @precondition(lambda self: self.partition.last_report > 0)
    @rule(data=st.data())
    def a_report_arrives_again_or_too_early(self, data: st.DataObject) -> None:
        """A report that is out of place arrives."""
        self.siege.arrive_again_or_too_early(data.draw(st.integers(0, self.partition.last_report - 1)))

    @precondition(lambda self: self.partition.awaiting)
    @rule()
    def what_is_outstanding_is_sent_again(self) -> None:
        """The venue does not answer."""
        self.siege.send_again()

    @precondition(lambda self: self.siege.known)
    @rule(data=st.data())
    def an_order_is_missing_at_the_venue(self, data: st.DataObject) -> None:
        """Reconciliation finds that the venue does not have an order any more."""
        self.siege.miss(data.draw(st.sampled_from(self.siege.known)))

    @rule(
        amount=st.integers(-(10**13), 10**13),
        scope=st.sampled_from(["firm", "account:main", "strategy:carry"]),
        state=st.sampled_from([TradingState.ACTIVE, *TradingState]),
        capabilities=st.sampled_from(VENUES),
        what=st.integers(0, 4),
    )
    def those_in_charge(self, amount: int, scope: str, state: TradingState, capabilities: Any, what: int) -> None:
        """Money comes and goes, the kill switch moves, or the venue is another from now on."""
        if what == 0:
            self.siege.learn(capabilities, abs(amount) % 100_000)
        elif what > 2:
            self.siege.switch(scope, state)
        else:
            self.siege.deposit(amount)

    @invariant()
    def the_books_hold(self) -> None:
        """Executions, positions and cash."""
        self.siege.check_books()

    @invariant()
    def the_orders_hold(self) -> None:
        """Quantities, statuses and events."""
        self.siege.check_orders()

    @invariant()
    def the_indices_hold(self) -> None:
        """Exposure, what is awaited, who watches the market."""
        self.siege.check_indices()

    @invariant()
    def a_replay_and_a_snapshot_give_the_same(self) -> None:
        """After every step once in a while, as it costs a whole replay."""
        if random.random() < 0.1:
            self.siege.check_snapshot()
            self.siege.check_replay()

    def teardown(self) -> None:
        """And always at the end."""
        if hasattr(self, "siege"):
            self.siege.check_replay()


AdversarialVenue.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestPartitionAgainstAnAdversarialVenue = AdversarialVenue.TestCase
