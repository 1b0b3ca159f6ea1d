"""Why the exchange refuses an order or a replacement.

A refusal is a stable code and a sentence. What an order asks for and the exchange does not do is refused, never left
out in silence.
"""

from __future__ import annotations

from actors.messages import Conditions, Instrument, OrderType, TimeInForce, VenueOrder, VenueReplace
from env.exchange.capabilities import CAPABILITIES

Refusal = tuple[str, str]

_STANDING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
_NONE = Conditions()


def order_refusal(order: VenueOrder, instrument: Instrument | None, accepted_at: int) -> Refusal | None:
    """Return why an order that came at ``accepted_at`` is not taken, ``None`` where it is."""
    if instrument is None:
        return "INSTRUMENT_UNKNOWN", f"the exchange does not list instrument {order.instrument}"
    if accepted_at >= instrument.valid_to:
        return "INSTRUMENT_EXPIRED", f"{instrument.symbol} is no longer listed"
    if order.type not in CAPABILITIES.order_types:
        return "ORDER_TYPE_UNSUPPORTED", f"the exchange takes {_listed(CAPABILITIES.order_types)}, not {order.type}"
    return _terms_refusal(order, order.quantity, order.limit_price, order.conditions, accepted_at)


def replacement_refusal(order: VenueOrder, replace: VenueReplace, time: int) -> Refusal | None:
    """Return why an open order that came as ``order`` is not changed at ``time``, ``None`` where it is."""
    return _terms_refusal(order, replace.quantity, replace.limit_price, replace.conditions, time)


def _terms_refusal(
    order: VenueOrder, quantity: int, limit_price: int | None, conditions: Conditions | None, time: int
) -> Refusal | None:
    if quantity <= 0:
        return "QUANTITY_INVALID", f"quantity {quantity} is not positive"
    if order.type is OrderType.MARKET and limit_price is not None:
        return "LIMIT_PRICE_INVALID", "a market order has no limit price"
    if order.type is OrderType.LIMIT and (limit_price is None or limit_price <= 0):
        return "LIMIT_PRICE_INVALID", "a limit order needs a positive limit price"
    if conditions is None and order.time_in_force is not TimeInForce.GTD:
        return None
    return _conditions_refusal(order, conditions or _NONE, time)


def _conditions_refusal(order: VenueOrder, asked: Conditions, time: int) -> Refusal | None:
    if order.time_in_force is TimeInForce.GTD:
        if asked.expire_time is None or asked.expire_time <= time:
            return "EXPIRE_TIME_INVALID", f"expire time {asked.expire_time} is not after {time}"
    elif asked.expire_time is not None:
        return "EXPIRE_TIME_INVALID", f"only a gtd order has an expire time, not one that is {order.time_in_force}"
    if asked.post_only and (order.type is OrderType.MARKET or order.time_in_force not in _STANDING):
        return "POST_ONLY_INVALID", f"only a limit order that is {_listed(_STANDING)} can be post-only"
    for name in Conditions.__struct_fields__:
        if name not in ("expire_time", "post_only") and getattr(asked, name) != getattr(_NONE, name):
            return "CONDITION_UNSUPPORTED", f"the exchange does not do {name.replace('_', ' ')}"
    return None


def _listed(words: tuple[OrderType, ...] | tuple[TimeInForce, ...]) -> str:
    return " or ".join(words)
