from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.errors import AlphaMindError, Conflict, InputError, NotFound, PeerLost
from actors.messages import CashEvent, LimitsEvent, OrderEvent, OrderStatus, ReportType, Side, StateEvent, encode
from actors.oms import snapshots
from tests.actors.oms.support import CASH, INSTRUMENTS, PRICE, configuration, submission, until
from tests.actors.oms.world import PARTITION, World, build, decode_event, fills, world


def run(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def play() -> None:
        async with world(**options) as here:
            await scene(here)

    asyncio.run(play())


def test_an_order_goes_to_the_venue_and_its_fill_reaches_books_and_events() -> None:
    async def scene(here: World) -> None:
        order = await here.submit()
        assert (order.status, order.order_id, order.reference_price) == (OrderStatus.PENDING_NEW, "4-1", PRICE)
        await here.becomes(OrderStatus.NEW)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=40)
        await here.becomes(OrderStatus.PARTIALLY_FILLED)
        await until(lambda: here.venue.sessions[PARTITION].acknowledged == 2)
        books = await here.books()
        assert books.cash == {"USD": CASH - 40 * PRICE * 1_000_000 - 7}
        assert [(position.instrument, position.quantity) for position in books.positions] == [(0, 40)]
        events = await here.events()
        assert [event.sequence for event in events] == list(range(1, books.sequence + 1))
        assert [type(event) for event in events[:2]] == [LimitsEvent, CashEvent]
        statuses = [event.order.status for event in events if isinstance(event, OrderEvent)]
        assert statuses == [OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED]
        snapshot = here.oms.metrics.snapshot()
        assert (snapshot["orders_total"], snapshot["fills_total"]) == (1, 1)
        assert {"gate_seconds_p50", "submit_seconds_p50"} <= snapshot.keys()

    run(scene)


def test_a_refused_order_is_an_order_on_record() -> None:
    async def scene(here: World) -> None:
        order = await here.submit(quantity=0)
        assert (order.status, order.reason) == (OrderStatus.REJECTED, "QUANTITY_INVALID")
        assert await here.submit(quantity=0) == order
        assert here.venue.requests == []
        assert here.oms.metrics.counters["rejected_total"] == 1
        await here.kill()
        await here.restart()
        assert await here.order() == order

    run(scene)


def test_an_order_submitted_twice_is_one_order() -> None:
    async def scene(here: World) -> None:
        first, second = await asyncio.gather(here.submit(), here.submit())
        assert first == second
        await here.becomes(OrderStatus.NEW)
        assert (await here.submit()).status is OrderStatus.NEW
        with pytest.raises(Conflict) as caught:
            await here.submit(quantity=7)
        assert caught.value.code == "CLIENT_ORDER_ID_REUSED"
        records = here.oms.hosted.hosts[4].journal.last_sequence
        await here.submit()
        assert here.oms.hosted.hosts[4].journal.last_sequence == records
        assert here.venue.requests == [("order", "4-1")]

    run(scene)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"client_order_id": ""}, "CLIENT_ORDER_ID_INVALID"),
        ({"client_order_id": "a" * 49}, "CLIENT_ORDER_ID_INVALID"),
        ({"client_order_id": "a\x01b"}, "CLIENT_ORDER_ID_INVALID"),
        ({"client_order_id": "ä"}, "CLIENT_ORDER_ID_INVALID"),
        ({"strategy": "no spaces"}, "STRATEGY_INVALID"),
        ({"principal": "a\x01b"}, "TEXT_INVALID"),
        ({"account": "nobody"}, "ACCOUNT_UNKNOWN"),
    ],
)
def test_an_order_that_can_not_be_kept_is_refused_and_not_on_record(fields: dict[str, Any], code: str) -> None:
    async def scene(here: World) -> None:
        records = here.oms.hosted.hosts[4].journal.last_sequence
        with pytest.raises(AlphaMindError) as caught:
            await here.client.request("submit", encode(submission(**fields)))
        assert caught.value.code == code
        assert here.oms.hosted.hosts[4].journal.last_sequence == records

    run(scene)


