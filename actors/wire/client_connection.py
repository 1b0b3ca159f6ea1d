"""One connection of a client: it makes sure of the server, greets it, and hands on what comes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol, cast

import msgspec
import structlog

from actors.errors import AlphaMindError, PeerLost, ProtocolError, from_description
from actors.wire.address import Address, TlsAddress, UnixAddress
from actors.wire.frames import ERROR, HELLO, FrameReader, frame
from actors.wire.handshake import Hello, Versions, Welcome, read_welcome
from actors.wire.tls import check_name, refused, tune

log = structlog.get_logger()


class Owner(Protocol):
    """The client that a connection belongs to."""

    name: str
    versions: Versions
    after_batch: list[Callable[[], None]]

    def take(self, kind: int, correlation: int, payload: bytes) -> None:
        """Take one frame."""

    def lost(self, connection: ClientConnection) -> None:
        """Take note that the connection is gone."""


class ClientConnection(asyncio.Protocol):
    """One connection of a client.

    Args:
        owner: The client.
        server: The name of the server.
        address: Where it is.

    Attributes:
        server: The name of the server.
        address: Where it is.
        settled: Set once the server has answered HELLO, or will not; then there is ``welcome`` or ``problem``.
        lost: Set once the connection is gone.
    """

    def __init__(self, owner: Owner, server: str, address: Address) -> None:
        self.settled = asyncio.Event()
        self.lost = asyncio.Event()
        self.welcome: Welcome | None = None
        self.problem: AlphaMindError | None = None
        self._owner = owner
        self.server = server
        self.address = address
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._holding = False
        self._held: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make sure that it is the server that was wanted, then greet it."""
        self._transport = cast(asyncio.Transport, transport)
        if isinstance(self.address, TlsAddress):
            tune(transport.get_extra_info("socket"))
            try:
                check_name(transport.get_extra_info("peercert"), self.address.name)
            except AlphaMindError as error:  # no other gets to see as much as a HELLO
                self._fail(error)
                return
        hello = Hello(self._owner.name, self._owner.versions)
        self._transport.write(frame(HELLO, 0, msgspec.msgpack.encode(hello)))

    def _fail(self, error: AlphaMindError) -> None:
        self.problem = self.problem or error
        self.settled.set()
        self.abort()

    def data_received(self, data: bytes) -> None:
        """Hand on every frame that is whole, as one batch."""
        try:
            frames = self._reader.feed(data)
            if self.welcome is None and frames:
                self._take_welcome(*frames.pop(0))
        except ProtocolError as error:
            log.warning(
                "server speaks another protocol", client=self._owner.name, server=self.server, problem=str(error)
            )
            self._fail(error)
            return
        take = self._owner.take
        if len(frames) == 1 and not self._owner.after_batch:
            take(*frames[0])
            return
        self._holding = True
        try:
            for kind, correlation, payload in frames:
                take(kind, correlation, payload)
            for callback in self._owner.after_batch:
                callback()
        finally:
            self._holding = False
            if self._held and self._transport is not None:
                self._transport.write(b"".join(self._held))
                self._held.clear()

    def _take_welcome(self, kind: int, correlation: int, payload: bytes) -> None:
        if kind == ERROR:
            self._fail(from_description(msgspec.msgpack.decode(payload)))
            return
        self.welcome = read_welcome(payload, self._owner.versions)
        self._reader.version = self.welcome.version
        self.settled.set()

    def send(self, kind: int, correlation: int, payload: bytes) -> None:
        """Send one frame, at the end of the batch where one is at work.

        Raises:
            InputError: The payload does not fit into one frame; nothing was sent.
        """
        encoded = frame(kind, correlation, payload, self._reader.version)
        if self._holding:
            self._held.append(encoded)
        elif self._transport is not None:
            self._transport.write(encoded)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everyone who waits."""
        if isinstance(self.address, TlsAddress):
            self._fail(refused(self.server, exc))
        else:
            self._fail(PeerLost(f"connection to {self.server} lost"))
        self.lost.set()
        self._owner.lost(self)

    def abort(self) -> None:
        """Break the connection, what is unsent included."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close once everything is sent."""
        if self._transport is not None:
            self._transport.close()


async def establish(connection: ClientConnection, seconds: float) -> None:
    """Connect and greet the server.

    Args:
        connection: A connection that was just made.
        seconds: Time that it may take.

    Raises:
        OSError: Nothing listens there.
        TimeoutError: It took too long.
        Unauthenticated: One of the two refuses the other's certificate.
        ProtocolError: There is no version that both speak.
        PeerLost: The server hung up.
    """
    task = asyncio.get_running_loop().create_task(_establish(connection))
    task.add_done_callback(lambda task: task.cancelled() or task.exception())
    try:
        # Not wait_for: before Python 3.12 it forgets that it is cancelled when the attempt fails at that moment.
        await asyncio.wait((task,), timeout=seconds)
        if not task.done():
            raise TimeoutError(f"{connection.server} does not answer")
        task.result()
    finally:
        task.cancel()


async def _establish(connection: ClientConnection) -> None:
    loop, address = asyncio.get_running_loop(), connection.address
    try:
        if isinstance(address, UnixAddress):
            await loop.create_unix_connection(lambda: connection, str(address.path))
        else:
            await loop.create_connection(lambda: connection, address.host, address.port, ssl=address.context)
    except (ssl.SSLError, ConnectionResetError, ConnectionAbortedError) as error:
        raise refused(connection.server, error) from None
    await connection.settled.wait()
    if connection.problem is not None:
        raise connection.problem
