from __future__ import annotations

import asyncio
import functools
import pathlib
import pickle
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from actors.clock import MINUTE, SECOND
from actors.errors import AlphaMindError, DataError, JournalError, Unavailable
from actors.ingest.service import PAUSE, RESUME, START, FeedService
from actors.ingest.source import Source
from actors.journal import read_journal
from actors.market.ticks import RAW, RawSlice, decode_raw_slice
from actors.messages import Instrument
from actors.service import socket_path
from actors.wire import BlockingClient, Request, WireServer
from configs.schema import Configuration

MONDAY = 1_704_726_000_000_000_000
INSTRUMENTS = tuple(Instrument(id=number, symbol=f"S{number}", calendar="24/7") for number in range(4))


class Counting:
    """A source of ``length`` slices with one row of every instrument each, a second apart."""

    def __init__(self, length: int = 20, fault_at: int | None = None) -> None:
        self.length = length
        self.fault_at = fault_at

    def describe(self) -> str:
        return "counting"

    def prices(self) -> Mapping[str, npt.NDArray[np.float64]]:
        return {}

    def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
        for sequence in range(from_sequence, self.length + 1):
            if sequence == self.fault_at:
                raise DataError("the disk is gone")
            rows = np.zeros(len(instruments), RAW)
            rows["instrument"] = [one.id for one in instruments]
            yield RawSlice(sequence, MONDAY + sequence * SECOND, rows.tobytes(), source="counting")


class FakeMarket:
    """A market shard that keeps what it is sent."""

    def __init__(self, directory: pathlib.Path, shard: int = 0) -> None:
        self.path = socket_path(directory, f"market-{shard}")
        self.position = 0
        self.displaced = 0
        self.received: list[RawSlice] = []
        self.refusals: list[AlphaMindError] = []
        self.swallow: set[int] = set()
        self.server = self._server()

    def _server(self) -> WireServer:
        return WireServer("market", {"position": self._position, "slice": self._slice, "snapshot": self._snapshot})

    def _position(self, _: Request) -> bytes:
        return msgspec.msgpack.encode(self.position)

    def _snapshot(self, _: Request) -> bytes:
        time = MONDAY + self.position * SECOND + self.displaced
        return msgspec.msgpack.encode({"sequence": self.position, "time": time, "last": [], "quotes": []})

    def _slice(self, request: Request) -> bytes | None:
        if self.refusals:
            raise self.refusals.pop(0)
        piece = decode_raw_slice(request.body)
        if piece.sequence in self.swallow:
            self.swallow.remove(piece.sequence)
            return None
        if piece.sequence > self.position:
            if piece.sequence != self.position + 1:
                raise Unavailable("out of turn", code="SLICE_OUT_OF_TURN")
            self.position = piece.sequence
            self.received.append(piece)
        return msgspec.msgpack.encode({"accepted": len(piece.ticks()), "quarantined": 0})

    async def listen(self) -> None:
        await self.server.listen(self.path)

    async def restart(self) -> None:
        await self.server.close()
        self.server = self._server()
        await self.listen()


def feed(
    directory: pathlib.Path, source: Callable[[], Source] = Counting, shards: int = 1, **section: Any
) -> FeedService:
    return FeedService(
        "feed", directory, Configuration.model_validate({"feed": section}), INSTRUMENTS, source=source, shards=shards
    )


async def until(condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.002)

    await asyncio.wait_for(wait(), 20)


def run(
    service: FeedService,
    *markets: FakeMarket,
    during: Callable[[], Awaitable[None]] | None = None,
    state: str = "finished",
) -> dict[str, Any]:
    """Run the feed against the markets until it reaches ``state``; return its last status."""

    async def together() -> dict[str, Any]:
        for market in markets:
            await market.listen()
        await service.start()
        try:
            if during is not None:
                await during()
            await until(lambda: service.status()["state"] in (state, "failed"))
            return service.status()
        finally:
            await service.stop()
            for market in markets:
                await market.server.close()

    return asyncio.run(together())


def sequences(market: FakeMarket) -> list[int]:
    return [piece.sequence for piece in market.received]


