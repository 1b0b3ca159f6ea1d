from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable, Coroutine

import msgspec
import pytest

from actors.clock import MINUTE
from actors.errors import (
    AlphaMindError,
    ConfigurationError,
    Conflict,
    InputError,
    JournalError,
    JournalFenced,
    NotFound,
    Unavailable,
)
from actors.journal import open_journal
from actors.market.ticks import MarketSlice
from actors.messages import Instrument
from configs import Configuration
from env.exchange.session_orders import SessionReport
from env.exchange.service import PaperExchangeService
from tests.env.exchange.builders import bar, brief, instrument, market, order, replacement
from tests.env.exchange.peers import FakeMarket, FakePartition, settle, until

INSTRUMENTS = (instrument(0), instrument(1))


def service(
    directory: pathlib.Path,
    markets: int = 1,
    instruments: tuple[Instrument, ...] = INSTRUMENTS,
    configuration: Configuration | None = None,
) -> PaperExchangeService:
    return PaperExchangeService(
        "venue",
        directory,
        configuration or Configuration(),
        instruments,
        markets=tuple(f"market-{shard}" for shard in range(markets)),
    )


async def kill(venue: PaperExchangeService) -> None:
    """End it as ``kill -9`` would: nothing is flushed, nobody is told; the journal is left as it is."""
    for client in venue._clients:
        await client.close()
    await venue.server.close()
    await settle()


@contextlib.asynccontextmanager
async def running(venue: PaperExchangeService) -> AsyncIterator[PaperExchangeService]:
    await venue.start()
    try:
        yield venue
    finally:
        await venue.stop()


def play(scene: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 30))


def slices(count: int, volume: int = 1000) -> list[MarketSlice]:
    return [market(n + 1, (n + 1) * MINUTE, [bar(n, 100 + n, 110 + n, 95 + n, 108 + n, volume)]) for n in range(count)]


def what(partition: FakePartition) -> list[tuple[object, ...]]:
    return brief(SessionReport(partition.session, report) for report in partition.reports)


def test_an_order_is_acknowledged_then_filled_by_the_next_slice(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            assert await partition.order(order(quantity=150)) == b""
            assert what(partition) == [("new", "0-1")]
            shard.publish(slices(1)[0])
            await until(lambda: shard.acks == [1])
            assert what(partition) == [("new", "0-1"), (100, 100, "taker", "0-1")]
            status = venue.status()
            assert (status["open_orders"], status["orders"], status["fills"]) == (1, 1, 1)
            assert status["volume"] == {"USD": "100.00"}
            assert status["slices"] == {"market-0": 1}
            assert status["sessions"] == {
                "p00": {"epoch": 1, "connected": True, "last_report": 2, "unacked_reports": 0}
            }
            numbers = venue.report()["metrics"]
            assert (numbers["orders_total"], numbers["fills_total"], numbers["unacked_reports"]) == (1, 1, 0)
            assert "match_seconds_p99" in numbers
            known = await partition.client.request("open_orders", msgspec.msgpack.encode({"session": "p00"}))
            assert msgspec.msgpack.decode(known) == [
                {"order_id": "0-1", "status": "partially_filled", "filled_quantity": 100, "quantity": 150}
            ]
            await partition.client.close()

    play(scene)


def test_only_a_slice_that_caused_no_report_is_confirmed_as_quiet(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            first, second, third = slices(3)
            shard.publish(first)
            await until(lambda: shard.acks == [1])
            await partition.order(order(quantity=50))
            shard.publish(second)
            await until(lambda: shard.acks == [1, 2])
            shard.publish(third)
            await until(lambda: shard.acks == [1, 2, 3])
            assert (shard.quiet, venue.status()["fills"]) == ([1, 3], 1)
            shard.publish(third)
            await until(lambda: shard.acks == [1, 2, 3, 3])
            assert shard.quiet == [1, 3], "what was matched before may have caused reports"
            await partition.client.close()

    play(scene)


def test_an_order_that_comes_again_is_answered_and_nothing_more(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            for _ in range(3):
                assert await partition.order(order()) == b""
            with pytest.raises(Conflict) as caught:
                await partition.order(order(quantity=5))
            assert caught.value.code == "ORDER_ID_REUSED"
            assert what(partition) == [("new", "0-1")]
            assert venue.metrics.counters["orders_total"] == 1
            await partition.cancel("0-1")
            await partition.cancel("0-1")
            assert what(partition)[1:] == [("canceled", "0-1"), ("cancel_rejected", "0-1")]
            await partition.client.close()

    play(scene)


def test_a_replacement_is_answered_once_and_survives_a_crash(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path).start()
        await partition.order(order(limit=90))
        for _ in range(2):
            assert await partition.replace(replacement(revision=1, quantity=60, limit=97)) == b""
        assert await partition.replace(replacement(revision=2, quantity=60)) == b""
        assert what(partition) == [("new", "0-1"), ("replaced", "0-1"), ("replace_rejected", "0-1")]
        await kill(first)
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)):
            await until(lambda: partition.opened == [0, 3])
            for revision in (1, 2):
                await partition.replace(replacement(revision=revision, quantity=60, limit=97))
            shard.publish(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]))
            await until(lambda: shard.acks == [1])
            assert what(partition)[3:] == [(60, 97, "maker", "0-1")]
            known = await partition.client.request("open_orders", msgspec.msgpack.encode({"session": "p00"}))
            assert msgspec.msgpack.decode(known) == []
        await partition.client.close()

    play(scene)


