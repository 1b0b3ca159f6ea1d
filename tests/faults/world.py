"""A run under load whose parts can fail: OMS and venue as processes, market, client and subscriber in the harness."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import pathlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from actors.errors import NotFound, Unavailable
from actors.instruments import InstrumentMaster
from actors.messages import Instrument, Order, OrderStatus, decoder, encode
from actors.portfolio.books import BooksView
from actors.wire import WireClient
from configs import Configuration, render
from tests.faults.follower import Follower
from tests.faults.judge import Evidence, Verdict, judge
from tests.faults.load import Acknowledgement, Load, read_acknowledgements
from tests.faults.market import PlayedMarket
from tests.faults.replay import journal_name, replay_partitions, replay_venue, verify_journals
from tests.faults.report import Report
from tests.faults.services import PATIENCE, Services, ask, connected

ACCOUNTS = ("main", "second", "third")
INSTRUMENTS = (
    Instrument(id=0, symbol="AAA", calendar="24/7"),
    Instrument(id=1, symbol="BBB", calendar="24/7", price_increment=100, quantity_increment=1_000_000),
    Instrument(id=2, symbol="CCC", calendar="24/7", price_increment=100, quantity_increment=10_000, multiplier=7),
)
"""A stock, and two whose fills have to be rounded to 1e-8."""
SETTINGS: dict[str, Any] = {
    "accounts": [{"id": account, "cash": "10000000"} for account in ACCOUNTS],
    "oms": {"venue_timeout": 0.5},
    "risk": {"limits": {"allow_short": True, "maximum_position_notional": "100000000"}},
}
SLICE_SECONDS = 0.01

_decode_order = decoder(Order)
_decode_orders = decoder(list[Order])
_decode_books = decoder(BooksView)


class World:
    """The run; see ``world``.

    Attributes:
        directory: The run's directory.
        configuration: Its configuration.
        services: OMS and venue.
        market: The market shard.
        loads: The clients.
        follower: The subscriber.
        noticed: What the harness itself found wrong.
        at_end: What is left once all processes have ended and before the folder is removed.
    """

    def __init__(self, directory: pathlib.Path, configuration: Configuration, seed: int, services: Services) -> None:
        self.directory = directory
        self.configuration = configuration
        self.services = services
        self.market = PlayedMarket(INSTRUMENTS, seed)
        self.loads = [Load(directory, ACCOUNTS, INSTRUMENTS, seed)]
        self.follower = Follower(directory)
        self.noticed: list[str] = []
        self.at_end = contextlib.ExitStack()
        self._checked = 0

    @property
    def load(self) -> Load:
        """The first client."""
        return self.loads[0]

    async def start(self) -> None:
        """Start everything and wait until orders are acknowledged and traded."""
        for name in ("venue", "oms-0"):
            await self.services.start(name)
        await self.begin()

    async def begin(self) -> None:
        """Let market, client and subscriber begin, and wait until orders are acknowledged and traded."""
        await self.market.start(self.directory, SLICE_SECONDS)
        await until_open(self.directory)
        self.follower.start()
        back = self.load.next_acknowledgement()
        self.load.start()
        await self.within(back, "the first acknowledgement")

    async def goes_on(self, began: float, reconnected: bool = False) -> float:
        """Wait until market data and new orders pass again and return the seconds since ``began``.

        Args:
            began: ``time.monotonic()`` of the fault.
            reconnected: Whether the client has lost its connection to the OMS and has to make a new one first.
        """
        slice_done, acknowledged = self.market.next_slice(), self.load.next_acknowledgement(reconnected)
        passed = [
            await self.within(slice_done, "the next slice of market data"),
            await self.within(acknowledged, "the next acknowledged order"),
        ]
        return max(passed) - began

    async def within(self, future: asyncio.Future[float], what: str) -> float:
        """Wait for a future, but not for ever.

        Raises:
            TimeoutError: It did not come; names what is known of the services.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                return await future
        except TimeoutError:
            outputs = {name: self.services.output(name) for name in ("venue", "oms-0")}
            counts = dict(self.load.counts)
            raise TimeoutError(f"{what} did not come within {PATIENCE} s; {counts}; {outputs}") from None

    async def check_acknowledged(self) -> int:
        """Ask for every order that was acknowledged since the last check, note what is missing, return how many."""
        entries = self.load.record.read_bytes().splitlines()[self._checked :]
        self._checked += len(entries)
        acknowledged = [msgspec.json.decode(entry, type=Acknowledgement) for entry in entries]
        answers = await self._answers(acknowledged)
        for entry in acknowledged:
            found = answers[entry.order.account, entry.order.client_order_id]
            if found is None or found.order_id != entry.order_id:
                self.noticed.append(f"right after the fault {entry.order_id} is {found}")
        return len(acknowledged)

    async def settle(self) -> Verdict:
        """End the load, let everything come to rest, and judge what there is."""
        for load in self.loads:
            await load.stop()
        await self._come_to_rest()
        return judge(await self.evidence())

    async def _come_to_rest(self) -> None:
        deadline = time.monotonic() + PATIENCE
        await asyncio.sleep(5 * SLICE_SECONDS)
        await self.market.stop()
        while True:
            unrest = await self._unrest()
            if not unrest:
                return
            if time.monotonic() > deadline:
                self.noticed.append(f"it did not come to rest: {'; '.join(unrest)}")
                return
            await asyncio.sleep(0.02)

    async def _unrest(self) -> list[str]:
        """Return what is still under way."""
        oms = (await ask(self.directory, "oms-0", "status"))["status"]
        venue = (await ask(self.directory, "venue", "status"))["status"]
        found = [] if self.market.complete else ["a slice is under way"]
        for name, partition in oms["partitions"].items():
            session = venue["sessions"].get(name, {"last_report": None, "unacked_reports": None})
            if not partition["venue_open"]:
                found.append(f"{name} has no session")
            if partition["last_report"] != session["last_report"] or session["unacked_reports"]:
                found.append(f"{name} is at report {partition['last_report']}, the venue at {session}")
            told = len(self.follower.events[int(name.removeprefix("p"))])
            if partition["last_event"] != told:
                found.append(f"{name} has {partition['last_event']} events, {told} were told")
        for account in ACCOUNTS:
            orders = await self._orders(account, open_only=True)
            waiting = (OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL)
            if any(order.status in waiting for order in orders):
                found.append(f"an order of {account} waits for an answer")
        return found

    async def evidence(self) -> Evidence:
        """Collect what there is to judge; everything is at rest."""
        acknowledged = [entry for load in self.loads for entry in read_acknowledgements(load.record)]
        replayed = await asyncio.to_thread(replay_partitions, self.configuration, self.directory)
        venue = await asyncio.to_thread(replay_venue, self.configuration, self.directory)
        names = ["venue", *map(journal_name, replayed)]
        noticed = [*self.noticed, *self.follower.violations]
        return Evidence(
            acknowledged=acknowledged,
            answers=await self._answers(acknowledged),
            listed={account: await self._orders(account) for account in ACCOUNTS},
            books={account: await self._books(account) for account in ACCOUNTS},
            told=dict(self.follower.events),
            replayed=replayed,
            venue_orders=venue.orders,
            venue_reports=venue.reports,
            venue_standing=venue.standing,
            verifications=await asyncio.to_thread(verify_journals, self.configuration, self.directory, names),
            instruments=INSTRUMENTS,
            alarms=(await ask(self.directory, "oms-0", "alarms", {"limit": 100}))["alarms"],
            noticed=[*noticed, *itertools.chain.from_iterable(load.violations for load in self.loads)],
        )

    async def _answers(self, acknowledged: Iterable[Acknowledgement]) -> dict[tuple[str, str], Order | None]:
        keys = list({(entry.order.account, entry.order.client_order_id) for entry in acknowledged})
        found: dict[tuple[str, str], Order | None] = {}

        async def look(client: WireClient, key: tuple[str, str]) -> None:
            body = encode({"account": key[0], "client_order_id": key[1]})
            try:
                found[key] = _decode_order(await client.request("order", body))
            except NotFound:
                found[key] = None

        async with connected(self.directory) as client:
            for begin in range(0, len(keys), 500):
                await asyncio.gather(*(look(client, key) for key in keys[begin : begin + 500]))
        return found

    async def _orders(self, account: str, open_only: bool = False) -> list[Order]:
        body = encode({"account": account, "open_only": open_only, "limit": 10_000})
        async with connected(self.directory) as client:
            orders: list[Order] = _decode_orders(await client.request("orders", body))
        return orders

    async def _books(self, account: str) -> BooksView:
        async with connected(self.directory) as client:
            books: BooksView = _decode_books(await client.request("positions", encode({"account": account})))
        return books


