"""What a venue's report does: a fill is booked once, and what contradicts itself raises an alarm."""

from __future__ import annotations

from actors.errors import Conflict, Unavailable
from actors.messages import Fill, OrderStatus, ReportType
from actors.oms.account import WorkingOrder
from actors.oms.effects import Effects
from actors.oms.inputs import VenueReport
from actors.oms.state import PartitionState
from actors.oms.transitions import step_of, transition


def take_report(state: PartitionState, record: VenueReport) -> Effects:
    """Take the next report of the venue; one that was taken before has no effects.

    Raises:
        Unavailable: A report before this one is missing (code ``REPORT_GAP``).
    """
    report = record.report
    effects = Effects()
    if report.sequence <= state.last_report:
        return effects
    if report.sequence != state.last_report + 1:
        raise Unavailable(
            "a report of the venue is missing",
            field="sequence",
            value=report.sequence,
            rule=f"{state.last_report + 1}",
            remedy="open the session again from the last report",
            code="REPORT_GAP",
        )
    state.last_report = report.sequence
    working = state.orders.get(report.order_id)
    if working is None:
        _raise_alarm(state, effects, record, "ORDER_UNKNOWN", f"{report.type} of an order that was never sent")
    elif report.type is ReportType.TRADE:
        _book(state, effects, record, working)
    else:
        _settle(state, effects, record, working)
    if working is not None:
        effects.order = working.order
    return effects


def _book(state: PartitionState, effects: Effects, record: VenueReport, working: WorkingOrder) -> None:
    report, order = record.report, working.order
    if report.execution_id in state.executions:
        return
    if report.quantity <= 0 or report.price <= 0 or not report.execution_id or working.instrument is None:
        text = f"trade {report.execution_id!r} of {report.quantity} at {report.price} can't be booked"
        _raise_alarm(state, effects, record, "REPORT_INVALID", text)
        return
    state.executions.add(report.execution_id)
    filled = order.filled_quantity + report.quantity
    status = transition(order.status, step_of(report.type, order.quantity, filled, working.confirmed))
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
    working.account.books.book(fill)
    reason, text = order.reason, order.text
    if filled > order.quantity:
        reason, text = "ORDER_OVERFILLED", f"filled {filled} of {order.quantity} lots"
        _raise_alarm(state, effects, record, reason, text)
    elif order.status is OrderStatus.REJECTED:
        _raise_alarm(state, effects, record, "FILL_AFTER_REJECTION", "the venue filled an order that was rejected")
    working.confirmed = True
    state.move(
        effects,
        working,
        status,
        record.time,
        fill=fill,
        filled_quantity=filled,
        filled_value=order.filled_value + report.quantity * report.price,
        reason=reason,
        text=text,
    )


def _settle(state: PartitionState, effects: Effects, record: VenueReport, working: WorkingOrder) -> None:
    report, order = record.report, working.order
    step = step_of(report.type, order.quantity, order.filled_quantity, working.confirmed)
    try:
        status = transition(order.status, step)
    except Conflict as error:
        _raise_alarm(state, effects, record, error.code, error.message)
        return
    if report.type is not ReportType.CANCEL_REJECTED:
        working.confirmed = True
    if status is order.status:
        state.update_awaiting(working)
        return
    if report.type is ReportType.REJECTED:
        reason, text = report.reason or "VENUE_REJECTED", report.text or "the venue refused the order"
    else:
        reason, text = report.reason, report.text
    if report.type is ReportType.CANCEL_REJECTED:
        reason = order.reason
    state.move(effects, working, status, record.time, reason=reason, text=text)


def _raise_alarm(state: PartitionState, effects: Effects, record: VenueReport, code: str, text: str) -> None:
    state.raise_alarm(effects, code, record.time, record.report.order_id, record.report.sequence, text)
