"""The client without an event loop."""

from __future__ import annotations

import pathlib
import socket
import time

import msgspec

from actors.errors import PeerLost, Unavailable, from_description
from actors.wire.frames import (
    ERROR,
    EVENT,
    HELLO,
    REQUEST,
    FrameReader,
    frame,
    request_payload,
)


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
        self._timeout = timeout
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise Unavailable(
                f"{path.stem} does not answer at {path}: {error}",
                remedy="alphamind status",
            ) from error
        self._correlation = 0
        try:
            self._exchange(HELLO, msgspec.msgpack.encode({"client": name}))
        except BaseException:
            self._socket.close()
            raise

    def _exchange(self, kind: int, payload: bytes) -> bytes:
        self._correlation += 1
        deadline = time.monotonic() + self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(frame(kind, self._correlation, payload))
            while True:
                self._socket.settimeout(max(deadline - time.monotonic(), 1e-3))
                data = self._socket.recv(262_144)
                if not data:
                    raise PeerLost(f"connection to {self.path.stem} lost")
                for answer_kind, correlation, body in self._reader.feed(data):
                    if answer_kind == ERROR and correlation in (0, self._correlation):
                        raise from_description(msgspec.msgpack.decode(body))
                    if correlation == self._correlation and answer_kind != EVENT:
                        return body
                if time.monotonic() > deadline:
                    raise TimeoutError("only events came")
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
