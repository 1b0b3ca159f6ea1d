"""What a venue's report does: a fill is booked once, and what contradicts itself raises an alarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.clock import MINUTE
from actors.errors import Conflict, Unavailable
from actors.messages import ExecutionReport, OrderStatus, ReportType, TimeInForce
from actors.oms import amending, fills
from actors.oms.canceling import EXPIRED
from actors.oms.effects import Effects
from actors.oms.emulation import has_expired
from actors.oms.inputs import VenueReport
from actors.oms.report_validity import timed, wrong_number
from actors.oms.state import PartitionState
from actors.oms.timers import Due
from actors.oms.transitions import ENDED, PAUSED, Step, restated, resumed, step_of
from actors.oms.working_order import Amendment, WorkingOrder, split_venue_id

Handler = Callable[[PartitionState, Effects, ExecutionReport, WorkingOrder, int], None]
OfFill = Callable[[PartitionState, Effects, ExecutionReport, WorkingOrder, int, bool], None]


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
    working, number = state.orders.get(report.order_id), 1
    if working is None:
        order_id, number = split_venue_id(report.order_id)
        working = state.orders.get(order_id)
    if working is None or working.slice is None or number > working.slice.number:
        if report.type is ReportType.TRADE or not state.is_foreign(report.order_id):
            text = f"{report.type} of an order that was never sent"
            state.raise_alarm(effects, "ORDER_UNKNOWN", record.time, report.order_id, report.sequence, text)
        return effects
    problem = wrong_number(report, working)
    if problem is not None:
        text = f"{report.type} with {problem}"
        state.raise_alarm(effects, "REPORT_INVALID", record.time, report.order_id, report.sequence, text)
        return effects
    if report.time > record.time:
        report = timed(state, effects, report, record.time)
    current = working.slice.number == number
    try:
        if report.type in _OF_FILLS:
            _OF_FILLS[report.type](state, effects, report, working, record.time, current)
        elif current:
            _OF_ORDERS.get(report.type, _settle)(state, effects, report, working, record.time)
    except Conflict as error:
        state.raise_alarm(effects, error.code, record.time, report.order_id, report.sequence, error.message)
    effects.order = working.order
    return effects


def _settle(state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int) -> None:
    """Take what a report says of the order as a whole."""
    order, current = working.order, working.slice
    assert current is not None
    if report.type is ReportType.CANCELED and working.replacing_by_cancel and not working.canceling:
        current.confirmed = True
        amending.resend_amended(state, effects, working, time)
        return
    step = step_of(report.type, order.quantity, order.filled_quantity)
    assert step is not None
    reason, text = report.reason, report.text
    if step is Step.DONE_FOR_DAY and order.time_in_force not in _LASTING:
        step, reason = Step.EXPIRED, reason or "DONE_FOR_DAY"
    if step is Step.REJECTED and current.number > 1:
        step = Step.CANCELED
        reason = reason or "SLICE_REJECTED"
        state.raise_alarm(
            effects,
            "SLICE_REJECTED",
            time,
            order.order_id,
            report.sequence,
            f"the venue refused slice {current.number}",
        )
    elif step is Step.REJECTED:
        reason, text = reason or "VENUE_REJECTED", text or "the venue refused the order"
    elif step is Step.CANCELED and working.closing:
        reason = reason or working.closing
        step = Step.EXPIRED if working.closing == EXPIRED else step
    if step is Step.CANCELED and working.settled is OrderStatus.FILLED and working.canceling:
        working.canceling = False  # that is an answer, however wrong: nothing is owed any more
        not_needed = current.live  # the order was filled by a former venue order
        if not_needed:
            current.end()
        state.move(effects, working, time)
        if not_needed:
            return
    _take(state, effects, working, time, step, reason, text)


def _accept(state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int) -> None:
    """Take it that the order works at the venue, for the first time or again."""
    step = resumed(working.order.filled_quantity) if working.settled in PAUSED else _ACCEPTED
    _take(state, effects, working, time, step, report.reason, report.text)


def _take(
    state: PartitionState, effects: Effects, working: WorkingOrder, time: int, step: Step, reason: str, text: str
) -> None:
    """Let a step happen to an order; one that changes nothing is no event."""
    current = working.slice
    assert current is not None
    changes = state.would_change(working, step)
    current.confirmed = True
    if step in _ENDING:
        current.end()
    if changes:
        state.move(effects, working, time, step, reason=reason, text=text)
    else:
        state.update_awaiting(working)
    if working.peg_price:
        amending.keep_pegged(state, effects, working, time)


# Nothing of any other order can trade any more once it is done for the day.
_LASTING = (TimeInForce.GTC, TimeInForce.GTD)
_ACCEPTED = Step.ACCEPTED
_NEVER_GOT = "ORDER_UNKNOWN"
"""Why a venue refuses to cancel what it never heard of."""
_ENDING = frozenset({Step.CANCELED, Step.EXPIRED, Step.REJECTED, Step.CALCULATED})


def _refuse_cancel(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Let the order go on: the venue does not cancel it."""
    if working.canceling and report.reason == _NEVER_GOT and working.slice is not None and not working.slice.confirmed:
        step = Step.EXPIRED if working.closing == EXPIRED else Step.CANCELED
        _take(state, effects, working, time, step, working.closing or "NEVER_SENT", "the venue never got it")
        return
    if working.canceling:
        working.canceling, working.closing = False, ""
        current = working.slice
        if working.settled is OrderStatus.FILLED and current is not None and current.live:
            current.end()  # too late to take back what was not needed: whatever it still does is an overfill
            for amendment in working.amendments:
                amending.refuse(state, effects, working, amendment, time, report.reason, report.text)
        if has_expired(working.order, time):
            state.timers.add(time + MINUTE, working.order.order_id, Due.EXPIRE)
        state.move(effects, working, time, text=report.text)
        fills.trim(state, effects, working, time)
        amending.go_on(state, effects, working, time)
        return
    for amendment in working.amendments:
        if amendment.by_cancel:
            _give_up(state, effects, report, working, amendment, time)


