"""A client of the OMS that sends one order after the other, or many at once, and notes how long each answer took."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import itertools
import pathlib
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec
import numpy as np

from actors.errors import AlphaMindError
from actors.service import socket_path
from actors.wire import WireClient
from tests.actors.oms.support import FakeMarket
from tests.benchmarks.order_path_exchange import PRICE
from tests.benchmarks.order_path_oms import INSTRUMENTS, MARKET, oms_socket, submit_bodies

PATIENCE = 60.0


class OrderClient:
    """Submits resting orders, each a new one, to the OMS of a directory.

    Attributes:
        submitted: Number of orders so far.
    """

    def __init__(self, wire: WireClient) -> None:
        self._wire = wire
        self._numbers: Iterator[int] = itertools.count(1)
        self.submitted = 0

    def _bodies(self, count: int) -> list[bytes]:
        self.submitted += count
        bodies = submit_bodies(self._numbers, count)
        gc.collect()
        gc.freeze()  # the client's own pauses are not what is measured
        return bodies

    async def warm_up(self, count: int) -> None:
        """Submit ``count`` orders that do not count, 64 at a time."""
        await self.pipelined(count, 64)

    async def one_at_a_time(self, count: int, method: str = "submit") -> list[int]:
        """Submit the next order when the one before is answered; return the nanoseconds of each.

        Args:
            count: Number of orders.
            method: Another method, for instance ``nothing``, which answers with the body.
        """
        if method != "submit":
            return await self._keep_in_flight([b"x" * 100] * count, 1, method)
        return await self._keep_in_flight(self._bodies(count), 1, method)

    async def pipelined(self, count: int, in_flight: int) -> float:
        """Submit orders with ``in_flight`` unanswered at any time; return the orders a second."""
        bodies = self._bodies(count)
        began = time.perf_counter()
        await self._keep_in_flight(bodies, in_flight, "submit")
        return count / (time.perf_counter() - began)

    async def _keep_in_flight(self, bodies: Sequence[bytes], in_flight: int, method: str) -> list[int]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        post, clock = self._wire.post, time.perf_counter_ns
        left, took = iter(bodies), []

        def send() -> None:
            body = next(left, None)
            if body is not None:
                post(method, body, functools.partial(answered, clock()))

        def answered(began: int, _: bytes | None, error: AlphaMindError | None) -> None:
            took.append(clock() - began)
            if error is not None and not done.done():
                done.set_exception(error)
            elif len(took) == len(bodies):
                done.set_result(None)
            else:
                send()

        for _ in range(min(in_flight, len(bodies))):
            send()
        await done
        return took

    async def at_random(self, a_second: float, count: int, seed: int) -> list[int]:
        """Submit orders at times that do not depend on the answers: Poisson arrivals.

        Returns:
            The nanoseconds from when each order was sent to its answer.
        """
        loop = asyncio.get_running_loop()
        bodies = iter(self._bodies(count))
        gaps = np.random.default_rng(seed).exponential(1.0 / a_second, count)
        done: asyncio.Future[None] = loop.create_future()
        took: list[int] = []

        def send() -> None:
            try:
                self._wire.post("submit", next(bodies), functools.partial(answered, time.perf_counter_ns()))
            except AlphaMindError as error:
                if not done.done():
                    done.set_exception(error)

        def answered(began: int, _: bytes | None, error: AlphaMindError | None) -> None:
            took.append(time.perf_counter_ns() - began)
            if error is not None and not done.done():
                done.set_exception(error)
            elif len(took) == count:
                done.set_result(None)

        def keep_time() -> None:
            began = time.perf_counter()
            for due in np.cumsum(gaps).tolist():
                time.sleep(max(0.0, began + due - time.perf_counter()))
                loop.call_soon_threadsafe(send)

        # The loop's own timers are good to a millisecond only, and watching the clock would take a processor.
        timekeeper = threading.Thread(target=keep_time, daemon=True)
        timekeeper.start()
        await done
        timekeeper.join()
        return took

    async def inside(self) -> list[int]:
        """Return the nanoseconds from handler to venue of the orders since the last time."""
        answer = await self._wire.request("inside")
        found: list[int] = np.frombuffer(answer, "<u8").tolist()
        return found

    async def check(self) -> None:
        """Make sure that every order so far was taken and sent: none was refused, lost or doubled.

        Raises:
            ValueError: It is not so.
        """
        status = msgspec.msgpack.decode(await self._wire.request("status"))["status"]
        if (status["orders"], status["rejected"]) != (self.submitted, 0):
            raise ValueError(
                f"{self.submitted} orders were submitted; {status['orders']} are on record, "
                f"{status['rejected']} of them rejected"
            )


@contextlib.asynccontextmanager
async def connected(directory: pathlib.Path) -> AsyncIterator[OrderClient]:
    """Yield a client once the OMS of the directory listens, trades and knows prices.

    Raises:
        TimeoutError: It does not within ``PATIENCE`` seconds.
    """
    market = FakeMarket(MARKET)
    await market.server.listen(socket_path(directory, MARKET))
    market.publish({instrument.id: PRICE for instrument in INSTRUMENTS})
    wire = WireClient(oms_socket(directory), "benchmark", retry_seconds=0.02)
    wire.start()
    try:
        await asyncio.wait_for(_until_ready(wire), PATIENCE)
        yield OrderClient(wire)
    finally:
        await wire.close()
        await market.server.close()


async def _until_ready(wire: WireClient) -> None:
    await wire.connected.wait()
    ready = False
    while not ready:
        status = msgspec.msgpack.decode(await wire.request("status"))["status"]
        partitions = status.get("partitions", {}).values()
        ready = all(status.get("market_sequences", [0])) and all(each["venue_open"] for each in partitions)
        await asyncio.sleep(0.02)
