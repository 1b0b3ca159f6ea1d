"""What is done where a venue's word on its standing orders differs from ours, rule by rule."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.messages import Contingency, OrderStatus, OrderType, ReportType, Side, SubmitList, encode
from actors.oms.venue import Capabilities
from tests.actors.oms.support import PRICE, submission, until
from tests.actors.oms.world import PARTITION, World, world


def run(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def play() -> None:
        async with world(**{"capabilities": Capabilities(replaces=True), **options}) as here:
            await scene(here)

    asyncio.run(play())


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


def alarms(here: World) -> list[tuple[str, str]]:
    return [(alarm.code, alarm.order_id) for alarm in partition(here).alarms]


async def reconcile(here: World, change: Callable[[Any], None]) -> None:
    """Let the venue go, change what it has, and let it come back."""
    await here.venue.close()
    await until(lambda: not here.oms.hosted.hosts[4].venue.is_open)
    change(here.venue.sessions[PARTITION])
    await here.open_venue()
    await until(lambda: here.oms.hosted.hosts[4].venue.is_open)


async def working(here: World, **fields: Any) -> None:
    await here.submit(**{"limit_price": PRICE, **fields})
    await here.becomes(OrderStatus.NEW)


def test_where_both_agree_nothing_happens() -> None:
    async def scene(here: World) -> None:
        await working(here)
        records = here.oms.hosted.hosts[4].journal.last_sequence
        await reconcile(here, lambda session: session.quantities.update({"4-1": 100}))
        assert here.oms.hosted.hosts[4].journal.last_sequence == records
        assert here.venue.requests == [("order", "4-1")]

    run(scene)


def test_an_order_that_the_venue_does_not_have_is_closed_and_frees_what_it_held() -> None:
    async def scene(here: World) -> None:
        await working(here)
        await reconcile(here, lambda session: session.open.clear())
        order = await here.becomes(OrderStatus.CANCELED)
        assert (order.reason, order.leaves_quantity) == ("VENUE_ORDER_MISSING", 0)
        assert alarms(here) == [("VENUE_ORDER_MISSING", "4-1")]
        assert partition(here).accounts["main"].exposure.open_quantity(0, Side.BUY) == 0
        digest = partition(here).digest()
        await here.kill()
        await here.restart()
        assert partition(here).digest() == digest

    run(scene)


def test_an_order_that_is_not_acknowledged_is_sent_again_instead() -> None:
    async def scene(here: World) -> None:
        here.venue.deaf = True
        await here.submit(limit_price=PRICE)
        here.venue.deaf = False
        await reconcile(here, lambda session: None)
        await here.becomes(OrderStatus.NEW)
        assert alarms(here) == []
        assert list(here.venue.sessions[PARTITION].orders) == ["4-1"]

    run(scene)


def test_a_quantity_that_differs_is_an_alarm() -> None:
    async def scene(here: World) -> None:
        await working(here)
        await reconcile(here, lambda session: session.quantities.update({"4-1": 90}))
        await until(lambda: bool(alarms(here)))
        assert alarms(here) == [("VENUE_QUANTITY_DIFFERS", "4-1")]
        assert "90 lots at the venue, 100 here" in partition(here).alarms[0].text
        await reconcile(here, lambda session: None)
        assert len(alarms(here)) == 1

    run(scene)


def test_an_order_that_stands_there_and_not_here_is_taken_back() -> None:
    async def scene(here: World) -> None:
        await working(here)
        await reconcile(here, lambda session: session.open.update({"4-9": 0, "4-1/2": 0}))
        await until(lambda: len(alarms(here)) == 2)
        assert set(alarms(here)) == {("VENUE_ORDER_UNKNOWN", "4-9"), ("VENUE_ORDER_UNKNOWN", "4-1/2")}
        await until(lambda: {("cancel", "4-9"), ("cancel", "4-1/2")} <= set(here.venue.requests))
        assert (await here.order()).status is OrderStatus.NEW

    run(scene)


def test_reports_that_were_missed_come_before_the_comparison() -> None:
    async def scene(here: World) -> None:
        await working(here)
        tell = here.venue.tell
        await reconcile(here, lambda _: tell(PARTITION, "4-1", ReportType.TRADE, quantity=100, lost=True))
        await here.becomes(OrderStatus.FILLED)
        assert alarms(here) == []

    run(scene)


def test_the_present_slice_of_an_order_is_what_is_compared() -> None:
    async def scene(here: World) -> None:
        await working(here, display_quantity=30)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=30)
        await until(lambda: "4-1/2" in here.venue.sessions[PARTITION].open)
        await until(lambda: partition(here).orders["4-1"].confirmed)
        await reconcile(here, lambda session: session.quantities.update({"4-1/2": 30}))
        assert alarms(here) == []
        await reconcile(here, lambda session: session.open.clear())
        order = await here.becomes(OrderStatus.CANCELED)
        assert (order.filled_quantity, order.reason) == (30, "VENUE_ORDER_MISSING")
        assert alarms(here) == [("VENUE_ORDER_MISSING", "4-1/2")]

    run(scene)


def test_an_order_that_watches_here_is_no_business_of_the_venue() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=OrderType.STOP, stop_price=10_500)
        await reconcile(here, lambda session: None)
        assert (await here.order()).status is OrderStatus.NEW
        assert (alarms(here), here.venue.requests) == ([], [])

    run(scene)


def test_closing_one_order_of_a_list_takes_the_other_back() -> None:
    async def scene(here: World) -> None:
        legs = submission("c1", limit_price=9_900), submission("c2", limit_price=9_800)
        wish = SubmitList(list_id="l1", account="main", contingency=Contingency.OCO, orders=legs)
        await here.client.request("submit_list", encode(wish))
        await here.becomes(OrderStatus.NEW, "c1")
        await here.becomes(OrderStatus.NEW, "c2")
        await reconcile(here, lambda session: session.open.pop("4-1"))
        await here.becomes(OrderStatus.CANCELED, "c2")
        assert ("cancel", "4-2") in here.venue.requests

    run(scene)


@pytest.mark.parametrize("answered", [False, True])
def test_the_market_does_not_wait_for_an_order_that_reconciliation_closes(answered: bool) -> None:
    async def scene(here: World) -> None:
        await working(here, time_in_force="gtd", expire_time=2_000_000)
        here.venue.deaf = True
        here.market.publish({}, time=2_000_000)
        await until(lambda: ("cancel", "4-1") in here.venue.requests)
        assert here.market.acknowledged[-1:] == [1]
        here.venue.deaf = answered
        await reconcile(here, lambda session: session.open.clear())
        await until(lambda: here.market.acknowledged[-1:] == [2])
        assert not (await here.order()).leaves_quantity

    run(scene)