def test_every_slice_arrives_once_and_in_order(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    service = feed(run_directory)
    status = run(service, market)
    assert sequences(market) == list(range(1, 21))
    assert status.pop("elapsed_seconds") > 0
    assert status == {
        "state": "finished",
        "sequence": 20,
        "time": MONDAY + 20 * SECOND,
        "rows": 80,
        "lag_seconds": 0.0,
        "speed": "max",
        "source": "counting",
        "failure": None,
    }
    numbers = service.metrics.snapshot()
    assert (numbers["slices_total"], numbers["rows_total"]) == (20, 80)
    assert "slice_round_trip_seconds_p50" in numbers and "lag_seconds" in numbers


def test_shards_get_their_own_rows_and_keep_in_step(run_directory: pathlib.Path) -> None:
    markets = [FakeMarket(run_directory, shard) for shard in range(3)]
    run(feed(run_directory, shards=3), *markets)
    for shard, market in enumerate(markets):
        assert sequences(market) == list(range(1, 21))
        assert set(np.concatenate([one.ticks() for one in market.received])["instrument"] % 3) == {shard}


def test_the_feed_resumes_after_the_shard_that_is_furthest_behind(run_directory: pathlib.Path) -> None:
    ahead, behind = FakeMarket(run_directory, 0), FakeMarket(run_directory, 1)
    ahead.position, behind.position = 12, 9
    run(feed(run_directory, shards=2), ahead, behind)
    assert sequences(ahead) == list(range(13, 21)) and sequences(behind) == list(range(10, 21))


def test_a_run_that_was_at_its_end_is_finished_at_once(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.position = 20
    status = run(feed(run_directory), market)
    assert (status["sequence"], status["time"], market.received) == (20, MONDAY + 20 * SECOND, [])


def test_other_data_than_those_of_the_run_are_refused(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.position = 50
    status = run(feed(run_directory), market)
    assert status["state"] == "failed" and "no slice 50" in status["failure"]


def test_data_of_the_same_length_and_other_times_are_refused(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.position, market.displaced = 5, SECOND
    status = run(feed(run_directory), market)
    assert status["state"] == "failed" and "slice 5 of the source has another time" in status["failure"]
    assert market.received == []


def test_a_slice_that_was_lost_with_the_connection_is_sent_again(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.swallow = {5, 11}

    async def restart_when_stuck() -> None:
        for _ in range(2):
            stuck = len(market.swallow)
            await until(lambda: len(market.swallow) < stuck)
            await market.restart()

    run(feed(run_directory), market, during=restart_when_stuck)
    assert sequences(market) == list(range(1, 21))


def test_a_slice_that_was_done_before_the_connection_broke_is_not_sent_again(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.swallow = {5}

    async def complete_and_restart() -> None:
        await until(lambda: not market.swallow)
        market.position = 5
        await market.restart()

    run(feed(run_directory), market, during=complete_and_restart)
    assert sequences(market) == [*range(1, 5), *range(6, 21)]


def test_a_shard_that_lost_slices_gets_them_again(run_directory: pathlib.Path) -> None:
    restored, other = FakeMarket(run_directory, 0), FakeMarket(run_directory, 1)
    restored.swallow = {9}

    async def restore_an_older_state() -> None:
        await until(lambda: not restored.swallow)
        restored.position = 3
        await restored.restart()

    run(feed(run_directory, shards=2), restored, other, during=restore_an_older_state)
    assert sequences(restored) == [*range(1, 9), *range(4, 21)]
    assert sequences(other) == list(range(1, 21))


def test_a_shard_that_says_not_now_is_asked_again(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.refusals = [Unavailable("busy"), Unavailable("busy")]
    assert run(feed(run_directory), market)["state"] == "finished"
    assert sequences(market) == list(range(1, 21))


def test_a_shard_that_comes_late_is_waited_for(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    service = feed(run_directory)

    async def come_late() -> None:
        await until(lambda: service.status()["state"] == "waiting")
        await market.listen()

    run(service, during=come_late)
    assert sequences(market) == list(range(1, 21))


@pytest.mark.parametrize(
    ("source", "refusals", "failure"),
    [
        (functools.partial(Counting, fault_at=7), [], "the disk is gone"),
        (functools.partial(Counting, 0), [], "no slice 1"),
        (functools.partial(int, "x"), [], "ValueError"),
        (Counting, [JournalError("disk full")], "disk full"),
    ],
    ids=["source breaks", "source is empty", "source does not open", "shard fails"],
)
def test_a_failure_stops_the_feed_and_is_told(
    run_directory: pathlib.Path, source: Callable[[], Source], refusals: list[AlphaMindError], failure: str
) -> None:
    market = FakeMarket(run_directory)
    market.refusals = refusals
    service = feed(run_directory, source)
    status = run(service, market)
    assert status["state"] == "failed" and failure in status["failure"]
    assert service.report()["failure"] == status["failure"]


def ask(service: FeedService, method: str) -> Any:
    with BlockingClient(socket_path(service.directory, "feed"), "test") as client:
        return msgspec.msgpack.decode(client.request(method))


def test_a_paused_feed_sends_nothing_until_it_is_resumed(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    service = feed(run_directory, speed=200)

    async def pause_and_resume() -> None:
        await until(lambda: len(market.received) >= 3)
        assert (await asyncio.to_thread(ask, service, "pause"))["state"] == "paused"
        await asyncio.sleep(0.02)
        reached = len(market.received)
        await asyncio.sleep(0.05)
        assert len(market.received) == reached < 20
        assert (await asyncio.to_thread(ask, service, "resume"))["state"] == "running"

    assert run(service, market, during=pause_and_resume)["state"] == "finished"
    assert sequences(market) == list(range(1, 21))


def test_a_failed_feed_cannot_be_resumed(run_directory: pathlib.Path) -> None:
    service = feed(run_directory, functools.partial(Counting, fault_at=2))

    async def resume() -> None:
        await until(lambda: service.status()["state"] == "failed")
        with pytest.raises(AlphaMindError, match="can't be resumed"):
            await asyncio.to_thread(ask, service, "resume")

    run(service, FakeMarket(run_directory), during=resume)


def test_a_slow_feed_reports_where_it_is_and_stops_when_told(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    status = run(feed(run_directory, speed=0.01), market, state="running")
    assert status["state"] == "running" and len(market.received) <= 1
    assert (
        run(feed(run_directory, functools.partial(Counting, 5), speed=5 * MINUTE), FakeMarket(run_directory))[
            "lag_seconds"
        ]
        >= 0
    )


def test_the_wait_of_a_slices_first_row_is_measured_where_slices_are_paced(run_directory: pathlib.Path) -> None:
    class Batched(Counting):
        def slices(self, instruments: Sequence[Instrument], from_sequence: int = 1) -> Iterator[RawSlice]:
            for piece in super().slices(instruments, from_sequence):
                rows = piece.ticks().copy()
                rows["known_time"] = piece.time - np.arange(len(rows))[::-1] * MINUTE
                yield RawSlice(piece.sequence, piece.time, rows.tobytes())

    paced = feed(run_directory, functools.partial(Batched, 5), speed=20 * MINUTE / SECOND)
    run(paced, FakeMarket(run_directory))
    numbers = paced.metrics.snapshot()
    assert 0.15 <= numbers["batch_seconds_p50"] <= 0.2, "3 minutes at 1,200 times real time"
    assert numbers["delay_seconds_p50"] >= numbers["batch_seconds_p50"] and numbers["lag_seconds_p50"] > 0
    fast = feed(run_directory, functools.partial(Batched, 5))
    run(fast, FakeMarket(run_directory))
    assert not {"batch_seconds_p50", "delay_seconds_p50", "lag_seconds_p50"} & set(fast.metrics.snapshot())


def test_what_the_service_is_made_of_can_be_pickled() -> None:
    source = pickle.loads(pickle.dumps(functools.partial(Counting, 3)))
    assert len(list(source().slices(INSTRUMENTS))) == 3


def test_a_paused_feed_comes_back_paused_until_it_is_resumed(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    first = feed(run_directory, speed=200)

    async def pause() -> None:
        await until(lambda: len(market.received) >= 3)
        for _ in range(2):
            await asyncio.to_thread(ask, first, "pause")

    run(first, market, during=pause, state="paused")
    reached = len(market.received)
    market.server = market._server()
    second = feed(run_directory)

    async def resume() -> None:
        await until(lambda: second.status()["state"] == "paused")
        assert len(market.received) == reached < 20
        for _ in range(2):
            await asyncio.to_thread(ask, second, "resume")

    assert run(second, market, during=resume)["state"] == "finished"
    assert sequences(market) == list(range(1, 21))
    journal = read_journal(Configuration().journal, run_directory, "feed")
    assert [record.kind for record in journal.read()] == [START, PAUSE, RESUME]
    journal.close()
    market.server = market._server()
    assert run(feed(run_directory), market)["state"] == "finished", "a resumed feed comes back running"


def test_slices_under_way_are_the_queue(run_directory: pathlib.Path) -> None:
    market = FakeMarket(run_directory)
    market.swallow = {1}
    service = feed(run_directory)

    async def look() -> None:
        await until(lambda: not market.swallow)
        assert service.report()["metrics"]["queue_length"] >= 1
        await market.restart()

    run(service, market, during=look)
    service.measure()
    assert service.metrics.gauges["queue_length"] == 0
