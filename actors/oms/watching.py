"""Orders that follow the market here: which prices concern them, and what those do."""

from __future__ import annotations

from actors.messages import OrderType, Side, Stage
from actors.oms.amending import keep_pegged
from actors.oms.canceling import EXPIRED, cancelable, take_back
from actors.oms.effects import Effects
from actors.oms.emulation import follows_quote, has_expired, next_trigger, triggers
from actors.oms.inputs import Observation, Price, TimeReached
from actors.oms.pegging import meets_own, peg_target
from actors.oms.permission import HALTED, is_halted, may_send
from actors.oms.sending import send
from actors.oms.state import PartitionState
from actors.oms.timers import Due
from actors.oms.working_order import WorkingOrder

SELF_TRADE = "SELF_TRADE"
"""Why an order ends that would have traded with one of our own."""


def concerned(state: PartitionState, sequence: int, time: int, price: Price) -> bool:
    """Return whether a price of a slice changes or triggers an order: else it is not worth a record.

    Args:
        state: The partition.
        sequence: The slice's sequence.
        time: The trading clock.
        price: What the slice says of one instrument.
    """
    orders = state.watching.get(price.instrument)
    return orders is not None and any(_changes(state, working, sequence, time, price) for working in orders.values())


def _changes(state: PartitionState, working: WorkingOrder, sequence: int, time: int, price: Price) -> bool:
    if sequence <= working.seen or time <= working.since:
        return False
    order = working.order
    if follows_quote(order, order.emulated):
        target = peg_target(state, working, price.bid, price.ask)
        if order.stage is Stage.WATCHING:
            return target > 0 and may_send(state, working)
        return target not in (0, working.peg_price) and not is_halted(state, working)
    if price.last <= 0:
        return False
    if triggers(order, price):
        return may_send(state, working)
    return order.type is OrderType.TRAILING_STOP and next_trigger(order, price) != order.trigger_price


def observe(state: PartitionState, record: Observation) -> Effects:
    """Let orders follow the prices of a slice: some trigger and go out, stops trail, pegs move."""
    effects = Effects()
    for price in record.prices:
        state.safeguards.totals.mark(price.instrument, price.last)
        for working in list(state.watching.get(price.instrument, {}).values()):
            if _changes(state, working, record.sequence, record.time, price):
                _follow(state, effects, working, price, record.time)
    return effects


def _follow(state: PartitionState, effects: Effects, working: WorkingOrder, price: Price, time: int) -> None:
    order = working.order
    if follows_quote(order, order.emulated):
        working.peg_price = peg_target(state, working, price.bid, price.ask)
        if order.stage is Stage.WATCHING:
            _send(state, effects, working, time)
        else:
            keep_pegged(state, effects, working, time)
    elif triggers(order, price):
        state.unwatch(working)
        market = (price.ask if order.side is Side.BUY else price.bid) or price.last
        # Exits of a list go out: a position without its stop is worse than a trade with an order of our own.
        if not order.list_id and meets_own(state, working, market):
            text = "it triggered while an order of our own rested on the other side"
            take_back(state, effects, working, time, SELF_TRADE, text)
        else:
            _send(state, effects, working, time)
    else:
        state.move(effects, working, time, trigger_price=next_trigger(order, price))


def _send(state: PartitionState, effects: Effects, working: WorkingOrder, time: int) -> None:
    trigger_price = working.peg_price or working.order.trigger_price
    state.move(effects, working, time, stage=Stage.WORKING, trigger_price=trigger_price)
    send(state, effects, working, time)


def reach(state: PartitionState, record: TimeReached) -> Effects:
    """Do what is due: let orders expire, send those that waited for their moment."""
    effects = Effects()
    for order_id, due in state.timers.pop(record.time):
        working = state.standing.get(order_id)
        if working is None or not cancelable(working):
            continue
        if due is Due.SEND:
            if working.order.stage is not Stage.HELD:
                continue
            if may_send(state, working):
                _send(state, effects, working, record.time)
            else:
                text = "its moment came while trading was halted"
                take_back(state, effects, working, record.time, HALTED, text)
        elif has_expired(working.order, record.time):
            take_back(state, effects, working, record.time, EXPIRED)
    return effects
