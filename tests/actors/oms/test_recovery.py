"""Crashes between any two steps of an order, breaks of connections, a second owner, a journal that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.errors import InputError, JournalError, JournalFenced, Unavailable
from actors.messages import OrderStatus, ReportType, VenueOrder, encode
from actors.oms.inputs import KIND_OF, Submission
from actors.service import socket_path
from tests.actors.oms.support import CASH, PRICE, FakeVenue, configuration, submission, until
from tests.actors.oms.world import PARTITION, World, build, fills, world


def run(scene: Callable[[World], Awaitable[None]], **options: Any) -> None:
    async def play() -> None:
        async with world(**options) as here:
            await scene(here)

    asyncio.run(play())


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


def test_a_crash_between_journal_and_venue_sends_the_order_once_afterwards() -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        record = Submission(time=5_000, market_sequence=1, reference_price=PRICE, order=submission())
        host.journal.append(record.time, KIND_OF[Submission], encode(record))  # and then the process is gone
        await here.kill()
        assert here.venue.requests == []
        await here.restart()
        await here.becomes(OrderStatus.NEW)
        assert here.venue.requests == [("order", "4-1")]
        assert (await here.submit()).order_id == "4-1"

    run(scene)


def test_a_crash_between_venue_and_report_brings_the_reports_afterwards() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit()
        await until(lambda: here.venue.requests == [("order", "4-1")])
        here.venue.tell(PARTITION, "4-1", ReportType.NEW, lost=True)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=60, lost=True)
        await here.kill()
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=40, lost=True)
        await here.restart()
        assert (await here.order()).status is OrderStatus.FILLED
        assert fills(await here.events()) == 100
        assert here.venue.requests == [("order", "4-1")]
        assert (await here.books()).cash == {"USD": CASH - 100 * PRICE * 1_000_000 - 14}

    run(scene)


def test_a_crash_after_the_report_books_its_fill_once() -> None:
    async def scene(here: World) -> None:
        await here.submit()
        await here.becomes(OrderStatus.NEW)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=60)
        await here.becomes(OrderStatus.PARTIALLY_FILLED)
        before = await here.books()
        digest = partition(here).digest()
        await here.kill()
        await here.restart()
        assert await here.books() == before
        assert partition(here).digest() == digest
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=40)
        await here.becomes(OrderStatus.FILLED)

    run(scene)


def test_orders_that_come_while_the_venue_is_away_are_held_and_sent_in_order() -> None:
    async def scene(here: World) -> None:
        await here.venue.close()
        await until(lambda: not here.oms.hosted.hosts[4].venue.is_open)
        for number in range(3):
            assert (await here.submit(f"c{number}", quantity=10)).status is OrderStatus.PENDING_NEW
        assert (await here.cancel("c1")).status is OrderStatus.PENDING_CANCEL
        await here.venue.listen(socket_path(here.directory, "venue"))
        await here.becomes(OrderStatus.NEW, "c2")
        await here.becomes(OrderStatus.CANCELED, "c1")
        assert here.venue.requests == [("order", "4-1"), ("order", "4-3")], "what was canceled meanwhile never goes out"
        assert (await here.order("c1")).reason == "NEVER_SENT" and partition(here).alarms == []

    run(scene)


def test_a_restart_of_everything_with_a_venue_that_forgot_raises_alarms() -> None:
    async def scene(here: World) -> None:
        await here.submit()
        await here.becomes(OrderStatus.NEW)
        await here.venue.close()
        session = here.venue.sessions[PARTITION]
        session.open.clear()
        session.open["4-55"] = 0
        session.orders["4-55"] = session.orders["4-1"]
        await here.venue.listen(socket_path(here.directory, "venue"))
        await until(lambda: len(partition(here).alarms) >= 2)
        assert {(alarm.code, alarm.order_id) for alarm in partition(here).alarms if not alarm.report} == {
            ("VENUE_ORDER_UNKNOWN", "4-55"),
            ("VENUE_ORDER_MISSING", "4-1"),
        }
        await until(lambda: ("cancel", "4-55") in here.venue.requests)
        await here.kill()
        await here.restart()
        assert {alarm.code for alarm in partition(here).alarms if alarm.report == 0} == {
            "VENUE_ORDER_UNKNOWN",
            "VENUE_ORDER_MISSING",
        }
        assert len([alarm for alarm in partition(here).alarms if alarm.code == "VENUE_ORDER_MISSING"]) == 1

    run(scene)


def test_fills_that_the_venue_counts_differently_raise_an_alarm() -> None:
    async def scene(here: World) -> None:
        await here.submit()
        await here.becomes(OrderStatus.NEW)
        await here.venue.close()
        here.venue.sessions[PARTITION].open["4-1"] = 12
        await here.venue.listen(socket_path(here.directory, "venue"))
        await until(lambda: bool(partition(here).alarms))
        assert partition(here).alarms[0].code == "VENUE_FILLS_DIFFER"

    run(scene)


def test_what_the_venue_does_not_answer_is_asked_again() -> None:
    async def scene(here: World) -> None:
        here.venue.deaf = True
        await here.submit()
        await until(lambda: here.venue.requests.count(("order", "4-1")) > 1)
        here.venue.deaf = False
        await here.becomes(OrderStatus.NEW)
        assert here.oms.metrics.counters["asked_again_total"] >= 1
        assert len(here.venue.sessions[PARTITION].orders) == 1

    run(scene)


def test_what_the_venue_can_not_take_now_is_asked_again_and_what_it_never_takes_raises_an_alarm() -> None:
    async def scene(here: World) -> None:
        here.venue.failure = Unavailable("disk full")
        await here.submit()
        await until(lambda: here.venue.requests.count(("order", "4-1")) > 1)
        assert partition(here).alarms == []
        here.venue.failure = InputError("no such thing", code="ORDER_UNREADABLE")
        order = await here.becomes(OrderStatus.REJECTED)
        assert order.reason == "ORDER_UNREADABLE" and "no such thing" in order.text
        assert [alarm.code for alarm in partition(here).alarms] == ["ORDER_UNREADABLE"]
        sent = len(here.venue.requests)
        here.venue.failure = None
        await asyncio.sleep(0.3)
        assert len(here.venue.requests) == sent, "it is not sent again"

    run(scene)


def test_a_gap_in_the_reports_opens_the_session_again() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit()
        await until(lambda: here.venue.requests == [("order", "4-1")])
        here.venue.tell(PARTITION, "4-1", ReportType.NEW, lost=True)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=30)
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=30)
        await until(lambda: partition(here).last_report == 3)
        assert (await here.order()).filled_quantity == 60

    run(scene)


def test_a_report_sent_twice_is_acknowledged_twice_and_booked_once() -> None:
    async def scene(here: World) -> None:
        await here.submit()
        await here.becomes(OrderStatus.NEW)
        session = here.venue.sessions[PARTITION]
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=30)
        assert session.subscriber is not None
        session.subscriber.emit(encode(session.reports[-1]))
        await until(lambda: session.acknowledged == 2)
        assert (await here.order()).filled_quantity == 30
        session.acknowledged = 0
        session.subscriber.emit(encode(session.reports[-1]))
        await until(lambda: session.acknowledged == 2)

    run(scene)


def test_a_second_owner_makes_the_first_end_without_touching_anything() -> None:
    async def scene(here: World) -> None:
        await here.submit()
        await here.becomes(OrderStatus.NEW)
        stale = here.oms
        old_client = here.client
        newer = build(here.directory)
        await newer.recover()
        with pytest.raises(Unavailable) as caught:
            await here.submit("c2")
        assert caught.value.code == "OWNER_REPLACED"
        await until(lambda: stale.failure is not None and not stale.server.connections)
        assert "taken over" in str(stale.failure)
        requests = list(here.venue.requests)
        here.oms = newer
        await newer.start()
        await until(lambda: newer.hosted.hosts[4].venue.is_open)
        await old_client.connected.wait()
        await here.submit("c2")
        await here.becomes(OrderStatus.NEW, "c2")
        assert [order for order in here.venue.requests if order not in requests] == [("order", "4-2")]
        await until(lambda: not stale.hosted.hosts[4].venue.is_open)

    run(scene)


def test_an_idle_owner_ends_when_the_venue_has_seen_a_newer_one() -> None:
    async def scene(here: World) -> None:
        here.venue.sessions[PARTITION].epoch = 99
        await here.submit()
        await until(lambda: here.oms.failure is not None)
        assert "stale" in str(here.oms.failure)
        await until(lambda: not here.oms.server.connections)

    run(scene)


def test_a_stale_owner_that_reconnects_to_the_venue_ends() -> None:
    async def scene(here: World) -> None:
        await here.venue.close()
        here.venue.sessions[PARTITION].epoch = 99
        await here.venue.listen(socket_path(here.directory, "venue"))
        await until(lambda: here.oms.failure is not None)

    run(scene)


def test_a_journal_that_can_not_be_written_refuses_and_changes_nothing() -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        append = host.journal.append

        def full(*_: Any) -> int:
            raise JournalError("no space left", field="journal", value="/disk")

        digest = partition(here).digest()
        host.journal.append = full  # type: ignore[method-assign]
        with pytest.raises(Unavailable) as caught:
            await here.submit()
        assert caught.value.code == "JOURNAL_UNAVAILABLE"
        with pytest.raises(Unavailable):
            await here.ask("set_state", scope="firm", state="halted", principal="p", reason="r")
        assert partition(here).digest() == digest
        host.journal.append = append  # type: ignore[method-assign]
        assert (await here.submit()).status is OrderStatus.PENDING_NEW
        await here.becomes(OrderStatus.NEW)
        host.journal.append = full  # type: ignore[method-assign]
        here.venue.tell(PARTITION, "4-1", ReportType.TRADE, quantity=5)
        await asyncio.sleep(0.05)
        assert (await here.order()).filled_quantity == 0
        host.journal.append = append  # type: ignore[method-assign]
        await here.becomes(OrderStatus.PARTIALLY_FILLED)
        assert here.oms.failure is None

    run(scene)


def test_with_disk_durability_nothing_is_let_out_before_the_flush() -> None:
    durable = configuration(journal={"durability": "disk"})

    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        flushes: list[int] = []
        flush = host.journal.flush

        def counted() -> None:
            flushes.append(len(here.venue.requests))
            flush()

        host.journal.flush = counted  # type: ignore[method-assign]
        orders = await asyncio.gather(
            *(here.submit(f"c{number}", quantity=1) for number in range(30)), here.submit("c0", quantity=1)
        )
        assert orders[0] == orders[-1]
        assert flushes[0] == 0 and len(flushes) < 30
        await here.becomes(OrderStatus.NEW, "c29")
        await here.ask("set_limits", limits={"allow_short": 1}, principal="p", reason="r")
        await until(lambda: here.venue.sessions[PARTITION].acknowledged == 30)
        await here.kill()
        await here.restart()
        assert len(partition(here).orders) == 30

    run(scene, configuration=durable)


def test_a_flush_that_fails_ends_the_service_and_nobody_sees_the_effects() -> None:
    durable = configuration(journal={"durability": "disk"})

    async def scene(here: World) -> None:
        def broken() -> None:
            raise JournalError("the disk failed")

        here.oms.hosted.hosts[4].journal.flush = broken  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await here.submit()
        assert here.oms.failure == "the disk failed"
        assert here.venue.requests == []

    run(scene, configuration=durable)


def test_a_partition_that_can_not_apply_what_is_on_record_ends() -> None:
    async def scene(here: World) -> None:
        def broken(_: Any) -> Any:
            raise RuntimeError("a fault in the core")

        host = here.oms.hosted.hosts[4]
        host.partition.apply = broken  # type: ignore[method-assign]
        with pytest.raises(Exception):
            await here.submit()
        await until(lambda: not here.oms.server.connections)
        assert here.oms.failure == "a fault in the core"
        with pytest.raises(Unavailable):
            host.execute(Submission(time=1, market_sequence=1, reference_price=1, order=submission()))
        with pytest.raises(Unavailable):
            here.oms.hosted.check_alive()

    run(scene)


def test_a_lease_lost_at_closing_is_only_logged() -> None:
    async def scene(here: World) -> None:
        host = here.oms.hosted.hosts[4]
        close = host.journal.close

        def lost() -> None:
            close()
            raise JournalFenced("taken over")

        host.journal.close = lost  # type: ignore[method-assign]
        await here.oms.stop()
        host.journal.close = close  # type: ignore[method-assign]
        assert not host.venue.is_open

    run(scene)


def test_an_order_that_the_venue_rejects_is_counted() -> None:
    async def scene(here: World) -> None:
        here.venue.confirms = False
        await here.submit()
        await until(lambda: here.venue.requests == [("order", "4-1")])
        here.venue.tell(PARTITION, "4-1", ReportType.REJECTED, reason="INSTRUMENT_UNKNOWN", text="not listed")
        order = await here.becomes(OrderStatus.REJECTED)
        assert (order.reason, order.text) == ("INSTRUMENT_UNKNOWN", "not listed")
        assert here.oms.metrics.counters["rejected_total"] == 1

    run(scene)


def test_a_long_journal_is_replayed_without_holding_the_loop() -> None:
    async def scene(here: World) -> None:
        await asyncio.gather(*(here.submit(f"c{number}", quantity=0) for number in range(600)))
        digest = partition(here).digest()
        await here.kill()
        await here.restart()
        assert partition(here).digest() == digest

    run(scene)


def test_a_session_that_is_not_open_sends_nothing() -> None:
    async def play() -> None:
        async with world() as here:
            venue = here.oms.hosted.hosts[4].venue
            await here.venue.close()
            await until(lambda: not venue.is_open)
            order = VenueOrder(
                order_id="4-1",
                instrument=0,
                side=submission().side,
                type=submission().type,
                quantity=1,
                limit_price=None,
                time_in_force=submission().time_in_force,
                time=0,
            )
            venue.send(order)
            other = FakeVenue()
            await other.listen(socket_path(here.directory, "venue"))
            await until(lambda: venue.is_open)
            assert other.requests == []
            await other.close()

    asyncio.run(play())
