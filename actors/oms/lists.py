"""Orders that depend on one another: how a list comes in, and how its orders follow what happens to one of them."""

from __future__ import annotations

from actors.errors import Conflict
from actors.messages import Contingency, OrderStatus, Side
from actors.oms import gate
from actors.oms.account import Account, OrderList
from actors.oms.amending import amend
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.emulation import first_stage
from actors.oms.exposure import buying_cost
from actors.oms.inputs import ListSubmission, Look
from actors.oms.state import PartitionState
from actors.oms.submission import admit, candidate_for, create
from actors.oms.transitions import Step
from actors.oms.working_order import WorkingOrder

LIST_REFUSED = "LIST_REFUSED"


def submit_list(state: PartitionState, record: ListSubmission) -> Effects:
    """Put all orders of a list through the gate; they pass together or are refused together.

    Orders that are held count for nothing yet: they pass the gate once more when they are held no longer.

    Raises:
        NotFound: No such account.
        Conflict: The list's id or one of the client order ids is used already.
    """
    submitted, time = record.orders, record.time
    account = state.account(submitted.account)
    _check_ids(account, record)
    exclusive = submitted.contingency is Contingency.OCO
    found: list[tuple[gate.Candidate, gate.Refusal | None]] = []
    for place, (order, look) in enumerate(zip(submitted.orders, record.looks, strict=True)):
        if not place or not exclusive:
            added = 0 if place else order.quantity
        else:
            added = max(0, order.quantity - submitted.orders[0].quantity)
        released = _shared_cash(found[0][0], order.side) if place and exclusive else 0
        state.safeguards.looked(order.instrument, look)
        moment = gate.Moment.HELD if place and not exclusive else gate.Moment.SUBMITTED
        candidate = candidate_for(state, account, order, look, time, added, released, moment)
        found.append((candidate, state.check(candidate)))
    refused = next((refusal for _, refusal in found if refusal is not None), None)
    effects = Effects()
    members: list[WorkingOrder] = []
    for place, (candidate, refusal) in enumerate(found):
        if refused is not None and refusal is None:
            refusal = _by_association(refused)
        held = bool(place) and not exclusive
        working = create(state, account, candidate, refusal, submitted.list_id, submitted.contingency, held)
        if place and exclusive and refusal is None:
            _share(state, members[0], working)
        members.append(working)
    account.lists[submitted.list_id] = OrderList(submitted, members, exclusive)
    for place, (working, look) in enumerate(zip(members, record.looks, strict=True)):
        if refused is None and (exclusive or not place):
            admit(state, effects, working, look, time)
        state.tell_order(effects, time, working.order, None)
    effects.orders = [working.order for working in members]
    return effects


def _check_ids(account: Account, record: ListSubmission) -> None:
    ids = [order.client_order_id for order in record.orders.orders]
    taken = next((one for place, one in enumerate(ids) if account.uses(one) or one in ids[:place]), None)
    if taken is None and record.orders.list_id not in account.lists:
        return
    raise Conflict(
        "the client order id is used already" if taken else "the list id is used already",
        field="client_order_id" if taken else "list_id",
        value=taken or record.orders.list_id,
        code="CLIENT_ORDER_ID_REUSED",
    )


def _shared_cash(first: gate.Candidate, side: Side) -> int:
    if first.order.side is not side or side is Side.SELL or first.instrument is None:
        return 0
    return buying_cost(first.instrument, first.buying_price, first.order.quantity, first.fee_rate)


def _by_association(refusal: gate.Refusal) -> gate.Refusal:
    sentence = f"another order of the list is refused: {refusal.code}"
    return refusal._replace(code=LIST_REFUSED, sentence=sentence)


def _share(state: PartitionState, first: WorkingOrder, other: WorkingOrder) -> None:
    """Let an order that can't fill beside ``first`` add nothing to what that one counts."""
    if first.order.instrument == other.order.instrument and first.order.side is other.order.side:
        other.partner = first
        other.expose(state.fee_rate)


