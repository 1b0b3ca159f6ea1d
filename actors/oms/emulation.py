"""What a venue can't do and is done here instead: decided when an order comes, and said on the order.

A stop or *if touched* order watches the market here and goes out as a market or limit order once it triggers; a pegged
order goes out as a limit order that is amended as the quote moves; of an iceberg one slice after another goes out; an
order for the opening or the closing waits here for its moment and goes out immediate-or-cancel; an order good till a
date goes out good till canceled, and is canceled at its date.
"""

from __future__ import annotations

import msgspec

from actors.clock import MINUTE
from actors.messages import Conditions, Order, OrderType, PegReference, Side, Stage, SubmitOrder, TimeInForce
from actors.oms.inputs import Look, Price
from actors.oms.venue import Capabilities

TRIGGERED = {
    OrderType.STOP: OrderType.MARKET,
    OrderType.TRAILING_STOP: OrderType.MARKET,
    OrderType.MARKET_IF_TOUCHED: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.LIMIT_IF_TOUCHED: OrderType.LIMIT,
}
"""What a watching order becomes once it triggers."""

TOUCHED = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
"""Types that trigger at their price or better, not at it or worse."""

CLOSE_LEAD = MINUTE
"""How long before the close an emulated at-close order goes out."""

_NO_CONDITIONS = Conditions()
_SENT_AS = {
    TimeInForce.GTD: TimeInForce.GTC,
    TimeInForce.AT_OPEN: TimeInForce.IOC,
    TimeInForce.AT_CLOSE: TimeInForce.IOC,
}


def emulated(order: SubmitOrder, capabilities: Capabilities) -> tuple[str, ...]:
    """Return what of an order the venue can't do, by the names of type, time in force and conditions."""
    conditions = order.conditions
    names: list[str] = []
    if order.type not in capabilities.order_types:
        names.append(str(order.type))
    if order.time_in_force not in capabilities.times_in_force:
        names.append(str(order.time_in_force))
    if conditions is not None:
        if conditions.display_quantity is not None and not capabilities.display_quantity:
            names.append("display_quantity")
        if conditions.post_only and not capabilities.post_only:
            names.append("post_only")
        if conditions.reduce_only:
            names.append("reduce_only")
    return tuple(names)


def has_expired(order: Order, time: int) -> bool:
    """Return whether it is the OMS that has to end an order at ``time``; one for the day may be the venue's by now."""
    if order.conditions is not None and order.conditions.expire_time is not None:
        here = "gtd" in order.emulated or order.stage is Stage.HELD
        return here and order.conditions.expire_time <= time
    return order.stage is Stage.WATCHING


def follows_quote(order: Order | SubmitOrder, names: tuple[str, ...]) -> bool:
    """Return whether the limit price of an order follows the quote here; ``names`` as ``emulated`` gives them."""
    return order.type is OrderType.PEGGED and str(order.type) in names


def first_stage(order: SubmitOrder, names: tuple[str, ...], look: Look) -> Stage:
    """Return where a new order goes that the gate lets through; a pegged one waits here for the quote it follows."""
    if order.type in TRIGGERED and str(order.type) in names:
        return Stage.WATCHING
    if follows_quote(order, names) and not pegged(order, look.bid, look.ask):
        return Stage.WATCHING
    if order.time_in_force in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE) and str(order.time_in_force) in names:
        return Stage.HELD
    return Stage.WORKING


def due_time(order: Order, look: Look) -> int:
    """Return when an emulated at-open or at-close order goes out, UTC nanoseconds; 0: at once."""
    if order.time_in_force is TimeInForce.AT_OPEN:
        return look.session_open
    return max(0, look.session_close - CLOSE_LEAD)


def expiry(order: Order, look: Look) -> int:
    """Return when the OMS itself has to end an order, UTC nanoseconds; 0: never."""
    if order.time_in_force is TimeInForce.GTD and "gtd" in order.emulated:
        return (order.conditions or _NO_CONDITIONS).expire_time or 0
    if order.time_in_force is TimeInForce.DAY and order.stage is Stage.WATCHING:
        return look.session_close
    return 0