def test_a_slice_is_confirmed_only_after_every_report_is_on_record_at_its_session(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            quick = await FakePartition(tmp_path, "p00").start()
            slow = await FakePartition(tmp_path, "p01", confirms=False).start()
            await quick.order(order(quantity=10))
            await slow.order(order(quantity=10))
            shard.publish(slices(1)[0])
            await until(lambda: len(slow.reports) == len(quick.reports) == 2)
            await settle()
            assert shard.acks == []
            numbers = venue.report()["metrics"]
            assert (numbers["unacked_reports"], numbers["queue_length"]) == (2, 2)
            await slow.order(order("1-2", quantity=10))  # its report came after the slice and holds nothing up
            assert slow.reports[-1].sequence == 3
            slow.client.notify("report_ack", msgspec.msgpack.encode({"session": "p01", "sequence": 2}))
            await until(lambda: shard.acks == [1])
            for partition in (quick, slow):
                await partition.client.close()

    play(scene)


def test_a_session_that_is_away_is_waited_for(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            await partition.order(order(quantity=10))
            await until(lambda: not venue._sessions["p00"].unacknowledged)
            await partition.client.close()
            await until(lambda: not venue.status()["sessions"]["p00"]["connected"])
            shard.publish(slices(1)[0])
            await settle()
            assert shard.acks == []
            back = FakePartition(tmp_path, epoch=2)
            back.reports = list(partition.reports)
            await back.start()
            await until(lambda: shard.acks == [1])
            assert what(back) == [("new", "0-1"), (10, 100, "taker", "0-1")]
            await back.client.close()

    play(scene)


def test_everything_that_was_on_record_is_there_after_a_crash(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path).start()
        await partition.order(order("0-1", quantity=250))
        await partition.order(order("0-2", limit=90))
        await partition.cancel("0-2")
        first_slice, second_slice, third_slice = slices(3)
        shard.publish(first_slice)
        await until(lambda: shard.acks == [1])
        partition.confirms = False
        shard.publish(second_slice)
        await until(lambda: len(partition.reports) == 5)
        before = list(partition.reports)
        await kill(first)

        async with running(service(tmp_path)) as venue:
            assert venue.status()["slices"] == {"market-0": 2}
            assert (venue.status()["open_orders"], venue.status()["fills"]) == (1, 2)
            await until(lambda: partition.opened == [0, 5])
            assert partition.reports == before  # it has them all on record and asked for none again
            await until(lambda: shard.acks == [1, 2])  # the market sent slice 2 again; it was not matched again
            assert shard.asked == [1, 2]
            await partition.order(order("0-1", quantity=250))
            assert partition.reports == before
            partition.confirms = True
            shard.publish(third_slice)
            await until(lambda: shard.acks == [1, 2, 3])
            assert what(partition)[-1] == (50, 102, "taker", "0-1")
            assert len({report.execution_id for report in partition.reports if report.execution_id}) == 3
        await partition.client.close()

    play(scene)


def test_reports_that_were_not_confirmed_come_again_byte_for_byte(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path).start()
        for number in range(3):
            await partition.order(order(f"0-{number}"))
        reports = list(partition.reports)
        await partition.client.close()
        await kill(first)
        async with running(service(tmp_path)):
            for known in (0, 2, 3):
                again = FakePartition(tmp_path)
                again.reports = reports[:known]
                await again.start()
                assert again.reports == reports
                await again.client.close()

    play(scene)


def test_after_a_restart_only_the_newest_reports_are_kept_and_older_ones_are_made_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("env.exchange.host._RECALLED", 2)

    async def scene() -> None:
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path).start()
        for number in range(5):
            await partition.order(order(f"0-{number}"))
        reports = list(partition.reports)
        await partition.client.close()
        await kill(first)
        for known in (4, 0):
            venue = service(tmp_path)
            await venue.start()
            assert venue._sessions["p00"].unacknowledged == 2
            again = FakePartition(tmp_path, confirms=False)
            again.reports = reports[:known]
            await again.start()
            assert again.reports == reports and again.received == list(range(known + 1, 6))
            assert venue._sessions["p00"].unacknowledged == 5 - known
            await again.client.close()
            await kill(venue)

    play(scene)


def test_a_session_that_lost_reports_it_had_confirmed_gets_them_again(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            other = await FakePartition(tmp_path, "p01").start()
            for number in range(4):
                await partition.order(order(f"0-{number}"))
                await other.order(order(f"1-{number}"))
            await until(lambda: not venue._sessions["p00"].unacknowledged)
            await partition.client.close()
            again = FakePartition(tmp_path, epoch=2)
            again.reports = partition.reports[:1]
            await again.start()
            assert again.reports == partition.reports
            assert again.received == [2, 3, 4]
            await until(lambda: not venue._sessions["p00"].unacknowledged)
            for each in (again, other):
                await each.client.close()

    play(scene)


def test_a_stale_owner_is_refused_and_the_newer_one_displaces_it(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            old = await FakePartition(tmp_path, epoch=3).start()
            await old.order(order())
            new = FakePartition(tmp_path, epoch=4)
            await new.start()
            await until(lambda: "SESSION_FENCED" in old.refused)  # cut off, it came back and was told
            assert what(new) == [("new", "0-1")]
            assert venue.status()["sessions"]["p00"]["epoch"] == 4
            assert await new.order(order("0-2")) == b""
            await old.client.close()
            await new.client.close()

    play(scene)


@pytest.mark.parametrize("method", ["order", "replace", "cancel"])
def test_what_was_under_way_on_a_former_connection_is_not_taken_any_more(tmp_path: pathlib.Path, method: str) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            former, present = FakePartition(tmp_path), FakePartition(tmp_path)
            await former.start()
            await former.order(order())
            (connection,) = venue.server.connections
            connection.close = lambda: None  # type: ignore[method-assign]
            await present.start()
            body = {"session": "p00", "epoch": 1, **STALE[method]}
            with pytest.raises(Unavailable) as caught:
                await former.client.request(method, msgspec.msgpack.encode(body))
            assert caught.value.code == "SESSION_NOT_OPEN" and venue.status()["orders"] == 1
            assert await present.order(order("0-2")) == b""
            await former.client.close()
            await present.client.close()

    play(scene)


STALE: dict[str, dict[str, object]] = {
    "session": {"last_report": 0},
    "order": {"order": order("0-2")},
    "replace": {"replace": replacement(quantity=50)},
    "cancel": {"order_id": "0-1", "time": 0},
}


@pytest.mark.parametrize("method", STALE)
def test_what_comes_under_a_stale_epoch_is_refused_even_on_a_line_that_other_sessions_use(
    tmp_path: pathlib.Path, method: str
) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            old = await FakePartition(tmp_path, "p00", epoch=1).start()
            await old.order(order())
            kept = msgspec.msgpack.encode({"session": "p01", "epoch": 1, "last_report": 0})
            await old.client.subscribe("session", kept, lambda body: None)
            new = FakePartition(tmp_path, "p00", epoch=2)
            new.reports = list(old.reports)
            await new.start()
            before = venue.host.journal.last_sequence
            with pytest.raises(Conflict) as caught:
                await old.client.request(
                    method, msgspec.msgpack.encode({"session": "p00", "epoch": 1, **STALE[method]})
                )
            assert (caught.value.code, caught.value.value, caught.value.rule) == ("SESSION_FENCED", "1", "2")
            assert venue.host.journal.last_sequence == before
            assert what(new) == [("new", "0-1")]
            assert await new.replace(replacement(quantity=50)) == b""
            assert what(new) == [("new", "0-1"), ("replaced", "0-1")]
            for partition in (old, new):
                await partition.client.close()

    play(scene)


def test_a_stale_owner_confirms_no_report(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            old = await FakePartition(tmp_path, "p00", epoch=1).start()
            kept = msgspec.msgpack.encode({"session": "p01", "epoch": 1, "last_report": 0})
            await old.client.subscribe("session", kept, lambda body: None)
            new = await FakePartition(tmp_path, "p00", epoch=2, confirms=False).start()
            await new.order(order())
            old.client.notify("report_ack", msgspec.msgpack.encode({"session": "p00", "sequence": 1}))
            await settle()
            assert venue.status()["sessions"]["p00"]["unacked_reports"] == 1
            for partition in (old, new):
                await partition.client.close()

    play(scene)


def test_the_newest_epoch_is_remembered_over_a_crash(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path, epoch=5).start()
        await partition.client.close()
        await kill(first)
        async with running(service(tmp_path)):
            stale = FakePartition(tmp_path, epoch=4)
            stale.client.start()
            await until(lambda: bool(stale.refused))
            assert stale.refused[0] == "SESSION_FENCED"
            await stale.client.close()

    play(scene)


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("order", {"session": "p07", "epoch": 1, "order": order()}, "SESSION_NOT_OPEN"),
        ("order", {"session": "p00", "epoch": 9, "order": order()}, "SESSION_NOT_OPEN"),
        ("cancel", {"session": "p07", "epoch": 1, "order_id": "x", "time": 0}, "SESSION_NOT_OPEN"),
        ("session", {"session": "p00", "epoch": 1, "last_report": 7}, "SESSION_AHEAD"),
        ("session", {"session": "p00", "epoch": 1, "last_report": -1}, "SESSION_AHEAD"),
        ("session", {"session": "", "epoch": 1, "last_report": 0}, "INPUT_INVALID"),
        ("session", {"session": "p00"}, "INPUT_INVALID"),
        ("order", {"session": "p00", "epoch": 1, "order": ["0-1"]}, "INPUT_INVALID"),
        ("replace", {"session": "p07", "epoch": 1, "replace": replacement()}, "SESSION_NOT_OPEN"),
        ("replace", {"session": "p00", "epoch": 1, "replace": replacement(revision=0)}, "REVISION_INVALID"),
        ("replace", {}, "INPUT_INVALID"),
        ("amend", {}, "METHOD_UNKNOWN"),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused_and_changes_nothing(
    tmp_path: pathlib.Path, method: str, body: object, code: str
) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            with pytest.raises((Conflict, InputError, NotFound, Unavailable)) as caught:
                await partition.client.request(method, msgspec.msgpack.encode(body))
            assert caught.value.code == code
            assert venue.status()["orders"] == 0 and list(venue.status()["sessions"]) == ["p00"]
            partition.client.notify("report_ack", msgspec.msgpack.encode({"session": "p99", "sequence": 1}))
            await partition.client.close()

    play(scene)


def test_every_shard_is_followed_and_confirmed_for_itself(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shards = [await FakeMarket(shard).listen(tmp_path) for shard in range(2)]
        async with running(service(tmp_path, markets=2)) as venue:
            partition = await FakePartition(tmp_path).start()
            await partition.order(order("0-1", quantity=10))
            await partition.order(order("0-2", quantity=10, instrument=1))
            await until(lambda: all(shard.asked for shard in shards))
            shards[1].publish(market(1, MINUTE, [bar(0, 50, 60, 45, 58, 700, instrument=1)], shard=1))
            await until(lambda: shards[1].acks == [1])
            assert shards[0].acks == []
            shards[0].publish(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 700)], shard=0))
            await until(lambda: shards[0].acks == [1])
            assert what(partition)[2:] == [(10, 50, "taker", "0-2"), (10, 100, "taker", "0-1")]
            assert venue.status()["slices"] == {"market-0": 1, "market-1": 1}
            await partition.client.close()

    play(scene)


def test_a_replay_fills_by_the_rules_of_then_and_the_future_by_the_rules_of_now(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        first = service(tmp_path)
        await first.start()
        partition = await FakePartition(tmp_path).start()
        await partition.order(order(quantity=500))
        shard.publish(slices(1)[0])
        await until(lambda: shard.acks == [1])
        before = list(partition.reports)
        await partition.client.close()
        await kill(first)
        changed = Configuration.model_validate({"venue": {"taker_fee_bps": 5, "participation": 0.2}})
        async with running(service(tmp_path, configuration=changed)):
            again = await FakePartition(tmp_path).start()
            assert again.reports == before
            shard.publish(slices(2)[1])
            await until(lambda: len(again.reports) == 3)
            assert again.reports[2].quantity == 200
            assert again.reports[2].fee == 10 * again.reports[1].fee * 2 * 101 // 100
            await again.client.close()

    play(scene)


def test_a_run_keeps_its_number_of_market_shards(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path, markets=1)):
            pass
        with pytest.raises(ConfigurationError) as caught:
            await service(tmp_path, markets=2).recover()
        assert caught.value.field == "market.shards"

    play(scene)


def test_a_gap_in_the_slices_stops_the_exchange(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = await FakeMarket().listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            await until(lambda: bool(shard.asked))
            shard.publish(market(2, MINUTE))
            await until(lambda: venue.failure is not None)
            assert "out of order" in str(venue.failure)
            shard.publish(market(1, MINUTE))
            await settle()
            assert shard.acks == []
            with pytest.raises(Unavailable):
                await partition.order(order())
            await partition.client.close()

    play(scene)


def test_a_market_that_no_longer_has_the_slices_stops_the_exchange(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        shard = FakeMarket()
        shard.refusal = Conflict("too old", code="SLICE_NOT_RETAINED")
        await shard.listen(tmp_path)
        async with running(service(tmp_path)) as venue:
            await until(lambda: venue.failure is not None)
            assert "too old" in str(venue.failure)

    play(scene)


def test_a_stale_exchange_stops_at_its_journal(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()
            newer = open_journal(Configuration().journal, tmp_path, "venue", "another")
            with pytest.raises(JournalFenced):
                await partition.order(order())
            assert venue.failure is not None
            with pytest.raises(Unavailable):
                await partition.order(order("0-2"))
            assert partition.reports == []
            newer.close()
            await partition.client.close()

    play(scene)


def test_what_a_failed_flush_may_have_lost_nobody_hears_of(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        configuration = Configuration.model_validate({"journal": {"durability": "disk"}})
        async with running(service(tmp_path, configuration=configuration)) as venue:
            partition = await FakePartition(tmp_path).start()
            journal = venue.host.journal

            def broken() -> None:
                raise JournalError("the disk failed in a flush")

            monkeypatch = pytest.MonkeyPatch()
            monkeypatch.setattr(journal, "flush", broken)
            waiting = asyncio.ensure_future(partition.order(order()))
            await until(lambda: venue.failure is not None)
            await settle()
            assert not waiting.done() and partition.reports == []
            with pytest.raises(Unavailable):
                await partition.order(order("0-2"))
            monkeypatch.undo()
            waiting.cancel()
            await partition.client.close()

    play(scene)


def test_an_input_that_breaks_the_core_stops_the_exchange(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)) as venue:
            partition = await FakePartition(tmp_path).start()

            def broken(*_: object) -> None:
                raise ZeroDivisionError("impossible")

            monkeypatch.setattr(venue.host.exchange, "submit", broken)
            with pytest.raises(AlphaMindError, match="failed to answer"):
                await partition.order(order())
            assert "impossible" in str(venue.failure)
            await partition.client.close()

    play(scene)


def test_the_market_may_come_later_than_the_exchange(tmp_path: pathlib.Path) -> None:
    async def scene() -> None:
        async with running(service(tmp_path)):
            await settle()
            shard = await FakeMarket().listen(tmp_path)
            shard.publish(market(1, MINUTE))
            await until(lambda: shard.acks == [1])

    play(scene)


@pytest.mark.parametrize(
    ("durability", "expected"),
    [("process", [("append", 0)]), ("disk", [("append", 0), ("append", 0), ("flush", 0)])],
)
def test_an_input_is_on_record_as_durably_as_configured_before_anyone_sees_its_effect(
    tmp_path: pathlib.Path, durability: str, expected: list[tuple[str, int]]
) -> None:
    async def scene() -> None:
        configuration = Configuration.model_validate({"journal": {"durability": durability}})
        async with running(service(tmp_path, configuration=configuration)) as venue:
            partition = await FakePartition(tmp_path).start()
            journal, steps = venue.host.journal, []
            session = venue._sessions["p00"]

            class Watched:
                immediate = journal.immediate

                def append(self, time: int, kind: int, payload: bytes, version: int) -> int:
                    steps.append(("append", session.last_report))
                    return journal.append(time, kind, payload, version)

                def flush(self) -> None:
                    steps.append(("flush", session.last_report))
                    journal.flush()

                def close(self) -> None:
                    journal.close()

            venue.host.journal = Watched()  # type: ignore[assignment]
            answers = [asyncio.ensure_future(partition.order(order(f"0-{number}"))) for number in range(2)]
            assert await asyncio.gather(*answers) == [b"", b""]
            assert steps[: len(expected)] == expected
            assert what(partition) == [("new", "0-0"), ("new", "0-1")]
            await partition.client.close()

    play(scene)