def follow(state: PartitionState, effects: Effects, time: int) -> None:
    """Let every list follow what an input did to one of its orders, until nothing is left to follow."""
    place = 0
    while place < len(effects.changed):
        working, filled = effects.changed[place]
        place += 1
        group = working.account.lists.get(working.order.list_id)
        if group is not None:
            _follow(state, effects, group, working, filled, time)


def _follow(
    state: PartitionState, effects: Effects, group: OrderList, working: WorkingOrder, filled: int, time: int
) -> None:
    for other in group.orders:
        if other.partner is working:
            other.expose(state.fee_rate)
    first = group.orders[0]
    if not group.active:
        if working is first and not first.order.status.is_open:
            _release(state, effects, group, time)
        return
    exclusive = group.orders if group.submitted.contingency is Contingency.OCO else group.orders[1:]
    if group.submitted.contingency is Contingency.OTO or working not in exclusive:
        return
    others = [other for other in exclusive if other is not working and cancelable(other)]
    order = working.order
    if filled > 0 and order.leaves_quantity:
        for other in others:
            _reduce(state, effects, other, filled, time)
    elif not order.leaves_quantity and order.status not in (OrderStatus.REJECTED, OrderStatus.EXPIRED):
        for other in others:
            take_back(state, effects, other, time, "OTHER_ORDER_OF_LIST", f"{order.order_id} is {order.status}")
    if filled > 0 and sum(one.order.filled_quantity for one in exclusive) > max(
        one.order.quantity for one in exclusive
    ):
        text = f"more than one order of list {order.list_id} was filled"
        state.raise_alarm(effects, "LIST_OVERFILLED", time, order.order_id, 0, text)


def _reduce(state: PartitionState, effects: Effects, other: WorkingOrder, filled: int, time: int) -> None:
    order = other.order
    newest = other.amendments[-1].quantity if other.amendments else order.quantity
    quantity = newest - filled
    if quantity <= order.filled_quantity:
        take_back(state, effects, other, time, "OTHER_ORDER_OF_LIST", "the other order of the list was filled")
        return
    limit_price = other.peg_price or order.limit_price
    amend(state, effects, other, time, quantity, limit_price, order.conditions)


def _release(state: PartitionState, effects: Effects, group: OrderList, time: int) -> None:
    """Hold the orders behind the first no longer: they work for what it filled, or end with it."""
    group.active = True
    first = group.orders[0]
    filled = first.order.filled_quantity
    others = [other for other in group.orders[1:] if cancelable(other)]
    if not filled:
        for other in others:
            take_back(state, effects, other, time, "FIRST_ORDER_OF_LIST", f"{first.order.order_id} closed unfilled")
        return
    exclusive = group.submitted.contingency is Contingency.BRACKET
    leading: WorkingOrder | None = None
    for other in others:
        order, submitted = other.order, other.submitted
        price = order.reference_price
        if first.order.instrument == order.instrument:
            price = first.order.filled_value // filled
        look = Look(price=price)
        quantity = min(order.quantity, filled)
        shared = leading is not None and exclusive and leading.order.side is order.side
        added = max(0, quantity - leading.counted) if shared and leading is not None else quantity
        candidate = candidate_for(state, other.account, submitted, look, time, added, 0, gate.Moment.RELEASED)
        refusal = state.check(candidate)
        if refusal is not None:
            take_back(state, effects, other, time, refusal.code, refusal.text)
            text = f"{refusal.code}: it was to follow {first.order.order_id}, which filled {filled} lots"
            state.raise_alarm(effects, "CONTINGENT_ORDER_REFUSED", time, order.order_id, 0, text)
            continue
        stage = first_stage(submitted, order.emulated)
        state.move(effects, other, time, Step.RESTATED_UNFILLED, stage=stage, quantity=quantity)
        if leading is None:
            leading = other
        elif exclusive:
            _share(state, leading, other)
        admit(state, effects, other, look, time)