def test_cancels_are_sent_once_and_refused_for_closed_orders() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit()
        assert (await here.cancel()).status is OrderStatus.PENDING_CANCEL
        assert (await here.cancel()).status is OrderStatus.PENDING_CANCEL
        assert here.oms.report()["metrics"]["queue_length"] == 1
        here.venue.tell(PARTITION, "4-1", ReportType.NEW)
        here.venue.tell(PARTITION, "4-1", ReportType.CANCELED)
        await here.becomes(OrderStatus.CANCELED)
        numbers = here.oms.report()["metrics"]
        assert (numbers["queue_length"], numbers["open_orders"]) == (0, 0)
        assert (await here.cancel()).status is OrderStatus.CANCELED
        assert here.venue.requests == [("order", "4-1"), ("cancel", "4-1")]
        await here.submit("c2", quantity=10)
        await until(lambda: "4-2" in here.venue.sessions[PARTITION].open)
        here.venue.tell(PARTITION, "4-2", ReportType.TRADE, quantity=10)
        await here.becomes(OrderStatus.FILLED, "c2")
        with pytest.raises(Conflict) as caught:
            await here.cancel("c2")
        assert caught.value.code == "ORDER_CLOSED"

    run(scene)


def test_orders_are_listed_newest_first() -> None:
    async def scene(here: World) -> None:
        for number in range(4):
            await here.submit(f"c{number}", quantity=number)
        orders = await here.ask("orders", account="main")
        assert [order[1] for order in orders] == ["c3", "c2", "c1", "c0"]
        orders = await here.ask("orders", account="main", open_only=True, limit=2)
        assert [order[1] for order in orders] == ["c3", "c2"]
        with pytest.raises(InputError):
            await here.ask("orders", account="main", limit=0)
        with pytest.raises(InputError):
            await here.ask("orders", account="main", colour="red")
        with pytest.raises(NotFound):
            await here.order("none")

    run(scene)


def test_limits_and_kill_switch_are_set_for_all_partitions_and_repeats_change_nothing() -> None:
    two = configuration(accounts=[{"id": "main"}, {"id": "other"}])

    async def scene(here: World) -> None:
        by = {"principal": "risk", "reason": "größere Vorsicht"}
        assert await here.ask("set_limits", limits={"maximum_order_quantity": 5 * 10**8}, **by) == {"version": 2}
        assert await here.ask("set_limits", limits={"maximum_order_quantity": 5 * 10**8}, **by) == {"version": 2}
        assert (await here.submit(quantity=6)).reason == "ORDER_QUANTITY_LIMIT"
        for wrong in ({"maximum": 1}, {"price_collar": 0}, {"allow_short": 2}):
            with pytest.raises(InputError):
                await here.ask("set_limits", limits=wrong, **by)
        assert (await here.ask("set_state", scope="firm", state="halted", **by))["partitions"] == 2
        assert (await here.ask("set_state", scope="firm", state="halted", **by))["partitions"] == 0
        assert (await here.ask("set_state", scope="account:main", state="reduce_only", **by))["partitions"] == 1
        assert (await here.submit("c2", quantity=1)).reason == "TRADING_HALTED"
        with pytest.raises(NotFound):
            await here.ask("set_state", scope="account:nobody", state="halted", **by)
        with pytest.raises(InputError):
            await here.ask("set_state", scope="planet", state="halted", **by)
        events = await here.events()
        assert len([event for event in events if isinstance(event, StateEvent)]) == 3
        assert {event.partition for event in events} == {4, here.oms.hosted.partition_of("other")}
        status = here.oms.status()["partitions"][PARTITION]
        assert status["states"] == {"account:main": "reduce_only", "firm": "halted"}
        assert status["limits_version"] == 2

    run(scene, configuration=two)


def test_a_new_partition_takes_over_limits_and_halts_from_its_neighbours() -> None:
    async def scene(here: World) -> None:
        by = {"principal": "risk", "reason": "storm"}
        await here.ask("set_limits", limits={"allow_short": 1}, **by)
        await here.ask("set_state", scope="firm", state="halted", **by)
        await here.ask("set_state", scope="account:main", state="halted", **by)
        await here.kill()
        await here.restart(configuration=configuration(accounts=[{"id": "main"}, {"id": "other"}]))
        newer = here.oms.hosted.of_account("other").partition
        assert (newer.limits.of("firm").allow_short, newer.limits_version) == (1, 2)
        assert newer.switch.states() == {"firm": "halted"}
        assert (await here.submit(account="other", side=Side.SELL)).reason == "TRADING_HALTED"

    run(scene)


