"""What the benchmark needs of the OMS, in one place: how it is configured, built, given orders and asked."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import signal
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

import structlog
import uvloop

from actors.clock import DataClock
from actors.journal import open_journal
from actors.logs import configure_logs
from actors.messages import CancelOrder, Instrument, OrderType, Side, SubmitOrder, VenueOrder, encode
from actors.metrics import Metrics
from actors.oms.admission import repeated, to_be_canceled
from actors.oms.client_text import check_order_text
from actors.oms.host import PartitionHost
from actors.oms.inputs import Cancellation, Submission
from actors.oms.opening import changed_terms, expected_fee_rate, first_limits, new_accounts
from actors.oms.routing import partition_of
from actors.oms.service import OmsService
from actors.oms.state import partition_name
from actors.oms.venue import PLAIN, Venue, VenueCancel
from actors.oms.wire_venue import WireVenue
from actors.service import socket_path
from actors.wire import Handler, Request
from configs.schema import Configuration
from tests.actors.oms.support import FakeVenue
from tests.benchmarks.order_path_exchange import PRICE, InProcessExchange

ACCOUNT, STRATEGY = "main", "benchmark"
INSTRUMENTS = tuple(Instrument(id=number, symbol=f"BEN{number}") for number in range(8))
SERVICE, MARKET, VENUE = "oms-0", "market-0", "venue"

LIMITS = {
    "maximum_order_quantity": 1_000_000,
    "maximum_order_notional": 1_000_000_000,
    "maximum_position_notional": 10_000_000_000,
    "price_collar": "0.1",
    "allow_short": True,
}
"""Every check of the gate is made, and lets the benchmark's own orders through."""

TOO_LARGE = 1_000_001
"""Lots of an order that the gate refuses."""


def configuration(durability: str) -> Configuration:
    """Return a configuration with one account that can afford everything."""
    return Configuration.model_validate(
        {
            "accounts": [{"id": ACCOUNT, "cash": 40_000_000_000}],
            "journal": {"medium": "segments", "durability": durability},
            "risk": {"limits": LIMITS},
        }
    )


def resting_order(number: int) -> SubmitOrder:
    """Return a limit order a step away from the market, buys and sells by turns: it passes the gate and rests."""
    buys = number % 2
    return SubmitOrder(
        client_order_id=f"order-{number}",
        account=ACCOUNT,
        instrument=number // 2 % len(INSTRUMENTS),
        side=Side.BUY if buys else Side.SELL,
        quantity=1,
        type=OrderType.LIMIT,
        limit_price=PRICE - 100 if buys else PRICE + 100,
        strategy=STRATEGY,
        principal=STRATEGY,
    )


def market_order(number: int, quantity: int = 1, instrument: int = 0) -> SubmitOrder:
    """Return a market order of ``quantity`` lots, buys and sells by turns."""
    return SubmitOrder(
        client_order_id=f"order-{number}",
        account=ACCOUNT,
        instrument=instrument % len(INSTRUMENTS),
        side=Side.BUY if number % 2 else Side.SELL,
        quantity=quantity,
        strategy=STRATEGY,
        principal=STRATEGY,
    )


def submit_bodies(numbers: Iterator[int], count: int) -> list[bytes]:
    """Return the bodies of ``count`` requests that submit resting orders, each a new one."""
    return [encode(resting_order(next(numbers))) for _ in range(count)]


class TimedWireVenue(WireVenue):
    """The door to an exchange in another process, which says when an order is sent."""

    def __init__(self, path: pathlib.Path, name: str, on_send: Callable[[], None]) -> None:
        super().__init__(path, name)
        self._on_send = on_send

    def send(self, message: VenueOrder | VenueCancel) -> None:
        """Send an order or a cancel."""
        if isinstance(message, VenueOrder):
            self._on_send()
        super().send(message)


