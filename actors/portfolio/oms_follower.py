"""Follows the event streams of all OMS shards: from where it stands, in order, and again after every break."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence

import msgspec
import structlog

from actors.errors import Unavailable
from actors.market.ticks import MarketSlice
from actors.messages import OmsEvent, decoder
from actors.peers import Peers
from actors.wire import WireClient

decode_event: Callable[[bytes], OmsEvent] = decoder(OmsEvent)
PAUSE = 0.01
_NOTHING = msgspec.msgpack.encode({})
log = structlog.get_logger()


class OmsFollower:
    """One connection per OMS shard, each with a subscription from the first event that is not yet known.

    Args:
        peers: The services of the run.
        name: Who follows.
        shards: Names of the OMS shards.
        sequences: Newest applied sequence by partition; read, never written.
        apply: Takes one event; returns False where one before it is missing.
        on_failure: Called with the reason when an event could not be applied; the connection is closed then.
        on_subscribed: Called with the shard's name after each subscription.
        patience: Seconds without any event after which outstanding ones are asked for again.
    """

    def __init__(
        self,
        peers: Peers,
        name: str,
        shards: tuple[str, ...],
        sequences: dict[int, int],
        apply: Callable[[OmsEvent], bool],
        on_failure: Callable[[str], None],
        on_subscribed: Callable[[str], None] | None = None,
        patience: float = 1.0,
    ) -> None:
        self.clients = {
            shard: WireClient(peers.peer(shard), name, on_connect=functools.partial(self._subscribe, shard))
            for shard in shards
        }
        self.partitions: dict[str, set[int]] = {shard: set() for shard in shards}
        self._shards = shards
        self._sequences = sequences
        self._apply = apply
        self._on_failure = on_failure
        self._on_subscribed = on_subscribed
        self._patience = patience
        self._targets: dict[str, dict[int, int]] = {}
        self._gaps: set[str] = set()
        self._progress = asyncio.Event()
        self._locks = {shard: asyncio.Lock() for shard in shards}

    def start(self) -> None:
        """Connect to all shards in the background."""
        for client in self.clients.values():
            client.start()

    async def _subscribe(self, shard: str) -> None:
        wanted = {str(partition): self._sequences.get(partition, 0) + 1 for partition in self.partitions[shard]}
        answer = msgspec.msgpack.decode(
            await self.clients[shard].subscribe(
                "subscribe", msgspec.msgpack.encode({"from": wanted}), functools.partial(self._take, shard)
            )
        )
        self._gaps.discard(shard)
        self._targets[shard] = {int(partition): int(last) for partition, last in answer["partitions"].items()}
        self.partitions[shard].update(self._targets[shard])
        self._progress.set()
        if self._on_subscribed is not None:
            self._on_subscribed(shard)

    def _take(self, shard: str, body: bytes) -> None:
        event = decode_event(body)
        self.partitions[shard].add(event.partition)
        try:
            in_order = self._apply(event)
        except Exception as error:
            log.exception("event could not be applied", shard=shard, partition=event.partition, sequence=event.sequence)
            self._on_failure(f"event {event.sequence} of partition {event.partition} could not be applied: {error}")
            raise
        if in_order:
            if self._sequences.get(event.partition, 0) == self._targets.get(shard, {}).get(event.partition):
                self._progress.set()
        elif shard not in self._gaps:
            self._gaps.add(shard)
            self._progress.set()
            log.warning(
                "events missing",
                shard=shard,
                partition=event.partition,
                received=event.sequence,
                known=self._sequences.get(event.partition, 0),
            )

    def is_current(self, shard: str) -> bool:
        """Return whether everything that the shard had at the last subscription is applied; False before the first."""
        targets = self._targets.get(shard)
        if targets is None or shard in self._gaps:
            return False
        return all(self._sequences.get(partition, 0) >= last for partition, last in targets.items())

    async def current(self, shard: str) -> None:
        """Wait until the shard is connected and everything that it had at its subscription is applied."""
        if self.clients[shard].connected.is_set() and self.is_current(shard):
            return
        async with self._locks[shard]:
            await self.clients[shard].connected.wait()
            while not self.is_current(shard):
                await self._catch_up(shard)
                await self.clients[shard].connected.wait()

    async def _catch_up(self, shard: str) -> None:
        applied = sum(self._sequences.values())
        self._progress.clear()
        if shard not in self._gaps:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._progress.wait(), timeout=self._patience)
        stands_still = applied == sum(self._sequences.values()) and not self._progress.is_set()
        if shard in self._gaps or stands_still:
            log.warning("asking for events again", shard=shard)
            try:
                await self._subscribe(shard)
            except Unavailable:
                await asyncio.sleep(PAUSE)

    async def fills_of(self, slices: Sequence[MarketSlice]) -> None:
        """Return once every fill that a slice of the market caused is applied; nobody is asked where it caused none."""
        if all(one.quiet for one in slices):
            for shard in self._shards:
                await self.current(shard)
        else:
            await self.sync()

    async def sync(self) -> None:
        """Return once every event that any shard emitted before now is applied; waits for shards that are away."""
        if len(self._shards) == 1:
            await self._sync(self._shards[0])
        else:
            await asyncio.gather(*map(self._sync, self._shards))

    async def _sync(self, shard: str) -> None:
        while True:
            await self.current(shard)
            try:
                await self.clients[shard].request("sync", _NOTHING)
            except Unavailable:
                await asyncio.sleep(PAUSE)
                continue
            if self.is_current(shard):
                return

    async def close(self) -> None:
        """Disconnect from all shards."""
        await asyncio.gather(*(client.close() for client in self.clients.values()))
