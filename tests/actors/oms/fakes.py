"""A venue and a market shard that speak the contract and do what a test tells them."""

from __future__ import annotations

import asyncio
import pathlib
from collections import defaultdict
from typing import Any

import msgspec
import numpy as np

from actors.errors import Conflict
from actors.market.ticks import BAR, QUOTE, TICK, Kind, MarketSlice
from actors.messages import ExecutionReport, ReportType, VenueOrder, VenueReplace, decoder, encode
from actors.wire import Request, WireServer

PRICE = 10_000  # 100.00


class _Session:
    def __init__(self) -> None:
        self.epoch = 0
        self.orders: dict[str, VenueOrder] = {}
        self.open: dict[str, int] = {}
        self.quantities: dict[str, int] = {}
        self.reports: list[ExecutionReport] = []
        self.acknowledged = 0
        self.subscriber: Request | None = None


class FakeVenue:
    """A venue that speaks the contract and does what a test tells it.

    Attributes:
        confirms: Whether it reports NEW for an order at once, CANCELED for a cancel and REPLACED for a replacement.
        deaf: Whether it ignores requests (as if they were lost on the way).
        failure: Error with which it answers requests.
        requests: Every request that reached it, ``(method, order id)``.
    """

    def __init__(self) -> None:
        self.sessions: defaultdict[str, _Session] = defaultdict(_Session)
        self.confirms = True
        self.deaf = False
        self.failure: Exception | None = None
        self.requests: list[tuple[str, str]] = []
        self.server = WireServer(
            "venue",
            {
                "session": self._open,
                "order": self._order,
                "replace": self._replace,
                "cancel": self._cancel,
                "open_orders": self._open_orders,
                "report_ack": self._acknowledge,
            },
        )

    async def listen(self, path: pathlib.Path) -> None:
        await self.server.listen(path)

    async def close(self) -> None:
        await self.server.close()

    def _check(self, body: dict[str, Any]) -> _Session:
        session = self.sessions[body["session"]]
        if body["epoch"] < session.epoch:
            raise Conflict("stale owner", code="SESSION_FENCED")
        return session

    def _open(self, request: Request) -> None:
        body = msgspec.msgpack.decode(request.body)
        session = self._check(body)
        session.epoch = body["epoch"]
        former, session.subscriber = session.subscriber, request
        if former is not None and former.connection is not request.connection:
            former.connection.close()
        request.reply(encode({"last_report": len(session.reports)}))
        for report in session.reports[body["last_report"] :]:
            request.emit(encode(report))

    def _order(self, request: Request) -> bytes | None:
        body = msgspec.msgpack.decode(request.body)
        session = self._check(body)
        order: VenueOrder = decoder(VenueOrder)(encode(body["order"]))
        self.requests.append(("order", order.order_id))
        if self.failure is not None:
            raise self.failure
        if self.deaf:
            return None
        if order.order_id not in session.orders:
            session.orders[order.order_id] = order
            session.open[order.order_id] = 0
            if self.confirms:
                self.tell(body["session"], order.order_id, ReportType.NEW)
        return b""

    def _replace(self, request: Request) -> bytes | None:
        body = msgspec.msgpack.decode(request.body)
        self._check(body)
        replace: VenueReplace = decoder(VenueReplace)(encode(body["replace"]))
        self.requests.append(("replace", replace.order_id))
        if self.failure is not None:
            raise self.failure
        if self.deaf:
            return None
        if self.confirms:
            fields = {"revision": replace.revision, "order_quantity": replace.quantity}
            self.tell(body["session"], replace.order_id, ReportType.REPLACED, **fields)
        return b""

    def _cancel(self, request: Request) -> bytes | None:
        body = msgspec.msgpack.decode(request.body)
        session = self._check(body)
        self.requests.append(("cancel", body["order_id"]))
        if self.failure is not None:
            raise self.failure
        if self.deaf:
            return None
        if body["order_id"] in session.open:
            if self.confirms:
                self.tell(body["session"], body["order_id"], ReportType.CANCELED)
        else:
            reason = "ORDER_CLOSED" if body["order_id"] in session.orders else "ORDER_UNKNOWN"
            self.tell(body["session"], body["order_id"], ReportType.CANCEL_REJECTED, reason=reason)
        return b""

    def _open_orders(self, request: Request) -> bytes:
        session = self.sessions[msgspec.msgpack.decode(request.body)["session"]]
        return encode(
            [
                {
                    "order_id": order_id,
                    "status": "new",
                    "filled_quantity": filled,
                    "quantity": session.quantities.get(order_id, 0),
                }
                for order_id, filled in session.open.items()
            ]
        )

    def _acknowledge(self, request: Request) -> None:
        body = msgspec.msgpack.decode(request.body)
        session = self.sessions[body["session"]]
        session.acknowledged = max(session.acknowledged, body["sequence"])

    def tell(self, name: str, order_id: str, kind: ReportType, lost: bool = False, **fields: Any) -> None:
        """Report something; ``lost``: only on record, as if the connection had broken on the way."""
        session = self.sessions[name]
        sequence = len(session.reports) + 1
        if kind is ReportType.TRADE:
            fields = {"execution_id": f"{name}-{sequence}", "price": PRICE, "liquidity": "taker", "fee": 7, **fields}
            session.open[order_id] += fields["quantity"]
            if session.open[order_id] >= session.orders[order_id].quantity:
                del session.open[order_id]
        elif kind in (ReportType.CANCELED, ReportType.EXPIRED, ReportType.REJECTED):
            session.open.pop(order_id, None)
        report = ExecutionReport(
            sequence=sequence, order_id=order_id, type=kind, **{"time": 1_000 + sequence, **fields}
        )
        session.reports.append(report)
        if session.subscriber is not None and not lost:
            session.subscriber.emit(encode(report))