def test_a_deposit_is_booked_once() -> None:
    async def scene(here: World) -> None:
        body = {"account": "main", "currency": "USD", "amount": 5, "reason": "gift", "key": "k1"}
        assert await here.ask("deposit", **body) == {"repeated": False}
        assert await here.ask("deposit", **body) == {"repeated": True}
        with pytest.raises(Conflict):
            await here.ask("deposit", **{**body, "amount": 6})
        with pytest.raises(InputError):
            await here.ask("deposit", **{**body, "key": "a\nb"})
        assert (await here.books()).cash == {"USD": CASH + 5}
        await here.kill()
        await here.restart()
        assert (await here.books()).cash == {"USD": CASH + 5}

    run(scene)


def test_alarms_can_be_asked_for() -> None:
    async def scene(here: World) -> None:
        await here.submit(quantity=10)
        await here.becomes(OrderStatus.NEW)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=15)
        await here.becomes(OrderStatus.FILLED)
        answer = await here.ask("alarms")
        assert answer["total"] == 1
        assert (answer["alarms"][0]["code"], answer["alarms"][0]["partition"]) == ("ORDER_OVERFILLED", 4)
        assert here.oms.metrics.counters["alarms_total"] == 1

    run(scene)


def test_a_subscriber_takes_up_the_stream_anywhere_also_behind_what_is_kept() -> None:
    async def scene(here: World) -> None:
        for number in range(20):
            await here.submit(f"c{number}", quantity=1)
            await here.becomes(OrderStatus.NEW, f"c{number}")
        whole = await here.events()
        assert [event.sequence for event in whole] == list(range(1, 43))
        for first in (1, 17, 38, 41, 42, 43):
            assert await here.events({"4": first}) == whole[first - 1 :]
        await here.kill()
        await here.restart()
        assert await here.events() == whole
        with pytest.raises(InputError) as caught:
            await here.events({"4": 44})
        assert caught.value.code == "EVENTS_NOT_REACHED"
        with pytest.raises(NotFound):
            await here.events({"1": 1})

    run(scene, events_retained=4)


@pytest.mark.parametrize("wanted", [{"4": 1}, {}], ids=["from the first", "of every partition"])
def test_a_subscriber_to_events_whose_causes_were_deleted_is_told_the_first_that_there_is(
    wanted: dict[str, int],
) -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        for part in range(3):
            for number in range(8):
                await here.submit(f"c{part}-{number}", quantity=1)
            await until(lambda: not host.partition.awaiting)
            host.journal.save_snapshot(snapshots.save(host.partition), snapshots.VERSION)
        host.journal.compact(host.journal.last_sequence)
        assert host.journal.first_sequence > 1
        with pytest.raises(InputError) as caught:
            await here.events(wanted)
        assert (caught.value.code, caught.value.field) == ("EVENTS_NOT_RETAINED", "from.4")
        oldest, last = host.stream.oldest, host.stream.last
        assert caught.value.rule == f"{oldest} to {last + 1}" and oldest == last - 3
        assert [event.sequence for event in await here.events({"4": oldest})] == list(range(oldest, last + 1))
        with pytest.raises(NotFound):
            next(host.replay())
        await here.kill()
        await here.restart()
        host = here.oms.hosted.hosts[4]
        found = await here.events({"4": host.stream.oldest})
        assert [event.sequence for event in found] == list(range(host.stream.oldest, last + 1))

    run(scene, events_retained=4, configuration=configuration(journal={"retention_days": 0}))


def test_a_subscriber_that_catches_up_misses_nothing_that_happens_meanwhile() -> None:
    async def scene(here: World) -> None:
        await asyncio.gather(*(here.submit(f"c{number}", quantity=0) for number in range(2_000)))
        found: list[bytes] = []
        subscribed = here.client.subscribe("subscribe", encode({"from": {}}), found.append)
        synced = here.client.request("sync", encode({}))
        later = (here.submit(f"later-{number}", quantity=0) for number in range(20))
        await asyncio.gather(subscribed, synced, *later)
        await here.client.request("sync", encode({}))
        assert [decode_event(body).sequence for body in found] == list(range(1, 2_023))
        await here.submit("last", quantity=0)
        await here.client.request("sync", encode({}))
        assert len(found) == 2_023

    run(scene, events_retained=8)


def test_sync_is_answered_behind_everything_that_a_subscriber_still_has_to_get() -> None:
    async def scene(here: World) -> None:
        await asyncio.gather(*(here.submit(f"c{number}", quantity=0) for number in range(2_000)))
        found: list[bytes] = []
        counts: list[int] = []
        here.client.post("subscribe", encode({"from": {}}), lambda *_: None, found.append)
        here.client.post("sync", encode({}), lambda *_: counts.append(len(found)))
        await until(lambda: bool(counts))
        assert counts == [2_002]

    run(scene, events_retained=8)


