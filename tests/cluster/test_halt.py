"""``alphamind halt`` and ``resume``: the kill switch works while everything else is stuck."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
import pytest

from actors.errors import InputError, NotFound
from actors.instruments import InstrumentMaster
from actors.messages import OrderStatus, TradingState
from actors.oms.kill_word import KillWord, word_path
from actors.risk.service import RiskService
from cluster.halt import Outcome, run_directory, set_trading_state
from tests.actors.oms.fakes import until
from tests.actors.oms.support import INSTRUMENTS, configuration
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

HALTED, ACTIVE, REDUCE_ONLY = TradingState.HALTED, TradingState.ACTIVE, TradingState.REDUCE_ONLY


@pytest.fixture
def home() -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="halt-") as name:
        yield pathlib.Path(name)


async def set_state(here: World, *arguments: Any, **options: Any) -> Outcome:
    """Do what the command does, on a thread, while the services run on this loop."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        work = pool.submit(set_trading_state, here.directory, *arguments, **options)
        return await asyncio.wrap_future(work)


def with_risk(scene: Callable[[World, RiskService], Awaitable[None]]) -> None:
    async def play(here: World) -> None:
        risk = RiskService(
            "risk", here.directory, configuration(), INSTRUMENTS, markets=("market-0",), oms=("oms-0",), patience=0.5
        )
        await risk.start()
        await until(lambda: not risk.delivery.pending())
        await scene(here, risk)
        await risk.stop()

    run(play)


def test_every_service_that_is_there_confirms_a_halt_and_trading_goes_on_only_when_resumed() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        outcome = await set_state(here, "firm", HALTED, "drill")
        assert (outcome.confirmed, outcome.failed) == (["risk", "oms-0"], {})
        assert outcome.word is not None and outcome.word.state is HALTED
        assert (await here.submit("a")).reason == "TRADING_HALTED"
        assert risk.controls.states["firm"].reason == "drill"
        await set_state(here, "firm", REDUCE_ONLY, "calmer")
        assert (await here.submit("b")).reason == "REDUCE_ONLY"
        await here.kill()
        await here.restart()
        await until(lambda: not risk.delivery.pending())
        assert (await here.submit("c")).reason == "REDUCE_ONLY"
        outcome = await set_state(here, "firm", ACTIVE, "calm")
        assert outcome.confirmed == ["risk", "oms-0"]
        assert (await here.submit("d")).reason == ""

    with_risk(scene)


def test_a_halt_holds_with_the_word_alone_and_the_risk_service_does_not_undo_it() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        word = KillWord(word_path(here.directory))
        word.write(HALTED, "operator", "drill")
        assert (await here.submit("a")).reason == "TRADING_HALTED"
        word.close()
        for connection in list(here.oms.server.connections):
            if connection.client == "risk":
                connection.close()
        await until(lambda: not risk.oms.clients["oms-0"].connected.is_set())
        await until(lambda: risk.oms.clients["oms-0"].connected.is_set() and not risk.delivery.pending())
        assert (await here.submit("b")).reason == "TRADING_HALTED"
        assert risk.controls.stricter([4]) == {"firm": {4: "halted"}}

    with_risk(scene)


@pytest.mark.parametrize(
    ("scope", "others"),
    [
        ("account:main", {"account": "other"}),
        ("strategy:manual", {"strategy": "other"}),
        ("instrument:AAA", {"instrument": 1}),
    ],
)
def test_a_narrower_halt_goes_over_the_sockets_and_takes_back_its_orders(scope: str, others: dict[str, Any]) -> None:
    async def scene(here: World) -> None:
        InstrumentMaster(INSTRUMENTS).save(here.directory / "instruments.json")
        await here.submit("mine", limit_price=9_000)
        await here.submit("theirs", limit_price=9_000, **others)
        outcome = await set_state(here, scope, HALTED, "drill", cancel_orders=True)
        assert (outcome.word, outcome.confirmed, outcome.canceled) == (None, ["oms-0"], 1)
        assert list(outcome.failed) == ["risk"]
        await here.becomes(OrderStatus.CANCELED, "mine")
        assert (await here.submit("a")).reason == "TRADING_HALTED"
        assert (await here.submit("b", **others)).reason == ""
        assert (await set_state(here, scope, ACTIVE, "calm")).confirmed == ["oms-0"]
        assert (await here.submit("c")).reason == ""

    run(scene, configuration=configuration(accounts=[{"id": "main"}, {"id": "other"}]))


def test_what_can_not_be_on_record_is_refused_before_anything_is_set(home: pathlib.Path) -> None:
    for scope, reason in (("planet", "x"), ("firm", ""), ("firm", "a\nb")):
        with pytest.raises(InputError):
            set_trading_state(home, scope, HALTED, reason)
    assert not word_path(home).exists()


