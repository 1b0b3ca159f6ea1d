"""The framed protocol of the data plane: its frames, its server and its client.

A frame is ``length (u32) | kind (u8) | version (u8) | correlation (u64) | payload``, little-endian; ``length`` counts
what follows it. A connection opens with HELLO and WELCOME; then the client sends REQUEST (answered by RESPONSE or
ERROR under the same correlation) and NOTIFY (never answered); the server sends EVENT under the correlation of the
request that subscribed. Frames of one connection arrive in the order in which they were sent, which is what
subscribers build on: whatever the server emitted before it answered arrives before the answer.

On a node the transport is a Unix-domain socket in a directory that only its owner can enter; the server also checks
that its peer runs as the same user.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import msgspec
import structlog

from actors.errors import AlphaMindError, InputError, NotFound, PeerLost, ProtocolError, Unavailable, from_description

VERSION = 1
MAXIMUM_FRAME = 64 * 1024 * 1024

HELLO, WELCOME, REQUEST, RESPONSE, ERROR, EVENT, NOTIFY = range(1, 8)

_HEAD = struct.Struct("<IBBQ")
_LENGTH_OF_HEAD_AFTER_LENGTH = _HEAD.size - 4
MAXIMUM_PAYLOAD = MAXIMUM_FRAME - _LENGTH_OF_HEAD_AFTER_LENGTH

Handler = Callable[["Request"], "bytes | None"]
log = structlog.get_logger()


def frame(kind: int, correlation: int, payload: bytes) -> bytes:
    """Return one encoded frame.

    Raises:
        InputError: The payload does not fit into one frame; nothing was sent.
    """
    if len(payload) > MAXIMUM_PAYLOAD:
        raise InputError(
            "message too large for one frame",
            field="body",
            value=f"{len(payload)} bytes",
            rule=f"at most {MAXIMUM_PAYLOAD} bytes",
            remedy="send it in parts",
            code="FRAME_TOO_LARGE",
        )
    return _HEAD.pack(_LENGTH_OF_HEAD_AFTER_LENGTH + len(payload), kind, VERSION, correlation) + payload


def request_payload(method: str, body: bytes) -> bytes:
    """Return the payload of a REQUEST or NOTIFY frame."""
    name = method.encode("ascii")
    return bytes((len(name),)) + name + body


def peer_user(peer: socket.socket) -> int:
    """Return the user id of the process at the other end of a Unix-domain socket."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


class FrameReader:
    """Cuts a stream of bytes into frames.

    Attributes:
        buffered: Number of bytes that wait for the rest of their frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Add ``data`` and return the frames that are now whole as (kind, correlation, payload).

        Raises:
            ProtocolError: A frame of another version, or longer than ``MAXIMUM_FRAME``.
        """
        buffer = self._buffer
        buffer += data
        frames = []
        start, end = 0, len(buffer)
        while end - start >= _HEAD.size:
            length, kind, version, correlation = _HEAD.unpack_from(buffer, start)
            if version != VERSION:
                raise ProtocolError(
                    "frame of another protocol version", field="version", value=version, rule=f"{VERSION}"
                )
            if not _LENGTH_OF_HEAD_AFTER_LENGTH <= length <= MAXIMUM_FRAME:
                raise ProtocolError(
                    "frame of an impossible length",
                    field="length",
                    value=length,
                    rule=f"{_LENGTH_OF_HEAD_AFTER_LENGTH} to {MAXIMUM_FRAME} bytes",
                )
            if end - start < 4 + length:
                break
            frames.append((kind, correlation, bytes(buffer[start + _HEAD.size : start + 4 + length])))
            start += 4 + length
        if start:
            del buffer[:start]
        return frames


class Request:
    """One request at the server: its body, and the way to answer it now or later."""

    __slots__ = ("method", "body", "connection", "correlation", "expects_answer")

    def __init__(
        self, method: str, body: bytes, connection: ServerConnection, correlation: int, expects_answer: bool
    ) -> None:
        self.method = method
        self.body = body
        self.connection = connection
        self.correlation = correlation
        self.expects_answer = expects_answer

    def reply(self, body: bytes) -> None:
        """Answer; does nothing for a NOTIFY or once the client has gone."""
        if self.expects_answer:
            try:
                self.connection.send(RESPONSE, self.correlation, body)
            except InputError as error:
                self.fail(error)

    def fail(self, error: AlphaMindError) -> None:
        """Answer with an error."""
        if self.expects_answer:
            self.connection.send(ERROR, self.correlation, msgspec.msgpack.encode(error.describe()))

    def emit(self, body: bytes) -> bool:
        """Send one event to the subscriber that made this request; False once it has gone."""
        return self.connection.send(EVENT, self.correlation, body)


