"""Changes of orders at the venue: asked for, granted, refused; where the venue has no replace, by cancel and new."""

from __future__ import annotations

from typing import Any

from actors.messages import Conditions, ReplaceOrder, Stage, VenueCancel
from actors.oms.account import Wish
from actors.oms.canceling import EXPIRED
from actors.oms.effects import Effects
from actors.oms.emulation import sent_conditions
from actors.oms.permission import HALTED, is_halted, may_send
from actors.oms.sending import send, venue_replace
from actors.oms.state import PartitionState
from actors.oms.timers import Due
from actors.oms.transitions import REQUESTABLE, Step, restated
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
    buying_price: int = 0,
) -> None:
    """Change an order: here alone where the venue need not know, else once the venue agrees.

    A change that leaves the venue order nothing to fill is made by its cancel.

    Args:
        state: The partition.
        effects: Takes what follows.
        working: An open order that is not being canceled.
        time: The trading clock.
        quantity: Its whole quantity afterwards, what is filled already included.
        limit_price: Its limit price afterwards (of the venue order, for a pegged one).
        conditions: Its conditions afterwards.
        request: The client's wish, ``None`` for the OMS's own.
        buying_price: The most that a buy may cost afterwards, in increments; 0: as before, or the limit price if more.
    """
    working.revision += 1
    current, order = working.slice, working.order
    venue_quantity, by_cancel = 0, False
    if current is not None:
        venue_quantity = quantity - (order.filled_quantity - current.filled)
        if "display_quantity" in order.emulated:
            venue_quantity = min(current.quantity, venue_quantity)
        by_cancel = not state.capabilities.replaces or venue_quantity <= current.filled
    meant, group = 0, working.account.lists.get(order.list_id)
    if group is not None and request is not None and request.quantity is not None:
        meant = group.wish(working, quantity)
    amendment = Amendment(
        working.revision, quantity, limit_price, conditions, request, venue_quantity, by_cancel,
        buying_price or max(working.buying_price, limit_price or 0), meant, time,
    )  # fmt: skip
    if current is None or not current.live or _venue_sees_nothing(working, amendment):
        grant(state, effects, working, amendment, time)
        go_on(state, effects, working, time)
        return
    working.amendments += (amendment,)
    state.move(effects, working, time)
    if by_cancel:
        effects.messages.append(VenueCancel(order_id=working.venue_id, time=time))
    else:
        effects.messages.append(venue_replace(working, amendment))


def _venue_sees_nothing(working: WorkingOrder, amendment: Amendment) -> bool:
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
    """Put a change in force here; ``told`` is the venue order's quantity where the venue says which, else 0."""
    order, current = working.order, working.slice
    working.amendments = tuple(other for other in working.amendments if other is not amendment)
    quantity = amendment.quantity
    if current is not None and current.live:
        current.quantity = told or amendment.venue_quantity
        current.limit_price = amendment.limit_price
        if current.quantity != amendment.venue_quantity and "display_quantity" not in order.emulated:
            quantity = told + order.filled_quantity - current.filled
        current.live = current.filled < current.quantity
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
        if request.expire_time is not None and "gtd" in order.emulated:  # it may have passed while this was asked for
            state.timers.add(request.expire_time, order.order_id, Due.EXPIRE)
        if request.stop_price is not None and order.trigger_price and order.stage is not Stage.WORKING:
            changes["trigger_price"] = request.stop_price
        working.account.replacements[request.replacement_id] = Wish(request, working)
        if amendment.meant:
            working.account.lists[order.list_id].meant[order.order_id] = amendment.meant
    working.buying_price = amendment.buying_price
    state.move(effects, working, time, restated(quantity, order.filled_quantity), **changes)


def refuse(
    state: PartitionState, effects: Effects, working: WorkingOrder, amendment: Amendment, time: int, reason: str,
    text: str,
) -> None:  # fmt: skip
    """Give a change up that the venue refused; the order stays as it was."""
    working.amendments = tuple(other for other in working.amendments if other is not amendment)
    request = amendment.request
    if request is not None:
        reason, text = reason or "REPLACE_REJECTED", text or "the venue refused the replacement"
        working.account.replacements[request.replacement_id] = Wish(request, working, reason, text)
    state.move(effects, working, time, text=text)
    if working.peg_price != amendment.limit_price:  # the same price again would only be refused again
        keep_pegged(state, effects, working, time)


def take_answer(
    state: PartitionState, effects: Effects, working: WorkingOrder, time: int, revision: int, told: int
) -> bool:
    """Take the venue's word that a change is in force; False where there is no such change outstanding."""
    for amendment in working.amendments:
        if amendment.revision == revision:
            assert working.slice is not None
            working.slice.live = not working.slice.ended  # also where it was filled up under its former terms
            grant(state, effects, working, amendment, time, told)
            go_on(state, effects, working, time)
            return True
    return False


def resend_amended(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Put all changes in force now that the venue order that was in their way is gone, and send what is left anew."""
    assert working.slice is not None
    working.slice.end()
    if not state.capabilities.replaces and "replace" not in working.order.emulated:
        state.move(effects, working, time, emulated=(*working.order.emulated, "replace"))
    go_on(state, effects, working, time)


def go_on(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Let an order go on after its venue order changed: where that one is used up, what is left goes out as the next.

    It ends where it was to be taken back, or where the kill switch lets nothing of it out any more.
    """
    current = working.slice
    if current is None or current.live:
        keep_pegged(state, effects, working, time)
        return
    open_still = working.order.leaves_quantity > 0 and working.settled in REQUESTABLE
    if working.canceling:
        if open_still:
            step = Step.EXPIRED if working.closing == EXPIRED else Step.CANCELED
            state.move(effects, working, time, step, reason=working.closing)
        return
    if open_still and current.ended and not working.amendments:  # it was over before a bust left something to fill
        state.move(effects, working, time, Step.CANCELED, reason=working.order.reason or "VENUE_ORDER_ENDED")
        return
    if open_still or current.ended:  # there is no venue order any more that changes would have to wait for
        for amendment in working.amendments:
            grant(state, effects, working, amendment, time)
    if not working.order.leaves_quantity or working.settled not in REQUESTABLE:
        return
    if may_send(state, working):
        send(state, effects, working, time)
    else:
        text = "its next part was due while trading was halted"
        state.move(effects, working, time, Step.CANCELED, reason=HALTED, text=text)


def keep_pegged(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Amend a pegged order at the venue whose price is not where it should be, unless an answer is still out.

    While trading is halted it stays where it is.
    """
    current, order = working.slice, working.order
    if not working.peg_price or current is None or not current.live or working.amendments or working.canceling:
        return
    if current.confirmed and current.limit_price != working.peg_price and not is_halted(state, working):
        amend(state, effects, working, time, order.quantity, working.peg_price, order.conditions)