class MeasuredOms(OmsService):
    """One shard of the OMS that notes when a submission reached its handler and when its order was sent.

    Args:
        directory: The run's directory.
        durability: Of its journal.
        own_exchange: Whether the exchange is in this process; otherwise it is the service ``VENUE``.
    """

    def __init__(self, directory: pathlib.Path, durability: str, own_exchange: bool) -> None:
        self._reached: deque[int] = deque()
        self._inside: list[int] = []
        super().__init__(
            SERVICE,
            directory,
            configuration(durability),
            INSTRUMENTS,
            shard=0,
            shards=1,
            markets=(MARKET,),
            venue=VENUE,
            connect_venue=self._connect_inside if own_exchange else self._connect_apart,
        )

    def _connect_inside(self, _: str) -> Venue:
        return InProcessExchange(asyncio.get_running_loop().call_soon, self._sent)

    def _connect_apart(self, client: str) -> Venue:
        return TimedWireVenue(socket_path(self.directory, VENUE), client, self._sent)

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods of the OMS, ``submit`` timed, with ``inside`` and ``nothing``."""
        methods = super().handlers()
        return {
            **methods,
            "submit": functools.partial(self._timed, methods["submit"]),
            "inside": self._tell_inside,
            "nothing": lambda request: request.body,
        }

    def _timed(self, submit: Handler, request: Request) -> bytes | None:
        self._reached.append(time.perf_counter_ns())
        return submit(request)

    def _sent(self) -> None:
        now = time.perf_counter_ns()
        self._inside.append(now - self._reached.popleft())

    def _tell_inside(self, _: Request) -> bytes:
        """Answer with the nanoseconds from handler to venue of every order since the last time."""
        inside, self._inside = self._inside, []
        return struct.pack(f"<{len(inside)}Q", *inside)


def serve_oms(directory: pathlib.Path, durability: str, own_exchange: bool) -> None:
    """Run one shard until SIGTERM, on the kind of loop that its actor has."""

    async def serve(ended: asyncio.Event) -> None:
        oms = MeasuredOms(directory, durability, own_exchange)
        await oms.start()
        await ended.wait()
        await oms.stop()

    _serve(directory, SERVICE, serve)


def serve_venue(directory: pathlib.Path) -> None:
    """Run an exchange that confirms every order until SIGTERM."""

    async def serve(ended: asyncio.Event) -> None:
        venue = FakeVenue()
        await venue.listen(socket_path(directory, VENUE))
        await ended.wait()
        await venue.close()

    _serve(directory, VENUE, serve)


def _serve(directory: pathlib.Path, name: str, serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    sys.setswitchinterval(1e-4)
    configure_logs("info", directory / "logs" / f"{name}.jsonl")

    async def until_ended() -> None:
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await serve(ended)

    uvloop.run(until_ended())


class InProcessOms:
    """One partition with its journal and an exchange, called as its service calls it, with no socket between.

    Args:
        directory: The run's directory; what its journal holds is replayed.
        durability: Of its journal; ``process`` needs no event loop.

    Attributes:
        host: The partition at work.
        exchange: Its exchange.
        clock: The trading clock.
    """

    def __init__(self, directory: pathlib.Path, durability: str = "process") -> None:
        self._configuration = configuration(durability)
        self.clock = DataClock(1)
        self.exchange = InProcessExchange()
        index = partition_of(ACCOUNT, self._configuration.oms.partitions)
        self.host = PartitionHost(
            index,
            open_journal(self._configuration.journal, directory, f"oms-{partition_name(index)}", SERVICE),
            self.exchange,
            self.clock,
            Metrics(),
            structlog.get_logger(),
            on_failure=_fail,
        )

    def recover(self) -> None:
        """Rebuild the state from the journal."""
        asyncio.run(self.host.recover())

    def open(self) -> None:
        """Put on record what the configuration adds, and open the session with the exchange."""
        partition, section = self.host.partition, self._configuration
        for record in (
            *changed_terms(partition, INSTRUMENTS, expected_fee_rate(section.venue), PLAIN, 0),
            *first_limits(section.risk, [], 0),
            *new_accounts(partition, section.accounts, 0),
        ):
            self.host.execute(record)
        self.host.start()

    def submit(self, order: SubmitOrder) -> None:
        """Take an order as a client's request is taken; its reports wait for ``deliver``."""
        check_order_text(order)
        if repeated(self.host.partition, order) is None:
            record = Submission(time=self.clock.now(), market_sequence=1, reference_price=PRICE, order=order)
            self.host.execute(record)

    def cancel(self, client_order_id: str) -> None:
        """Take a cancel as a client's request is taken."""
        cancel = CancelOrder(account=ACCOUNT, client_order_id=client_order_id, principal=STRATEGY)
        if to_be_canceled(self.host.partition, cancel):
            self.host.execute(Cancellation(time=self.clock.now(), cancel=cancel))

    def deliver(self) -> None:
        """Let the exchange's reports come in."""
        self.exchange.deliver()

    def close(self) -> None:
        """Close the session and the journal."""
        asyncio.run(self.host.close())


def _fail(error: Exception) -> None:
    raise error


def oms_socket(directory: pathlib.Path) -> pathlib.Path:
    """Return where the OMS listens."""
    return socket_path(directory, SERVICE)