async def until_open(directory: pathlib.Path) -> None:
    """Wait until every partition has its session with the venue and the first prices are there.

    Raises:
        TimeoutError: It took too long.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Unavailable):
                status = (await ask(directory, "oms-0", "status"))["status"]
                if all(status["market_sequences"]) and all(
                    partition["venue_open"] for partition in status["partitions"].values()
                ):
                    return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def world(
    seed: int, settings: dict[str, Any] | None = None, clock: bool = False, dsn: str | None = None
) -> AsyncIterator[World]:
    """A run in a folder of its own that is gone afterwards; nothing is started yet.

    Args:
        seed: Seed of market and load.
        settings: Sections of the configuration beside ``SETTINGS``.
        clock: Whether the processes' wall clocks follow ``directory / "clock"``, a ``SteppedClock``.
        dsn: Connection string of the journal's database.
    """
    directory = prepare_directory()
    given = {**SETTINGS, **(settings or {})}
    if dsn is not None:
        given["journal"] = {"medium": "postgres", "durability": "replicated", "dsn": dsn}
    configuration = Configuration.model_validate(given)
    (directory / "configuration.yaml").write_text(render(configuration))
    InstrumentMaster(INSTRUMENTS).save(directory / "instruments.json")
    environment = {} if dsn is None else {"ALPHAMIND_JOURNAL_DSN": dsn}
    services = Services(directory, environment, directory / "clock" if clock else None)
    here = World(directory, configuration, seed, services)
    try:
        yield here
    finally:
        for load in here.loads:
            await load.abandon()
        await here.follower.close()
        await here.market.close()
        await services.close()
        here.at_end.close()
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.asynccontextmanager
async def judged(report: Report, seed: int, clock: bool = False, dsn: str | None = None) -> AsyncIterator[World]:
    """A run under load that is judged when the block ends; what does not come in time is a violation too.

    Args:
        report: Gets the verdict.
        seed, clock, dsn: As of ``world``.
    """
    with report.in_time():
        async with world(seed, clock=clock, dsn=dsn) as here:
            yield here
            report.add(await here.settle(), *here.loads)


def prepare_directory() -> pathlib.Path:
    """Return a new folder for one run, its path short enough for sockets."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    for name in ("sockets", "journal", "logs"):
        (directory / name).mkdir()
    return directory