class FakeMarket:
    """A market shard that publishes what a test tells it, keeps some slices, and remembers who acknowledged what."""

    def __init__(self, name: str = "market-0", retained: int = 256) -> None:
        self.slices: list[MarketSlice] = []
        self.first_retained = 1
        self.retained = retained
        self.last: dict[int, int] = {}
        self.acknowledged: list[int] = []
        self.quotes: list[list[int]] = []
        self._subscribers: list[Request] = []
        self.server = WireServer(
            name, {"subscribe": self._subscribe, "snapshot": self._snapshot, "ack": self._acknowledge}
        )

    def _subscribe(self, request: Request) -> None:
        body = msgspec.msgpack.decode(request.body)
        wanted = body["from_sequence"] or len(self.slices) + 1
        if wanted < self.first_retained:
            raise Conflict("gone", code="SLICE_NOT_RETAINED")
        request.reply(encode({"last_sequence": len(self.slices)}))
        for market in self.slices[wanted - 1 :]:
            request.emit(encode(market))
        self._subscribers.append(request)

    def _snapshot(self, _: Request) -> bytes:
        time = self.slices[-1].time if self.slices else 0
        last = [[instrument, price, time] for instrument, price in self.last.items()]
        return encode({"sequence": len(self.slices), "time": time, "last": last, "quotes": self.quotes})

    def _acknowledge(self, request: Request) -> None:
        self.acknowledged.append(msgspec.msgpack.decode(request.body))

    def publish(self, prices: dict[int, int], time: int | None = None, volume: int = 0) -> None:
        """Publish one slice with a bar at each price; it begins when it is known, so that waiting orders may trade."""
        sequence = len(self.slices) + 1
        time = sequence * 1_000_000 if time is None else time
        rows = np.zeros(len(prices), TICK)
        bars = rows.view(BAR)
        for row, (instrument, price) in enumerate(prices.items()):
            bars[row]["kind"] = Kind.BAR
            bars[row]["instrument"] = instrument
            bars[row]["event_time"] = bars[row]["known_time"] = time
            bars[row]["volume"] = volume
            for name in ("open", "high", "low", "close"):
                bars[row][name] = price
        self.last.update(prices)
        self._emit(rows, time)

    def publish_quote(self, instrument: int, bid: int, ask: int) -> None:
        """Publish one slice with a quote."""
        rows = np.zeros(1, TICK)
        quotes = rows.view(QUOTE)
        time = (len(self.slices) + 1) * 1_000_000
        quotes[0]["kind"] = Kind.QUOTE
        quotes[0]["instrument"] = instrument
        quotes[0]["event_time"] = quotes[0]["known_time"] = time
        quotes[0]["bid"], quotes[0]["ask"] = bid, ask
        self._emit(rows, time)

    def _emit(self, rows: Any, time: int) -> None:
        market = MarketSlice(0, len(self.slices) + 1, time, rows.tobytes())
        self.slices.append(market)
        for request in self._subscribers:
            request.emit(encode(market))


async def until(condition: Any, seconds: float = 5.0) -> None:
    """Wait until ``condition()`` holds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come to that"
        await asyncio.sleep(0.002)
