"""What takes orders back: a client's cancel, a mass cancel, and the OMS itself."""

from __future__ import annotations

from actors.errors import Conflict
from actors.messages import CancelOrders, Order, VenueCancel
from actors.oms.effects import Effects
from actors.oms.inputs import Cancellation, MassCancellation
from actors.oms.state import PartitionState
from actors.oms.transitions import REQUESTABLE, Step
from actors.oms.working_order import WorkingOrder

EXPIRED = "EXPIRED"


def cancel(state: PartitionState, record: Cancellation) -> Effects:
    """Take an order back: at once where it is not at the venue, else by asking the venue.

    Raises:
        NotFound: No such account or order.
        Conflict: The order is not open, or being canceled already (code ``ORDER_CLOSED``).
    """
    working = state.find(record.cancel.account, record.cancel.client_order_id)
    if not cancelable(working):
        raise Conflict(
            f"the order is {working.order.status}",
            field="client_order_id",
            value=record.cancel.client_order_id,
            rule="an open order",
            code="ORDER_CLOSED",
        )
    effects = Effects()
    order = working.order
    state.safeguards.activity.cancel_sent(order.account, order.strategy, record.received, record.time)
    take_back(state, effects, working, record.time)
    effects.order = working.order
    return effects


def cancel_all(state: PartitionState, record: MassCancellation) -> Effects:
    """Take back every open order that fits."""
    effects = Effects()
    wish = record.cancel
    reached = []
    for working in list(state.standing.values()):
        if fits(wish, working.order) and cancelable(working):
            order = working.order
            state.safeguards.activity.cancel_sent(order.account, order.strategy, record.received, record.time)
            take_back(state, effects, working, record.time, text=wish.reason)
            reached.append(working.order)
    effects.orders = reached
    return effects


def fits(wish: CancelOrders, order: Order) -> bool:
    """Return whether a mass cancel means an order."""
    return (
        (wish.account is None or wish.account == order.account)
        and (wish.strategy is None or wish.strategy == order.strategy)
        and (wish.instrument is None or wish.instrument == order.instrument)
        and (wish.side is None or wish.side is order.side)
    )


def cancelable(working: WorkingOrder) -> bool:
    """Return whether an order can be asked to be canceled."""
    return working.settled in REQUESTABLE and not working.canceling


def take_back(
    state: PartitionState, effects: Effects, working: WorkingOrder, time: int, reason: str = "", text: str = ""
) -> None:
    """Take an order back.

    Args:
        state: The partition.
        effects: Takes what follows.
        working: An order that is ``cancelable``.
        time: The trading clock.
        reason: Why the OMS itself does it, as a code; empty for a client's wish. ``EXPIRED`` lets the order expire.
        text: The same in words.
    """
    current = working.slice
    if current is None or not current.live:
        step = Step.EXPIRED if reason == EXPIRED else Step.CANCELED
        state.move(effects, working, time, step, reason=reason, text=text)
        return
    working.canceling, working.closing = True, reason
    state.move(effects, working, time, text=text)
    effects.messages.append(VenueCancel(order_id=working.venue_id, time=time))
