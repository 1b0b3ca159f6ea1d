"""Changes of orders at the venue: asked for, granted, refused; where the venue has no replace, by cancel and new."""

from __future__ import annotations

from typing import Any

from actors.messages import Conditions, ReplaceOrder, VenueCancel
from actors.oms.account import Wish
from actors.oms.effects import Effects
from actors.oms.emulation import sent_conditions
from actors.oms.sending import send, venue_replace
from actors.oms.state import PartitionState
from actors.oms.transitions import restated
from actors.oms.working_order import Amendment, WorkingOrder


def amend(
    state: PartitionState,
    effects: Effects,
    working: WorkingOrder,
    time: int,
    quantity: int,
    limit_price: int | None,
    conditions: Conditions | None,
    request: ReplaceOrder | None = None,
) -> None:
    """Change an order: here alone where the venue need not know, else once the venue agrees.

    Args:
        state: The partition.
        effects: Takes what follows.
        working: An open order that is not being canceled.
        time: The trading clock.
        quantity: Its whole quantity afterwards, what is filled already included.
        limit_price: Its limit price afterwards (of the venue order, for a pegged one).
        conditions: Its conditions afterwards.
        request: The client's wish, ``None`` for the OMS's own.
    """
    working.revision += 1
    current = working.slice
    venue_quantity = 0
    if current is not None:
        venue_quantity = quantity - (working.order.filled_quantity - current.filled)
        if "display_quantity" in working.order.emulated:
            venue_quantity = min(current.quantity, venue_quantity)
    amendment = Amendment(working.revision, quantity, limit_price, conditions, request, venue_quantity, time)
    if current is None or not current.live or _venue_sees_nothing(state, working, amendment):
        grant(state, effects, working, amendment, time)
        return
    working.amendments += (amendment,)
    state.move(effects, working, time)
    if state.capabilities.replaces:
        effects.messages.append(venue_replace(working, amendment))
    else:
        effects.messages.append(VenueCancel(order_id=working.venue_id, time=time))


def _venue_sees_nothing(state: PartitionState, working: WorkingOrder, amendment: Amendment) -> bool:
    current, order = working.slice, working.order
    assert current is not None
    if working.amendments or amendment.limit_price != current.limit_price:
        return False
    if amendment.venue_quantity != current.quantity:
        return False
    return sent_conditions(order, amendment.conditions) == sent_conditions(order, order.conditions)


def grant(
    state: PartitionState, effects: Effects, working: WorkingOrder, amendment: Amendment, time: int, told: int = 0
) -> None:
    """Put a change in force; ``told`` is the venue order's quantity where the venue said another than was asked."""
    order, current = working.order, working.slice
    working.amendments = tuple(other for other in working.amendments if other is not amendment)
    quantity = amendment.quantity
    if current is not None and current.live:
        current.quantity = told or amendment.venue_quantity
        current.limit_price = amendment.limit_price
        if told and told != amendment.venue_quantity:
            quantity = told + order.filled_quantity - current.filled
    quantity = max(quantity, order.filled_quantity)
    changes: dict[str, Any] = {"quantity": quantity, "conditions": amendment.conditions}
    request = amendment.request
    if not working.peg_price:
        changes["limit_price"] = amendment.limit_price
    else:
        changes["trigger_price"] = amendment.limit_price
        if request is not None and request.limit_price is not None:
            changes["limit_price"] = request.limit_price  # the bound of the peg
    if request is not None:
        changes["replacement_id"] = request.replacement_id
        if request.stop_price is not None and order.trigger_price:
            changes["trigger_price"] = request.stop_price
        working.account.replacements[request.replacement_id] = Wish(request, working)
    if amendment.limit_price is not None:
        working.buying_price = amendment.limit_price
    if current is not None and current.live and current.filled >= current.quantity:
        current.live = False
    state.move(effects, working, time, restated(quantity, order.filled_quantity), **changes)
    if current is not None and not current.live and working.order.leaves_quantity and not working.canceling:
        send(state, effects, working, time)
    else:
        keep_pegged(state, effects, working, time)


def refuse(
    state: PartitionState, effects: Effects, working: WorkingOrder, amendment: Amendment, time: int, reason: str,
    text: str,
) -> None:  # fmt: skip
    """Give a change up that the venue refused; the order stays as it was."""
    working.amendments = tuple(other for other in working.amendments if other is not amendment)
    request = amendment.request
    if request is not None:
        working.account.replacements[request.replacement_id] = Wish(request, working, reason, text)
    state.move(effects, working, time, text=text)


def keep_pegged(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Amend a pegged order at the venue whose price is not where it should be, unless an answer is still out."""
    current, order = working.slice, working.order
    if not working.peg_price or current is None or not current.live or working.amendments or working.canceling:
        return
    if current.confirmed and current.limit_price != working.peg_price:
        amend(state, effects, working, time, order.quantity, working.peg_price, order.conditions)


def take_answer(
    state: PartitionState, effects: Effects, working: WorkingOrder, time: int, revision: int, told: int
) -> bool:
    """Take the venue's word that a change is in force; False where there is no such change outstanding."""
    for amendment in working.amendments:
        if amendment.revision == revision:
            assert working.slice is not None
            working.slice.live = not working.slice.ended  # also where it was filled up under its former terms
            grant(state, effects, working, amendment, time, told)
            return True
    return False


def resend_amended(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Put the oldest change in force now that the venue order it needed out of the way is gone, and send anew."""
    assert working.slice is not None
    working.slice.end()
    for amendment in working.amendments:
        if "replace" not in working.order.emulated:
            state.move(effects, working, time, emulated=(*working.order.emulated, "replace"))
        grant(state, effects, working, amendment, time)
