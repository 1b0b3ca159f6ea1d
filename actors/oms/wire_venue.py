"""The door to a venue that is a service of its own, over the data plane."""

from __future__ import annotations

import asyncio
import functools
import pathlib

import structlog

from actors.errors import AlphaMindError, PeerLost, Unavailable
from actors.messages import ExecutionReport, VenueOrder, VenueReplace, decoder, encode
from actors.oms.venue import FENCED, StandingOrder, VenueListener, VenueMessage
from actors.wire import Peer, WireClient

_decode_report = decoder(ExecutionReport)
_decode_standing = decoder(list[StandingOrder])
log = structlog.get_logger()


class WireVenue:
    """A session with a venue behind a socket; it comes back by itself after every break.

    Args:
        where: The venue.
        name: The client's name, for the venue's logs.
        retry_seconds: Pause between attempts to connect.
    """

    def __init__(self, where: Peer | pathlib.Path, name: str, retry_seconds: float = 0.1) -> None:
        self._client = WireClient(where, name, on_connect=self._open, retry_seconds=retry_seconds)
        self._session = ""
        self._epoch = 0
        self._listener: VenueListener
        self._reconciling = False
        self._broken = False

    @property
    def is_open(self) -> bool:
        """True while the session is open and reconciled."""
        return self._reconciling or self._client.connected.is_set()

    def start(self, session: str, epoch: int, listener: VenueListener) -> None:
        """Open the session and keep it open until ``close``."""
        self._session, self._epoch, self._listener = session, epoch, listener
        self._client.after_batch.append(listener.reports_taken)
        self._client.start()

    async def _open(self) -> None:
        self._broken = False
        opening = {"session": self._session, "epoch": self._epoch, "last_report": self._listener.last_report}
        try:
            await self._client.subscribe("session", encode(opening), self._take)
            opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            body = encode({"session": self._session})
            self._client.post("open_orders", body, functools.partial(self._reconcile, opened))
            await opened
        except AlphaMindError as error:
            self._note_fence(error)
            raise
        finally:
            self._reconciling = False

    def _reconcile(self, opened: asyncio.Future[None], answer: bytes | None, error: AlphaMindError | None) -> None:
        """Compare at once: a report behind the answer changes what stands here and not what the answer says."""
        if opened.done():
            return
        if error is not None:
            opened.set_exception(error)
            return
        self._reconciling = True  # until the client is connected: what is sent in between is not sent again
        try:
            self._listener.session_opened(_decode_standing(answer or b""))
        except Exception as problem:
            opened.set_exception(problem)
        else:
            opened.set_result(None)

    def _take(self, body: bytes) -> None:
        if self._broken:
            return  # what follows an untaken report comes again with it
        try:
            self._listener.take_report(_decode_report(body))
        except AlphaMindError as error:
            log.warning("report not taken; the session is opened again", session=self._session, problem=str(error))
            self._broken = True
            self._client.drop()

    def send(self, message: VenueMessage) -> None:
        """Send a message; does nothing while the session is not open: reconciliation will send it."""
        if not self.is_open:
            return
        common = {"session": self._session, "epoch": self._epoch}
        if isinstance(message, VenueOrder):
            method, body = "order", encode({**common, "order": message})
        elif isinstance(message, VenueReplace):
            method, body = "replace", encode({**common, "replace": message})
        else:
            method, body = "cancel", encode({**common, "order_id": message.order_id, "time": message.time})
        try:
            self._client.post(method, body, functools.partial(self._answered, message))
        except Unavailable:
            return  # the connection went a moment ago

    def _answered(self, message: VenueMessage, _: bytes | None, error: AlphaMindError | None) -> None:
        if error is not None and not isinstance(error, PeerLost):
            self._note_fence(error)
            self._listener.request_failed(message, error)

    def _note_fence(self, error: AlphaMindError) -> None:
        if error.code == FENCED:
            self._listener.fenced(error)

    def acknowledge(self, sequence: int) -> None:
        """Say that all reports up to ``sequence`` are on record here."""
        self._client.notify("report_ack", encode({"session": self._session, "sequence": sequence}))

    async def close(self) -> None:
        """Close the session for good."""
        await self._client.close()
