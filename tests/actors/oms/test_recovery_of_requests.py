"""Crashes between journal and answer, for every request that a client may repeat afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.errors import Conflict, OrderRejected
from actors.messages import CancelOrders, Contingency, OrderStatus, OrderType, ReplaceOrder, Stage, SubmitList, encode
from actors.oms.inputs import (
    KIND_OF,
    SCHEMA_VERSION,
    Input,
    ListSubmission,
    Look,
    MassCancellation,
    Observation,
    Price,
    Replacement,
    TimeReached,
)
from actors.oms.venue import Capabilities
from tests.actors.oms.support import PRICE, submission, until
from tests.actors.oms.world import World, decode_order, decode_orders, world

LOOK = Look(market_sequence=1, price=PRICE)


def run(scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(capabilities=Capabilities(replaces=True)) as here:
            await scene(here)

    asyncio.run(play())


async def crash_after(here: World, record: Input) -> None:
    """Put an input on record as the last thing that the process does, and start it again."""
    here.oms.hosted.hosts[4].journal.append(record.time, KIND_OF[type(record)], encode(record), SCHEMA_VERSION)
    await here.kill()
    await here.restart()


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


def test_a_list_on_record_is_sent_once_and_answered_the_same() -> None:
    async def scene(here: World) -> None:
        legs = submission("c1", limit_price=9_900), submission("c2", limit_price=9_800)
        wish = SubmitList(list_id="l1", account="main", contingency=Contingency.OCO, orders=legs)
        await crash_after(here, ListSubmission(time=5_000, orders=wish, looks=(LOOK, LOOK)))
        await here.becomes(OrderStatus.NEW, "c1")
        await here.becomes(OrderStatus.NEW, "c2")
        orders = decode_orders(await here.client.request("submit_list", encode(wish)))
        assert [order.order_id for order in orders] == ["4-1", "4-2"]
        assert here.venue.requests == [("order", "4-1"), ("order", "4-2")]
        other = SubmitList(list_id="l1", account="main", contingency=Contingency.OTO, orders=legs)
        with pytest.raises(Conflict):
            await here.client.request("submit_list", encode(other))

    run(scene)


def test_a_replacement_on_record_is_sent_once_and_answered_the_same() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        wish = ReplaceOrder(account="main", client_order_id="c1", replacement_id="r1", quantity=50)
        await crash_after(here, Replacement(time=5_000, replace=wish, look=LOOK))
        await until(lambda: partition(here).order("main", "c1").quantity == 50)
        order = decode_order(await here.client.request("replace", encode(wish)))
        assert (order.order_id, order.replacement_id) == ("4-1", "r1")
        assert here.venue.requests == [("order", "4-1"), ("replace", "4-1")]

    run(scene)


def test_a_refused_replacement_on_record_is_refused_the_same() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=PRICE)
        await here.becomes(OrderStatus.NEW)
        wish = ReplaceOrder(account="main", client_order_id="c1", replacement_id="r1", limit_price=20_000)
        await crash_after(here, Replacement(time=5_000, replace=wish, look=LOOK))
        with pytest.raises(OrderRejected) as caught:
            await here.client.request("replace", encode(wish))
        assert caught.value.code == "PRICE_COLLAR"
        assert here.venue.requests == [("order", "4-1")]

    run(scene)


def test_a_mass_cancel_on_record_reaches_the_venue() -> None:
    async def scene(here: World) -> None:
        await here.submit("c1", limit_price=9_900)
        await here.submit("c2", type=OrderType.STOP, stop_price=10_500)
        await here.becomes(OrderStatus.NEW, "c1")
        await crash_after(here, MassCancellation(time=5_000, cancel=CancelOrders()))
        await here.becomes(OrderStatus.CANCELED, "c1")
        assert (await here.order("c2")).status is OrderStatus.CANCELED
        assert here.venue.requests == [("order", "4-1"), ("cancel", "4-1")]
        assert await here.cancel_all() == []

    run(scene)


def test_a_stop_that_was_triggered_on_record_is_sent_once() -> None:
    async def scene(here: World) -> None:
        await here.submit(type=OrderType.STOP, stop_price=10_500)
        prices = (Price(0, 10_500, 10_500, 10_500, 0, 0),)
        here.market.publish({0: 10_500})
        await here.kill()
        here.venue.requests.clear()
        await here.restart()
        await here.becomes(OrderStatus.NEW)
        await until(lambda: len(here.venue.requests) == 1)
        record = Observation(time=9_000_000, shard=0, sequence=9, prices=prices)
        await crash_after(here, record)
        assert (await here.order()).stage is Stage.WORKING
        assert len(here.venue.sessions["p04"].orders) == 1

    run(scene)


def test_a_date_that_was_reached_on_record_is_canceled_once() -> None:
    async def scene(here: World) -> None:
        await here.submit(limit_price=9_900, time_in_force="gtd", expire_time=2_000_000)
        await here.becomes(OrderStatus.NEW)
        await crash_after(here, TimeReached(time=2_000_000))
        await here.becomes(OrderStatus.EXPIRED)
        assert here.venue.requests == [("order", "4-1"), ("cancel", "4-1")]

    run(scene)
