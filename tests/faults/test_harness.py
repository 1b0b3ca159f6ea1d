"""The parts of the harness see what they are there to see."""

from __future__ import annotations

import asyncio
import functools
import itertools
import pathlib
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import pytest

from actors.errors import Conflict, InputError
from actors.messages import CashEvent, Order, OrderStatus, SubmitOrder, decoder, encode
from actors.service import socket_path
from actors.wire import Handler, Request, WireServer
from tests.faults.follower import Follower
from tests.faults.load import Load, read_acknowledgements
from tests.faults.market import PlayedMarket
from tests.faults.relay import Relay
from tests.faults.services import ROOT, connected
from tests.faults.stepped_clock import SteppedClock
from tests.faults.world import INSTRUMENTS

_decode = decoder(SubmitOrder)


def taken(submitted: SubmitOrder, order_id: str) -> bytes:
    """Return the answer to a submission."""
    fields = {name: getattr(submitted, name) for name in submitted.__struct_fields__}
    return encode(Order(order_id=order_id, status=OrderStatus.NEW, submitted_at=1, updated_at=1, **fields))


def cash(sequence: int) -> bytes:
    """Return an event of partition 4."""
    return encode(
        CashEvent(
            partition=4, sequence=sequence, time=1, account="main", currency="USD", amount=1, reason="opening cash"
        )
    )


def with_oms(directory: pathlib.Path, handlers: Mapping[str, Handler], scene: Callable[[], Awaitable[None]]) -> None:
    """Play a scene beside an OMS that answers what a test tells it."""

    async def play() -> None:
        server = WireServer("oms-0", handlers)
        await server.listen(socket_path(directory, "oms-0"))
        await scene()
        await server.close()

    asyncio.run(play())


def test_the_load_sees_an_oms_that_makes_a_new_order_of_every_submission(run_directory: pathlib.Path) -> None:
    numbers = itertools.count()

    def submit(request: Request) -> bytes:
        return taken(_decode(request.body), f"4-{next(numbers)}")

    def cancel(_: Request) -> bytes:
        raise Conflict("too late", code="ORDER_CLOSED")

    async def scene() -> None:
        load = Load(run_directory, ["main"], INSTRUMENTS, seed=1, rate=5_000)
        load.start()
        while load.counts["repeated"] < 3 or load.counts["acknowledged"] < 50:
            await asyncio.sleep(0.01)
        await load.stop()
        assert any("when repeated" in text for text in load.violations)
        assert any("another order under" in text for text in load.violations)
        recorded = read_acknowledgements(load.record)
        assert len({entry.order.client_order_id for entry in recorded}) == load.counts["acknowledged"] == len(recorded)

    with_oms(run_directory, {"submit": submit, "cancel": cancel}, scene)


def test_the_load_sees_a_refusal_that_it_has_not_earned(run_directory: pathlib.Path) -> None:
    def submit(_: Request) -> bytes:
        raise InputError("no", code="NO")

    async def scene() -> None:
        load = Load(run_directory, ["main"], INSTRUMENTS, seed=1, rate=5_000)
        load.start()
        while not load.violations:
            await asyncio.sleep(0.01)
        await load.stop()
        assert "was answered with NO" in load.violations[0]

    with_oms(run_directory, {"submit": submit}, scene)


@pytest.mark.parametrize("sequences", [(1, 3), (1, 1), (2,)], ids=["a gap", "a repetition", "a late beginning"])
def test_the_follower_sees(run_directory: pathlib.Path, sequences: tuple[int, ...]) -> None:
    def subscribe(request: Request) -> None:
        request.reply(encode({}))
        for sequence in sequences:
            request.emit(cash(sequence))

    async def scene() -> None:
        follower = Follower(run_directory)
        follower.start()
        while not follower.violations:
            await asyncio.sleep(0.01)
        await follower.close()

    with_oms(run_directory, {"subscribe": subscribe}, scene)


def test_the_follower_sees_an_oms_that_has_forgotten_what_it_told(run_directory: pathlib.Path) -> None:
    subscribers: list[Request] = []

    def subscribe(request: Request) -> None:
        subscribers.append(request)
        if msgspec.msgpack.decode(request.body)["from"]:
            raise InputError("no such events", code="EVENTS_NOT_REACHED")
        request.reply(encode({}))
        request.emit(cash(1))

    async def scene() -> None:
        follower = Follower(run_directory)
        follower.start()
        while not follower.events:
            await asyncio.sleep(0.01)
        subscribers[0].connection.close()
        while not follower.violations:
            await asyncio.sleep(0.01)
        await follower.close()

    with_oms(run_directory, {"subscribe": subscribe}, scene)


def test_the_market_waits_for_both_followers(run_directory: pathlib.Path) -> None:
    async def scene() -> None:
        market = PlayedMarket(INSTRUMENTS, seed=1)
        await market.start(run_directory, 0.001)
        slices: dict[str, list[bytes]] = {"oms-0": [], "venue": []}
        async with connected(run_directory, "market-0") as oms, connected(run_directory, "market-0") as venue:
            for name, client in (("oms-0", oms), ("venue", venue)):
                body = encode({"name": name, "stage": 0, "from_sequence": 1})
                await client.subscribe("subscribe", body, slices[name].append)
            oms.notify("ack", encode(1))
            await asyncio.sleep(0.02)
            assert len(slices["oms-0"]) == len(slices["venue"]) == 1 and not market.complete
            done = market.next_slice()
            venue.notify("ack_quiet", encode(1))
            while len(slices["oms-0"]) < 2:
                await asyncio.sleep(0.001)
            assert not done.done()
            for client in (oms, venue):
                client.notify("ack", encode(2))
            await done
        await market.close()

    asyncio.run(scene())


def test_the_relay_loses_the_answer_and_not_the_question() -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.append(data)
            writer.write(b"answer")
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with Relay(server.sockets[0].getsockname()[1]) as relay:
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            writer.write(b"first")
            assert await reader.read(100) == b"answer"
            relay.lose_next_answer()
            writer.write(b"second")
            assert await reader.read(100) == b"" and relay.cuts == 1
            assert heard == [b"first", b"second"]
            writer.close()
        server.close()

    asyncio.run(scene())


def test_the_wall_clock_of_a_process_steps_while_it_runs(tmp_path: pathlib.Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from tests.faults.stepped_clock import step_clocks\n"
        "step_clocks(pathlib.Path(sys.argv[1]))\n"
        "import time\n"
        "from actors.clock import WallClock\n"
        "for _ in sys.stdin: print(WallClock().now(), int(time.time()), flush=True)\n"
    )
    clock = SteppedClock(tmp_path / "clock")
    process = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "clock"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    hour = 3600 * 10**9
    for offset in (0, -5 * hour):
        clock.step(offset)
        before = time.time_ns() + clock.offset
        process.stdin.write("\n")
        process.stdin.flush()
        nanoseconds, seconds = map(int, process.stdout.readline().split())
        assert before <= nanoseconds < before + hour and abs(seconds - nanoseconds // 10**9) <= 1
    process.stdin.close()
    process.wait()


def test_a_process_ends_with_the_harness_that_started_it(run_directory: pathlib.Path) -> None:
    begin = functools.partial(subprocess.Popen, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
    process = begin([sys.executable, "-m", "tests.faults.process", str(run_directory), "venue"])
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) is not None
