"""What the data plane costs by itself: an echo between two processes, by Unix socket and by TLS between nodes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import multiprocessing
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import uvloop

from actors.errors import AlphaMindError
from actors.wire import Identity, TlsAddress, UnixAddress, WireClient, WireServer
from actors.wire.certificates import ensure_identity
from actors.wire.tls import client_context
from tests.benchmarks.figures import figure

BODY = b"x" * 200
SINGLE, PIPELINED, IN_FLIGHT, ROUNDS = 3000, 30_000, 64, 5
CONDITIONS = "echo of 200 bytes, client and server in two processes; the best of the rounds"


def _serve(folder: pathlib.Path, identity: Identity, ready: Connection) -> None:
    async def start() -> None:
        server = WireServer("echo", {"echo": lambda request: request.body})
        await server.listen(folder / "echo.sock")
        await server.listen_tls("127.0.0.1", identity)
        ready.send(server.port)

    loop = uvloop.new_event_loop()
    loop.run_until_complete(start())
    loop.run_forever()


@contextlib.contextmanager
def serving() -> Iterator[dict[str, UnixAddress | TlsAddress]]:
    """Run an echo server in a process of its own; yield its addresses by the name of the transport."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    identity = ensure_identity(folder / "certificates", "echo", make=True)
    process = context.Process(target=_serve, args=(folder, identity, its), daemon=True)
    process.start()
    try:
        port = mine.recv()
        yield {
            "Unix socket": UnixAddress(folder / "echo.sock"),
            "TLS": TlsAddress("127.0.0.1", port, "echo", client_context(identity)),
        }
    finally:
        process.terminate()
        process.join()
        shutil.rmtree(folder, ignore_errors=True)


async def round_trips(client: WireClient, count: int) -> list[int]:
    """Return the nanoseconds of ``count`` requests, one after the other."""
    loop, times = asyncio.get_running_loop(), []
    for _ in range(count):
        answered: asyncio.Future[None] = loop.create_future()
        began = time.perf_counter_ns()
        client.post("echo", BODY, functools.partial(_finish, answered))
        await answered
        times.append(time.perf_counter_ns() - began)
    return times


def _finish(answered: asyncio.Future[None], body: bytes | None, error: AlphaMindError | None) -> None:
    answered.set_result(None)


async def rate(client: WireClient, count: int, in_flight: int) -> float:
    """Return requests a second with ``in_flight`` on their way all the time."""
    finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    sent = answered = 0

    def send() -> None:
        nonlocal sent
        sent += 1
        client.post("echo", BODY, take)

    def take(body: bytes | None, error: AlphaMindError | None) -> None:
        nonlocal answered
        answered += 1
        if sent < count:
            send()
        elif answered == count:
            finished.set_result(None)

    began = time.perf_counter()
    for _ in range(in_flight):
        send()
    await finished
    return count / (time.perf_counter() - began)


async def measure() -> None:
    """Print round trips and rates of both transports, measured in turn."""
    singles: dict[str, list[list[int]]] = {}
    rates: dict[str, list[float]] = {}
    with serving() as addresses:
        clients = {name: WireClient(address, "benchmark") for name, address in addresses.items()}
        for client in clients.values():
            client.start()
            await client.connected.wait()
            await round_trips(client, SINGLE)
        for _ in range(ROUNDS):
            for name, client in clients.items():
                singles.setdefault(name, []).append(await round_trips(client, SINGLE))
                rates.setdefault(name, []).append(await rate(client, PIPELINED, IN_FLIGHT))
        for client in clients.values():
            await client.close()
    percentiles = {
        name: [min(statistics.quantiles(times, n=100)[level - 1] / 1e3 for times in rounds) for level in (50, 99)]
        for name, rounds in singles.items()
    }
    for name in addresses:
        reference = None if name == "Unix socket" else "Unix socket"
        for level, index in ((50, 0), (99, 1)):
            figure(
                f"round trip by {name}, p{level}",
                percentiles[name][index],
                "us",
                reference=percentiles[reference][index] if reference else None,
                conditions=CONDITIONS,
            )
        figure(
            f"requests a second by {name}, {IN_FLIGHT} in flight",
            max(rates[name]),
            "requests/s",
            reference=max(rates[reference]) if reference else None,
            better="higher",
            conditions=CONDITIONS,
        )


def main() -> int:
    """Print all figures."""
    uvloop.new_event_loop().run_until_complete(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
