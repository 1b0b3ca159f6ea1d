"""Executions: booked once each, taken back by a bust, changed by a correction."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actors.messages import ExecutionReport, Fill, OrderStatus, Side, VenueCancel
from actors.oms.account import Account
from actors.oms.amending import amend, go_on
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.state import PartitionState
from actors.oms.touched import touched_by
from actors.oms.transitions import ENDED, Step, restated
from actors.oms.working_order import WorkingOrder

_WHOLLY_FILLED, _PARTLY_FILLED, _REJECTED = Step.WHOLLY_FILLED, Step.PARTLY_FILLED, OrderStatus.REJECTED


def book(
    state: PartitionState,
    effects: Effects,
    report: ExecutionReport,
    working: WorkingOrder,
    time: int,
    current: bool,
    corrects: str = "",
) -> None:
    """Book an execution; one that was booked before has no effect.

    Args:
        state: The partition.
        effects: Takes what follows.
        report: The venue's report.
        working: The order.
        time: The trading clock.
        current: Whether the venue order that works now was executed, not one that closed before.
        corrects: Execution, taken back just before, in whose place it stands.
    """
    if report.execution_id in state.fills:
        _check_repeated(state, effects, report, working, time)
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
        corrects=corrects,
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
    trim(state, effects, working, time)
    go_on(state, effects, working, time)
    if working.account.reducing:
        keep_reducing(state, effects, working, time, _instruments(touched_by(working.account.books, fill)))


def trim(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    """Let the venue order that works now do no more than is left, whatever made it more."""
    current, order = working.slice, working.order
    if current is None or not current.live or working.canceling or current.left <= order.leaves_quantity:
        return
    asked = working.amendments[-1].venue_quantity if working.amendments else current.quantity
    if not order.leaves_quantity:
        take_back(state, effects, working, time, "ORDER_FILLED", "nothing is left of the order")
    elif asked - current.filled > order.leaves_quantity:
        terms = working.terms
        amend(state, effects, working, time, terms.quantity, terms.limit_price, terms.conditions)


def keep_reducing(
    state: PartitionState, effects: Effects, working: WorkingOrder, time: int, instruments: Iterable[int]
) -> None:
    """Let the reduce-only orders of instruments do together no more than the positions, now other ones, leave.

    The oldest come first; orders of which one cancels the other share what they are left.
    """
    if working.account.reducing:
        for instrument in instruments:
            _reduce(state, effects, working.account, instrument, time)


def _reduce(state: PartitionState, effects: Effects, account: Account, instrument: int, time: int) -> None:
    left = account.books.position(instrument)
    shares: dict[str, int] = {}
    for order_id, other in list(account.reducing.items()):
        order = other.order
        if not order.leaves_quantity:
            del account.reducing[order_id]
            continue
        if order.instrument != instrument:
            continue
        group = account.lists.get(order.list_id)
        key = order.list_id if group is not None and other in group.exclusive else order_id
        shared, wanted = shares.get(key, 0), other.terms.quantity - order.filled_quantity
        share = min(wanted, shared + max(0, -order.side.sign * left))
        if share > shared:
            shares[key], left = share, left + order.side.sign * (share - shared)
        if share < wanted and cancelable(other):
            _shrink(state, effects, other, time, share)


def _shrink(state: PartitionState, effects: Effects, working: WorkingOrder, time: int, leaves: int) -> None:
    if leaves:
        terms, quantity = working.terms, working.order.filled_quantity + leaves
        amend(state, effects, working, time, quantity, terms.limit_price, terms.conditions)
    else:
        take_back(state, effects, working, time, "REDUCE_ONLY", "nothing is left of the position that it was to reduce")


def bust(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int, current: bool
) -> None:
    """Take an execution back: order, cash and position are restated; an unknown one raises an alarm."""
    touched = _reverse(state, effects, report, working, time, current)
    if touched:
        reopen(state, effects, report, working, time, current, _instruments(touched))
        _check_short(state, effects, report, working, time, touched)


def correct(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int, current: bool
) -> None:
    """Put another execution in the place of one: the old one is taken back, then the new one is booked."""
    if report.execution_id in state.fills:
        _check_repeated(state, effects, report, working, time)
        return
    if report.quantity <= 0 or report.price <= 0 or not report.execution_id:
        text = f"correction {report.execution_id!r} to {report.quantity} at {report.price} can't be booked"
        state.raise_alarm(effects, "REPORT_INVALID", time, report.order_id, report.sequence, text)
        return
    touched = _reverse(state, effects, report, working, time, current)
    if touched:
        book(state, effects, report, working, time, current, report.reference_id)
        fill = state.fills.get(report.execution_id)
        if fill is not None:
            touched = list(dict.fromkeys((*touched, *touched_by(working.account.books, fill))))
        reopen(state, effects, report, working, time, current, _instruments(touched))
        _check_short(state, effects, report, working, time, touched)


def _check_short(
    state: PartitionState,
    effects: Effects,
    report: ExecutionReport,
    working: WorkingOrder,
    time: int,
    touched: Iterable[tuple[str, int]],
) -> None:
    """Raise an alarm where a position is short that may not be, now that the venue took an execution back."""
    account, told = working.account, set[int]()
    for strategy, number in touched:
        position, instrument = account.books.position(number), state.instruments[number]
        limits = state.limits.effective(account.id, strategy, instrument)
        if position < 0 and not limits.allow_short and number not in told:
            told.add(number)
            what = "" if number == working.order.instrument else f" in {instrument.symbol}"
            text = f"the position{what} is {position} lots after an execution was taken back, and may not be short"
            state.raise_alarm(effects, "POSITION_SHORT", time, report.order_id, report.sequence, text)


def _check_repeated(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int
) -> None:
    """Raise an alarm where an execution that is booked already is reported as another one: only one of them is."""
    fill = state.fills[report.execution_id]
    booked = (fill.order_id, fill.quantity, fill.price, fill.fee)
    if booked != (working.order.order_id, report.quantity, report.price, report.fee):
        text = (
            f"execution {report.execution_id!r}, booked as {fill.quantity} at {fill.price} of {fill.order_id}, is "
            f"reported as {report.quantity} at {report.price} of {working.order.order_id}"
        )
        state.raise_alarm(effects, "EXECUTION_CONFLICT", time, report.order_id, report.sequence, text)


def _reverse(
    state: PartitionState, effects: Effects, report: ExecutionReport, working: WorkingOrder, time: int, current: bool
) -> list[tuple[str, int]]:
    """Take an execution back; return the positions that this changed, none where nothing was taken back."""
    if report.reference_id in state.busted:
        return []
    fill = state.fills.get(report.reference_id)
    if fill is None or fill.order_id != working.order.order_id:
        text = f"{report.type} of execution {report.reference_id!r}, which is not on record for this order"
        state.raise_alarm(effects, "EXECUTION_UNKNOWN", time, report.order_id, report.sequence, text)
        return []
    state.busted.add(report.reference_id)
    order, venue_order = working.order, working.slice
    reversal = msgspec.structs.replace(
        fill,
        execution_id=f"{fill.execution_id}~bust",
        side=Side.SELL if fill.side is Side.BUY else Side.BUY,
        fee=-fill.fee,
        time=report.time,
        reverses=fill.execution_id,
    )
    working.account.books.book(reversal)
    touched = touched_by(working.account.books, reversal)
    filled = order.filled_quantity - fill.quantity
    if venue_order is not None and current:
        venue_order.filled = max(0, venue_order.filled - fill.quantity)
        open_still = not venue_order.ended and working.settled not in ENDED
        venue_order.live = open_still and venue_order.filled < venue_order.quantity
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
    return touched


def reopen(
    state: PartitionState,
    effects: Effects,
    report: ExecutionReport,
    working: WorkingOrder,
    time: int,
    current: bool,
    instruments: Iterable[int],
) -> None:
    """Let an order go on that has something left again.

    A venue order that has something left again and is a former one, or of an order that was closed meanwhile, is taken
    back; what a former one leaves is the next one's to fill.
    """
    order, venue_order = working.order, working.slice
    assert venue_order is not None
    if order.leaves_quantity:
        if order.conditions is not None and order.conditions.reduce_only:
            working.account.reducing[order.order_id] = working
        if not current:
            effects.messages.append(VenueCancel(order_id=report.order_id, time=time))
        trim(state, effects, working, time)
        go_on(state, effects, working, time)
    elif current and working.settled in ENDED and not venue_order.ended:
        venue_order.end()
        effects.messages.append(VenueCancel(order_id=report.order_id, time=time))
    else:
        trim(state, effects, working, time)
    keep_reducing(state, effects, working, time, instruments)


def _instruments(touched: Iterable[tuple[str, int]]) -> list[int]:
    return list(dict.fromkeys(instrument for _, instrument in touched))
