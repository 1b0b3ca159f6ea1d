"""Orders that are held behind the first of their list, and what lets them go."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.calendars import ALWAYS_OPEN
from actors.messages import OrderType, SubmitOrder, TimeInForce
from actors.oms import gate
from actors.oms.account import OrderList
from actors.oms.canceling import cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.emulation import first_stage, first_trigger
from actors.oms.gate.tradable import session_unknown
from actors.oms.inputs import Look, SessionLook
from actors.oms.sessions import SessionTimes, utc_day
from actors.oms.sharing import cost_of, share
from actors.oms.state import PartitionState
from actors.oms.submission import admit, candidate_for
from actors.oms.timers import Due
from actors.oms.transitions import Step
from actors.oms.working_order import WorkingOrder, split_venue_id

_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


def hold(state: PartitionState, working: WorkingOrder) -> None:
    """Let an order wait for the first of its list, though not beyond its own time."""
    conditions = working.order.conditions
    if conditions is not None and conditions.expire_time is not None:
        state.timers.add(conditions.expire_time, working.order.order_id, Due.EXPIRE)


def sessions_for(state: PartitionState, order_id: str, time: int, sessions: SessionTimes) -> tuple[SessionLook, ...]:
    """Return the sessions that have to be on record with a report, as it may release orders that depend on them.

    Args:
        state: The partition.
        order_id: The venue order that the report is about.
        time: The trading clock.
        sessions: Knows all sessions.
    """
    working = state.orders.get(split_venue_id(order_id)[0])
    if working is None or not working.order.list_id:
        return ()
    group = working.account.lists[working.order.list_id]
    if group.active or working is not group.orders[0]:
        return ()
    return tuple(
        SessionLook(other.order.order_id, *sessions.of(other.submitted, time))
        for other in group.orders[1:]
        if cancelable(other) and sessions.concerns(other.submitted)
    )


def release(
    state: PartitionState, effects: Effects, group: OrderList, time: int, sessions: Sequence[SessionLook]
) -> None:
    """Hold the orders behind the first no longer: they work for what it filled, or end with it."""
    group.active = True
    first = group.orders[0].order
    leading: WorkingOrder | None = None
    for other, look in zip(group.orders[1:], group.looks[1:]):
        if not cancelable(other):
            continue
        if not first.filled_quantity:
            take_back(state, effects, other, time, "FIRST_ORDER_OF_LIST", f"{first.order_id} closed unfilled")
            continue
        price = other.order.reference_price
        if first.instrument == other.order.instrument:
            price = first.filled_value // first.filled_quantity
        opens, closes = _session(other, look, time, sessions)
        look = msgspec.structs.replace(look, price=price, bid=0, ask=0, session_open=opens, session_close=closes)
        if _let_go(state, effects, group, other, leading, look, time) and leading is None and group.exclusive:
            leading = other


def _session(other: WorkingOrder, look: Look, time: int, sessions: Sequence[SessionLook]) -> tuple[int, int]:
    """Return open and close of the session that an order belongs to that goes on at ``time``; zeros: nobody knows.

    The one that was looked up when the order came counts as long as it lasts, or for an order at an open has not begun.
    """
    for one in sessions:
        if one.order_id == other.order.order_id:
            return one.session_open, one.session_close
    opening = other.submitted.time_in_force is TimeInForce.AT_OPEN
    if look.session_open >= time if opening else look.session_close > time:
        return look.session_open, look.session_close
    if other.instrument is not None and other.instrument.calendar == ALWAYS_OPEN:
        return utc_day(time, opening)
    return 0, 0


def _let_go(
    state: PartitionState, effects: Effects, group: OrderList, other: WorkingOrder, leading: WorkingOrder | None,
    look: Look, time: int,
) -> bool:  # fmt: skip
    """Let one order go that was held, where the gate lets it; ``leading``: the first of those that exclude it."""
    first, order = group.orders[0].order, other.order
    wanted = msgspec.structs.replace(
        other.submitted,
        quantity=min(order.quantity, first.filled_quantity),
        limit_price=order.limit_price,
        conditions=order.conditions,
    )
    candidate = candidate_for(state, other.account, wanted, look, time, moment=gate.Moment.RELEASED)
    if leading is not None and leading.order.side is order.side and leading.order.instrument == order.instrument:
        candidate.added = max(0, wanted.quantity - leading.counted)
        candidate.released = min(leading.reserved, cost_of(candidate, wanted.quantity))
    refusal = state.check(candidate) or _session_unknown(wanted, order.emulated, look)
    if refusal is not None:
        take_back(state, effects, other, time, refusal.code, refusal.text)
        text = f"{refusal.code}: it was to follow {first.order_id}, which filled {first.filled_quantity} lots"
        state.raise_alarm(effects, "CONTINGENT_ORDER_REFUSED", time, order.order_id, 0, text)
        return False
    stage = first_stage(wanted, order.emulated, look)
    trigger_price = first_trigger(wanted, order.emulated, look)
    other.contingent, other.since, other.buying_price = False, time, candidate.buying_price
    state.move(
        effects, other, time, Step.RESTATED_UNFILLED, stage=stage, quantity=wanted.quantity, trigger_price=trigger_price
    )
    if group.exclusive:
        group.meant[order.order_id] = wanted.quantity
        if leading is not None:
            share(leading, other, state.fee_rate)
    admit(state, effects, other, look, time)
    return True


def _session_unknown(order: SubmitOrder, emulated: tuple[str, ...], look: Look) -> gate.Refusal | None:
    """Refuse an order whose moment, or whose end, is the OMS's to see to in a session that nobody knows."""
    auction = order.time_in_force in _AUCTIONS and str(order.time_in_force) in emulated
    ends_here = order.time_in_force is TimeInForce.DAY and order.type in _WAITING and str(order.type) in emulated
    if look.session_close or not (auction or ends_here):
        return None
    return session_unknown(order)


_WAITING = (*gate.WAITING, OrderType.PEGGED)
