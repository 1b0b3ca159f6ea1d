"""The server's side of the protocol: requests, connections, and the socket that they come through."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
import structlog

from actors.errors import AlphaMindError, InputError, NotFound, ProtocolError
from actors.wire.frames import (
    ERROR,
    EVENT,
    HELLO,
    NOTIFY,
    REQUEST,
    RESPONSE,
    VERSION,
    WELCOME,
    FrameReader,
    frame,
)

Handler = Callable[["Request"], "bytes | None"]
log = structlog.get_logger()


def peer_user(peer: socket.socket) -> int:
    """Return the user id of the process at the other end of a Unix-domain socket."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


class Request:
    """One request at the server: its body, and the way to answer it now or later."""

    __slots__ = ("method", "body", "connection", "correlation", "expects_answer")

    def __init__(
        self,
        method: str,
        body: bytes,
        connection: ServerConnection,
        correlation: int,
        expects_answer: bool,
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
                log.warning(
                    "connection of another user refused",
                    service=self.server.name,
                    user=user,
                )
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
                    ProtocolError(
                        "frame out of order",
                        field="kind",
                        value=kind,
                        rule="HELLO first, then requests",
                    )
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
        self.send(
            WELCOME,
            correlation,
            msgspec.msgpack.encode({"server": self.server.name, "version": VERSION}),
        )

    def _refuse(self, error: ProtocolError) -> None:
        log.warning(
            "connection refused",
            service=self.server.name,
            client=self.client,
            problem=str(error),
        )
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

    def dispatch(
        self,
        connection: ServerConnection,
        correlation: int,
        payload: bytes,
        expects_answer: bool,
    ) -> None:
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
            request.fail(
                InputError(
                    f"unreadable body of {method}: {error}",
                    field="body",
                    rule="the method's message",
                )
            )
        except Exception:
            log.exception(
                "handler failed",
                service=self.name,
                method=method,
                client=connection.client,
            )
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
