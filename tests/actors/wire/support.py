"""A server with a few methods, and the ways to run stories with it."""

import asyncio
import contextlib

import msgspec
import pytest
import uvloop

from actors.errors import OrderRejected
from actors.wire import WireClient, WireServer

pack, unpack = msgspec.msgpack.encode, msgspec.msgpack.decode
LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


class Handlers:
    """The methods of the tests' server."""

    def __init__(self):
        self.notes, self.held, self.subscribers, self.gone = [], [], [], []

    def methods(self):
        return {
            "echo": lambda request: request.body,
            "note": lambda request: self.notes.append(request.body),
            "hold": lambda request: self.held.append(request),
            "count": lambda request: pack(unpack(request.body, type=int) + 1),
            "refuse": self.refuse,
            "break": lambda request: 1 // 0,
            "subscribe": self.subscribe,
            "large": lambda request: b"x" * unpack(request.body),
            "hang_up": lambda request: request.connection.close(),
        }

    def refuse(self, request):
        raise OrderRejected(
            "too big", field="quantity", value=7, rule="at most 5", remedy="less", code="LIMIT_BREACHED"
        )

    def subscribe(self, request):
        self.subscribers.append(request)
        request.connection.on_close.append(lambda: self.gone.append(request.connection.client))
        for number in range(3):
            request.emit(b"%d" % number)
        return b"subscribed"


def run(loop, story, *arguments):
    """Run a story on a fresh event loop of the kind, for at most ten seconds."""
    made = loop()
    try:
        made.run_until_complete(asyncio.wait_for(story(*arguments), 10))
    finally:
        made.close()


@contextlib.asynccontextmanager
async def serving(path, handlers=None):
    server = WireServer("market-0", (handlers or Handlers()).methods())
    await server.listen(path)
    try:
        yield server
    finally:
        await server.close()
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def client_of(path, on_connect=None):
    client = WireClient(path, "tester", on_connect, retry_seconds=0.01)
    client.start()
    try:
        await client.connected.wait()
        yield client
    finally:
        await client.close()


async def until(condition):
    while not condition():
        await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def client_of_server(path, handlers):
    async with serving(path, handlers) as server, client_of(path) as client:
        yield server, client
