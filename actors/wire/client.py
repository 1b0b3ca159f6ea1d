"""The client for event loops: it stays connected, subscribes anew by itself, and keeps many requests in flight."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
import structlog

from actors.errors import (
    AlphaMindError,
    PeerLost,
    ProtocolError,
    Unavailable,
    from_description,
)
from actors.wire.frames import (
    ERROR,
    EVENT,
    HELLO,
    NOTIFY,
    REQUEST,
    FrameReader,
    frame,
    request_payload,
)

OnAnswer = Callable[["bytes | None", "AlphaMindError | None"], None]
log = structlog.get_logger()


class _ClientConnection(asyncio.Protocol):
    def __init__(self, client: WireClient) -> None:
        self.client = client
        self.reader = FrameReader()
        self.transport: asyncio.Transport | None = None
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.client.made(self)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self.reader.feed(data)
        except ProtocolError as error:
            log.warning(
                "server speaks another protocol",
                client=self.client.name,
                problem=str(error),
            )
            if self.transport is not None:
                self.transport.abort()
            return
        for kind, correlation, payload in frames:
            self.client.take(kind, correlation, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self.client.lost(self)


class WireClient:
    """A client that stays connected: it reconnects by itself and says so.

    Args:
        path: The server's socket.
        name: The client's name, for the server's logs.
        on_connect: Awaited after every (re)connect before ``connected`` is set: subscribe and reconcile here.
        retry_seconds: Pause between attempts to connect.
    """

    def __init__(
        self,
        path: pathlib.Path,
        name: str,
        on_connect: Callable[[], Awaitable[None]] | None = None,
        retry_seconds: float = 0.1,
    ) -> None:
        self.path = path
        self.name = name
        self.connected = asyncio.Event()
        self._on_connect = on_connect
        self._retry_seconds = retry_seconds
        self._correlation = 0
        self._answers: dict[int, OnAnswer] = {}
        self._events: dict[int, Callable[[bytes], None]] = {}
        self._connection: _ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background and stay connected until ``close``."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection = None
            try:
                _, connection = await loop.create_unix_connection(lambda: _ClientConnection(self), str(self.path))
                await self.request_raw(
                    frame_kind=HELLO,
                    payload=msgspec.msgpack.encode({"client": self.name}),
                )
                if self._on_connect is not None:
                    await self._on_connect()
                if not connection.lost.is_set():
                    self.connected.set()
                await connection.lost.wait()
            except (OSError, Unavailable):
                pass  # nothing listens there yet, or it went again: that is what the next attempt is for
            except AlphaMindError as error:
                log.warning(
                    "connection not usable",
                    client=self.name,
                    server=str(self.path.name),
                    problem=str(error),
                )
            except Exception:
                log.exception("connection failed", client=self.name, server=str(self.path.name))
            finally:
                self.connected.clear()
                if connection is not None and connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(self._retry_seconds)

    def made(self, connection: _ClientConnection) -> None:
        """Use a new connection from now on; what still waits on an older one has failed."""
        if self._connection is not None:
            self.lost(self._connection)
        self._connection = connection

    def lost(self, connection: _ClientConnection) -> None:
        """Fail what waits for an answer: whether it ran is not known."""
        if connection is not self._connection:
            return
        self._connection = None
        self.connected.clear()
        self._events.clear()
        self._fail_all(
            PeerLost(
                f"connection to {self.path.stem} lost",
                remedy="look the request up by its key, then retry",
            )
        )

    def _fail_all(self, error: AlphaMindError) -> None:
        waiting, self._answers = self._answers, {}
        for answer in waiting.values():
            try:
                answer(None, error)
            except Exception:  # one waiter's fault must not keep the others waiting for ever
                log.exception(
                    "handling of a failed request failed",
                    client=self.name,
                    server=self.path.name,
                )

    def take(self, kind: int, correlation: int, payload: bytes) -> None:
        """Hand one frame to whoever waits for it."""
        if kind == EVENT:
            on_event = self._events.get(correlation)
            if on_event is not None:
                on_event(payload)
            return
        if kind == ERROR and correlation == 0:
            error = from_description(msgspec.msgpack.decode(payload))
            log.warning(
                "connection refused",
                client=self.name,
                server=self.path.name,
                problem=str(error),
            )
            self._fail_all(error)
            return
        answer = self._answers.pop(correlation, None)
        if answer is None:
            return
        if kind == ERROR:
            self._events.pop(correlation, None)
            answer(None, from_description(msgspec.msgpack.decode(payload)))
        else:
            answer(payload, None)

    def post(
        self,
        method: str,
        body: bytes,
        on_answer: OnAnswer,
        on_event: Callable[[bytes], None] | None = None,
    ) -> None:
        """Send a request; ``on_answer`` is called once with the answer or error, ``on_event`` for every event of it.

        Raises:
            Unavailable: Not connected: nothing was sent.
        """
        self._send(REQUEST, request_payload(method, body), on_answer, on_event)

    def notify(self, method: str, body: bytes) -> None:
        """Send a message that is not answered; dropped while not connected."""
        connection = self._connection
        if connection is not None and connection.transport is not None:
            connection.transport.write(frame(NOTIFY, 0, request_payload(method, body)))

    def _send(
        self,
        kind: int,
        payload: bytes,
        on_answer: OnAnswer,
        on_event: Callable[[bytes], None] | None = None,
    ) -> None:
        connection = self._connection
        if connection is None or connection.transport is None:
            raise Unavailable(f"not connected to {self.path.stem}", remedy="wait for it to come back")
        encoded = frame(kind, self._correlation + 1, payload)
        self._correlation += 1
        self._answers[self._correlation] = on_answer
        if on_event is not None:
            self._events[self._correlation] = on_event
        connection.transport.write(encoded)

    async def request_raw(
        self,
        *,
        frame_kind: int,
        payload: bytes,
        on_event: Callable[[bytes], None] | None = None,
    ) -> bytes:
        """Send one frame and await its answer."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answered(body: bytes | None, error: AlphaMindError | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(body or b"")

        self._send(frame_kind, payload, answered, on_event)
        return await future

    async def request(self, method: str, body: bytes = b"") -> bytes:
        """Send a request and await its answer.

        Raises:
            Unavailable: Not connected: nothing was sent.
            PeerLost: The connection broke before the answer: it may or may not have run.
            AlphaMindError: Whatever the server answered.
        """
        return await self.request_raw(frame_kind=REQUEST, payload=request_payload(method, body))

    async def subscribe(self, method: str, body: bytes, on_event: Callable[[bytes], None]) -> bytes:
        """Send a request whose events go to ``on_event`` until the connection is lost; return its answer."""
        return await self.request_raw(frame_kind=REQUEST, payload=request_payload(method, body), on_event=on_event)

    def drop(self) -> None:
        """Break the connection on purpose; a new one is made as after any other loss."""
        connection = self._connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def close(self) -> None:
        """Disconnect for good."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.close()