def test_a_subscriber_that_can_not_catch_up_is_let_go() -> None:
    async def scene(here: World) -> None:
        await asyncio.gather(*(here.submit(f"c{number}", quantity=0) for number in range(20)))

        def broken() -> Any:
            raise AlphaMindError("the journal can't be read")

        here.oms.hosted.hosts[4].stream._replay = broken
        with pytest.raises(PeerLost):
            await here.events()

    run(scene, events_retained=8)


def test_stopping_does_not_wait_for_subscribers_that_catch_up() -> None:
    async def scene(here: World) -> None:
        await asyncio.gather(*(here.submit(f"c{number}", quantity=0) for number in range(2_000)))
        here.client.post("subscribe", encode({"from": {}}), lambda *_: None, lambda _: None)
        await until(lambda: bool(here.oms._streams._catching_up))

    run(scene, events_retained=8)


def test_orders_of_other_shards_are_sent_there() -> None:
    async def scene(here: World) -> None:
        with pytest.raises(NotFound) as caught:
            await here.submit(account="another")
        assert "oms-0" in str(caught.value.remedy)

    shard = {"shard": 1, "shards": 2}
    run(scene, **shard)


def test_the_gate_sees_the_last_price_and_every_slice_is_acknowledged() -> None:
    async def scene(here: World) -> None:
        here.market.publish({0: 12_000}, time=5_000_000)
        await until(lambda: here.market.acknowledged[-1:] == [2])
        order = await here.submit()
        assert (order.reference_price, order.submitted_at) == (12_000, 5_000_000)
        here.market.publish({})
        await until(lambda: here.market.acknowledged[-1:] == [3])

    run(scene)


def test_after_a_restart_prices_come_from_the_snapshot_and_the_slice_in_flight_is_acknowledged() -> None:
    async def scene(here: World) -> None:
        await here.kill()
        here.market.publish({0: 13_000})
        await here.restart()
        await until(lambda: 2 in here.market.acknowledged)
        assert (await here.submit()).reference_price == 13_000

    run(scene)


def test_slices_that_are_no_longer_kept_are_made_up_for_by_a_snapshot() -> None:
    async def scene(here: World) -> None:
        here.market.first_retained = 10
        here.oms.prices._clients[0].drop()
        for price in range(20_000, 20_012):
            here.market._subscribers.clear()
            here.market.publish({0: price})
        await until(lambda: here.oms.prices.price(0) == 20_011)
        await until(lambda: here.oms.prices.sequences == [13])
        await until(lambda: 13 in here.market.acknowledged)

    run(scene)


def test_a_market_that_refuses_the_subscription_for_another_reason_is_asked_again() -> None:
    async def scene(here: World) -> None:
        handlers = dict(here.market.server.handlers)

        def refuse(_: Any) -> bytes:
            raise Conflict("not now", code="ELSE")

        here.market.server.handlers = {**handlers, "subscribe": refuse}
        here.oms.prices._clients[0].drop()
        await asyncio.sleep(0.05)
        here.market.server.handlers = handlers
        here.market._subscribers.clear()
        await until(lambda: bool(here.market._subscribers))

    run(scene)


def test_an_order_before_the_first_price_is_refused() -> None:
    async def scene(here: World) -> None:
        here.oms.prices._prices.clear()
        assert (await here.submit()).reason == "PRICE_UNAVAILABLE"

    run(scene)


def test_a_run_can_not_go_on_with_other_instruments() -> None:
    async def scene(here: World) -> None:
        await here.kill()
        other = build(here.directory, instruments=INSTRUMENTS[:1])
        with pytest.raises(Conflict) as caught:
            await other.start()
        assert caught.value.code == "INSTRUMENTS_CHANGED"
        await other.stop()

    run(scene)


def test_an_account_that_left_the_configuration_is_still_hosted() -> None:
    async def scene(here: World) -> None:
        await here.submit(quantity=10)
        await here.becomes(OrderStatus.NEW)
        await here.kill()
        await here.restart(configuration=configuration(accounts=[{"id": "other"}]))
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=10)
        await here.becomes(OrderStatus.FILLED)
        assert fills(await here.events()) == 10

    run(scene)
