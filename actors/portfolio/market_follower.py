"""Follows the market shards in lock-step: a slice is taken once all shards have sent it, then acknowledged to all."""

from __future__ import annotations

import asyncio
import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from actors.errors import AlphaMindError
from actors.market.ticks import MarketSlice, decode_market_slice
from actors.peers import Peers
from actors.wire import WireClient

STAGE = 1
log = structlog.get_logger()


class MarketFollower:
    """One connection per market shard; slices are handed over one at a time, in order, joined over the shards.

    A follower that comes back asks for what follows the last slice that it took. What a shard no longer keeps it leaves
    out: it takes the shard's ``snapshot`` instead and goes on behind the last slice that the shard completed.

    Args:
        peers: The services of the run.
        name: Who follows; one of the shards' expected subscribers.
        shards: Names of the market shards.
        on_slice: Awaited with (sequence, time, the shards' slices) before the slice is acknowledged.
        on_snapshot: Called with a shard's snapshot where slices were left out.
        on_failure: Called with the reason when a slice could not be taken; the follower stands still from then on.
        always_snapshot: Whether to take a snapshot at the first connection in any case.
    """

    def __init__(
        self,
        peers: Peers,
        name: str,
        shards: tuple[str, ...],
        on_slice: Callable[[int, int, list[MarketSlice]], Awaitable[None]],
        on_snapshot: Callable[[dict[str, Any]], None],
        on_failure: Callable[[str], None],
        always_snapshot: bool = False,
    ) -> None:
        self.name = name
        self.taken = 0
        self.clients = {
            shard: WireClient(peers.peer(shard), name, on_connect=functools.partial(self._subscribe, shard))
            for shard in shards
        }
        self._on_slice = on_slice
        self._on_snapshot = on_snapshot
        self._on_failure = on_failure
        self._wants_snapshot = set(shards) if always_snapshot else set()
        self._seen = dict.fromkeys(shards, 0)
        self._slices: defaultdict[int, list[MarketSlice]] = defaultdict(list)
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Slices that have arrived, from one shard at least, and are not taken yet."""
        return len(self._slices)

    def start(self, taken: int = 0) -> None:
        """Connect in the background and go on behind slice ``taken``."""
        self.taken = taken
        self._seen = dict.fromkeys(self._seen, taken)
        self._task = asyncio.get_running_loop().create_task(self._work())
        for client in self.clients.values():
            client.start()

    async def _subscribe(self, shard: str) -> None:
        client = self.clients[shard]
        if shard in self._wants_snapshot:
            await self._take_snapshot(shard)
        on_event = functools.partial(self._take, shard)
        try:
            await client.subscribe("subscribe", self._subscription(self._seen[shard] + 1), on_event)
        except AlphaMindError as error:
            if error.code != "SLICE_NOT_RETAINED":
                raise
            log.warning("slices left out", shard=shard, after=self._seen[shard])
            await self._take_snapshot(shard)
            completed = int(msgspec.msgpack.decode(await client.request("position")))
            self._seen[shard] = max(self._seen[shard], completed)
            await client.subscribe("subscribe", self._subscription(self._seen[shard] + 1), on_event)
            self._arrived.set()
        if self.taken:
            client.notify("ack", msgspec.msgpack.encode(self.taken))

    def _subscription(self, from_sequence: int) -> bytes:
        return msgspec.msgpack.encode({"name": self.name, "stage": STAGE, "from_sequence": from_sequence})

    async def _take_snapshot(self, shard: str) -> None:
        self._on_snapshot(msgspec.msgpack.decode(await self.clients[shard].request("snapshot")))
        self._wants_snapshot.discard(shard)

    def _take(self, shard: str, body: bytes) -> None:
        market_slice = decode_market_slice(body)
        if market_slice.sequence <= self._seen[shard]:
            if market_slice.sequence <= self.taken:
                self.clients[shard].notify("ack", msgspec.msgpack.encode(market_slice.sequence))
            return
        self._seen[shard] = market_slice.sequence
        self._slices[market_slice.sequence].append(market_slice)
        self._arrived.set()

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            everywhere = min(self._seen.values())
            for sequence in sorted(sequence for sequence in self._slices if sequence <= everywhere):
                slices = sorted(self._slices[sequence], key=lambda one: one.shard)
                try:
                    await self._on_slice(sequence, max(one.time for one in slices), slices)
                except Exception as error:
                    log.exception("slice could not be taken; the market waits", follower=self.name, sequence=sequence)
                    self._on_failure(f"slice {sequence} could not be taken: {error}")
                    raise
                del self._slices[sequence]
                self.taken = max(self.taken, sequence)
                acknowledgement = msgspec.msgpack.encode(sequence)
                for client in self.clients.values():
                    client.notify("ack", acknowledgement)

    async def close(self) -> None:
        """Disconnect from all shards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*(client.close() for client in self.clients.values()))
