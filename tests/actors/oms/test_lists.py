"""How lists of orders come in."""

from __future__ import annotations

from typing import Any

import pytest

from actors.errors import Conflict, InputError
from actors.messages import (
    MONEY_UNIT,
    Contingency,
    OrderStatus,
    Side,
    SubmitList,
)
from actors.oms.admission import repeated, repeated_list


from tests.actors.oms.exits import SHORT, statuses, target
from tests.actors.oms.support import LIMITS, PRICE, Bench, submission

BUY, SELL = Side.BUY, Side.SELL
OCO, OTO, BRACKET = Contingency.OCO, Contingency.OTO, Contingency.BRACKET


def test_a_list_is_refused_as_a_whole() -> None:
    here = Bench(LIMITS)
    effects = here.submit_list(OTO, submission("c1"), submission("c2", quantity=0), submission("c3"))
    assert statuses(here) == ["rejected"] * 3 and effects.messages == []
    assert [here.order(name).reason for name in ("c1", "c2", "c3")] == [
        "LIST_REFUSED",
        "QUANTITY_INVALID",
        "LIST_REFUSED",
    ]
    assert here.open_quantity() == 0 and here.partition.accounts["main"].exposure.reserved("USD") == 0


def test_orders_of_different_sides_or_instruments_are_counted_each() -> None:
    here = Bench(SHORT, 15_000 * MONEY_UNIT)
    effects = here.submit_list(OCO, submission("c1", limit_price=PRICE), submission("c2", SELL, limit_price=10_200))
    assert [order.status for order in effects.orders] == [OrderStatus.PENDING_NEW] * 2
    assert (here.open_quantity(), here.open_quantity(SELL)) == (100, 100)
    other = submission("c4", quantity=20_000_000, instrument=1, limit_price=PRICE)  # worth 2,000
    effects = here.submit_list(OCO, submission("c3", quantity=40, limit_price=PRICE), other, list_id="l2")
    assert effects.orders[1].reason == "BUYING_POWER"


def test_the_same_list_again_is_the_first_answer_and_another_is_a_conflict() -> None:
    here = Bench(SHORT)
    orders = target("c1"), target("c2", limit_price=10_300)
    record = here.list_record(OCO, *orders)
    assert repeated_list(here.partition, record.orders) is None
    here.give(record)
    assert repeated_list(here.partition, record.orders) == [here.order("c1"), here.order("c2")]
    assert repeated(here.partition, orders[0]) == here.order("c1")
    for other in (here.list_record(OTO, *orders), here.list_record(OCO, *orders[::-1])):
        with pytest.raises(Conflict) as caught:
            repeated_list(here.partition, other.orders)
        assert caught.value.code == "CLIENT_ORDER_ID_REUSED"
    with pytest.raises(Conflict):
        repeated_list(here.partition, here.list_record(OCO, *orders, list_id="l2").orders)
    before = here.partition.digest()
    for again in (record, here.list_record(OCO, *orders, list_id="l2")):
        with pytest.raises(Conflict):
            here.give(again)
    assert here.partition.digest() == before


@pytest.mark.parametrize(
    ("contingency", "orders", "field"),
    [
        (OCO, (target("c1"),), "orders"),
        (BRACKET, (submission("c1"), target("c2")), "orders"),
        (OCO, tuple(target(f"c{number}", 1) for number in range(17)), "orders"),
        (OCO, (target("c1"), target("c2", account="other")), "orders.account"),
        (OCO, (target("c1"), target("c1")), "orders.client_order_id"),
    ],
)
def test_what_is_no_list_is_refused(contingency: Contingency, orders: tuple[Any, ...], field: str) -> None:
    here = Bench(SHORT)
    wish = SubmitList(list_id="l1", account="main", contingency=contingency, orders=orders)
    with pytest.raises(InputError) as caught:
        repeated_list(here.partition, wish)
    assert (caught.value.code, caught.value.field) == ("LIST_INVALID", field)
