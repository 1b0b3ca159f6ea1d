"""What goes to the venue for an order: the whole of it, or one slice after another."""

from __future__ import annotations

from actors.messages import VenueCancel, VenueOrder, VenueReplace
from actors.oms.effects import Effects
from actors.oms.emulation import sent_conditions, sent_time_in_force, sent_type
from actors.oms.permission import may_send
from actors.oms.state import PartitionState
from actors.oms.venue import VenueMessage
from actors.oms.working_order import Amendment, VenueSlice, WorkingOrder, venue_id


def send(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Send what is left of an order, or as much of it as may show at a time, as a new venue order."""
    order = working.order
    quantity = order.leaves_quantity
    if order.emulated and "display_quantity" in order.emulated and order.conditions is not None:
        quantity = min(quantity, order.conditions.display_quantity or quantity)
    number = 1 if working.slice is None else working.slice.number + 1
    working.slice = VenueSlice(number, quantity, working.peg_price or order.limit_price, time)
    state.awaiting[order.order_id] = None
    effects.messages.append(venue_order(working))


def venue_order(working: WorkingOrder) -> VenueOrder:
    """Return what works for an order as it goes to the venue, the same each time."""
    order, current = working.order, working.slice
    assert current is not None
    plain = not order.emulated
    return VenueOrder(
        order_id=order.order_id if current.number == 1 else venue_id(order.order_id, current.number),
        instrument=order.instrument,
        side=order.side,
        type=order.type if plain else sent_type(order),
        quantity=current.quantity,
        limit_price=current.limit_price,
        time_in_force=order.time_in_force if plain else sent_time_in_force(order),
        time=current.sent_at,
        conditions=None if order.conditions is None else sent_conditions(order, order.conditions),
    )


def venue_replace(working: WorkingOrder, amendment: Amendment) -> VenueReplace:
    """Return a change of an order as it goes to the venue, the same each time."""
    return VenueReplace(
        order_id=working.venue_id,
        revision=amendment.revision,
        quantity=amendment.venue_quantity,
        limit_price=amendment.limit_price,
        time=amendment.time,
        conditions=sent_conditions(working.order, amendment.conditions),
    )


def outstanding(state: PartitionState, order_id: str) -> list[VenueMessage]:
    """Return what the venue has not answered of an order; it may be sent again at any time.

    What the kill switch would not let out now stays here, and so does an order that is to be canceled: only its cancel
    is sent.
    """
    working = state.orders[order_id]
    current = working.slice
    if current is None:
        return []
    messages: list[VenueMessage] = []
    if not working.canceling and may_send(state, working):
        if current.live and not current.confirmed:
            messages.append(venue_order(working))
        messages += [venue_replace(working, amendment) for amendment in working.amendments if not amendment.by_cancel]
    if working.canceling or working.replacing_by_cancel:
        messages.append(VenueCancel(order_id=working.venue_id, time=working.order.updated_at))
    return messages
