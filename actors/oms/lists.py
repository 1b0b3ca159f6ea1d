"""Orders that depend on one another: how a list comes in, and how its orders follow what happens to one of them."""

from __future__ import annotations

import msgspec

from actors.errors import Conflict
from actors.messages import Contingency, OrderStatus
from actors.oms import gate
from actors.oms.account import Account, OrderList
from actors.oms.amending import amend
from actors.oms.canceling import cancelable, take_back
from actors.oms.counting import Counting
from actors.oms.effects import Effects
from actors.oms.emulation import first_stage, first_trigger
from actors.oms.inputs import ListSubmission, Look
from actors.oms.sharing import cost_of, share, share_candidate
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
    group = OrderList(submitted, record.looks)
    found = _look(state, account, record)
    refused = next((refusal for _, refusal in found if refusal is not None), None)
    effects = Effects()
    for candidate, refusal in found:
        if refused is not None and refusal is None:
            refusal = _by_association(refused)
        held = bool(group.orders) and not group.active
        working = create(state, account, candidate, refusal, submitted.list_id, submitted.contingency, held)
        if group.active and refusal is None:
            group.meant[working.order.order_id] = working.order.quantity
            if group.orders:
                share(group.orders[0], working, state.fee_rate)
        group.orders.append(working)
    account.lists[submitted.list_id] = group
    for place, (working, look) in enumerate(zip(group.orders, record.looks)):
        if refused is None and (group.active or not place):
            admit(state, effects, working, look, time)
        state.tell_order(effects, time, working.order, None)
    effects.orders = [working.order for working in group.orders]
    return effects


def _look(
    state: PartitionState, account: Account, record: ListSubmission
) -> list[tuple[gate.Candidate, gate.Refusal | None]]:
    """Return each order at the gate and what the gate says, those before it that passed already counted."""
    exclusive = record.orders.contingency is Contingency.OCO
    found: list[tuple[gate.Candidate, gate.Refusal | None]] = []
    counting = Counting(state, account)
    for order, look in zip(record.orders.orders, record.looks, strict=True):
        state.safeguards.looked(order.instrument, look)
        candidate = candidate_for(state, account, order, look, record.time)
        if found and exclusive:
            share_candidate(found[0][0], candidate)
        elif found:
            candidate.moment = gate.Moment.HELD
            candidate.added, candidate.released = 0, cost_of(candidate, order.quantity)
        refusal = state.check(candidate)
        found.append((candidate, refusal))
        if refusal is None:
            counting.add(candidate)
    counting.end()
    return found


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


def _by_association(refusal: gate.Refusal) -> gate.Refusal:
    sentence = f"another order of the list is refused: {refusal.code}"
    return refusal._replace(code=LIST_REFUSED, sentence=sentence)


def follow(state: PartitionState, effects: Effects, time: int) -> None:
    """Let every list follow what an input did to one of its orders, until nothing is left to follow."""
    place = 0
    while place < len(effects.changed):
        filled: dict[WorkingOrder, int] = {}
        for working, lots in effects.changed[place:]:
            filled[working] = filled.get(working, 0) + lots
        place = len(effects.changed)
        for working, lots in filled.items():
            group = working.account.lists.get(working.order.list_id)
            if group is not None:
                _follow(state, effects, group, working, lots, time)


def _follow(
    state: PartitionState, effects: Effects, group: OrderList, working: WorkingOrder, filled: int, time: int
) -> None:
    for other in group.orders:
        if other.partner is working:
            other.expose(state.fee_rate)
    if not group.active:
        if working is group.orders[0] and not working.order.leaves_quantity and not working.amendments:
            _release(state, effects, group, time)
        return
    exclusive, order = group.exclusive, working.order
    if working not in exclusive:
        return
    if not order.leaves_quantity and order.status not in (OrderStatus.REJECTED, OrderStatus.EXPIRED):
        for other in exclusive:
            if other is not working and cancelable(other):
                text = f"{order.order_id} is {order.status}"
                take_back(state, effects, other, time, "OTHER_ORDER_OF_LIST", text)
    else:
        for other in exclusive:
            _reduce(state, effects, group, other, time)
    if filled > 0 and group.filled > max(group.meant.values(), default=0):
        text = f"more than one order of list {order.list_id} was filled"
        state.raise_alarm(effects, "LIST_OVERFILLED", time, order.order_id, 0, text)


def _reduce(state: PartitionState, effects: Effects, group: OrderList, other: WorkingOrder, time: int) -> None:
    """Let an order do no more than the fills of the others leave it."""
    if not cancelable(other):
        return
    target, terms, order = group.target(other), other.terms, other.order
    if terms.quantity <= target or group.asked.get(order.order_id, terms.quantity) <= target:
        return
    group.asked[order.order_id] = target
    if target <= order.filled_quantity:
        take_back(state, effects, other, time, "OTHER_ORDER_OF_LIST", "the other order of the list was filled")
    else:
        amend(state, effects, other, time, target, terms.limit_price, terms.conditions)


def _release(state: PartitionState, effects: Effects, group: OrderList, time: int) -> None:
    """Hold the orders behind the first no longer: they work for what it filled, or end with it."""
    group.active = True
    first = group.orders[0].order
    leading: WorkingOrder | None = None
    for other, look in zip(group.orders[1:], group.looks[1:]):
        if not cancelable(other):
            continue
        if not first.filled_quantity:
            take_back(state, effects, other, time, "FIRST_ORDER_OF_LIST", f"{first.order_id} closed unfilled")
            continue
        price = other.order.reference_price
        if first.instrument == other.order.instrument:
            price = first.filled_value // first.filled_quantity
        look = msgspec.structs.replace(look, price=price, bid=0, ask=0)
        if _let_go(state, effects, group, other, leading, look, time) and leading is None and group.exclusive:
            leading = other


def _let_go(
    state: PartitionState, effects: Effects, group: OrderList, other: WorkingOrder, leading: WorkingOrder | None,
    look: Look, time: int,
) -> bool:  # fmt: skip
    """Let one order go that was held, where the gate lets it; ``leading``: the first of those that exclude it."""
    first, order = group.orders[0].order, other.order
    wanted = msgspec.structs.replace(
        other.submitted,
        quantity=min(order.quantity, first.filled_quantity),
        limit_price=order.limit_price,
        conditions=order.conditions,
    )
    candidate = candidate_for(state, other.account, wanted, look, time, moment=gate.Moment.RELEASED)
    if leading is not None and leading.order.side is order.side and leading.order.instrument == order.instrument:
        candidate.added = max(0, wanted.quantity - leading.counted)
        candidate.released = min(leading.reserved, cost_of(candidate, wanted.quantity))
    refusal = state.check(candidate)
    if refusal is not None:
        take_back(state, effects, other, time, refusal.code, refusal.text)
        text = f"{refusal.code}: it was to follow {first.order_id}, which filled {first.filled_quantity} lots"
        state.raise_alarm(effects, "CONTINGENT_ORDER_REFUSED", time, order.order_id, 0, text)
        return False
    stage = first_stage(wanted, order.emulated, look)
    trigger_price = first_trigger(wanted, order.emulated, look)
    other.since, other.buying_price = time, candidate.buying_price
    state.move(
        effects, other, time, Step.RESTATED_UNFILLED, stage=stage, quantity=wanted.quantity, trigger_price=trigger_price
    )
    if group.exclusive:
        group.meant[order.order_id] = wanted.quantity
        if leading is not None:
            share(leading, other, state.fee_rate)
    admit(state, effects, other, look, time)
    return True
