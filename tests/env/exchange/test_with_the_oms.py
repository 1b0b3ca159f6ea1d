"""What the exchange does natively, asked for through the OMS that knows of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors.calendars import session_bounds
from actors.messages import OrderStatus, Side, TimeInForce
from env.exchange.capabilities import CAPABILITIES
from env.exchange.service import PaperExchangeService
from tests.actors.oms.support import INSTRUMENTS, PRICE, configuration, until
from tests.actors.oms.world import World, world


def run(scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(capabilities=CAPABILITIES) as here:
            await here.venue.close()
            exchange = PaperExchangeService(
                "venue", here.directory, configuration(), INSTRUMENTS, markets=("market-0",)
            )
            await exchange.start()
            await until(lambda: here.oms.hosted.hosts[4].venue.is_open)
            await scene(here)
            assert (await here.ask("alarms"))["total"] == 0
            await exchange.stop()

    asyncio.run(asyncio.wait_for(play(), 60))


async def replaced(here: World, client_order_id: str, **terms: Any) -> None:
    body = here.replacement(
        account="main", client_order_id=client_order_id, replacement_id=f"{client_order_id}-2", **terms
    )
    await here.client.request("replace", body)
    working = here.oms.hosted.hosts[4].partition.accounts["main"].orders[client_order_id]
    await until(lambda: working.order.replacement_id == f"{client_order_id}-2")


def test_an_order_is_changed_in_place_and_filled_under_its_new_terms() -> None:
    async def scene(here: World) -> None:
        await here.submit("c1", quantity=10, limit_price=9_500, time_in_force=TimeInForce.GTC)
        await here.becomes(OrderStatus.NEW, "c1")
        await replaced(here, "c1", quantity=20, limit_price=10_100)
        order = await here.order("c1")
        assert (order.quantity, order.limit_price, order.emulated) == (20, 10_100, ())
        here.market.publish({0: 10_050}, volume=1_000)
        assert (await here.becomes(OrderStatus.FILLED, "c1")).filled_quantity == 20

    run(scene)


def test_an_order_that_may_only_make_is_canceled_by_the_exchange_where_it_would_take() -> None:
    async def scene(here: World) -> None:
        for client_order_id, limit_price in (("takes", PRICE - 50), ("rests", PRICE - 300)):
            await here.submit(
                client_order_id, quantity=10, limit_price=limit_price, time_in_force=TimeInForce.GTC, post_only=True
            )
            await here.becomes(OrderStatus.NEW, client_order_id)
        here.market.publish({0: PRICE - 100}, volume=1_000)
        order = await here.becomes(OrderStatus.CANCELED, "takes")
        assert (order.reason, order.emulated) == ("POST_ONLY_WOULD_TAKE", ())
        assert (await here.order("rests")).status is OrderStatus.NEW

    run(scene)


def test_orders_bound_to_a_session_are_the_exchanges_own_matter() -> None:
    opens, closes = (times.tolist() for times in session_bounds(INSTRUMENTS[0].calendar))

    async def scene(here: World) -> None:
        date = {"time_in_force": TimeInForce.GTD, "expire_time": closes[2]}
        await here.submit("open", quantity=10, time_in_force=TimeInForce.AT_OPEN)
        await here.submit("close", quantity=10, time_in_force=TimeInForce.AT_CLOSE)
        await here.submit("date", quantity=10, limit_price=9_500, **date)
        for client_order_id in ("open", "close", "date"):
            assert (await here.becomes(OrderStatus.NEW, client_order_id)).emulated == ()
        await replaced(here, "date", expire_time=closes[1])
        here.market.publish({0: PRICE}, volume=1_000, time=opens[0] + 1)
        assert (await here.becomes(OrderStatus.FILLED, "open")).filled_value == 10 * PRICE
        here.market.publish({0: PRICE + 10}, volume=1_000, time=closes[0] - 1)
        here.market.publish({0: PRICE + 90}, volume=1_000, time=opens[1] + 1)
        assert (await here.becomes(OrderStatus.FILLED, "close")).filled_value == 10 * (PRICE + 10)
        here.market.publish({0: PRICE}, volume=1_000, time=closes[1])
        await here.becomes(OrderStatus.EXPIRED, "date")

    run(scene)


def test_what_the_exchange_does_not_do_the_oms_does_and_says_so() -> None:
    async def scene(here: World) -> None:
        await here.submit("iceberg", quantity=30, limit_price=PRICE + 100, display_quantity=20)
        assert (await here.becomes(OrderStatus.NEW, "iceberg")).emulated == ("display_quantity",)
        await here.submit("stop", side=Side.BUY, quantity=10, type="stop", stop_price=PRICE + 50)
        assert (await here.order("stop")).emulated == ("stop",)
        for _ in range(3):
            here.market.publish({0: PRICE}, volume=1_000)
            await asyncio.sleep(0.05)
        await here.becomes(OrderStatus.FILLED, "iceberg")

    run(scene)
