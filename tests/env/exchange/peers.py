"""The exchange's two neighbours, as small as the protocol lets them be: a market shard and an OMS partition."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable

import msgspec

from actors.errors import AlphaMindError
from actors.market.ticks import MarketSlice
from actors.messages import ExecutionReport, VenueOrder, VenueReplace, decoder, encode
from actors.service import socket_path
from actors.wire import Request, WireClient, WireServer

decode_report = decoder(ExecutionReport)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("what the test waits for did not come")


async def settle() -> None:
    """Give whatever is under way the time to arrive."""
    for _ in range(20):
        await asyncio.sleep(0.002)


class FakeMarket:
    """Publishes slices and notes which ones were confirmed."""

    def __init__(self, shard: int = 0) -> None:
        self.name = f"market-{shard}"
        self.published: list[MarketSlice] = []
        self.acks: list[int] = []
        self.quiet: list[int] = []
        self.asked: list[int] = []
        self.refusal: AlphaMindError | None = None
        self._subscriber: Request | None = None
        self.server = WireServer(self.name, {"subscribe": self._subscribe, "ack": self._ack, "ack_quiet": self._ack})

    async def listen(self, directory: pathlib.Path) -> FakeMarket:
        await self.server.listen(socket_path(directory, self.name))
        return self

    def _subscribe(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body)
        assert wanted["name"] == "venue" and wanted["stage"] == 0
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(wanted["from_sequence"])
        self._subscriber = request
        for market in self.published:
            if market.sequence >= wanted["from_sequence"]:
                request.emit(encode(market))
        return msgspec.msgpack.encode({"last_sequence": len(self.published)})

    def _ack(self, request: Request) -> None:
        self.acks.append(msgspec.msgpack.decode(request.body))
        if request.method == "ack_quiet":
            self.quiet.append(self.acks[-1])

    def publish(self, market: MarketSlice) -> None:
        self.published.append(market)
        if self._subscriber is not None:
            self._subscriber.emit(encode(market))


class FakePartition:
    """Opens one session, keeps the reports and confirms them unless told otherwise."""

    def __init__(self, directory: pathlib.Path, session: str = "p00", epoch: int = 1, confirms: bool = True) -> None:
        self.session, self.epoch, self.confirms = session, epoch, confirms
        self.reports: list[ExecutionReport] = []
        self.received: list[int] = []
        self.opened: list[int] = []
        self.refused: list[str] = []
        self.client = WireClient(socket_path(directory, "venue"), f"oms-{session}", self._open, retry_seconds=0.01)

    async def start(self) -> FakePartition:
        self.client.start()
        await asyncio.wait_for(self.client.connected.wait(), 10)
        return self

    @property
    def last(self) -> int:
        return self.reports[-1].sequence if self.reports else 0

    async def _open(self) -> None:
        body = {"session": self.session, "epoch": self.epoch, "last_report": self.last}
        try:
            answer = await self.client.subscribe("session", msgspec.msgpack.encode(body), self._take)
        except AlphaMindError as error:
            self.refused.append(error.code)
            raise
        self.opened.append(msgspec.msgpack.decode(answer)["last_report"])

    def _take(self, body: bytes) -> None:
        report = decode_report(body)
        self.received.append(report.sequence)
        assert report.sequence == self.last + 1
        self.reports.append(report)
        if self.confirms:
            self.confirm()

    def confirm(self) -> None:
        self.client.notify("report_ack", msgspec.msgpack.encode({"session": self.session, "sequence": self.last}))

    async def order(self, order: VenueOrder) -> bytes:
        body = {"session": self.session, "epoch": self.epoch, "order": order}
        return await self.client.request("order", msgspec.msgpack.encode(body))

    async def replace(self, replace: VenueReplace) -> bytes:
        body = {"session": self.session, "epoch": self.epoch, "replace": replace}
        return await self.client.request("replace", msgspec.msgpack.encode(body))

    async def cancel(self, order_id: str, time: int = 0) -> bytes:
        body = {"session": self.session, "epoch": self.epoch, "order_id": order_id, "time": time}
        return await self.client.request("cancel", msgspec.msgpack.encode(body))
