"""The client for event loops: it stays connected, subscribes anew by itself, and keeps many requests in flight."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from actors.errors import AlphaMindError, PeerLost, Unavailable, from_description
from actors.wire.address import Address, Peer, TlsAddress, as_peer
from actors.wire.client_connection import ClientConnection, establish
from actors.wire.frames import ERROR, EVENT, NOTIFY, REQUEST, request_payload
from actors.wire.handshake import HELLO_SECONDS, SPOKEN

OnAnswer = Callable[["bytes | None", "AlphaMindError | None"], None]
log = structlog.get_logger()


class WireClient:
    """A client that stays connected: it reconnects by itself and says so.

    What is sent while the answers and events of one arrival are handled leaves after the last of them, in one write.

    Args:
        where: The server: where it always is (a path is that of its socket), or how to find it each time.
        name: The client's name, for the server's logs.
        on_connect: Awaited after every (re)connect before ``connected`` is set: subscribe and reconcile here.
        retry_seconds: Pause between attempts to connect.

    Attributes:
        peer: The server.
        connected: Set while the client is connected and ``on_connect`` is done.
        epoch: The server's epoch as of the newest connection; another one than before is another process.
        after_batch: Called after all answers and events of one arrival, before what they caused leaves.
        versions: Protocol versions that it speaks.
        hello_seconds: Time within which a server has to take a connection and to answer HELLO.
    """

    def __init__(
        self,
        where: Peer | Address | pathlib.Path,
        name: str,
        on_connect: Callable[[], Awaitable[None]] | None = None,
        retry_seconds: float = 0.1,
    ) -> None:
        self.peer = as_peer(where)
        self.name = name
        self.connected = asyncio.Event()
        self.epoch = 0
        self.after_batch: list[Callable[[], None]] = []
        self.versions = SPOKEN
        self.hello_seconds = HELLO_SECONDS
        self._on_connect = on_connect
        self._retry_seconds = retry_seconds
        self._correlation = 0
        self._answers: dict[int, OnAnswer] = {}
        self._events: dict[int, Callable[[bytes], None]] = {}
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background and stay connected until ``close``."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def _stay_connected(self) -> None:
        told = ""
        while True:
            try:
                await self._be_connected()
            except (OSError, Unavailable):
                pass  # nothing listens there yet, or it went again: that is what the next attempt is for
            except AlphaMindError as error:
                if str(error) != told:  # not ten times a second
                    told = str(error)
                    log.warning("connection not usable", client=self.name, server=self.peer.name, problem=told)
            except Exception:
                log.exception("connection failed", client=self.name, server=self.peer.name)
            await asyncio.sleep(self._retry_seconds)

    async def _be_connected(self) -> None:
        """Connect, greet, and stay until the connection is lost."""
        peer = self.peer
        address = peer.at_hand()
        if address is None:  # asking may wait for another process, which the loop must not
            address = await asyncio.get_running_loop().run_in_executor(None, peer.look_up)
        connection = ClientConnection(self, peer.name, address)
        try:
            await establish(connection, self.hello_seconds)
            self._use(connection)
            if self._on_connect is not None:
                await self._on_connect()
            if not connection.lost.is_set():
                self.connected.set()
            await connection.lost.wait()
        finally:
            self.connected.clear()
            connection.abort()
            if connection.welcome is None or isinstance(address, TlsAddress):  # it comes back at another port
                peer.missed(address)

    def _use(self, connection: ClientConnection) -> None:
        """Use a new connection from now on; what still waits on an older one has failed."""
        if connection.lost.is_set() or connection.welcome is None:
            raise PeerLost(f"connection to {self.peer.name} lost")
        if self._connection is not None:
            self.lost(self._connection)
        if self.epoch and connection.welcome.epoch != self.epoch:
            log.info("server was replaced", client=self.name, server=self.peer.name, epoch=connection.welcome.epoch)
        self.epoch = connection.welcome.epoch
        self._connection = connection

    def lost(self, connection: ClientConnection) -> None:
        """Fail what waits for an answer: whether it ran is not known."""
        if connection is not self._connection:
            return
        self._connection = None
        self.connected.clear()
        self._events.clear()
        self._fail_all(
            PeerLost(
                f"connection to {self.peer.name} lost",
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
                    server=self.peer.name,
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
                server=self.peer.name,
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
        if self._connection is not None:
            self._connection.send(NOTIFY, 0, request_payload(method, body))

    def _send(
        self,
        kind: int,
        payload: bytes,
        on_answer: OnAnswer,
        on_event: Callable[[bytes], None] | None = None,
    ) -> None:
        connection = self._connection
        if connection is None:
            raise Unavailable(f"not connected to {self.peer.name}", remedy="wait for it to come back")
        correlation = self._correlation + 1
        connection.send(kind, correlation, payload)
        self._correlation = correlation
        self._answers[correlation] = on_answer
        if on_event is not None:
            self._events[correlation] = on_event

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
        if self._connection is not None:
            self._connection.abort()

    async def close(self) -> None:
        """Disconnect for good."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._connection is not None:
            self._connection.close()
