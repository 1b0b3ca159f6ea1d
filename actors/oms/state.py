"""The state of a partition, and the few ways in which inputs change it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from actors.errors import NotFound
from actors.messages import Fill, Instrument, Order, OrderEvent, OrderStatus, Stage, encode
from actors.oms import gate
from actors.oms.account import Account
from actors.oms.effects import Alarm, Effects
from actors.oms.safeguards import Safeguards
from actors.oms.timers import Timers
from actors.oms.touched import touched_by
from actors.oms.transitions import ENDED, Step, transition
from actors.oms.venue import PLAIN, Capabilities, native_kinds
from actors.oms.working_order import WorkingOrder

Gate = Callable[[gate.Candidate], "gate.Refusal | None"]

_replace = msgspec.structs.replace
_REJECTED, _WATCHING = OrderStatus.REJECTED, Stage.WATCHING  # reading them off the class takes several times as long


def partition_name(index: int) -> str:
    """Return the name of a partition, which is also that of its session with the venue: ``p03``."""
    return f"p{index:02d}"


class PartitionState:
    """Orders, cash and positions of the accounts of one partition.

    Args:
        index: Its number.
        check: The pre-trade gate.

    Attributes:
        capabilities: What the venue does natively.
        native: Pairs of order type and time in force that it takes.
        accounts: Its accounts by id.
        orders: Every order ever submitted, by order id, in the order of submission.
        standing: The orders that can still trade, by order id, the oldest first.
        awaiting: Ids of the orders that the venue owes an answer, the oldest first.
        watching: The orders that follow the market here, by instrument and order id.
        timers: When orders expire or are due to be sent.
        fills: Every execution that was booked, by its id.
        busted: Ids of the executions that were taken back.
        rejected: Number of orders that the gate or the venue refused.
        alarms: What went wrong, the oldest first.
        last_report: Sequence of the newest report of the venue.
        last_event: Sequence of the newest event.
        era: Epoch of the lease under which it was found last that records are lost; 0 where none ever were.
        order_prefix: What the ids of new orders begin with.
        left_out: Sequences of records that the operator has left out: they can't be applied, and have no effect.
        silent: Whether events of orders are only counted: while old history is read again, of which nobody is told.
    """

    def __init__(self, index: int, check: Gate = gate.look) -> None:
        self.index = index
        self.name = partition_name(index)
        self.time = 0
        self.instruments: list[Instrument] = []
        self.fee_rate = 0
        self.capabilities: Capabilities = PLAIN
        self.native = native_kinds(PLAIN)
        self.accounts: dict[str, Account] = {}
        self.safeguards = Safeguards(self.accounts, self.instruments)
        self.limits = self.safeguards.limits
        self.switch = self.safeguards.switch
        self.orders: dict[str, WorkingOrder] = {}
        self.standing: dict[str, WorkingOrder] = {}
        self.awaiting: dict[str, None] = {}
        self.watching: dict[int, dict[str, WorkingOrder]] = {}
        self.timers = Timers()
        self.fills: dict[str, Fill] = {}
        self.busted: set[str] = set()
        self.rejected = 0
        self.alarms: list[Alarm] = []
        self.last_report = 0
        self.last_event = 0
        self.era = 0
        self.order_prefix = f"{index}-"
        self.silent = False
        self.left_out: frozenset[int] = frozenset()
        self.check = check

    @property
    def limits_version(self) -> int:
        """Version of the newest change of limits."""
        return self.limits.version

    def account(self, account: str) -> Account:
        """Return an account.

        Raises:
            NotFound: There is none of that id here.
        """
        found = self.accounts.get(account)
        if found is None:
            raise NotFound("there is no such account", field="account", value=account, code="ACCOUNT_UNKNOWN")
        return found

    def find(self, account: str, client_order_id: str) -> WorkingOrder:
        """Return an order by the client's id, or by that of a replacement.

        Raises:
            NotFound: There is none, or no such account.
        """
        working = self.account(account).find(client_order_id)
        if working is None:
            raise NotFound(
                "there is no such order", field="client_order_id", value=client_order_id, code="ORDER_UNKNOWN"
            )
        return working

    def order(self, account: str, client_order_id: str) -> Order:
        """Return what others see of an order; see ``find``."""
        return self.find(account, client_order_id).order

    def add(self, working: WorkingOrder) -> None:
        """Take a new order in."""
        order = working.order
        self.orders[order.order_id] = working.account.orders[order.client_order_id] = working
        if order.status.is_open:
            self.standing[order.order_id] = working
            working.expose(self.fee_rate)

    def move(
        self, effects: Effects, working: WorkingOrder, time: int, step: Step | None = None, fill: Fill | None = None,
        **changes: object,
    ) -> None:  # fmt: skip
        """Change an order by a step of the table of states, and with it all that counts it.

        Args:
            effects: Takes the event.
            working: The order.
            time: The trading clock.
            step: What happened to it; ``None`` where only requests or terms changed.
            fill: The fill that was the cause.
            changes: Other fields of ``Order``.

        Raises:
            Conflict: The table has no such transition (code ``TRANSITION_ILLEGAL``); nothing was changed.
        """
        if step is not None:
            working.settled = settled = transition(working.settled, step)
            if settled in ENDED:
                working.canceling, working.amendments = False, ()
        before = working.order
        working.order = order = _replace(before, status=working.status, updated_at=time, **changes)
        if not order.leaves_quantity:
            self._retire(working)
        elif order.order_id not in self.standing:  # a bust gave it something to fill again
            self.standing[order.order_id] = working
            if working.peg_price:
                self.watch(working)
        working.expose(self.fee_rate)
        if working.resting or order.limit_price is not None or working.peg_price:
            working.resting = self.safeguards.rests(order, working.resting)
        if fill is not None:
            if not fill.reverses:
                self.safeguards.filled(order, time)
            for strategy, instrument in touched_by(working.account.books, fill):
                working.account.exposure.booked(strategy, instrument)
        self.update_awaiting(working)
        self.tell_order(effects, time, order, fill)
        if order.list_id:
            effects.changed = [*effects.changed, (working, order.filled_quantity - before.filled_quantity)]

    @staticmethod
    def would_change(working: WorkingOrder, step: Step) -> bool:
        """Return whether a step changes the settled status.

        Raises:
            Conflict: The table has no such transition.
        """
        return transition(working.settled, step) is not working.settled

    def _retire(self, working: WorkingOrder) -> None:
        order_id = working.order.order_id
        self.standing.pop(order_id, None)
        if working.order.stage is _WATCHING or working.peg_price:
            self.unwatch(working)

    def update_awaiting(self, working: WorkingOrder) -> None:
        """Note whether the venue owes an answer on the order."""
        if working.owed:
            self.awaiting.setdefault(working.order.order_id)
        else:
            self.awaiting.pop(working.order.order_id, None)

    def watch(self, working: WorkingOrder) -> None:
        """Let an order follow the market."""
        self.watching.setdefault(working.order.instrument, {})[working.order.order_id] = working

    def unwatch(self, working: WorkingOrder) -> None:
        """Let an order follow the market no longer."""
        orders = self.watching.get(working.order.instrument)
        if orders is not None:
            orders.pop(working.order.order_id, None)
            if not orders:
                del self.watching[working.order.instrument]

    def name_orders_after(self, epoch: int) -> None:
        """Let the ids of all later orders bear the epoch: orders that nobody here knows of may have those without.

        Nobody can say how many those are. No owner before or after has the epoch, so no lost order can bear it.
        """
        if epoch:
            self.era, self.order_prefix = epoch, f"{self.index}-{epoch}-"

    def next_event(self) -> int:
        """Return the sequence of a new event."""
        self.last_event += 1
        return self.last_event

    def tell_order(self, effects: Effects, time: int, order: Order, fill: Fill | None) -> None:
        """Tell subscribers what an order is now, and by which fill."""
        if order.status is _REJECTED and fill is None:
            self.rejected += 1
        sequence = self.last_event = self.last_event + 1
        if not self.silent:
            effects.events.append(
                OrderEvent(partition=self.index, sequence=sequence, time=time, order=order, fill=fill)
            )

    def raise_alarm(self, effects: Effects, code: str, time: int, order_id: str, report: int, text: str) -> None:
        """Note that something happened which must not."""
        alarm = Alarm(code=code, time=time, order_id=order_id, report=report, text=text)
        self.alarms.append(alarm)
        effects.alarms = [*effects.alarms, alarm]

    def is_foreign(self, order_id: str) -> bool:
        """Return whether an order of the venue is known to be none of ours: it was taken back there, with an alarm."""
        return any(alarm.order_id == order_id and alarm.code == "VENUE_ORDER_UNKNOWN" for alarm in self.alarms)

    def digest(self) -> str:
        """Return a hash of the whole state: equal for equal histories."""
        orders = [
            [working.order, working.settled, working.counted, working.reserved, working.canceling, working.closing,
             working.revision, working.contingent, working.peg_price, working.buying_price, working.seen, working.since,
             [[amendment.revision, amendment.venue_quantity] for amendment in working.amendments],
             None if working.partner is None else working.partner.order.order_id]
            for working in self.orders.values()
        ]  # fmt: skip
        slices = [
            [current.number, current.quantity, current.limit_price, current.filled, current.confirmed, current.live,
             current.ended]
            for current in (working.slice for working in self.orders.values())
            if current is not None
        ]  # fmt: skip
        accounts = [
            [account.books.state(), account.deposits, account.bookings, list(account.reducing),
             [[wish.request, wish.reason, wish.text] for wish in account.replacements.values()],
             [[key, group.active, group.meant, group.asked] for key, group in account.lists.items()]]
            for account in self.accounts.values()
        ]  # fmt: skip
        state = [
            self.time,
            self.instruments,
            self.fee_rate,
            self.capabilities,
            self.limits.mapping(),
            self.limits.version,
            self.switch.states(),
            orders,
            slices,
            self.safeguards.view(),
            list(self.awaiting),
            list(self.standing),
            {instrument: list(orders) for instrument, orders in self.watching.items()},
            self.timers.entries(),
            accounts,
            self.alarms,
            list(self.fills),
            sorted(self.busted),
            [self.rejected, self.last_report, self.last_event, self.era],
        ]
        return hashlib.sha256(encode(state)).hexdigest()
