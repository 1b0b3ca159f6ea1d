"""Records of a partition's journal that are gone: it is told, and no order gets the id of one that is lost."""

from __future__ import annotations

import asyncio
import pathlib
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors.errors import JournalCorrupt
from actors.journal import read_journal
from actors.journal.losses import Loss
from actors.journal.records import HEADER
from actors.journal.segment_files import HEADER_SIZE
from actors.messages import OrderStatus
from actors.oms import snapshots
from actors.oms.partition import Partition
from cluster.order_history import find_order
from tests.actors.oms.support import Bench, configuration, replayed, until
from tests.actors.oms.world import PARTITION, World, world

ACCEPTING = {"configuration": configuration(journal={"accept_loss": True})}


def run(scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world() as here:
            await here.submit("kept", limit_price=9_990, quantity=10)
            await here.becomes(OrderStatus.NEW, "kept")
            await scene(here)

    asyncio.run(play())


def partition(here: World) -> Any:
    return here.oms.hosted.hosts[4].partition


def journal_folder(here: World) -> pathlib.Path:
    return here.directory / "journal" / f"oms-{PARTITION}"


async def lose_an_order(here: World, quantity: int = 500) -> None:
    """Let the venue have an order whose record is gone; it did not say yet that it has it."""
    here.venue.confirms = False
    lost = await here.submit("lost", limit_price=9_980, quantity=quantity)
    assert lost.order_id == "4-2"
    await until(lambda: ("order", "4-2") in here.venue.requests)
    await here.kill()
    here.venue.confirms = True
    segment = sorted(journal_folder(here).glob("*.segment"))[-1]
    content, starts, at = segment.read_bytes(), [], HEADER_SIZE
    while at < len(content):
        starts.append(at)
        at += HEADER.size + HEADER.unpack_from(content, at)[0]
    segment.write_bytes(content[: starts[-1]])


async def goes_on_with_new_ids(here: World, era: int) -> None:
    """Check that what is lost is told, at the venue, too, and that a new order is one."""
    order = await here.submit("new", limit_price=9_970, quantity=7)
    assert order.order_id == f"4-{era}-2"
    await here.becomes(OrderStatus.NEW, "new")
    assert here.venue.sessions[PARTITION].orders[order.order_id].quantity == 7
    digest = partition(here).digest()
    await here.kill()
    await here.restart()
    assert partition(here).digest() == digest and partition(here).era == era
    assert (await here.submit("next", limit_price=9_960)).order_id == f"4-{era}-3"
    reader = read_journal(here.oms.configuration.journal, here.directory, f"oms-{PARTITION}")
    assert reader.verify().fault is None
    for order_id, name in ((f"4-{era}-2", "new"), (f"4-{era}-3", "next"), ("4-1", "kept")):
        found = find_order(here.oms.configuration.journal, here.directory, order_id)
        assert found.order.client_order_id == name


def test_a_journal_that_lost_an_acknowledged_order_is_refused_with_the_way_out() -> None:
    async def scene(here: World) -> None:
        await lose_an_order(here)
        with pytest.raises(JournalCorrupt, match="record 7 is missing.*journal.accept_loss=true"):
            await here.restart()

    run(scene)


def test_an_accepted_loss_raises_an_alarm_and_no_order_gets_an_id_that_is_lost() -> None:
    async def scene(here: World) -> None:
        await lose_an_order(here)
        await here.restart(**ACCEPTING)
        await until(lambda: ("cancel", "4-2") in here.venue.requests)
        assert [alarm.code for alarm in partition(here).alarms] == ["RECORDS_LOST", "VENUE_ORDER_UNKNOWN"]
        reader = read_journal(here.oms.configuration.journal, here.directory, f"oms-{PARTITION}")
        assert ["lost, although acknowledged: record 7" in note for note in reader.verify().notes] == [True]
        await goes_on_with_new_ids(here, partition(here).era)

    run(scene)


def test_a_journal_from_an_old_copy_learns_from_the_venue_that_ids_are_used_up() -> None:
    """All of it fits together, the lease, too: only the venue knows more."""

    async def scene(here: World) -> None:
        copy = here.directory / "copy"
        shutil.copytree(journal_folder(here), copy)
        await lose_an_order(here)
        shutil.rmtree(journal_folder(here))
        copy.rename(journal_folder(here))
        await here.restart()
        await until(lambda: ("cancel", "4-2") in here.venue.requests)
        assert [alarm.code for alarm in partition(here).alarms] == ["VENUE_ORDER_UNKNOWN"]
        await goes_on_with_new_ids(here, here.oms.hosted.hosts[4].journal.lease.epoch)

    run(scene)


def test_an_order_of_somebody_else_at_the_venue_changes_no_ids() -> None:
    async def scene(here: World) -> None:
        session = here.venue.sessions[PARTITION]
        await here.venue.close()
        session.open.update({"elsewhere-2": 0, "4-1/9": 0})
        await here.open_venue()
        await until(lambda: ("cancel", "elsewhere-2") in here.venue.requests)
        assert (await here.submit("new", limit_price=9_970)).order_id == "4-2"

    run(scene)


def test_a_snapshot_and_a_replay_know_what_ids_are_used_up() -> None:
    bench = Bench()
    bench.submit("c1")
    bench.give(Loss(time=bench.time, epoch=8, kept=5, acknowledged=6, cause="test", owner="test"))
    bench.submit("c2")
    assert list(bench.partition.orders) == ["3-1", "3-8-2"]
    again = snapshots.load(snapshots.save(bench.partition))
    assert (again.era, again.order_prefix, again.digest()) == (8, "3-8-", bench.partition.digest())
    assert replayed(bench.inputs)[0].digest() == bench.partition.digest()
    assert Partition(3).order_prefix == "3-"