class ServerConnection(asyncio.Protocol):
    """One client at the server."""

    def __init__(self, server: WireServer) -> None:
        self.server = server
        self.client = ""
        self.closed = False
        self.on_close: list[Callable[[], None]] = []
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check who it is and remember the transport."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family == socket.AF_UNIX:
            user = peer_user(peer)
            if user not in (os.getuid(), 0):
                log.warning("connection of another user refused", service=self.server.name, user=user)
                self._transport.abort()
                return
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who holds this connection that it is gone."""
        self.closed = True
        self.server.connections.discard(self)
        callbacks, self.on_close = self.on_close, []
        for callback in callbacks:
            callback()

    def data_received(self, data: bytes) -> None:
        """Dispatch every frame that is whole."""
        try:
            frames = self._reader.feed(data)
        except ProtocolError as error:
            self._refuse(error)
            return
        for kind, correlation, payload in frames:
            if self.closed:
                return
            if kind in (REQUEST, NOTIFY) and self.client:
                self.server.dispatch(self, correlation, payload, kind == REQUEST)
            elif kind == HELLO and not self.client:
                self._greet(correlation, payload)
            else:
                self._refuse(
                    ProtocolError("frame out of order", field="kind", value=kind, rule="HELLO first, then requests")
                )
                return

    def _greet(self, correlation: int, payload: bytes) -> None:
        try:
            hello = msgspec.msgpack.decode(payload, type=dict[str, Any])
            self.client = str(hello["client"])
            if not self.client:
                raise KeyError("client")
        except (msgspec.MsgspecError, KeyError):
            self._refuse(ProtocolError("unreadable HELLO", field="client", rule="the name of the client"))
            return
        self.send(WELCOME, correlation, msgspec.msgpack.encode({"server": self.server.name, "version": VERSION}))

    def _refuse(self, error: ProtocolError) -> None:
        log.warning("connection refused", service=self.server.name, client=self.client, problem=str(error))
        self.send(ERROR, 0, msgspec.msgpack.encode(error.describe()))
        if self._transport is not None:
            self._transport.close()

    def send(self, kind: int, correlation: int, payload: bytes) -> bool:
        """Send one frame; False once the client has gone."""
        if self.closed or self._transport is None:
            return False
        self._transport.write(frame(kind, correlation, payload))
        return True

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Close once everything is sent."""
        if self._transport is not None:
            self._transport.close()


