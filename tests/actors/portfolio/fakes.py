"""A market shard and an OMS shard as a read model meets them: the wire's methods over lists in memory."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from actors.errors import AlphaMindError, Conflict
from actors.market.ticks import TICK, Kind, MarketSlice
from actors.messages import LimitsEvent, OmsEvent, StateEvent, TradingState, encode
from actors.service import Service
from actors.wire import Request


async def until(condition: Callable[[], Any]) -> None:
    """Wait until ``condition`` holds."""
    while not condition():
        await asyncio.sleep(0.001)


def run(directory: pathlib.Path, play: Callable[[pathlib.Path], Awaitable[None]]) -> None:
    """Run an async test with a run directory whose sockets have short paths."""
    asyncio.run(asyncio.wait_for(play(directory), 20))


def trades(prices: Mapping[int, int]) -> bytes:
    """Return rows of trades at these prices by instrument."""
    rows = np.zeros(len(prices), TICK)
    rows["kind"] = Kind.TRADE
    rows["instrument"] = list(prices)
    rows["first"] = list(prices.values())
    return rows.tobytes()


class FakeMarket(Service):
    """Publishes slices to its subscribers and waits for their acknowledgement."""

    def __init__(self, name: str, directory: pathlib.Path, kept: int = 256) -> None:
        super().__init__(name, directory)
        self.kept = kept
        self.slices: list[MarketSlice] = []
        self.acknowledged: dict[str, int] = {}
        self.completed = 0
        self.subscribers: dict[str, Request] = {}
        self.last: dict[int, tuple[int, int]] = {}

    def handlers(self) -> dict[str, Any]:
        return {
            "subscribe": self._subscribe,
            "ack": self._ack,
            "position": lambda _: encode(self.completed),
            "snapshot": self._snapshot,
        }

    def _subscribe(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body)
        first = wanted["from_sequence"]
        if first <= len(self.slices) - self.kept:
            raise Conflict("no longer kept", code="SLICE_NOT_RETAINED")
        self.subscribers[wanted["name"]] = request
        for one in self.slices[first - 1 :]:
            request.emit(encode(one))
        return encode({"last_sequence": len(self.slices)})

    def _ack(self, request: Request) -> None:
        client = request.connection.client
        self.acknowledged[client] = max(self.acknowledged.get(client, 0), msgspec.msgpack.decode(request.body))

    def _snapshot(self, _: Request) -> bytes:
        last = [[instrument, price, time] for instrument, (price, time) in self.last.items()]
        time = self.slices[-1].time if self.slices else 0
        return encode({"sequence": len(self.slices), "time": time, "last": last, "quotes": []})

    def publish(self, time: int, prices: Mapping[int, int], quiet: bool = False) -> int:
        """Publish one slice and return its sequence."""
        one = MarketSlice(int(self.name[-1]), len(self.slices) + 1, time, trades(prices), quiet)
        self.slices.append(one)
        self.last.update({instrument: (price, time) for instrument, price in prices.items()})
        for request in self.subscribers.values():
            request.emit(encode(one))
        return one.sequence

    async def step(self, time: int, prices: Mapping[int, int], *names: str) -> None:
        """Publish one slice and wait until ``names`` have acknowledged it."""
        sequence = self.publish(time, prices)
        await until(lambda: all(self.acknowledged.get(name, 0) >= sequence for name in names))
        self.completed = sequence


class FakeOms(Service):
    """Emits events of its partitions and takes limits and states."""

    def __init__(self, name: str, directory: pathlib.Path, partitions: tuple[int, ...] = (0,)) -> None:
        super().__init__(name, directory)
        self.events: dict[int, list[OmsEvent]] = {partition: [] for partition in partitions}
        self.subscribers: list[Request] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refusal: AlphaMindError | Exception | None = None
        self.subscriptions = 0
        self.syncs = 0

    def handlers(self) -> dict[str, Any]:
        return {
            "subscribe": self._subscribe,
            "sync": self._sync,
            "set_limits": self._set_limits,
            "set_state": self._set_state,
        }

    def _subscribe(self, request: Request) -> bytes:
        wanted = msgspec.msgpack.decode(request.body)["from"]
        self.subscriptions += 1
        self.subscribers.append(request)
        for partition, events in self.events.items():
            for event in events[wanted.get(str(partition), 1) - 1 :]:
                request.emit(encode(event))
        last = {str(partition): len(events) for partition, events in self.events.items()}
        return encode({"partitions": last, "epochs": {}})

    def _sync(self, _: Request) -> bytes:
        self.syncs += 1
        return encode({})

    def emit(self, event: OmsEvent, lose: bool = False) -> None:
        """Add an event to its partition and send it, or lose it on the way."""
        self.events[event.partition].append(event)
        if not lose:
            for request in self.subscribers:
                request.emit(encode(event))

    def _set_limits(self, request: Request) -> bytes:
        self._check()
        body = msgspec.msgpack.decode(request.body)
        self.calls.append(("set_limits", dict(body)))
        assert body.pop("whole"), "the risk service sends a scope's whole set"
        for partition, events in self.events.items():
            self.emit(LimitsEvent(partition=partition, sequence=len(events) + 1, time=1, version=1, **body))
        return encode({"version": len(self.calls)})

    def _set_state(self, request: Request) -> bytes:
        self._check()
        body = msgspec.msgpack.decode(request.body)
        assert body.pop("asked") > 0
        self.calls.append(("set_state", dict(body)))
        body["state"] = TradingState(body["state"])
        for partition, events in self.events.items():
            self.emit(StateEvent(partition=partition, sequence=len(events) + 1, time=1, **body))
        return encode({})

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal
