"""One client at the server: who it is, what it asks, and what it is sent."""

from __future__ import annotations

import asyncio
import functools
import os
import pwd
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import msgspec
import structlog

from actors.errors import AlphaMindError, Forbidden, ProtocolError, Unauthenticated
from actors.wire.frames import (
    ERROR,
    HELLO,
    MAXIMUM_FRAME,
    MAXIMUM_FRAME_OF_A_STRANGER,
    NOTIFY,
    REQUEST,
    WELCOME,
    FrameReader,
    frame,
)
from actors.wire.handshake import Versions, Welcome, newest_common, read_hello
from actors.wire.tls import SCHEME, certificate_name, tune

if TYPE_CHECKING:
    from actors.wire.server import WireServer

log = structlog.get_logger()


def peer_user(peer: socket.socket) -> int:
    """Return the user id of the process at the other end of a Unix-domain socket."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


@functools.cache
def user_name(user: int) -> str:
    """Return the name of a user of this node; its number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


class SocketConnection(asyncio.Protocol):
    """One client at the server.

    Attributes:
        client: The name that the client gives itself in HELLO; empty before.
        principal: Who it was authenticated as: ``unix:USER`` of this node, or ``tls:NAME`` of its certificate.
        closed: Whether it has gone.
        on_close: Called once it has gone.
    """

    def __init__(self, server: WireServer) -> None:
        self.server = server
        self.client = ""
        self.principal = ""
        self.closed = False
        self.on_close: list[Callable[[], None]] = []
        self._reader = FrameReader(MAXIMUM_FRAME_OF_A_STRANGER)
        self._held: list[bytes] = []
        self._closing = False
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out who it is, and give it some seconds to say HELLO."""
        self._transport = cast(asyncio.Transport, transport)
        try:
            self.principal = self._authenticate()
        except AlphaMindError as error:
            self._refuse(error)
            return
        self.server.connections.add(self)
        self._patience = asyncio.get_running_loop().call_later(self.server.hello_seconds, self._lose_patience)

    def _authenticate(self) -> str:
        assert self._transport is not None
        peer = self._transport.get_extra_info("socket")
        if peer.family == socket.AF_UNIX:
            user = peer_user(peer)
            if user not in (os.getuid(), 0):
                raise Forbidden(
                    "this socket is another user's", field="user", value=user_name(user), rule=user_name(os.getuid())
                )
            return f"unix:{user_name(user)}"
        tune(peer)
        name = certificate_name(self._transport.get_extra_info("peercert"))
        if not name:
            raise Unauthenticated(
                "the certificate bears no name", field="certificate", rule=f"{SCHEME}NAME", code="CERTIFICATE_REFUSED"
            )
        return f"tls:{name}"

    def _lose_patience(self) -> None:
        rule = f"HELLO within {self.server.hello_seconds:g} s"
        self._refuse(ProtocolError("no HELLO came", field="kind", rule=rule, code="HELLO_MISSING"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who holds this connection that it is gone."""
        self.closed = self._closing = True
        if self._patience is not None:
            self._patience.cancel()
        self.server.connections.discard(self)
        callbacks, self.on_close = self.on_close, []
        for callback in callbacks:
            callback()

    def data_received(self, data: bytes) -> None:
        """Dispatch every frame that is whole, as one batch."""
        try:
            frames = self._reader.feed(data)
        except ProtocolError as error:
            self._refuse(error)
            return
        server = self.server
        if len(frames) == 1 and not server.after_batch:  # nothing to hold together
            self._take(*frames[0])
            return
        server.begin_batch()
        try:
            for kind, correlation, payload in frames:
                self._take(kind, correlation, payload)
        finally:
            server.end_batch()

    def _take(self, kind: int, correlation: int, payload: bytes) -> None:
        if self._closing:
            return
        if self.client and (kind == REQUEST or kind == NOTIFY):
            self.server.dispatch(self, correlation, payload, kind == REQUEST)
        elif kind == HELLO and not self.client:
            self._greet(correlation, payload)
        else:
            rule = "HELLO first, then requests"
            self._refuse(ProtocolError("frame out of order", field="kind", value=kind, rule=rule))

    def _greet(self, correlation: int, payload: bytes) -> None:
        server = self.server
        try:
            hello = read_hello(payload)
            version = newest_common(server.versions, Versions(*hello.versions), server.name)
        except ProtocolError as error:
            self._refuse(error)
            return
        if self._patience is not None:
            self._patience.cancel()
        self.client = hello.client
        welcome = Welcome(server.name, version, server.versions, server.epoch)
        self.send(WELCOME, correlation, msgspec.msgpack.encode(welcome))
        self._reader.maximum = MAXIMUM_FRAME
        self._reader.version = version

    def _refuse(self, error: AlphaMindError) -> None:
        log.warning(
            "connection refused",
            service=self.server.name,
            client=self.client,
            principal=self.principal,
            problem=str(error),
        )
        self.send(ERROR, 0, msgspec.msgpack.encode(error.describe()))
        self.close()

    def send(self, kind: int, correlation: int, payload: bytes) -> bool:
        """Send one frame, at the end of the batch where one is at work; False once the client has gone."""
        if self.closed or self._transport is None:
            return False
        encoded = frame(kind, correlation, payload, self._reader.version)
        if self.server.in_batch:
            if not self._held:
                self.server.holding.append(self)
            self._held.append(encoded)
        else:
            self._transport.write(encoded)
        return True

    def flush(self) -> None:
        """Send what was held during a batch, in one write."""
        held, self._held = self._held, []
        if self._transport is not None and not self.closed:
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))
            if self._closing:
                self._transport.close()

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""
        waiting = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return waiting + sum(map(len, self._held))

    def close(self) -> None:
        """Close once everything is sent."""
        self._closing = True
        if self._transport is not None and not self._held:  # what is held leaves first, with its batch
            self._transport.close()
