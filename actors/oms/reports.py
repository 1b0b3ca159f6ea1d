"""What a venue's report does: a fill is booked once, whatever else it means; what can't be is left out and raises an alarm."""

from __future__ import annotations

from actors.errors import Conflict, Unavailable
from actors.messages import Fill, ReportType
from actors.oms.account import WorkingOrder
from actors.oms.effects import Effects
from actors.oms.inputs import VenueReport
from actors.oms.state import PartitionState
from actors.oms.transitions import step_of, transition


def take_report(state: PartitionState, record: VenueReport) -> Effects:
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
        state._raise_alarm(effects, record, "ORDER_UNKNOWN", f"{report.type} of an order that was never sent")
    elif report.type is ReportType.TRADE:
        state._book(effects, record, working)
    else:
        state._settle(effects, record, working)
    if working is not None:
        effects.order = working.order
    return effects


def _book(state: PartitionState, effects: Effects, record: VenueReport, working: WorkingOrder) -> None:
    report, order = record.report, working.order
    if report.execution_id in state._executions:
        return
    if report.quantity <= 0 or report.price <= 0 or not report.execution_id or working.instrument is None:
        text = f"trade {report.execution_id!r} of {report.quantity} at {report.price} can't be booked"
        state._raise_alarm(effects, record, "REPORT_INVALID", text)
        return
    state._executions.add(report.execution_id)
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
        state._raise_alarm(effects, record, reason, text)
    elif order.status is OrderStatus.REJECTED:
        state._raise_alarm(effects, record, "FILL_AFTER_REJECTION", "the venue filled an order that was rejected")
    working.confirmed = True
    state._move(
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
        state._raise_alarm(effects, record, error.code, error.message)
        return
    if report.type is not ReportType.CANCEL_REJECTED:
        working.confirmed = True
    if status is order.status:
        state._update_awaiting(working)
        return
    if report.type is ReportType.REJECTED:
        reason, text = report.reason or "VENUE_REJECTED", report.text or "the venue refused the order"
    else:
        reason, text = report.reason, report.text
    if report.type is ReportType.CANCEL_REJECTED:
        reason = order.reason
    state._move(effects, working, status, record.time, reason=reason, text=text)