def test_the_run_is_found_whether_it_is_alive_or_not(home: pathlib.Path) -> None:
    with pytest.raises(NotFound):
        run_directory(home)
    (home / "runs" / "a").mkdir(parents=True)
    (home / "runs" / "b").mkdir()
    (home / "current").symlink_to(home / "runs" / "a")
    assert run_directory(home).name == "a"
    assert run_directory(home, "b").name == "b"
    assert run_directory(home, str(home / "runs" / "b")).name == "b"
    with pytest.raises(NotFound):
        run_directory(home, "c")


SERVE = """
import asyncio, pathlib, sys
from tests.actors.oms.fakes import FakeVenue, FakeMarket, until
from tests.actors.oms.support import INSTRUMENTS, PRICE, configuration
from actors.service import socket_path
from actors.oms.service import OmsService
from actors.risk.service import RiskService

async def serve(directory, role):
    if role == "venue":
        await FakeVenue().listen(socket_path(directory, "venue"))
    elif role == "oms":
        market = FakeMarket()
        await market.server.listen(socket_path(directory, "market-0"))
        oms = OmsService("oms-0", directory, configuration(), INSTRUMENTS, shard=0, shards=1, markets=("market-0",))
        await oms.start()
        market.publish({0: PRICE})
        await until(lambda: oms.prices.price(0) == PRICE, 20)
    else:
        risk = RiskService("risk", directory, configuration(), INSTRUMENTS, markets=(), oms=("oms-0",))
        await risk.start()
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(serve(pathlib.Path(sys.argv[1]), sys.argv[2]))
"""


class Processes:
    """Venue, OMS and risk service, each a process of its own."""

    def __init__(self, directory: pathlib.Path) -> None:
        for folder in ("sockets", "journal", "logs"):
            (directory / folder).mkdir()
        self.running: dict[str, subprocess.Popen[str]] = {}
        for role in ("venue", "oms", "risk"):
            process = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(directory), role], stdout=subprocess.PIPE, text=True
            )
            self.running[role] = process
            assert process.stdout is not None
            while (line := process.stdout.readline().strip()) != "ready":
                assert process.poll() is None, f"{role} ended"
                assert line is not None

    def signal(self, number: int, *roles: str) -> None:
        """Send a signal to some of them."""
        for role in roles:
            os.kill(self.running[role].pid, number)

    def end(self) -> None:
        """End all of them, frozen ones too."""
        for process in self.running.values():
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def command(home: pathlib.Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command as a person does."""
    found = subprocess.run(
        [sys.executable, "-m", "cluster.cli", *arguments, "--run", "r"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "ALPHAMIND_HOME": str(home)},
    )
    assert found.stdout, found.stderr
    return found.returncode, orjson.loads(found.stdout)


def submit(directory: pathlib.Path, client_order_id: str) -> str:
    """Submit an order from outside and return the code of its refusal."""
    from actors.messages import Order, decoder, encode
    from actors.service import socket_path
    from actors.wire import BlockingClient
    from tests.actors.oms.support import submission

    with BlockingClient(socket_path(directory, "oms-0"), "test", timeout=20) as client:
        order: Order = decoder(Order)(client.request("submit", encode(submission(client_order_id))))
    return order.reason


def test_the_firm_is_halted_while_risk_service_and_venue_are_frozen_and_the_oms_itself_for_a_while(
    home: pathlib.Path,
) -> None:
    directory = home / "runs" / "r"
    directory.mkdir(parents=True)
    processes = Processes(directory)
    try:
        assert submit(directory, "before") == ""
        processes.signal(signal.SIGSTOP, "risk", "venue")
        status, found = command(home, "halt", "--reason", "drill")
        assert (status, found["confirmed"], list(found["failed"])) == (1, ["oms-0"], ["risk"])
        assert submit(directory, "after") == "TRADING_HALTED"

        # The risk service comes back with what it knew before: it may not let trading go on.
        processes.signal(signal.SIGCONT, "risk", "venue")
        time.sleep(0.5)
        assert submit(directory, "still") == "TRADING_HALTED"
        status, found = command(home, "resume", "--reason", "calm")
        assert (status, found["confirmed"]) == (0, ["risk", "oms-0"])
        assert submit(directory, "again") == ""

        # Now nobody can answer at all: the word is there when the OMS wakes up, before it looks at what came meanwhile.
        processes.signal(signal.SIGSTOP, "oms", "risk", "venue")
        waiting = concurrent.futures.ThreadPoolExecutor(1)
        order = waiting.submit(submit, directory, "sent to a frozen OMS")
        status, found = command(home, "halt", "--reason", "storm")
        assert (status, found["confirmed"], found["word"]) == (1, [], 3)
        processes.signal(signal.SIGCONT, "oms")
        assert order.result() == "TRADING_HALTED"
        waiting.shutdown()
    finally:
        processes.end()
