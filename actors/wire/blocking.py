"""The client without an event loop."""

from __future__ import annotations

import pathlib
import socket
import ssl
import time

import msgspec

from actors.errors import AlphaMindError, PeerLost, Unavailable, from_description
from actors.wire.address import Address, Peer, UnixAddress, as_peer
from actors.wire.frames import (
    ERROR,
    EVENT,
    HELLO,
    REQUEST,
    FrameReader,
    frame,
    request_payload,
)
from actors.wire.handshake import SPOKEN, Hello, read_welcome
from actors.wire.tls import check_name, refused, tune


class BlockingClient:
    """A client for scripts, notebooks and the command line: one request at a time, no event loop.

    Args:
        where: The server: where it is (a path is that of its socket), or how to find it.
        name: The client's name, for the server's logs.
        timeout: Seconds to wait for an answer.

    Attributes:
        peer: The server.
        epoch: The server's epoch.

    Raises:
        Unavailable: Nothing listens there.
        Unauthenticated: One of the two refuses the other's certificate.
        ProtocolError: There is no version that both speak.
    """

    def __init__(self, where: Peer | Address | pathlib.Path, name: str, timeout: float = 10.0) -> None:
        self.peer = as_peer(where)
        self._reader = FrameReader()
        self._timeout = timeout
        self._correlation = 0
        self._socket = self._connect()
        try:
            answer = self._exchange(HELLO, msgspec.msgpack.encode(Hello(name, SPOKEN)))
            welcome = read_welcome(answer, SPOKEN)
        except PeerLost as error:
            self._socket.close()
            cause = error.__cause__
            if isinstance(self._socket, ssl.SSLSocket) and not isinstance(cause, TimeoutError):
                # With TLS 1.3 a client learns only now that it is refused.
                raise refused(self.peer.name, cause if isinstance(cause, OSError) else None) from None
            raise
        except BaseException:
            self._socket.close()
            raise
        self._reader.version = welcome.version
        self.epoch = welcome.epoch

    def _connect(self) -> socket.socket:
        address = self.peer.at_hand() or self.peer.look_up()
        try:
            return _open(address, self._timeout)
        except (OSError, AlphaMindError) as error:
            self.peer.missed(address)
            if isinstance(error, (ssl.SSLError, ConnectionResetError)):
                raise refused(self.peer.name, error) from None
            if isinstance(error, AlphaMindError):
                raise
            raise Unavailable(
                f"{self.peer.name} does not answer at {address}: {error}",
                remedy="alphamind status",
            ) from error

    def _exchange(self, kind: int, payload: bytes) -> bytes:
        self._correlation += 1
        deadline = time.monotonic() + self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(frame(kind, self._correlation, payload, self._reader.version))
            while True:
                self._socket.settimeout(max(deadline - time.monotonic(), 1e-3))
                data = self._socket.recv(262_144)
                if not data:
                    raise PeerLost(f"connection to {self.peer.name} lost")
                for answer_kind, correlation, body in self._reader.feed(data):
                    if answer_kind == ERROR and correlation in (0, self._correlation):
                        raise from_description(msgspec.msgpack.decode(body))
                    if correlation == self._correlation and answer_kind != EVENT:
                        return body
                if time.monotonic() > deadline:
                    raise TimeoutError("only events came")
        except OSError as error:
            raise PeerLost(f"{self.peer.name} did not answer: {error}") from error

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


def _open(address: Address, timeout: float) -> socket.socket:
    """Return a connection to an address, by mutual TLS where it is not a socket of this node.

    Raises:
        OSError: Nothing listens there, or TLS fails (``ssl.SSLError``).
        Unauthenticated: Another than the wanted server answers.
    """
    if isinstance(address, UnixAddress):
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(timeout)
        try:
            plain.connect(str(address.path))
        except OSError:
            plain.close()
            raise
        return plain
    plain = socket.create_connection((address.host, address.port), timeout)
    try:
        tune(plain)
        secured = address.context.wrap_socket(plain)
        check_name(secured.getpeercert(), address.name)
    except BaseException:
        plain.close()
        raise
    return secured
