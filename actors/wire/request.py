"""One request at the server: its body, and the way to answer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.errors import AlphaMindError, InputError
from actors.wire.frames import ERROR, EVENT, RESPONSE


class ServerConnection(Protocol):
    """Who asks: a client behind a socket, or a caller in this process.

    Attributes:
        client: The name that the client gives itself.
        principal: Who it was authenticated as: ``unix:USER`` of this node, or ``tls:NAME`` of its certificate.
        closed: Whether it has gone.
        on_close: Called once it has gone.
    """

    client: str
    principal: str
    closed: bool
    on_close: list[Callable[[], None]]

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken yet."""

    def send(self, kind: int, correlation: int, payload: bytes) -> bool:
        """Send one frame; False once the client has gone."""

    def close(self) -> None:
        """Close once everything is sent."""


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


Handler = Callable[[Request], "bytes | None"]
