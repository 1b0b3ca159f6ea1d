"""Orders that watch the market, and what the market waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors.messages import (
    Contingency,
    OrderStatus,
    OrderType,
    PegReference,
    ReportType,
    Side,
    Stage,
    TimeInForce,
    encode,
)
from actors.oms.venue import Capabilities
from tests.actors.oms.support import configuration, until
from tests.actors.oms.world import PARTITION, World, world

IN_PLACE = Capabilities(replaces=True)
SELL = Side.SELL
STOP, OCO, BRACKET = OrderType.STOP, Contingency.OCO, Contingency.BRACKET


def run(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def play() -> None:
        async with world(**{"capabilities": IN_PLACE, **options}) as here:
            await scene(here)

    asyncio.run(play())


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


def test_a_stop_goes_out_with_the_slice_that_reaches_it_and_the_market_waits_for_the_venues_answer() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        order = await here.submit(type=STOP, stop_price=10_500)
        assert (order.stage, order.emulated, order.trigger_price) == (Stage.WATCHING, ("stop",), 10_500)
        here.market.publish({0: 10_400})
        await until(lambda: here.market.acknowledged[-1:] == [2])
        here.market.publish({0: 10_500})
        await until(lambda: here.venue.requests == [("order", "4-1")])
        await here.client.request("sync", encode({}))
        assert here.market.acknowledged[-1:] == [2]
        here.venue.tell(PARTITION, "4-1", ReportType.NEW)
        await until(lambda: here.market.acknowledged[-1:] == [3])
        assert (await here.order()).stage is Stage.WORKING

    run(scene)


def test_slices_that_concern_no_order_leave_no_record() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=STOP, stop_price=10_500)
        records = here.oms.hosted.hosts[4].journal.last_sequence
        for price in (10_100, 10_200, 9_900):
            here.market.publish({0: price, 1: 20_000})
        await until(lambda: here.market.acknowledged[-1:] == [4])
        assert here.oms.hosted.hosts[4].journal.last_sequence == records

    run(scene)


def test_a_trailing_stop_goes_on_where_it_was_after_a_restart() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=OrderType.TRAILING_STOP, trail_amount=100, time_in_force=TimeInForce.GTC)
        here.market.publish({0: 9_500})
        await until(lambda: partition(here).order("main", "c1").trigger_price == 9_600)
        digest = partition(here).digest()
        await here.kill()
        await here.restart()
        assert partition(here).digest() == digest
        here.market.publish({0: 9_600})
        await until(lambda: here.venue.requests == [("order", "4-1")])

    run(scene)


def test_a_slice_that_came_while_the_oms_was_away_is_made_up_for() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=STOP, stop_price=10_500, time_in_force=TimeInForce.GTC)
        await here.kill()
        here.market.publish({0: 10_600})
        await here.restart()
        await until(lambda: here.venue.requests == [("order", "4-1")])
        await until(lambda: 2 in here.market.acknowledged)

    run(scene)


def test_the_market_waits_while_the_venue_is_away_and_goes_on_afterwards() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=STOP, stop_price=10_500)
        await here.venue.close()
        await until(lambda: not here.oms.hosted.hosts[4].venue.is_open)
        here.market.publish({0: 10_600})
        await until(lambda: bool(partition(here).awaiting))
        assert here.market.acknowledged[-1:] == [1]
        await here.open_venue()
        await here.becomes(OrderStatus.NEW)
        await until(lambda: here.market.acknowledged[-1:] == [2])
        assert here.venue.requests == [("order", "4-1")]

    run(scene)


def test_an_order_that_expires_by_the_clock_of_the_market_is_canceled_with_its_slice() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=9_900, time_in_force=TimeInForce.GTD, expire_time=3_000_000)
        await here.becomes(OrderStatus.NEW)
        here.market.publish({}, time=2_999_999)
        await until(lambda: here.market.acknowledged[-1:] == [2])
        assert here.venue.requests == [("order", "4-1")]
        here.market.publish({}, time=3_000_000)
        await here.becomes(OrderStatus.EXPIRED)
        await until(lambda: here.market.acknowledged[-1:] == [3])

    run(scene)


def test_a_pegged_order_follows_the_quotes_of_the_market() -> None:
    async def scene(here: World) -> None:
        here.market.publish_quote(0, 9_990, 10_010)
        await until(lambda: here.market.acknowledged[-1:] == [2])
        order = await here.submit(type=OrderType.PEGGED, peg=PegReference.BEST)
        if order.stage is Stage.WATCHING:  # the quote of the moment was not looked at
            here.market.publish_quote(0, 9_989, 10_010)
        await until(lambda: here.venue.requests == [("order", "4-1")])
        await here.becomes(OrderStatus.NEW)
        here.market.publish_quote(0, 9_995, 10_010)
        await until(lambda: ("replace", "4-1") in here.venue.requests)
        await until(lambda: partition(here).order("main", "c1").trigger_price == 9_995)
        await until(lambda: here.market.acknowledged[-1:] == [len(here.market.slices)])

    run(scene)


def test_with_disk_durability_the_market_goes_on_once_all_is_on_disk() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=STOP, stop_price=10_500)
        here.market.publish({0: 10_500})
        await here.becomes(OrderStatus.NEW)
        await until(lambda: here.market.acknowledged[-1:] == [2])

    run(scene, configuration=configuration(journal={"durability": "disk"}))
