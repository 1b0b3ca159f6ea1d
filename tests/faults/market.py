"""The market shard that the harness plays: a random walk of bars and quotes, in lock-step with OMS and venue.

It publishes as the real shard does (``actors.market.publisher``): the next slice only when both followers are done with
the one before, and again to whoever comes back without having said so.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import pathlib
import random
import time
from collections.abc import Sequence

import msgspec
import numpy as np

from actors.clock import SECOND
from actors.market.publisher import STAGES, Publisher
from actors.market.ticks import BAR, QUOTE, TICK, Kind, MarketSlice
from actors.messages import Instrument, encode
from actors.service import socket_path
from actors.wire import Handler, Request, WireServer

BEGIN = 1_704_153_600 * SECOND
"""Trading clock of the first slice: 2024-01-02, midnight UTC."""
PRICE = 10_000
"""Price from which every instrument starts, in increments."""
_NAME = "market-0"


class _Channel:
    """The way to one follower."""

    def __init__(self, name: str, request: Request) -> None:
        self.name = name
        self._request = request

    @property
    def unsent(self) -> int:
        """Bytes that the follower has not taken yet."""
        return self._request.connection.unsent

    def emit(self, body: bytes) -> bool:
        """Send one slice; False once the follower has gone."""
        return self._request.emit(body)

    def close(self) -> None:
        """Cut the follower off."""
        self._request.connection.close()


class PlayedMarket:
    """The market shard ``market-0``.

    Args:
        instruments: What is traded.
        seed: Seed of prices and volumes.
        step: Trading time between two slices, nanoseconds.

    Attributes:
        prices: Last price of every instrument, in increments.
        time: The trading clock of the newest slice.
    """

    def __init__(self, instruments: Sequence[Instrument], seed: int, step: int = SECOND) -> None:
        self.prices = [PRICE] * len(instruments)
        self.time = BEGIN
        self._chance = random.Random(seed)
        self._step = step
        self._publisher = Publisher((("oms-0", "venue"), ()), self._completed)
        self._channels: dict[int, _Channel] = {}
        self._wanted: list[tuple[int, asyncio.Future[float]]] = []
        self._complete = asyncio.Event()
        self._complete.set()
        handlers: dict[str, Handler] = {
            "subscribe": self._subscribe,
            "snapshot": self._snapshot,
            "ack": self._acknowledge,
            "ack_quiet": functools.partial(self._acknowledge, quiet=True),
        }
        self._server = WireServer(_NAME, handlers)
        self._running: asyncio.Task[None] | None = None

    @property
    def complete(self) -> bool:
        """Whether both followers are done with every slice."""
        return self._publisher.stage == STAGES

    async def start(self, directory: pathlib.Path, interval: float) -> None:
        """Listen, and publish a slice every ``interval`` seconds as long as the followers keep up."""
        await self._server.listen(socket_path(directory, _NAME))
        self._running = asyncio.get_running_loop().create_task(self._run(interval))

    async def stop(self) -> None:
        """Publish no more; the followers may still say what they are done with."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    async def close(self) -> None:
        """Publish no more and stop listening."""
        await self.stop()
        await self._server.close()

    def next_slice(self) -> asyncio.Future[float]:
        """Return a future of ``time.monotonic()`` when both followers are done with the next slice to be published."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._wanted.append((self._publisher.published + 1, future))
        return future

    def step_time(self, by: int) -> None:
        """Let the time stamps of all data to come be ``by`` nanoseconds later, earlier where negative."""
        self.time += by

    async def _run(self, interval: float) -> None:
        while True:
            await self._complete.wait()
            self._complete.clear()
            self._publish()
            await asyncio.sleep(interval)

    def _publish(self) -> None:
        sequence = self._publisher.published + 1
        before, self.time = self.time, self.time + self._step
        rows = np.zeros(len(self.prices), TICK)
        kind = Kind.QUOTE if sequence % 3 == 0 else Kind.BAR
        for instrument, row in enumerate(rows.view(QUOTE if kind is Kind.QUOTE else BAR)):
            row["kind"], row["instrument"] = kind, instrument
            row["event_time"] = row["known_time"] = self.time
            opened = self.prices[instrument]
            closed = self.prices[instrument] = max(5_000, min(20_000, opened + self._chance.randint(-20, 20)))
            if kind is Kind.QUOTE:
                row["bid"], row["ask"] = closed - 1, closed + 1
                row["bid_size"], row["ask_size"] = self._chance.randint(0, 200), self._chance.randint(0, 200)
            else:
                row["event_time"], row["period"] = before, self._step
                row["open"], row["close"] = opened, closed
                row["high"], row["low"] = max(opened, closed) + 5, min(opened, closed) - 5
                row["volume"] = self._chance.randint(0, 4_000)
        self._publisher.publish(sequence, encode(MarketSlice(0, sequence, self.time, rows.tobytes())))

    def _completed(self, sequence: int) -> None:
        self._complete.set()
        for wanted, future in self._wanted:
            if wanted <= sequence and not future.done():
                future.set_result(time.monotonic())
        self._wanted = [entry for entry in self._wanted if not entry[1].done()]

    def _subscribe(self, request: Request) -> None:
        body = msgspec.msgpack.decode(request.body)
        channel = _Channel(body["name"], request)
        last = self._publisher.subscribe(channel.name, body["stage"], body["from_sequence"], channel)
        self._channels[id(request.connection)] = channel
        request.connection.on_close.append(functools.partial(self._gone, id(request.connection), channel))
        request.reply(encode({"last_sequence": last}))
        self._publisher.catch_up(channel.name, body["from_sequence"])

    def _gone(self, connection: int, channel: _Channel) -> None:
        self._publisher.unsubscribe(channel.name, channel)
        self._channels.pop(connection, None)

    def _acknowledge(self, request: Request, quiet: bool = False) -> None:
        channel = self._channels.get(id(request.connection))
        if channel is not None:
            self._publisher.acknowledge(channel.name, msgspec.msgpack.decode(request.body), quiet)

    def _snapshot(self, _: Request) -> bytes:
        last = [[instrument, price, self.time] for instrument, price in enumerate(self.prices)]
        return encode({"sequence": self._publisher.published, "time": self.time, "last": last, "quotes": []})
