"""What a client's wish to change an order does."""

from __future__ import annotations

import msgspec

from actors.errors import Conflict
from actors.messages import MONEY_UNIT, Conditions, Order, ReplaceOrder, Side, Stage, SubmitOrder
from actors.oms import gate
from actors.oms.account import Wish
from actors.oms.amending import amend
from actors.oms.effects import Effects
from actors.oms.emulation import TRIGGERED, bounded, pegged, trailed
from actors.oms.inputs import Replacement
from actors.oms.sharing import enlarge_candidate
from actors.oms.state import PartitionState
from actors.oms.submission import candidate_for
from actors.oms.timers import Due
from actors.oms.transitions import REQUESTABLE
from actors.oms.working_order import WorkingOrder

_CONDITIONS = ("stop_price", "trail_amount", "trail_rate", "display_quantity", "expire_time")


def replaceable(state: PartitionState, working: WorkingOrder) -> Conflict | None:
    """Return why an order can't be asked to be changed now, ``None`` where it can."""
    if working.settled not in REQUESTABLE or working.canceling:
        return Conflict(
            f"the order is {working.order.status}",
            field="client_order_id",
            value=working.order.client_order_id,
            rule="an open order that is not being canceled",
            code="ORDER_CLOSED",
        )
    if working.replacing and not state.capabilities.replaces:
        return Conflict(
            "another replacement of the order is not answered yet",
            field="client_order_id",
            value=working.order.client_order_id,
            rule="one replacement at a time at this venue",
            remedy="wait until the order is no longer pending_replace",
            code="REPLACE_PENDING",
        )
    return None


def replace(state: PartitionState, record: Replacement) -> Effects:
    """Change an order where the gate lets the change through; the refusal is part of the answer.

    Raises:
        NotFound: No such account or order.
        Conflict: The order can't be changed now, or the replacement's id is used already.
    """
    request, time = record.replace, record.time
    account = state.account(request.account)
    working = state.find(request.account, request.client_order_id)
    if account.uses(request.replacement_id):
        raise Conflict(
            "the client order id is used already",
            field="replacement_id",
            value=request.replacement_id,
            code="CLIENT_ORDER_ID_REUSED",
        )
    hindrance = replaceable(state, working)
    if hindrance is not None:
        raise hindrance
    order = working.order
    wanted = proposed(working, request)
    state.safeguards.looked(wanted.instrument, record.look)
    look, moment = record.look, gate.Moment.REPLACED
    candidate = candidate_for(state, account, as_it_is(wanted, order), look, time, moment=moment)
    enlarge_candidate(candidate, working)
    refusal = state.check(candidate)
    effects = Effects()
    if refusal is not None:
        account.replacements[request.replacement_id] = Wish(request, working, refusal.code, refusal.text)
        effects.refusal = (refusal.code, refusal.text)
        effects.order = order
        return effects
    state.safeguards.activity.replacement_sent(account.id, order.strategy, look.received, time)
    account.replacements[request.replacement_id] = Wish(request, working)
    limit_price = wanted.limit_price
    if working.peg_price:
        price = pegged(wanted, record.look.bid, record.look.ask) or bounded(wanted, working.peg_price)
        limit_price = working.peg_price = price
    quantity = max(wanted.quantity, order.filled_quantity)
    amend(state, effects, working, time, quantity, limit_price, wanted.conditions, request, candidate.buying_price)
    _retime(state, working, request)
    if order.stage is Stage.WATCHING and (request.trail_amount is not None or request.trail_rate is not None):
        trigger = _moved_trigger(order, wanted, record.look.price)
        state.move(effects, working, time, trigger_price=trigger)
    effects.order = working.order
    return effects


def proposed(working: WorkingOrder, request: ReplaceOrder) -> SubmitOrder:
    """Return the order as it would have been submitted had it been meant like that from the beginning.

    What stays is what it is to be by the changes that are not answered yet.
    """
    terms = working.terms
    changes = {name: getattr(request, name) for name in _CONDITIONS if getattr(request, name) is not None}
    conditions, limit_price = terms.conditions, terms.limit_price
    if working.peg_price:  # the terms have the price of the peg, the order its bound
        bounds = (one.request.limit_price for one in reversed(working.amendments) if one.request is not None)
        limit_price = next((bound for bound in bounds if bound is not None), working.order.limit_price)
    if changes:
        if "trail_amount" in changes:
            changes["trail_rate"] = None
        elif "trail_rate" in changes:
            changes["trail_amount"] = None
        conditions = msgspec.structs.replace(conditions or Conditions(), **changes)
    return msgspec.structs.replace(
        working.submitted,
        quantity=terms.quantity if request.quantity is None else request.quantity,
        limit_price=limit_price if request.limit_price is None else request.limit_price,
        conditions=conditions,
    )


def as_it_is(wanted: SubmitOrder, order: Order) -> SubmitOrder:
    """Return a proposed order as what it became where it has triggered already."""
    if order.stage is not Stage.WORKING or order.type not in TRIGGERED or str(order.type) not in order.emulated:
        return wanted
    conditions = wanted.conditions
    if conditions is not None:
        conditions = msgspec.structs.replace(conditions, stop_price=None, trail_amount=None, trail_rate=None)
    return msgspec.structs.replace(wanted, type=TRIGGERED[order.type], conditions=conditions)


def _moved_trigger(order: Order, wanted: SubmitOrder, price: int) -> int:
    """Return the trigger price of a trailing stop at another distance from the best price that it has seen.

    That price follows from where the stop is now; ``price`` is the market's, in increments, 0 where there is none.
    """
    best, conditions = order.trigger_price, order.conditions or Conditions()
    sells, rate = order.side is Side.SELL, conditions.trail_rate or 0
    if conditions.trail_amount is not None:
        best += conditions.trail_amount if sells else -conditions.trail_amount
    elif sells:
        best = -(-best * MONEY_UNIT // (MONEY_UNIT - rate))
    else:
        best = best * MONEY_UNIT // (MONEY_UNIT + rate)
    if sells and order.trigger_price <= 1:  # it can't be lower: that says nothing of the best price
        best = price or order.reference_price
    if price:
        best = max(best, price) if sells else min(best, price)
    return trailed(order.side, wanted.conditions or conditions, best)


def _retime(state: PartitionState, working: WorkingOrder, request: ReplaceOrder) -> None:
    order = working.order
    if request.expire_time is not None and ("gtd" in order.emulated or order.stage is Stage.HELD):
        state.timers.add(request.expire_time, order.order_id, Due.EXPIRE)
