"""Requests that come another way than over a connection: answered by the same handlers, as one batch.

They travel as one MessagePack array of (method, body), their answers as another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as OutOfTime
from typing import Any

import msgspec

from actors.errors import InputError, PeerLost
from actors.wire.frames import ERROR, RESPONSE, request_payload
from actors.wire.server import WireServer

Answer = bytes | dict[str, Any]
"""The answer to a request, or the description of the error that it met (``AlphaMindError.describe``)."""

_decode_requests = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
_decode_answers = msgspec.msgpack.Decoder(list[Answer])


def encode_requests(requests: Sequence[tuple[str, bytes]]) -> bytes:
    """Return requests, (method, body) each, as they travel."""
    return msgspec.msgpack.encode(requests)


def decode_answers(body: bytes) -> list[Answer]:
    """Return the answers to requests, in their order."""
    return _decode_answers.decode(body)


class Batch:
    """The caller of one batch, and what it is answered.

    It takes no events: who subscribes needs a connection.

    Args:
        client: The caller's name.
        principal: Who it was authenticated as.
        size: Number of requests.
    """

    def __init__(self, client: str, principal: str, size: int) -> None:
        self.client = client
        self.principal = principal
        self.closed = False
        self.on_close: list[Callable[[], None]] = []
        self.finished: Future[None] = Future()
        self._answers: list[Answer | None] = [None] * size
        self._missing = size
        if not size:
            self.finished.set_result(None)

    @property
    def unsent(self) -> int:
        """Nothing is ever held back."""
        return 0

    def send(self, kind: int, correlation: int, payload: bytes) -> bool:
        """Take the answer to request number ``correlation``; False for an event."""
        if self.closed or kind not in (RESPONSE, ERROR) or self._answers[correlation] is not None:
            return False
        self._answers[correlation] = msgspec.msgpack.decode(payload) if kind == ERROR else payload
        self._missing -= 1
        if not self._missing:
            self.close()
            self.finished.set_result(None)
        return True

    def close(self) -> None:
        """Take no more answers."""
        self.closed = True
        callbacks, self.on_close = self.on_close, []
        for callback in callbacks:
            callback()

    def answers(self) -> list[Answer]:
        """Return the answers; for what is not answered yet, that it may have run."""
        late = PeerLost(
            "no answer in time", remedy="look the request up by its key, then retry", code="ANSWER_LATE"
        ).describe()
        return [late if answer is None else answer for answer in self._answers]


def run_batch(
    server: WireServer,
    loop: asyncio.AbstractEventLoop,
    body: bytes,
    principal: str,
    seconds: float,
) -> bytes:
    """Answer requests on the server's loop, in order; called from another thread, which waits.

    Args:
        server: The server that has the handlers.
        loop: The loop that it runs on.
        body: The requests, as ``encode_requests`` made them.
        principal: Who asks.
        seconds: Time to wait for the last answer.

    Returns:
        What ``decode_answers`` reads.

    Raises:
        InputError: The body holds no requests.
    """
    try:
        payloads = [request_payload(method, content) for method, content in _decode_requests.decode(body)]
    except ValueError as error:  # what msgspec refuses, or a name that can't be a method's
        raise InputError(
            f"unreadable requests: {error}", field="requests", rule="an array of (method, body) in MessagePack"
        ) from None
    batch = Batch(principal, principal, len(payloads))

    def run() -> None:
        server.begin_batch()
        try:
            for number, payload in enumerate(payloads):
                server.dispatch(batch, number, payload, True)
        finally:
            server.end_batch()

    loop.call_soon_threadsafe(run)
    try:
        batch.finished.result(seconds)
    except OutOfTime:
        loop.call_soon_threadsafe(batch.close)
    return msgspec.msgpack.encode(batch.answers())
