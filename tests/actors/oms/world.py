"""A small world on one event loop: an OMS, a fake venue, a fake market and a client; sockets and journals are real."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from actors.messages import (
    CancelOrder,
    CancelOrders,
    OmsEvent,
    Order,
    OrderEvent,
    OrderStatus,
    ReplaceOrder,
    decoder,
    encode,
)
from actors.oms.service import OmsService
from actors.portfolio.books import BooksView
from actors.service import socket_path
from actors.wire import WireClient
from tests.actors.oms.support import INSTRUMENTS, PRICE, FakeMarket, FakeVenue, configuration, submission, until

PARTITION = "p04"  # of account main among 16

decode_order = decoder(Order)
decode_orders = decoder(list[Order])
decode_event = decoder(OmsEvent)


@dataclasses.dataclass
class World:
    """The world; see ``world``."""

    directory: pathlib.Path
    venue: FakeVenue
    market: FakeMarket
    oms: OmsService
    client: WireClient
    options: dict[str, Any]

    async def ask(self, method: str, **body: Any) -> Any:
        """Ask the OMS and decode the answer as plain data."""
        return msgspec.msgpack.decode(await self.client.request(method, encode(body)))

    async def submit(self, client_order_id: str = "c1", **fields: Any) -> Order:
        """Submit an order."""
        order: Order = decode_order(await self.client.request("submit", encode(submission(client_order_id, **fields))))
        return order

    async def cancel(self, client_order_id: str = "c1") -> Order:
        """Cancel an order."""
        cancel = CancelOrder(account="main", client_order_id=client_order_id)
        order: Order = decode_order(await self.client.request("cancel", encode(cancel)))
        return order

    async def order(self, client_order_id: str = "c1") -> Order:
        """Look an order up."""
        body = {"account": "main", "client_order_id": client_order_id}
        order: Order = decode_order(await self.client.request("order", encode(body)))
        return order

    async def becomes(self, status: OrderStatus, client_order_id: str = "c1") -> Order:
        """Wait until an order has a status."""
        working = self.oms.hosted.hosts[4].partition.accounts["main"].orders[client_order_id]
        await until(lambda: working.order.status is status)
        return working.order

    async def cancel_all(self, **fields: Any) -> list[str]:
        """Cancel all orders that fit and return the ids of those."""
        answer = await self.client.request("cancel_all", encode(CancelOrders(**fields)))
        found: list[str] = msgspec.msgpack.decode(answer)["canceled"]
        return found

    @staticmethod
    def replacement(**fields: Any) -> bytes:
        """The body of a request for other terms."""
        return encode(ReplaceOrder(**fields))

    async def open_venue(self) -> None:
        """Let the venue come back."""
        await self.venue.listen(socket_path(self.directory, "venue"))

    async def books(self) -> BooksView:
        """Return the books of account main."""
        view: BooksView = decoder(BooksView)(await self.client.request("positions", encode({"account": "main"})))
        return view

    async def events(self, wanted: dict[str, int] | None = None) -> list[OmsEvent]:
        """Subscribe on a connection of its own and return all that is there."""
        found: list[OmsEvent] = []
        async with connected(self.directory, "oms-0") as client:
            body = encode({"from": wanted or {}})
            await client.subscribe("subscribe", body, lambda event: found.append(decode_event(event)))
            await client.request("sync", encode({}))
        return found

    async def kill(self) -> None:
        """End the OMS as ``kill -9`` does: sockets break, nothing is said or flushed."""
        for task in (self.oms._asking, self.oms._heeding):
            if task is not None:
                task.cancel()
        await self.oms.server.close()
        await self.oms.prices.close()
        for host in self.oms.hosted.hosts.values():
            await host.venue.close()
            host._ended = True

    async def restart(self, **options: Any) -> None:
        """Start an OMS on the same directory and wait until it does business."""
        self.options.update(options)
        self.oms = build(self.directory, **self.options)
        await self.oms.start()
        await until(lambda: all(host.venue.is_open for host in self.oms.hosted.hosts.values()))
        await self.client.connected.wait()


def build(directory: pathlib.Path, **options: Any) -> OmsService:
    """Make an OMS with one shard."""
    given = {"shard": 0, "shards": 1, "markets": ("market-0",), **options}
    instruments = given.pop("instruments", INSTRUMENTS)
    return OmsService("oms-0", directory, given.pop("configuration", configuration()), instruments, **given)


@contextlib.asynccontextmanager
async def connected(directory: pathlib.Path, name: str) -> AsyncIterator[WireClient]:
    """A client that is connected."""
    client = WireClient(socket_path(directory, name), "test", retry_seconds=0.005)
    client.start()
    await client.connected.wait()
    yield client
    await client.close()


@contextlib.asynccontextmanager
async def world(**options: Any) -> AsyncIterator[World]:
    """A world in which everything is connected and AAA costs 100.00."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="oms-"))
    venue, market = FakeVenue(), FakeMarket()
    await venue.listen(socket_path(directory, "venue"))
    await market.server.listen(socket_path(directory, "market-0"))
    oms = build(directory, **options)
    client = WireClient(socket_path(directory, "oms-0"), "test", retry_seconds=0.005)
    try:
        await oms.start()
        client.start()
        await client.connected.wait()
        await until(lambda: all(host.venue.is_open for host in oms.hosted.hosts.values()))
        market.publish({0: PRICE, 1: PRICE, 2: PRICE})
        await until(lambda: oms.prices.price(0) == PRICE)
        here = World(directory, venue, market, oms, client, options)
        yield here
        await here.oms.stop()
    finally:
        await client.close()
        await venue.close()
        await market.server.close()
        await asyncio.sleep(0)
        shutil.rmtree(directory, ignore_errors=True)


def fills(events: list[OmsEvent]) -> int:
    """Return the lots filled according to the events."""
    return sum(event.fill.quantity for event in events if isinstance(event, OrderEvent) and event.fill is not None)