class WireServer:
    """Answers requests by name on one Unix-domain socket.

    A handler runs on the loop, takes the request and returns the answer, or ``None`` to answer later by
    ``request.reply``. An ``AlphaMindError`` that it raises is sent to the client as it is; any other exception is
    logged and sent as an internal error without details.

    Args:
        name: Name of the service, told to clients.
        handlers: Handler by method.
    """

    def __init__(self, name: str, handlers: Mapping[str, Handler]) -> None:
        self.name = name
        self.handlers = handlers
        self.connections: set[ServerConnection] = set()
        self.path: pathlib.Path | None = None
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def listen(self, path: pathlib.Path) -> None:
        """Listen at ``path``, replacing a socket that a dead process left there.

        Raises:
            InputError: The path is longer than a socket address can be.
        """
        if len(os.fsencode(path)) > 107:
            raise InputError(
                "socket path too long",
                field="run directory",
                value=path,
                rule="at most 107 bytes",
                remedy="choose a shorter home with ALPHAMIND_HOME",
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: ServerConnection(self), str(path))
        path.chmod(0o600)
        self._inode = path.stat().st_ino
        self.path = path

    def dispatch(self, connection: ServerConnection, correlation: int, payload: bytes, expects_answer: bool) -> None:
        """Run the handler that a REQUEST or NOTIFY names."""
        end = 1 + payload[0] if payload else 0
        method = payload[1:end].decode("ascii", "replace")
        request = Request(method, payload[end:], connection, correlation, expects_answer)
        handler = self.handlers.get(method)
        try:
            if handler is None:
                raise NotFound(
                    f"{self.name} has no method {method!r}",
                    field="method",
                    value=method,
                    rule=f"one of {', '.join(sorted(self.handlers))}",
                    code="METHOD_UNKNOWN",
                )
            answer = handler(request)
        except AlphaMindError as error:
            request.fail(error)
        except msgspec.MsgspecError as error:
            request.fail(InputError(f"unreadable body of {method}: {error}", field="body", rule="the method's message"))
        except Exception:
            log.exception("handler failed", service=self.name, method=method, client=connection.client)
            request.fail(AlphaMindError(f"{self.name} failed to answer {method}; its log has the cause"))
        else:
            if answer is not None:
                request.reply(answer)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
            for connection in list(self.connections):
                connection.close()
            self._server = None
            if self.path is not None:
                with contextlib.suppress(FileNotFoundError):
                    if self.path.stat().st_ino == self._inode:
                        self.path.unlink()


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
            log.warning("server speaks another protocol", client=self.client.name, problem=str(error))
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
        self._answers: dict[int, Callable[[bytes | None, AlphaMindError | None], None]] = {}
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
                await self.request_raw(frame_kind=HELLO, payload=msgspec.msgpack.encode({"client": self.name}))
                if self._on_connect is not None:
                    await self._on_connect()
                if not connection.lost.is_set():
                    self.connected.set()
                await connection.lost.wait()
            except (OSError, Unavailable):
                pass  # nothing listens there yet, or it went again: that is what the next attempt is for
            except AlphaMindError as error:
                log.warning("connection not usable", client=self.name, server=str(self.path.name), problem=str(error))
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
            PeerLost(f"connection to {self.path.stem} lost", remedy="look the request up by its key, then retry")
        )

    def _fail_all(self, error: AlphaMindError) -> None:
        waiting, self._answers = self._answers, {}
        for answer in waiting.values():
            try:
                answer(None, error)
            except Exception:  # one waiter's fault must not keep the others waiting for ever
                log.exception("handling of a failed request failed", client=self.name, server=self.path.name)

    def take(self, kind: int, correlation: int, payload: bytes) -> None:
        """Hand one frame to whoever waits for it."""
        if kind == EVENT:
            on_event = self._events.get(correlation)
            if on_event is not None:
                on_event(payload)
            return
        if kind == ERROR and correlation == 0:
            error = from_description(msgspec.msgpack.decode(payload))
            log.warning("connection refused", client=self.name, server=self.path.name, problem=str(error))
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
        on_answer: Callable[[bytes | None, AlphaMindError | None], None],
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
        on_answer: Callable[[bytes | None, AlphaMindError | None], None],
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
        self, *, frame_kind: int, payload: bytes, on_event: Callable[[bytes], None] | None = None
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


class BlockingClient:
    """A client for scripts, notebooks and the command line: one request at a time, no event loop.

    Args:
        path: The server's socket.
        name: The client's name, for the server's logs.
        timeout: Seconds to wait for an answer.

    Raises:
        Unavailable: Nothing listens there.
    """

    def __init__(self, path: pathlib.Path, name: str, timeout: float = 10.0) -> None:
        self.path = path
        self._reader = FrameReader()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise Unavailable(f"{path.stem} does not answer at {path}: {error}", remedy="alphamind status") from error
        self._correlation = 0
        try:
            self._exchange(HELLO, msgspec.msgpack.encode({"client": name}))
        except BaseException:
            self._socket.close()
            raise

    def _exchange(self, kind: int, payload: bytes) -> bytes:
        self._correlation += 1
        try:
            self._socket.sendall(frame(kind, self._correlation, payload))
            while True:
                data = self._socket.recv(262_144)
                if not data:
                    raise PeerLost(f"connection to {self.path.stem} lost")
                for answer_kind, correlation, body in self._reader.feed(data):
                    if answer_kind == ERROR and correlation in (0, self._correlation):
                        raise from_description(msgspec.msgpack.decode(body))
                    if correlation == self._correlation and answer_kind != EVENT:
                        return body
        except OSError as error:
            raise PeerLost(f"{self.path.stem} did not answer: {error}") from error

    def request(self, method: str, body: bytes = b"") -> bytes:
        """Send a request and return its answer; raises what the server answered, or ``PeerLost``."""
        return self._exchange(REQUEST, request_payload(method, body))

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()

    def __enter__(self) -> BlockingClient:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()
