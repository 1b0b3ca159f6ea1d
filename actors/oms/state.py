"""The state of a partition, and the few ways in which inputs change it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from actors.errors import NotFound
from actors.messages import Fill, Instrument, Order, OrderEvent, OrderStatus, VenueOrder, encode
from actors.oms import gate
from actors.oms.account import Account, WorkingOrder
from actors.oms.effects import Alarm, Effects
from actors.oms.safeguards import Safeguards
from actors.oms.venue import VenueCancel

Gate = Callable[[gate.Candidate], "gate.Refusal | None"]


def partition_name(index: int) -> str:
    """Return the name of a partition, which is also that of its session with the venue: ``p03``."""
    return f"p{index:02d}"


class PartitionState:
    """Orders, cash and positions of the accounts of one partition.

    Args:
        index: Its number.
        check: The pre-trade gate.

    Attributes:
        accounts: Its accounts by id.
        orders: Every order ever submitted, by order id, in the order of submission.
        awaiting: Ids of the orders that the venue owes an answer (pending new, pending cancel), the oldest first.
        alarms: What went wrong, the oldest first.
        last_report: Sequence of the newest report of the venue.
        last_event: Sequence of the newest event.
        executions: Ids of all executions that were booked.
        rejected: Ids of all orders that the gate or the venue refused.
        standing: The orders that can still trade, by order id, the oldest first.
    """

    def __init__(self, index: int, check: Gate = gate.look) -> None:
        self.index = index
        self.name = partition_name(index)
        self.time = 0
        self.instruments: list[Instrument] = []
        self.fee_rate = 0
        self.accounts: dict[str, Account] = {}
        self.safeguards = Safeguards(self.accounts, self.instruments)
        self.limits = self.safeguards.limits
        self.switch = self.safeguards.switch
        self.orders: dict[str, WorkingOrder] = {}
        self.awaiting: dict[str, None] = {}
        self.alarms: list[Alarm] = []
        self.last_report = 0
        self.last_event = 0
        self.standing: dict[str, WorkingOrder] = {}
        self.check = check
        self.executions: set[str] = set()
        self.rejected: set[str] = set()

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

    def order(self, account: str, client_order_id: str) -> Order:
        """Return an order by the client's id.

        Raises:
            NotFound: There is none, or no such account.
        """
        working = self.account(account).orders.get(client_order_id)
        if working is None:
            raise NotFound(
                "there is no such order", field="client_order_id", value=client_order_id, code="ORDER_UNKNOWN"
            )
        return working.order

    def outstanding(self, order_id: str) -> list[VenueOrder | VenueCancel]:
        """Return what the venue has not answered of an order; it may be sent again at any time."""
        working = self.orders[order_id]
        messages: list[VenueOrder | VenueCancel] = [] if working.confirmed else [venue_order(working.order)]
        if working.order.status is OrderStatus.PENDING_CANCEL:
            messages.append(VenueCancel(order_id=order_id, time=working.order.updated_at))
        return messages

    def move(
        self, effects: Effects, working: WorkingOrder, status: OrderStatus, time: int, fill: Fill | None = None,
        **changes: object,
    ) -> None:  # fmt: skip
        """Change an order, and with it all that counts it; ``changes`` are other fields of ``Order``."""
        before = working.order
        leaves = before.leaves_quantity
        working.order = msgspec.structs.replace(before, status=status, updated_at=time, **changes)
        if not status.is_open:
            self.standing.pop(before.order_id, None)
        working.expose(leaves, self.fee_rate)
        working.resting = self.safeguards.rests(working.order, working.resting)
        if fill is not None:
            self.safeguards.filled(working.order, working.account, time)
        self.update_awaiting(working)
        self.tell_order(effects, time, working.order, fill)

    def update_awaiting(self, working: WorkingOrder) -> None:
        """Note whether the venue owes an answer on the order."""
        order = working.order
        if order.status is OrderStatus.PENDING_NEW or order.status is OrderStatus.PENDING_CANCEL:
            self.awaiting.setdefault(order.order_id)
        else:
            self.awaiting.pop(order.order_id, None)

    def next_event(self) -> int:
        """Return the sequence of a new event."""
        self.last_event += 1
        return self.last_event

    def tell_order(self, effects: Effects, time: int, order: Order, fill: Fill | None) -> None:
        """Tell subscribers what an order is now, and by which fill."""
        if order.status is OrderStatus.REJECTED:
            self.rejected.add(order.order_id)
        effects.events.append(
            OrderEvent(partition=self.index, sequence=self.next_event(), time=time, order=order, fill=fill)
        )

    def raise_alarm(self, effects: Effects, code: str, time: int, order_id: str, report: int, text: str) -> None:
        """Note that something happened which must not."""
        alarm = Alarm(code=code, time=time, order_id=order_id, report=report, text=text)
        self.alarms.append(alarm)
        effects.alarms.append(alarm)

    def digest(self) -> str:
        """Return a hash of the whole state: equal for equal histories."""
        state = [
            self.time,
            self.instruments,
            self.fee_rate,
            self.limits.mapping(),
            self.limits.version,
            self.switch.states(),
            self.safeguards.view(),
            [[working.order, working.reserved, working.confirmed] for working in self.orders.values()],
            list(self.awaiting),
            [[account.books.view(self.last_event), account.deposits] for account in self.accounts.values()],
            self.alarms,
            sorted(self.executions),
            [self.last_report, self.last_event, list(self.standing)],
        ]
        return hashlib.sha256(encode(state)).hexdigest()


def venue_order(order: Order) -> VenueOrder:
    """Return an order as it goes to the venue, the same each time."""
    return VenueOrder(
        order_id=order.order_id,
        instrument=order.instrument,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        time_in_force=order.time_in_force,
        time=order.submitted_at,
    )
