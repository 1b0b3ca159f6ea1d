"""Draws orders that make sense, of every type, time in force and condition."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from actors.messages import Conditions, OrderType, PegReference, Side, SubmitOrder, TimeInForce
from tests.actors.oms.laws import STRATEGIES
from tests.actors.oms.support import PRICE, submission

_STANDING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
_LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)

sides = st.sampled_from(Side)
quantities = st.integers(1, 400)
prices = st.integers(PRICE - 500, PRICE + 500)


@st.composite
def orders(draw: st.DrawFn, now: int = 100, instruments: int = 2) -> SubmitOrder:
    """An order of AAA or BBB without an id."""
    kind = draw(st.sampled_from(OrderType))
    at_once = kind in (OrderType.MARKET, OrderType.LIMIT)
    conditions: dict[str, Any] = {"reduce_only": draw(st.integers(0, 5)) == 0}
    if kind is OrderType.LIMIT and draw(st.booleans()):
        conditions["display_quantity"] = draw(st.integers(1, 60))
        at_once = False
    if kind in _STOPS:
        conditions["stop_price"] = draw(prices)
    elif kind is OrderType.TRAILING_STOP:
        name, distance = draw(st.sampled_from([("trail_amount", 50), ("trail_rate", 500_000)]))
        conditions[name] = distance
    elif kind is OrderType.PEGGED:
        conditions["peg"], conditions["peg_offset"] = draw(st.sampled_from(PegReference)), draw(st.integers(-20, 20))
    in_force = draw(st.sampled_from(TimeInForce if at_once else _STANDING))
    if in_force is TimeInForce.GTD:
        conditions["expire_time"] = now + draw(st.integers(1, 3_000))
    limit_price = draw(prices) if kind in _LIMITED or kind is OrderType.PEGGED and draw(st.booleans()) else None
    quantity = draw(quantities)
    if "display_quantity" in conditions:
        quantity = max(quantity, conditions["display_quantity"])
    built = Conditions(**conditions)
    return submission(
        "",
        draw(sides),
        quantity,
        instrument=draw(st.integers(0, instruments - 1)),
        type=kind,
        time_in_force=in_force,
        limit_price=limit_price,
        strategy=draw(st.sampled_from(STRATEGIES)),
        conditions=None if built == Conditions() else built,
    )


@st.composite
def changes(draw: st.DrawFn, order: SubmitOrder, now: int) -> dict[str, Any]:
    """What a client may want to change of an order."""
    names = ["quantity"]
    conditions = order.conditions or Conditions()
    if order.limit_price is not None:
        names.append("limit_price")
    names += [
        name
        for name in ("stop_price", "trail_amount", "trail_rate", "display_quantity", "expire_time")
        if getattr(conditions, name) is not None
    ]
    wanted: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True)):
        if name == "quantity":
            wanted[name] = draw(quantities)
        elif name in ("limit_price", "stop_price"):
            wanted[name] = draw(prices)
        elif name == "expire_time":
            wanted[name] = now + draw(st.integers(1, 3_000))
        elif name == "trail_rate":
            wanted[name] = draw(st.integers(100_000, 5_000_000))
        else:
            wanted[name] = draw(st.integers(1, 60))
    return wanted
