"""The OMS with the real paper exchange instead of the fake one: they speak the same protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from actors.messages import OrderStatus, TimeInForce
from actors.service import socket_path
from env.exchange.service import PaperExchangeService
from tests.actors.oms.support import INSTRUMENTS, configuration, until
from tests.actors.oms.world import World, fills, world


def run(scene: Callable[[World, PaperExchangeService], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world() as here:
            await here.venue.close()
            exchange = await begin(here)
            await scene(here, exchange)
            await exchange.stop()

    asyncio.run(play())


async def begin(here: World) -> PaperExchangeService:
    exchange = PaperExchangeService("venue", here.directory, configuration(), INSTRUMENTS, markets=("market-0",))
    await exchange.start()
    await until(lambda: here.oms.hosted.hosts[4].venue.is_open)
    assert socket_path(here.directory, "venue").exists()
    return exchange


def test_orders_are_filled_canceled_and_reconciled_over_restarts_of_either_side() -> None:
    async def scene(here: World, exchange: PaperExchangeService) -> None:
        await here.submit("market", quantity=10)
        await here.becomes(OrderStatus.NEW, "market")
        await here.submit("resting", quantity=10, limit_price=9_500, time_in_force=TimeInForce.GTC)
        await here.becomes(OrderStatus.NEW, "resting")
        here.market.publish({0: 10_100}, volume=1_000)
        await here.becomes(OrderStatus.FILLED, "market")
        await exchange.stop()
        assert (await here.cancel("resting")).status is OrderStatus.PENDING_CANCEL
        await here.submit("late", quantity=10)
        exchange = await begin(here)
        await here.becomes(OrderStatus.CANCELED, "resting")
        await here.becomes(OrderStatus.NEW, "late")
        await here.kill()
        here.market.publish({0: 10_200}, volume=1_000)
        await here.restart()
        await here.becomes(OrderStatus.FILLED, "late")
        assert fills(await here.events()) == 20
        assert (await here.ask("alarms"))["total"] == 0
        await exchange.stop()

    run(scene)