def first_trigger(order: SubmitOrder, names: tuple[str, ...], look: Look) -> int:
    """Return the price at which a new watching order triggers, or that a pegged one has, in increments."""
    price, conditions = look.price, order.conditions or _NO_CONDITIONS
    if follows_quote(order, names):
        return pegged(order, look.bid, look.ask)
    if order.type not in TRIGGERED or str(order.type) not in names:
        return 0
    if order.type is OrderType.TRAILING_STOP:
        return trailed(order.side, conditions, price)
    return conditions.stop_price or 0


def trailed(side: Side, conditions: Conditions, best: int) -> int:
    """Return the stop price of a trailing stop behind the best price so far; a fraction rounds away from it."""
    if conditions.trail_amount is not None:
        distance = conditions.trail_amount
    else:
        distance = -(-best * (conditions.trail_rate or 0) // 100_000_000)
    return max(1, best - distance) if side is Side.SELL else best + distance


def triggers(order: Order, price: Price) -> bool:
    """Return whether the prices of a slice reach an order's trigger price."""
    rises = (order.side is Side.BUY) is not (order.type in TOUCHED)
    return price.high >= order.trigger_price if rises else 0 < price.low <= order.trigger_price


def next_trigger(order: Order, price: Price) -> int:
    """Return a trailing stop's trigger price after a slice that did not trigger it: it only ever comes closer."""
    conditions = order.conditions or _NO_CONDITIONS
    if order.side is Side.SELL:
        return max(order.trigger_price, trailed(order.side, conditions, price.high))
    return min(order.trigger_price, trailed(order.side, conditions, price.low))


def pegged(order: Order | SubmitOrder, bid: int, ask: int) -> int:
    """Return the limit price that a pegged order has under a quote, in increments; 0 without a two-sided quote.

    The middle is rounded away from the other side; an own limit price bounds it.
    """
    if bid <= 0 or ask <= 0:
        return 0
    conditions = order.conditions or _NO_CONDITIONS
    buys = order.side is Side.BUY
    if conditions.peg is PegReference.BEST:
        price = bid if buys else ask
    else:
        price = (bid + ask) // 2 if buys else -(-(bid + ask) // 2)
    return max(1, bounded(order, price + conditions.peg_offset))


def bounded(order: Order | SubmitOrder, price: int) -> int:
    """Return the price of a pegged order within its own limit price, where it has one; in increments."""
    if order.limit_price is None:
        return price
    return min(price, order.limit_price) if order.side is Side.BUY else max(price, order.limit_price)


def sent_type(order: Order) -> OrderType:
    """Return the type under which an order goes to the venue."""
    if str(order.type) not in order.emulated:
        return order.type
    return OrderType.LIMIT if order.type is OrderType.PEGGED else TRIGGERED[order.type]


def sent_time_in_force(order: Order) -> TimeInForce:
    """Return the time in force under which an order goes to the venue."""
    return _SENT_AS[order.time_in_force] if str(order.time_in_force) in order.emulated else order.time_in_force


def sent_conditions(order: Order, conditions: Conditions | None) -> Conditions | None:
    """Return what of an order's conditions the venue itself looks after."""
    if conditions is None:
        return None
    left_out: dict[str, object] = {"reduce_only": False}
    if str(order.type) in order.emulated:
        left_out |= {"stop_price": None, "trail_amount": None, "trail_rate": None, "peg": None, "peg_offset": 0}
    if "gtd" in order.emulated:
        left_out["expire_time"] = None
    for name, nothing in (("display_quantity", None), ("post_only", False)):
        if name in order.emulated:
            left_out[name] = nothing
    kept = msgspec.structs.replace(conditions, **left_out)
    return None if kept == _NO_CONDITIONS else kept
