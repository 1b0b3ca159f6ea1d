"""Lists, replacements and mass cancels, as clients meet them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.errors import AlphaMindError, Conflict, NotFound, OrderRejected
from actors.messages import (
    Contingency,
    Order,
    OrderEvent,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    Stage,
    SubmitList,
    encode,
)
from actors.oms.venue import Capabilities
from tests.actors.oms.support import PRICE, configuration, submission, until
from tests.actors.oms.world import PARTITION, World, decode_order, decode_orders, world

IN_PLACE = Capabilities(replaces=True)
SELL = Side.SELL
STOP, OCO, BRACKET = OrderType.STOP, Contingency.OCO, Contingency.BRACKET


def run(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def play() -> None:
        async with world(**{"capabilities": IN_PLACE, **options}) as here:
            await scene(here)

    asyncio.run(play())


async def submit_list(here: World, contingency: Contingency, *orders: Any, list_id: str = "l1") -> list[Order]:
    wish = SubmitList(list_id=list_id, account="main", contingency=contingency, orders=orders)
    found: list[Order] = decode_orders(await here.client.request("submit_list", encode(wish)))
    return found


async def replace(here: World, client_order_id: str = "c1", replacement_id: str = "r1", **fields: Any) -> Order:
    body = {"account": "main", "client_order_id": client_order_id, "replacement_id": replacement_id, **fields}
    order: Order = decode_order(await here.client.request("replace", here.replacement(**body)))
    return order


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


# Lists.


def test_a_bracket_goes_its_way() -> None:
    async def scene(here: World) -> None:
        legs = (
            submission("c1", quantity=10),
            submission("c2", SELL, 10, limit_price=10_200),
            submission("c3", SELL, 10, type=STOP, stop_price=9_900),
        )
        orders = await submit_list(here, BRACKET, *legs)
        assert [order.stage for order in orders] == [Stage.WORKING, Stage.HELD, Stage.HELD]
        assert [(order.list_id, order.contingency) for order in orders] == [("l1", BRACKET)] * 3
        await here.becomes(OrderStatus.NEW, "c1")
        assert here.venue.requests == [("order", "4-1")]
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=10)
        await until(lambda: ("order", "4-2") in here.venue.requests)
        await until(lambda: "4-2" in here.venue.sessions[PARTITION].open)
        assert (await here.order("c3")).stage is Stage.WATCHING
        here.venue.tell(PARTITION, "4-2", ReportType.TRADE, quantity=10)
        await here.becomes(OrderStatus.CANCELED, "c3")
        assert (await here.books()).positions[0].quantity == 0
        statuses = [event.order.status for event in await here.events() if isinstance(event, OrderEvent)]
        assert statuses.count(OrderStatus.FILLED) == 2
        assert here.oms.metrics.counters["orders_total"] == 3

    run(scene)


def test_the_same_list_again_is_the_first_answer_also_after_a_restart() -> None:
    async def scene(here: World) -> None:
        legs = submission("c1", limit_price=9_900), submission("c2", limit_price=9_800)
        first = await submit_list(here, OCO, *legs)
        await here.becomes(OrderStatus.NEW, "c2")
        records = here.oms.hosted.hosts[4].journal.last_sequence
        again = await submit_list(here, OCO, *legs)
        assert [order.order_id for order in again] == [order.order_id for order in first]
        assert here.oms.hosted.hosts[4].journal.last_sequence == records
        await here.kill()
        await here.restart()
        assert await submit_list(here, OCO, *legs) == again
        with pytest.raises(Conflict) as caught:
            await submit_list(here, OCO, *legs[::-1])
        assert caught.value.code == "CLIENT_ORDER_ID_REUSED"
        assert [order for _, order in here.venue.requests] == ["4-1", "4-2"]

    run(scene)


def test_a_list_that_the_gate_refuses_is_on_record_as_a_whole() -> None:
    async def scene(here: World) -> None:
        orders = await submit_list(here, OCO, submission("c1", quantity=0), submission("c2"))
        assert [(order.status, order.reason) for order in orders] == [
            (OrderStatus.REJECTED, "QUANTITY_INVALID"),
            (OrderStatus.REJECTED, "LIST_REFUSED"),
        ]
        assert here.venue.requests == []
        counters = here.oms.metrics.counters
        assert (counters["orders_total"], counters["rejected_total"]) == (2, 2)
        await here.kill()
        await here.restart()
        assert await here.order("c2") == orders[1]

    run(scene)


@pytest.mark.parametrize(
    ("list_id", "legs", "code"),
    [
        ("", (submission("c1"), submission("c2")), "CLIENT_ORDER_ID_INVALID"),
        ("l1", (submission("c1"), submission("")), "CLIENT_ORDER_ID_INVALID"),
        ("l1", (submission("c1"), submission("c2", strategy="no spaces")), "STRATEGY_INVALID"),
        ("l1", (submission("c1"), submission("c2", account="other")), "LIST_INVALID"),
        ("l1", (submission("c1"),), "LIST_INVALID"),
    ],
)
def test_a_list_that_can_not_be_kept_is_refused_and_not_on_record(list_id: str, legs: Any, code: str) -> None:
    async def scene(here: World) -> None:
        records = here.oms.hosted.hosts[4].journal.last_sequence
        with pytest.raises(AlphaMindError) as caught:
            await submit_list(here, OCO, *legs, list_id=list_id)
        assert caught.value.code == code
        assert here.oms.hosted.hosts[4].journal.last_sequence == records

    run(scene)


def test_the_orders_of_a_list_that_is_too_long_are_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_at(*_: object) -> None:
        raise AssertionError("an order was looked at")

    async def scene(here: World) -> None:
        monkeypatch.setattr("actors.oms.order_methods.check_order_text", looked_at)
        for count in (17, 2_000):
            with monkeypatch.context() as patch:
                if count > 17:
                    patch.setattr("actors.oms.order_methods._decode_list", looked_at)
                with pytest.raises(AlphaMindError) as caught:
                    await submit_list(here, OCO, *[submission("")] * count)
            assert (caught.value.code, caught.value.value) == ("LIST_INVALID", str(count))

    run(scene)


# Replacements.


def test_a_replacement_is_pending_until_the_venue_agrees() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit(limit_price=PRICE)
        here.venue.tell(PARTITION, "4-1", ReportType.NEW)
        await here.becomes(OrderStatus.NEW)
        assert (await replace(here, quantity=50)).status is OrderStatus.PENDING_REPLACE
        assert here.venue.requests == [("order", "4-1"), ("replace", "4-1")]
        here.venue.tell(PARTITION, "4-1", ReportType.REPLACED, revision=1, order_quantity=50)
        order = await here.becomes(OrderStatus.NEW)
        assert (order.quantity, order.replacement_id) == (50, "r1")
        assert await here.order("r1") == order
        assert (await replace(here, quantity=50)) == order
        assert here.oms.metrics.counters["replacements_total"] == 1

    run(scene)


def test_where_the_venue_can_not_an_order_is_canceled_and_sent_anew() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        await replace(here, limit_price=9_900)
        await until(lambda: partition(here).order("main", "c1").limit_price == 9_900)
        await until(lambda: "4-1/2" in here.venue.sessions[PARTITION].open)
        assert here.venue.requests == [("order", "4-1"), ("cancel", "4-1"), ("order", "4-1/2")]

    run(scene, capabilities=Capabilities())


def test_a_replacement_that_the_gate_or_the_venue_refuses_is_an_error_each_time() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit(limit_price=PRICE)
        for _ in range(2):
            with pytest.raises(OrderRejected) as caught:
                await replace(here, limit_price=20_000)
            assert caught.value.code == "PRICE_COLLAR"
        await replace(here, "c1", "r2", quantity=50)
        here.venue.tell(PARTITION, "4-1", ReportType.NEW)
        here.venue.tell(PARTITION, "4-1", ReportType.REPLACE_REJECTED, revision=1, reason="TOO_LATE", text="too late")
        await here.becomes(OrderStatus.NEW)
        with pytest.raises(OrderRejected) as caught:
            await replace(here, "c1", "r2", quantity=50)
        assert (caught.value.code, caught.value.message) == ("TOO_LATE", "too late")
        assert (await here.order()).quantity == 100

    run(scene)


def test_replacements_survive_a_restart_between_journal_and_answer() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        here.venue.deaf = True
        assert (await replace(here, quantity=50)).status is OrderStatus.PENDING_REPLACE
        with pytest.raises(OrderRejected):
            await replace(here, "c1", "r2", limit_price=20_000)
        await here.kill()
        here.venue.deaf = False
        await here.restart()
        await until(lambda: partition(here).order("main", "c1").quantity == 50)
        assert (await replace(here, quantity=50)).replacement_id == "r1"
        with pytest.raises(OrderRejected):
            await replace(here, "c1", "r2", limit_price=20_000)
        with pytest.raises(Conflict):
            await replace(here, quantity=51)
        assert here.oms.metrics.counters["replacements_total"] == 0

    run(scene)


def test_what_the_venue_does_not_answer_is_asked_again_in_the_same_words() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        here.venue.deaf = True
        await replace(here, quantity=50)
        await until(lambda: here.venue.requests.count(("replace", "4-1")) > 1)
        here.venue.deaf = False
        await until(lambda: partition(here).order("main", "c1").quantity == 50)
        assert not partition(here).awaiting

    run(scene)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "REPLACEMENT_EMPTY"),
        ({"quantity": 1, "replacement_id": ""}, "CLIENT_ORDER_ID_INVALID"),
        ({"quantity": 1, "client_order_id": "none"}, "ORDER_UNKNOWN"),
        ({"quantity": 1, "account": "nobody"}, "ACCOUNT_UNKNOWN"),
    ],
)
def test_a_replacement_that_can_not_be_is_refused_and_not_on_record(fields: dict[str, Any], code: str) -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        records = here.oms.hosted.hosts[4].journal.last_sequence
        body = {"account": "main", "client_order_id": "c1", "replacement_id": "r1", **fields}
        with pytest.raises(AlphaMindError) as caught:
            await here.client.request("replace", here.replacement(**body))
        assert caught.value.code == code
        assert here.oms.hosted.hosts[4].journal.last_sequence == records

    run(scene)


# Mass cancels.


def test_a_mass_cancel_takes_back_what_fits_and_nothing_else() -> None:
    two = configuration(accounts=[{"id": "main"}, {"id": "other"}])

    async def scene(here: World) -> None:
        await here.submit("a", quantity=1, limit_price=9_900, strategy="momentum")
        await here.submit("b", quantity=1, limit_price=9_900, strategy="carry", instrument=1)
        await here.submit("c", quantity=1, type=STOP, stop_price=10_500, strategy="carry")
        await here.submit("d", quantity=1, limit_price=9_900, account="other", strategy="carry")
        for name in ("a", "b"):
            await here.becomes(OrderStatus.NEW, name)
        assert await here.cancel_all(strategy="carry", account="main") == ["4-2", "4-3"]
        await here.becomes(OrderStatus.CANCELED, "b")
        assert (await here.order("c")).status is OrderStatus.CANCELED
        assert (await here.order("a")).status is OrderStatus.NEW
        assert await here.cancel_all(strategy="carry", account="main") == []
        assert len(await here.cancel_all(reason="storm")) == 2
        await here.becomes(OrderStatus.CANCELED, "a")
        assert await here.cancel_all() == []
        with pytest.raises(NotFound):
            await here.cancel_all(account="nobody")
        assert here.oms.metrics.counters["mass_cancels_total"] == 4

    run(scene, configuration=two)


def test_a_mass_cancel_leaves_a_record_only_where_it_reaches_something() -> None:
    async def scene(here: World) -> None:
        records = here.oms.hosted.hosts[4].journal.last_sequence
        await here.cancel_all()
        assert here.oms.hosted.hosts[4].journal.last_sequence == records
        await here.submit(limit_price=9_900)
        await here.becomes(OrderStatus.NEW)
        assert await here.cancel_all(side=SELL) == []
        assert await here.cancel_all(instrument=0, side=Side.BUY) == ["4-1"]

    run(scene)
