"""Which terms each type of order has: the table, term by term."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import OrderType, PegReference, TimeInForce
from actors.oms.gate.terms import TERMS
from tests.actors.oms.gate.bench import WAITING, GateBench
from tests.actors.oms.support import PRICE

RIGHT: dict[OrderType, dict[str, Any]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": PRICE - 1},
    OrderType.PEGGED: {"peg": PegReference.BEST, "bid": PRICE - 2, "ask": PRICE},
    **WAITING,
}
TYPES = list(OrderType)
EXTRA = {
    "limit_price": (PRICE - 1, "PRICE_INVALID"),
    "stop_price": (PRICE + 10, "STOP_PRICE_INVALID"),
    "trail_amount": (5, "TRAIL_INVALID"),
    "trail_rate": (5, "TRAIL_INVALID"),
    "peg": (PegReference.MID, "PEG_INVALID"),
    "peg_offset": (1, "PEG_INVALID"),
    "display_quantity": (1, "DISPLAY_QUANTITY_INVALID"),
    "post_only": (True, "POST_ONLY_INVALID"),
    "expire_time": (10**6, "EXPIRE_TIME_INVALID"),
}
MAY_HAVE = {
    ("limit_price", OrderType.PEGGED),
    ("peg_offset", OrderType.PEGGED),
    ("post_only", OrderType.PEGGED),
    ("post_only", OrderType.LIMIT),
    ("display_quantity", OrderType.LIMIT),
}


def buy(kind: OrderType, **fields: Any) -> str:
    return GateBench().buy(10, **{"type": kind, **RIGHT[kind], **fields})


@pytest.mark.parametrize("kind", TYPES)
def test_an_order_of_each_type_passes_with_its_own_terms(kind: OrderType) -> None:
    assert buy(kind) == ""


@pytest.mark.parametrize("kind", TYPES)
def test_an_order_of_each_type_is_refused_without_one_of_its_terms(kind: OrderType) -> None:
    for name in RIGHT[kind]:
        if name not in ("bid", "ask"):
            assert buy(kind, **{name: None, "reduce_only": False}) == EXTRA[name][1]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", EXTRA)
def test_a_term_that_a_type_does_not_have_is_refused(kind: OrderType, name: str) -> None:
    if name in RIGHT[kind]:
        return
    value, code = EXTRA[name]
    assert buy(kind, **{name: value}) == ("" if (name, kind) in MAY_HAVE else code)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("time_in_force", TimeInForce)
def test_an_order_stands_as_long_as_its_type_can(kind: OrderType, time_in_force: TimeInForce) -> None:
    expires = {"expire_time": 101} if time_in_force is TimeInForce.GTD else {}
    fits = time_in_force in TERMS[kind].times_in_force
    session = {"session_open": 200, "session_close": 300}
    plain = kind in (OrderType.MARKET, OrderType.LIMIT)
    assert fits is (plain or time_in_force in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD))
    assert buy(kind, time_in_force=time_in_force, **expires, **session) == ("" if fits else "TIME_IN_FORCE_INVALID")


@pytest.mark.parametrize("time_in_force", TimeInForce)
@pytest.mark.parametrize("condition", [{"post_only": True}, {"display_quantity": 1}])
def test_what_is_to_rest_stands_longer_than_a_moment(time_in_force: TimeInForce, condition: dict[str, Any]) -> None:
    expires = {"expire_time": 101} if time_in_force is TimeInForce.GTD else {}
    stands = time_in_force in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
    code = buy(OrderType.LIMIT, time_in_force=time_in_force, **condition, **expires)
    assert code == ("" if stands else "TIME_IN_FORCE_INVALID")


@pytest.mark.parametrize(
    ("kind", "wrong", "code"),
    [
        (OrderType.MARKET, {"quantity": -5}, "QUANTITY_INVALID"),
        (OrderType.MARKET, {"quantity": 2**60}, "QUANTITY_INVALID"),
        (OrderType.LIMIT, {"limit_price": 0}, "PRICE_INVALID"),
        (OrderType.LIMIT, {"limit_price": 2**60}, "PRICE_INVALID"),
        (OrderType.PEGGED, {"limit_price": 0}, "PRICE_INVALID"),
        (OrderType.STOP, {"stop_price": 0}, "STOP_PRICE_INVALID"),
        (OrderType.STOP, {"stop_price": 2**60}, "STOP_PRICE_INVALID"),
        (OrderType.TRAILING_STOP, {"trail_amount": 0}, "TRAIL_INVALID"),
        (OrderType.TRAILING_STOP, {"trail_amount": None, "trail_rate": 10**8}, "TRAIL_INVALID"),
        (OrderType.TRAILING_STOP, {"trail_amount": None, "trail_rate": 0}, "TRAIL_INVALID"),
        (OrderType.LIMIT, {"display_quantity": 0}, "DISPLAY_QUANTITY_INVALID"),
        (OrderType.LIMIT, {"display_quantity": 11}, "DISPLAY_QUANTITY_INVALID"),
        (OrderType.MARKET, {"time_in_force": TimeInForce.GTD}, "EXPIRE_TIME_INVALID"),
        (OrderType.LIMIT, {"time_in_force": TimeInForce.GTD, "expire_time": 100}, "EXPIRE_TIME_INVALID"),
    ],
)
def test_terms_out_of_bounds_are_refused(kind: OrderType, wrong: dict[str, Any], code: str) -> None:
    fields = {"type": kind, **RIGHT[kind], **wrong}
    assert GateBench().buy(fields.pop("quantity", 10), **fields) == code
