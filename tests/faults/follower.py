"""Follows the events of every partition through all breaks, from the number after the last, as the portfolio does."""

from __future__ import annotations

import collections
import pathlib

import msgspec

from actors.errors import AlphaMindError
from actors.messages import OmsEvent, decoder, encode
from actors.service import socket_path
from actors.wire import WireClient

_decode = decoder(OmsEvent)


class Follower:
    """One subscriber of the OMS.

    Args:
        directory: The run's directory.

    Attributes:
        events: The events of every partition as they came, encoded.
        violations: What the stream did that it must not do.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.events: collections.defaultdict[int, list[bytes]] = collections.defaultdict(list)
        self.violations: list[str] = []
        self._client = WireClient(socket_path(directory, "oms-0"), "follower", self._subscribe, retry_seconds=0.02)

    def start(self) -> None:
        """Connect and follow."""
        self._client.start()

    async def close(self) -> None:
        """Follow no more."""
        await self._client.close()

    async def _subscribe(self) -> None:
        wanted = {str(partition): len(events) + 1 for partition, events in self.events.items()}
        try:
            await self._client.subscribe("subscribe", msgspec.msgpack.encode({"from": wanted}), self._take)
        except AlphaMindError as error:
            if error.code == "EVENTS_NOT_REACHED":
                self.violations.append(f"events that were told are not on record: {error}")
            raise

    def _take(self, body: bytes) -> None:
        event = _decode(body)
        events = self.events[event.partition]
        if event.sequence != len(events) + 1:
            self.violations.append(f"event {event.sequence} of partition {event.partition} after {len(events)}")
            return
        if encode(event) != body:
            self.violations.append(f"event {event.sequence} of partition {event.partition} reads back differently")
        events.append(body)