def _replaced(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Put the change in force that the venue granted; one that nobody asked for restates the order."""
    assert working.slice is not None
    working.slice.confirmed = True
    if amending.take_answer(state, effects, working, time, report.revision, report.order_quantity):
        fills.trim(state, effects, working, time)
    elif report.revision == 0 or report.revision > working.revision:
        _restated(state, effects, report, working, time)
    else:
        state.update_awaiting(working)


def _refuse_replace(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Give the change up that the venue refused."""
    for amendment in working.amendments:
        if amendment.revision == report.revision:
            _give_up(state, effects, report, working, amendment, time)


def _give_up(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, amendment: Amendment,
    time: int,
) -> None:  # fmt: skip
    amending.refuse(state, effects, working, amendment, time, report.reason, report.text)
    current, leaves = working.slice, working.order.leaves_quantity
    if current is not None and current.live and current.left > leaves and not working.amendments:
        text = f"{current.left} lots are left at the venue, {leaves} here, and it does not make them less"
        state.raise_alarm(effects, "VENUE_QUANTITY_DIFFERS", time, working.venue_id, report.sequence, text)


def _restated(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Take the terms that the venue gave the order by itself (a split, a correction, the next trading day).

    A part of an order that became larger than what is left of the order is made smaller again.

    Raises:
        Conflict: The order has ended.
    """
    order, current = working.order, working.slice
    assert current is not None
    if current.ended or working.settled in ENDED:
        raise Conflict(f"an order that is {working.settled} can't be restated", code="TRANSITION_ILLEGAL")
    current.confirmed = True
    quantity = order.quantity
    changes: dict[str, Any] = {}
    if report.order_quantity:
        current.quantity = max(report.order_quantity, current.filled)
        if "display_quantity" not in order.emulated:
            quantity = changes["quantity"] = current.quantity + order.filled_quantity - current.filled
    if report.limit_price:
        current.limit_price = changes["limit_price"] = report.limit_price
        working.buying_price = report.limit_price
    current.live = current.filled < current.quantity
    step = restated(quantity, order.filled_quantity)
    if working.settled is OrderStatus.DONE_FOR_DAY and quantity > order.filled_quantity:
        step = resumed(order.filled_quantity)
    state.move(effects, working, time, step, reason=report.reason, text=report.text, **changes)
    fills.trim(state, effects, working, time)
    amending.go_on(state, effects, working, time)


def _acknowledge(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Hear that the venue has got a request, or how it sees the order; the answer itself comes later."""
    assert working.slice is not None
    if report.type is ReportType.ORDER_STATUS and report.quantity not in (0, working.slice.filled):
        text = f"filled {report.quantity} lots at the venue, {working.slice.filled} here"
        state.raise_alarm(effects, "VENUE_FILLS_DIFFER", time, working.order.order_id, report.sequence, text)


_OF_FILLS: dict[ReportType, OfFill] = {
    ReportType.TRADE: fills.book,
    ReportType.TRADE_CANCEL: fills.bust,
    ReportType.TRADE_CORRECT: fills.correct,
}
_OF_ORDERS: dict[ReportType, Handler] = {
    ReportType.NEW: _accept,
    ReportType.CANCEL_REJECTED: _refuse_cancel,
    ReportType.REPLACED: _replaced,
    ReportType.REPLACE_REJECTED: _refuse_replace,
    ReportType.RESTATED: _restated,
    ReportType.PENDING_NEW: _acknowledge,
    ReportType.PENDING_CANCEL: _acknowledge,
    ReportType.PENDING_REPLACE: _acknowledge,
    ReportType.ORDER_STATUS: _acknowledge,
}
