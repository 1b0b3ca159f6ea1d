"""Executions: booked once each, taken back by a bust, changed by a correction."""

from __future__ import annotations

import msgspec

from actors.messages import ExecutionReport, Fill, OrderStatus, Side
from actors.oms.amending import keep_pegged
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.sending import send
from actors.oms.state import PartitionState
from actors.oms.transitions import Step, restated
from actors.oms.working_order import WorkingOrder

_WHOLLY_FILLED, _PARTLY_FILLED, _REJECTED = Step.WHOLLY_FILLED, Step.PARTLY_FILLED, OrderStatus.REJECTED


def book(
    state: PartitionState,
    effects: Effects,
    report: ExecutionReport,
    working: WorkingOrder,
    time: int,
    current: bool = True,
) -> None:
    """Book an execution; one that was booked before has no effect.

    Args:
        state: The partition.
        effects: Takes what follows.
        report: The venue's report.
        working: The order.
        time: The trading clock.
        current: Whether the venue order that works now was executed, not one that closed before.
    """
    if report.execution_id in state.fills:
        return
    order, instrument = working.order, working.instrument
    if report.quantity <= 0 or report.price <= 0 or not report.execution_id or instrument is None:
        text = f"trade {report.execution_id!r} of {report.quantity} at {report.price} can't be booked"
        state.raise_alarm(effects, "REPORT_INVALID", time, report.order_id, report.sequence, text)
        return
    filled = order.filled_quantity + report.quantity
    fill = Fill(
        execution_id=report.execution_id,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        account=order.account,
        strategy=order.strategy,
        instrument=order.instrument,
        side=order.side,
        quantity=report.quantity,
        price=report.price,
        fee=report.fee,
        liquidity=report.liquidity,
        time=report.time,
    )
    state.fills[report.execution_id] = fill
    working.account.books.book(fill)
    venue_order = working.slice
    if venue_order is not None and current:
        venue_order.confirmed = True
        venue_order.filled += report.quantity
        if venue_order.filled >= venue_order.quantity:
            venue_order.live = False
    reason, text = order.reason, order.text
    if filled > order.quantity:
        reason, text = "ORDER_OVERFILLED", f"filled {filled} of {order.quantity} lots"
        state.raise_alarm(effects, reason, time, report.order_id, report.sequence, text)
    elif working.settled is _REJECTED:
        text_of_alarm = "the venue filled an order that was rejected"
        state.raise_alarm(effects, "FILL_AFTER_REJECTION", time, report.order_id, report.sequence, text_of_alarm)
    state.move(
        effects,
        working,
        time,
        _WHOLLY_FILLED if filled >= order.quantity else _PARTLY_FILLED,
        fill,
        filled_quantity=filled,
        filled_value=order.filled_value + report.quantity * report.price,
        reason=reason,
        text=text,
    )
    go_on(state, effects, working, time)
    if working.account.reducing:
        keep_reducing(state, effects, working, time)


def go_on(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Send the next slice of an order whose venue order is used up, or end it where it was to be taken back."""
    current = working.slice
    if current is None or not working.order.leaves_quantity:
        return
    if current.live or not cancelable_or_canceling(working):
        keep_pegged(state, effects, working, time)
    elif working.canceling:
        step = Step.EXPIRED if working.closing == "EXPIRED" else Step.CANCELED
        state.move(effects, working, time, step, reason=working.closing)
    else:
        send(state, effects, working, time)


def cancelable_or_canceling(working: WorkingOrder) -> bool:
    """Return whether the order is alive: it is, or was just asked to be, open."""
    return working.canceling or cancelable(working)


def keep_reducing(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Take back the reduce-only orders of the instrument that the position no longer covers."""
    account, instrument = working.account, working.order.instrument
    position = account.books.position(instrument)
    for order_id, other in list(account.reducing.items()):
        order = other.order
        if not order.leaves_quantity:
            del account.reducing[order_id]
        elif order.instrument == instrument and order.leaves_quantity > -order.side.sign * position:
            if cancelable(other):
                text = "the position that it was to reduce is smaller now"
                take_back(state, effects, other, time, "REDUCE_ONLY", text)


def bust(state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int) -> None:
    """Take an execution back: order, cash and position are restated; an unknown one raises an alarm."""
    if report.reference_id in state.busted:
        return
    fill = state.fills.get(report.reference_id)
    if fill is None or fill.order_id != working.order.order_id:
        text = f"{report.type} of execution {report.reference_id!r}, which is not on record for this order"
        state.raise_alarm(effects, "EXECUTION_UNKNOWN", time, report.order_id, report.sequence, text)
        return
    state.busted.add(report.reference_id)
    order = working.order
    reversal = msgspec.structs.replace(
        fill,
        execution_id=f"{fill.execution_id}~bust",
        side=Side.SELL if fill.side is Side.BUY else Side.BUY,
        fee=-fill.fee,
        time=report.time,
        reverses=fill.execution_id,
    )
    working.account.books.book(reversal)
    filled = order.filled_quantity - fill.quantity
    if working.slice is not None:
        working.slice.filled = max(0, working.slice.filled - fill.quantity)
        working.slice.live = working.slice.live or working.settled is OrderStatus.FILLED
    state.move(
        effects,
        working,
        time,
        restated(order.quantity, filled),
        reversal,
        filled_quantity=filled,
        filled_value=order.filled_value - fill.quantity * fill.price,
        text=report.text or f"execution {fill.execution_id} was taken back by the venue",
    )


def correct(state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int) -> None:
    """Put another execution in the place of one: the old one is taken back, then the new one is booked."""
    if report.execution_id in state.fills:
        return
    if report.quantity <= 0 or report.price <= 0 or not report.execution_id:
        text = f"correction {report.execution_id!r} to {report.quantity} at {report.price} can't be booked"
        state.raise_alarm(effects, "REPORT_INVALID", time, report.order_id, report.sequence, text)
        return
    known = report.reference_id in state.fills and report.reference_id not in state.busted
    bust(state, effects, report, working, time)
    if known:
        book(state, effects, report, working, time)
