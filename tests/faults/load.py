"""The client of the fault harness: many orders in flight, and a record of everything that was acknowledged to it."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import pathlib
import random
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from actors.errors import AlphaMindError, Conflict, PeerLost, Unavailable
from actors.messages import CancelOrder, Instrument, Order, OrderType, Side, SubmitOrder, TimeInForce, decoder, encode
from actors.service import socket_path
from actors.wire import WireClient
from tests.faults.market import PRICE

_decode_order = decoder(Order)


class Acknowledgement(msgspec.Struct, frozen=True):
    """What the OMS said to the client, as the client wrote it down at once.

    Attributes:
        order: The submission, or what was canceled.
        order_id: The order that the OMS made of it.
        canceled: Whether a cancel was acknowledged and not the submission.
    """

    order: SubmitOrder
    order_id: str
    canceled: bool = False


class _Known(NamedTuple):
    """An order that was acknowledged."""

    order: SubmitOrder
    order_id: str


class Load:
    """Sends orders, cancels, repetitions and contradictions, and whatever got no answer again under the same key.

    Args:
        directory: The run's directory.
        accounts: Who trades.
        instruments: What is traded.
        seed: Seed of everything random.
        name: First part of all client order ids.
        in_flight: Number of requests that wait for an answer at any time.
        rate: Requests a second that are aimed at.

    Attributes:
        record: The file of acknowledgements.
        counts: Requests by what became of them.
        violations: Answers that must not be.
        connections: How often it was connected.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        accounts: Sequence[str],
        instruments: Sequence[Instrument],
        seed: int,
        name: str = "load",
        in_flight: int = 24,
        rate: float = 400.0,
    ) -> None:
        self.record = directory / f"acknowledged-{name}.jsonl"
        self.counts: collections.Counter[str] = collections.Counter()
        self.violations: list[str] = []
        self.connections = 0
        self._accounts = accounts
        self._instruments = instruments
        self._chance = random.Random(seed)
        self._name = name
        self._in_flight = in_flight
        self._pause = in_flight / rate
        self._number = 0
        self._known: list[_Known] = []
        self._ended = False
        self._file = self.record.open("ab", buffering=0)
        self._fresh: list[tuple[int, asyncio.Future[float]]] = []
        self._senders: list[asyncio.Task[None]] = []
        self._client = WireClient(socket_path(directory, "oms-0"), name, self._connected, retry_seconds=0.01)

    def start(self) -> None:
        """Connect and begin to send."""
        self._client.start()
        self._senders = [asyncio.get_running_loop().create_task(self._send()) for _ in range(self._in_flight)]

    async def _connected(self) -> None:
        self.connections += 1

    def next_acknowledgement(self, reconnected: bool = True) -> asyncio.Future[float]:
        """Return a future of ``time.monotonic()`` when a new order is acknowledged.

        Args:
            reconnected: Whether only an order counts that was acknowledged on a connection yet to be made.
        """
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._fresh.append((self.connections + reconnected, future))
        return future

    async def stop(self, patience: float = 60.0) -> None:
        """Send nothing new, wait for every answer that is still out, and disconnect."""
        self._ended = True
        if self._senders:
            _, late = await asyncio.wait(self._senders, timeout=patience)
            self.violations += ["a request of the load had no answer in the end" for _ in late]
        await self.abandon()

    async def abandon(self) -> None:
        """Disconnect, whatever is still out; a second call does nothing."""
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
        await self._client.close()
        self._file.close()

    async def _send(self) -> None:
        while not self._ended:
            await asyncio.sleep(self._pause * self._chance.uniform(0.0, 2.0))
            draw = self._chance.random()
            if draw < 0.80 or not self._known:
                await self._submit_new()
            elif draw < 0.88:
                await self._cancel(self._chance.choice(self._known[-200:]))
            elif draw < 0.94:
                await self._repeat(self._chance.choice(self._known))
            else:
                await self._contradict(self._chance.choice(self._known))

    async def _submit_new(self) -> None:
        self._number += 1
        order = self._order(f"{self._name}-{self._number}")
        answer = await self._insist("submit", encode(order))
        if isinstance(answer, AlphaMindError):
            self._unexpected("submit", order.client_order_id, answer)
            return
        order_id = _decode_order(answer).order_id
        self._note(Acknowledgement(order, order_id))
        self._known.append(_Known(order, order_id))
        self.counts["acknowledged"] += 1
        now = time.monotonic()
        for wanted, future in self._fresh:
            if self.connections >= wanted and not future.done():
                future.set_result(now)
        self._fresh = [entry for entry in self._fresh if not entry[1].done()]

    def _order(self, client_order_id: str) -> SubmitOrder:
        chance = self._chance
        limit = chance.choice([None, PRICE + chance.randint(-900, 900)])
        return SubmitOrder(
            client_order_id=client_order_id,
            account=chance.choice(self._accounts),
            instrument=chance.randrange(len(self._instruments)),
            side=chance.choice(list(Side)),
            quantity=chance.randint(1, 60),
            type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            limit_price=limit,
            time_in_force=chance.choice([TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
            strategy=chance.choice(["one", "two"]),
            principal="load",
        )

    async def _cancel(self, known: _Known) -> None:
        order = known.order
        body = encode(CancelOrder(account=order.account, client_order_id=order.client_order_id, principal="load"))
        answer = await self._insist("cancel", body)
        if isinstance(answer, Conflict) and answer.code == "ORDER_CLOSED":
            self.counts["cancels too late"] += 1
        elif isinstance(answer, AlphaMindError):
            self._unexpected("cancel", order.client_order_id, answer)
        else:
            self._note(Acknowledgement(order, _decode_order(answer).order_id, canceled=True))
            self.counts["cancels"] += 1

    async def _repeat(self, known: _Known) -> None:
        answer = await self._insist("submit", encode(known.order))
        if isinstance(answer, AlphaMindError):
            self._unexpected("the same submission again", known.order.client_order_id, answer)
            return
        self.counts["repeated"] += 1
        order_id = _decode_order(answer).order_id
        if order_id != known.order_id:
            self.violations.append(f"{known.order.client_order_id} is {known.order_id}, and {order_id} when repeated")

    async def _contradict(self, known: _Known) -> None:
        other = msgspec.structs.replace(known.order, quantity=known.order.quantity + 1)
        answer = await self._insist("submit", encode(other))
        if isinstance(answer, Conflict) and answer.code == "CLIENT_ORDER_ID_REUSED":
            self.counts["contradicted"] += 1
        elif isinstance(answer, AlphaMindError):
            self._unexpected("another order under its id", known.order.client_order_id, answer)
        else:
            self.violations.append(f"another order under {known.order.client_order_id} was taken")

    async def _insist(self, method: str, body: bytes) -> bytes | AlphaMindError:
        """Send a request until it is answered by something else than "not now" and return the answer."""
        while True:
            await self._client.connected.wait()
            try:
                return await self._client.request(method, body)
            except PeerLost as error:
                self.counts[f"sent again after {error.code}"] += 1
            except Unavailable as error:
                self.counts[f"refused with {error.code}"] += 1
                await asyncio.sleep(0.02)
            except AlphaMindError as error:
                return error

    def _unexpected(self, what: str, client_order_id: str, error: AlphaMindError) -> None:
        self.violations.append(f"{what} ({client_order_id}) was answered with {error.code}: {error}")

    def _note(self, acknowledgement: Acknowledgement) -> None:
        self._file.write(msgspec.json.encode(acknowledgement) + b"\n")


def read_acknowledgements(record: pathlib.Path) -> list[Acknowledgement]:
    """Return what a load wrote down."""
    return [msgspec.json.decode(line, type=Acknowledgement) for line in record.read_bytes().splitlines()]
