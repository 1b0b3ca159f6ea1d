"""Orders that followed the first of their list do as much as it filled, also where that becomes more or less later.

A late fill enlarges them, an execution that is taken back makes them smaller or takes them back; where that can't be
done, a person has to know.
"""

from __future__ import annotations

import msgspec

from actors.messages import Contingency, ReplaceOrder
from actors.oms import gate
from actors.oms.account import OrderList
from actors.oms.amending import amend
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.replacing import as_it_is, proposed
from actors.oms.sharing import enlarge_candidate
from actors.oms.state import PartitionState
from actors.oms.submission import candidate_for
from actors.oms.working_order import WorkingOrder

DIFFERS = "CONTINGENT_ORDER_DIFFERS"


def restate(state: PartitionState, effects: Effects, group: OrderList, lots: int, time: int) -> None:
    """Let the orders that were let go follow ``lots`` that the first has filled since; negative: were taken back."""
    first, others = group.orders[0].order, group.orders[1:]
    before = {other: group.meant.get(other.order.order_id, 0) for other in others}
    targets = {other: _restated(group, other, before[other], lots) for other in others}
    if group.exclusive:
        for other, meant in targets.items():
            if other.order.order_id in group.meant:
                group.meant[other.order.order_id] = meant
                for amendment in other.amendments:
                    amendment.meant = min(amendment.meant, meant) if lots < 0 else amendment.meant
        targets = {other: meant - (group.filled - other.order.filled_quantity) for other, meant in targets.items()}
    if lots < 0:
        text = f"{first.order_id} has filled {first.filled_quantity} lots after one of its executions was taken back"
        for other, target in targets.items():
            reduce(state, effects, group, other, target, time, "FIRST_ORDER_OF_LIST", text)
        _check_filled(state, effects, group, time)
        return
    followed = [other for other in others if cancelable(other)]
    for other, target in targets.items():
        if other in followed:
            _enlarge(state, effects, group, other, target, time)
        elif target > other.order.filled_quantity and not (group.exclusive and followed):
            text = f"{first.order_id} has filled {first.filled_quantity} lots, but the order is {other.order.status}"
            state.raise_alarm(effects, DIFFERS, time, other.order.order_id, 0, text)


def _restated(group: OrderList, other: WorkingOrder, meant: int, lots: int) -> int:
    """Return what an order behind the first is to fill in all, once the first has filled so many lots more or less."""
    filled, order = group.orders[0].order.filled_quantity, other.order
    if not group.exclusive:
        meant = other.terms.quantity if order.leaves_quantity else order.filled_quantity
    if lots < 0:
        return min(meant, filled)
    return min(_wanted(group, other), meant + lots, filled)


def _wanted(group: OrderList, other: WorkingOrder) -> int:
    """Return what the client wants an order to fill at most, whatever the first has filled.

    A wish that the venue has not answered counts where it is for less: it may be refused.
    """
    pending = {amendment.request.replacement_id for amendment in other.amendments if amendment.request is not None}
    beside = group.filled - other.order.filled_quantity if group.exclusive else 0
    quantity = other.submitted.quantity
    for replacement_id, wish in other.account.replacements.items():
        if wish.order is other and not wish.reason and wish.request.quantity is not None:
            wished = wish.request.quantity + beside
            quantity = min(quantity, wished) if replacement_id in pending else wished
    return quantity


def reduce(
    state: PartitionState, effects: Effects, group: OrderList, other: WorkingOrder, target: int, time: int, reason: str,
    text: str,
) -> None:  # fmt: skip
    """Let an order do no more than ``target`` lots in all; ``reason`` and ``text`` say why where that is nothing."""
    terms, order = other.terms, other.order
    if not cancelable(other):  # it is filled, or being canceled: what it was to be enlarged to must not open it again
        for amendment in other.amendments:
            if amendment.request is None:
                amendment.quantity = min(amendment.quantity, max(target, order.filled_quantity))
        other.expose(state.fee_rate)
        return
    if terms.quantity <= target or group.asked.get(order.order_id, terms.quantity) <= target:
        return
    group.asked[order.order_id] = target
    if target <= order.filled_quantity:
        take_back(state, effects, other, time, reason, text)
    else:
        amend(state, effects, other, time, target, terms.limit_price, terms.conditions)


def _enlarge(
    state: PartitionState, effects: Effects, group: OrderList, other: WorkingOrder, target: int, time: int
) -> None:
    """Let an order do ``target`` lots in all where it was to do fewer and the gate lets it."""
    terms, order, first = other.terms, other.order, group.orders[0].order
    if terms.quantity >= target:
        return
    request = ReplaceOrder(
        account=order.account, client_order_id=order.client_order_id, replacement_id="", quantity=target
    )
    look = group.looks[group.orders.index(other)]
    price = first.filled_value // first.filled_quantity if first.instrument == order.instrument else look.price
    # It stands, so the session that it belongs to has not ended.
    opens, closes = min(look.session_open, time), max(look.session_close, time + 1)
    look = msgspec.structs.replace(look, price=price, bid=0, ask=0, session_open=opens, session_close=closes)
    wanted = as_it_is(proposed(other, request), order)
    candidate = candidate_for(state, other.account, wanted, look, time, moment=gate.Moment.RELEASED)
    enlarge_candidate(candidate, other)
    refusal = state.check(candidate)
    if refusal is not None:
        text = f"{refusal.code}: it was to follow {first.order_id} to {target} lots, and stays at {terms.quantity}"
        state.raise_alarm(effects, "CONTINGENT_ORDER_REFUSED", time, order.order_id, 0, text)
        return
    group.asked[order.order_id] = target
    amend(state, effects, other, time, target, terms.limit_price, terms.conditions)


def check_granted(state: PartitionState, effects: Effects, group: OrderList, working: WorkingOrder, time: int) -> None:
    """Raise the alarm over an order that was to be enlarged and that the venue leaves as it is."""
    order = working.order
    asked = group.asked.get(order.order_id, 0)
    if group.submitted.contingency is Contingency.OCO or working.amendments or asked < order.quantity:
        return
    group.asked.pop(order.order_id, None)
    if asked <= order.quantity or not order.leaves_quantity:
        return
    text = f"it was to follow {group.orders[0].order.order_id} to {asked} lots, and stays at {order.quantity}"
    state.raise_alarm(effects, DIFFERS, time, order.order_id, 0, text)


def _check_filled(state: PartitionState, effects: Effects, group: OrderList, time: int) -> None:
    """Raise the alarm where the orders behind the first have filled more than it has now."""
    first, others = group.orders[0].order, group.orders[1:]
    filled = [other for other in others if other.order.filled_quantity]
    if group.exclusive:
        filled = filled[:1] if group.filled > first.filled_quantity else []
    for other in filled:
        if group.exclusive or other.order.filled_quantity > first.filled_quantity:
            text = f"more is filled than the {first.filled_quantity} lots of {first.order_id}, the first of its list"
            state.raise_alarm(effects, "LIST_OVERFILLED", time, other.order.order_id, 0, text)
