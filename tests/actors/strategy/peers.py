"""A market shard and an OMS shard that speak the protocol and do what a test tells them."""

from __future__ import annotations

import asyncio
import pathlib
import zlib
from collections.abc import Callable
from typing import Any

import msgspec

from actors.errors import Conflict
from actors.market.ticks import MarketSlice
from actors.messages import (
    CancelOrder,
    Order,
    OrderEvent,
    OrderStatus,
    ReplaceOrder,
    Stage,
    SubmitList,
    SubmitOrder,
    decoder,
    encode,
)
from actors.service import socket_path
from actors.strategy.commands import unconfirmed, unconfirmed_list
from actors.wire import Request, WireServer
from tests.actors.strategy.examples import cash_event

decode_submit = decoder(SubmitOrder)
decode_list = decoder(SubmitList)
decode_replace = decoder(ReplaceOrder)
decode_cancel = decoder(CancelOrder)


class Market:
    """Publishes slices one at a time, each until it is acknowledged."""

    def __init__(self, directory: pathlib.Path, shard: int = 0) -> None:
        self.name = f"market-{shard}"
        self.path = socket_path(directory, self.name)
        self.published: list[MarketSlice] = []
        self.acknowledged = 0
        self.subscriber: Request | None = None
        self.server = WireServer(
            self.name,
            {"subscribe": self._subscribe, "ack": self._ack, "position": self._position, "snapshot": self._snapshot},
        )
        self._news = asyncio.Event()

    async def start(self) -> None:
        await self.server.listen(self.path)

    def _subscribe(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body)
        assert (wanted["name"], wanted["stage"]) == ("strategy", 1)
        self.subscriber = request
        for one in self.published:
            if one.sequence >= wanted["from_sequence"]:
                request.emit(encode(one))
        return msgspec.msgpack.encode({"last_sequence": len(self.published)})

    def _ack(self, request: Request) -> None:
        self.acknowledged = max(self.acknowledged, msgspec.msgpack.decode(request.body))
        self._news.set()

    def _position(self, _: Request) -> bytes:
        return msgspec.msgpack.encode(self.acknowledged)

    def _snapshot(self, _: Request) -> bytes:
        return msgspec.msgpack.encode({"sequence": self.acknowledged, "time": 0, "last": [], "quotes": []})

    def send(self, one: MarketSlice) -> None:
        self.published.append(one)
        if self.subscriber is not None:
            self.subscriber.emit(encode(one))

    async def publish(self, one: MarketSlice) -> None:
        self.send(one)
        await self.wait(one.sequence)

    async def wait(self, sequence: int) -> None:
        async def acknowledged() -> None:
            while self.acknowledged < sequence:
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(acknowledged(), 10)


class Oms:
    """Keeps orders by client order id and confirms them by events, as told by ``decide``."""

    def __init__(self, directory: pathlib.Path, name: str = "oms-0") -> None:
        self.path = socket_path(directory, name)
        self.name = name
        self.orders: dict[str, Order] = {}
        self.submissions: list[str] = []
        self.cancels: list[str] = []
        self.replacements: list[str] = []
        self.events: list[Any] = [cash_event(1)]
        self.errors: dict[str, Exception] = {}
        self.confirms = True
        self.syncs = 0
        self.subscriber: Request | None = None
        self.decide: Callable[[Order], OrderStatus] = lambda _: OrderStatus.NEW
        self.server = self._server()

    def _server(self) -> WireServer:
        return WireServer(
            self.name,
            {
                "subscribe": self._subscribe,
                "sync": self._sync,
                "submit": self._submit,
                "submit_list": self._submit_list,
                "replace": self._replace,
                "cancel": self._cancel,
                "order": self._order,
            },
        )

    async def start(self) -> None:
        await self.server.listen(self.path)

    async def restart(self) -> None:
        await self.server.close()
        self.server = self._server()
        await self.start()

    def emit(self, order: Order) -> None:
        self.orders[order.client_order_id] = order
        event = OrderEvent(partition=0, sequence=len(self.events) + 1, time=0, order=order)
        self.events.append(event)
        if self.subscriber is not None:
            self.subscriber.emit(encode(event))

    def _subscribe(self, request: Request) -> bytes:
        first = msgspec.msgpack.decode(request.body)["from"].get("0", 1)
        self.subscriber = request
        for event in self.events[first - 1 :]:
            request.emit(encode(event))
        return msgspec.msgpack.encode({"partitions": {"0": len(self.events)}, "epochs": {"0": 1}})

    def _sync(self, _: Request) -> bytes:
        self.syncs += 1
        return msgspec.msgpack.encode({})

    def _submit(self, request: Request) -> bytes:
        command = decode_submit(request.body)
        assert zlib.crc32(command.account.encode()) % 16 >= 0
        self.submissions.append(command.client_order_id)
        if command.client_order_id in self.errors:
            raise self.errors[command.client_order_id]
        known = self.orders.get(command.client_order_id)
        if known is not None:
            return encode(known)
        order = _with(unconfirmed(command, 0), order_id=f"0-{len(self.orders) + 1}")
        self.emit(order)
        if self.confirms:
            self.confirm(order)
        return encode(order)

    def _submit_list(self, request: Request) -> bytes:
        command = decode_list(request.body)
        self.submissions.append(command.list_id)
        if command.list_id in self.errors:
            raise self.errors[command.list_id]
        orders = []
        for number, order in enumerate(unconfirmed_list(command, 0), 1):
            held = order.stage is Stage.HELD
            taken = _with(order, order_id=f"0-{number}", status=OrderStatus.NEW if held else order.status)
            self.emit(taken)
            orders.append(taken)
            if not held and self.confirms:
                self.confirm(taken)
        return encode(orders)

    def _replace(self, request: Request) -> bytes:
        command = decode_replace(request.body)
        self.replacements.append(command.replacement_id)
        if command.replacement_id in self.errors:
            raise self.errors[command.replacement_id]
        order = self.orders[command.client_order_id]
        if not order.status.is_open:
            raise Conflict("closed", code="ORDER_CLOSED")
        pending = _with(order, status=OrderStatus.PENDING_REPLACE)
        self.emit(pending)
        if self.confirms:
            changes = {"quantity": command.quantity, "replacement_id": command.replacement_id}
            replaced = _with(pending, status=OrderStatus.NEW, **changes)
            asyncio.get_running_loop().call_later(0.001, lambda: self.emit(replaced))
        return encode(pending)

    def _order(self, request: Request) -> bytes:
        return encode(self.orders[msgspec.msgpack.decode(request.body)["client_order_id"]])

    def confirm(self, order: Order) -> None:
        """Say what became of an order, a moment later."""
        asyncio.get_running_loop().call_later(0.001, lambda: self.emit(_with(order, status=self.decide(order))))

    def _cancel(self, request: Request) -> bytes:
        command = decode_cancel(request.body)
        self.cancels.append(command.client_order_id)
        order = self.orders[command.client_order_id]
        if not order.status.is_open:
            raise Conflict("closed", code="ORDER_CLOSED")
        order = _with(order, status=OrderStatus.PENDING_CANCEL)
        self.emit(order)
        canceled = _with(order, status=OrderStatus.CANCELED)
        asyncio.get_running_loop().call_later(0.001, lambda: self.emit(canceled))
        return encode(order)


def _with(order: Order, **changes: Any) -> Order:
    return msgspec.structs.replace(order, **changes)
