"""The feed service: sends the slices of a source to every market shard in lock-step, at the configured speed."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actors.errors import AlphaMindError, Conflict, DataError, Unavailable
from actors.ingest.pacing import MarketHours, Pacer
from actors.ingest.read_ahead import ReadAhead
from actors.ingest.source import Source
from actors.ingest.splitting import split
from actors.journal import Journal, open_journal
from actors.market.ticks import IN_FLIGHT, RAW, RawSlice
from actors.messages import Instrument, decoder
from actors.service import Service
from actors.wire import Handler, Request, WireClient
from configs.schema import Configuration

_KNOWN_TIME = int(RAW.fields["known_time"][1])  # type: ignore[index]
_FIRST_KNOWN_TIME = struct.Struct(f"<{_KNOWN_TIME}xq")

RETRY_SECONDS = 0.05
"""Pause before a shard that answered "not now" is asked again."""

START, PAUSE, RESUME = 1, 2, 3
"""Kinds of journal records, without payload. Every journal begins with ``START``."""

_decode_position = decoder(int)


class _Standing(msgspec.Struct):
    """Where a shard stands: sequence and time of its newest slice; the rest of its snapshot is left out."""

    sequence: int
    time: int


_decode_standing = decoder(_Standing)


class _Rewind(Exception):
    """A shard lacks a slice before the one under way: start again after ``sequence``."""

    def __init__(self, sequence: int) -> None:
        super().__init__(sequence)
        self.sequence = sequence


class FeedService(Service):
    """Sends market data.

    Its journal holds only what people asked of it, so that a paused feed comes back paused. It needs no other: the
    shards know how far they are, and the source gives the same slices again. Slice ``k + 1`` leaves only after every
    shard answered slice ``k``. A shard that goes away is waited for and asked where it stands.

    Metrics of paced slices: ``batch_seconds``, how long the first row waited for the last one that travels with it;
    ``lag_seconds``, how long after that the slice left; ``delay_seconds``, both together. ``queue_length`` counts the
    slices under way.

    Wire methods: ``pause`` and ``resume`` (answered with the status), beside ``status``.

    Args:
        name: The actor's name, ``feed``.
        directory: The run's directory.
        configuration: The whole configuration.
        instruments: All instruments.
        source: Opens the source; called in a thread of the feed's process.
        shards: Number of market shards.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: tuple[Instrument, ...],
        *,
        source: Callable[[], Source],
        shards: int,
    ) -> None:
        super().__init__(name, directory)
        self._journal_section = configuration.journal
        self._journal: Journal | None = None
        self._feed = configuration.feed
        self._instruments = instruments
        self._open = source
        self._shards = shards
        self._clients: list[WireClient] = []
        self._ahead: ReadAhead | None = None
        self._task: asyncio.Task[None] | None = None
        self._running, self._paused = asyncio.Event(), asyncio.Event()
        self._running.set()
        self._pacer: Pacer | None = None
        self._under_way: deque[asyncio.Task[None]] = deque()
        self._state = "opening"
        self._description = ""
        self._sequence = 0
        self._time = 0
        self._lag = 0.0
        self._began: int | None = None
        self._elapsed = 0.0

    def handlers(self) -> Mapping[str, Handler]:
        """Return ``pause`` and ``resume``."""
        return {"pause": self._pause, "resume": self._resume}

    def status(self) -> dict[str, Any]:
        """Return state, position, market time, lag, source and failure.

        ``state`` is ``opening``, ``waiting`` (for a shard), ``running``, ``paused``, ``finished`` or ``failed``.
        ``rows`` and ``elapsed_seconds`` count from the first slice that this process sent to the last one answered.
        """
        paused = not self._running.is_set() and self._state == "running"
        return {
            "state": "paused" if paused else self._state,
            "sequence": self._sequence,
            "time": self._time,
            "rows": self.metrics.counters["rows_total"],
            "elapsed_seconds": round(self._elapsed, 4),
            "lag_seconds": round(self._lag, 3),
            "speed": self._feed.speed,
            "source": self._description,
            "failure": self.failure,
        }

    def measure(self) -> None:
        """Set ``queue_length``: slices that were sent and are not answered yet."""
        self.metrics.gauge("queue_length", sum(not task.done() for task in self._under_way))

    async def recover(self) -> None:
        """Open the journal and pause where the feed was paused.

        Raises:
            JournalError: The journal can't be used.
        """
        self._journal = open_journal(self._journal_section, self.directory, self.name, self.name)
        for record in self._journal.read():
            self._apply(record.kind)
        if not self._journal.last_sequence:
            self._record(START)

    async def connect(self) -> None:
        """Begin to open the source and to connect to the shards."""
        self._ahead = ReadAhead()
        self._clients = [WireClient(self.peers.peer(f"market-{shard}"), self.name) for shard in range(self._shards)]
        for client in self._clients:
            client.start()
        self._task = asyncio.get_running_loop().create_task(self._run(self._ahead))

    async def stop(self) -> None:
        """Stop sending and close everything."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for client in self._clients:
            await client.close()
        if self._ahead is not None:
            self._ahead.close()
        await super().stop()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _record(self, kind: int) -> None:
        assert self._journal is not None
        self._journal.append(self._time, kind, b"")
        self._journal.flush()
        self._apply(kind)

    def _apply(self, kind: int) -> None:
        if kind == PAUSE:
            self._running.clear()
            self._paused.set()
        elif kind == RESUME:
            self._paused.clear()
            self._running.set()

    def _pause(self, _: Request) -> bytes:
        if not self._paused.is_set():
            self._record(PAUSE)
        return msgspec.msgpack.encode(self.status())

    def _resume(self, _: Request) -> bytes:
        if self._state == "failed":
            raise Conflict("the feed has failed and can't be resumed", field="state", value=self.failure, rule="paused")
        if self._paused.is_set():
            self._record(RESUME)
        return msgspec.msgpack.encode(self.status())

    async def _run(self, ahead: ReadAhead) -> None:
        try:
            source = await ahead.run(self._open)
            self._description = source.describe()
            self.log.info("source opened", source=self._description)
            first = await self._piece(ahead, source, 1)
            calendars = {instrument.calendar for instrument in self._instruments}
            hours = MarketHours(calendars, self._feed.skip_closed_hours)
            done = min([await self._position(shard) for shard in range(self._shards)])
            if done:
                self._sequence, self._time = done, (await self._piece(ahead, source, done)).time
                await self._check_source()
            while True:
                self._pacer = Pacer(self._feed, hours, first.time)
                try:
                    await self._send_from(ahead, source, done + 1)
                    break
                except _Rewind as rewind:
                    self.log.warning("a shard lacks slices that it had answered", resuming_after=rewind.sequence)
                    done = rewind.sequence
            self._state = "finished"
            self.log.info("finished", slices=self._sequence)
        except asyncio.CancelledError:
            raise
        except AlphaMindError as error:
            self._fail(str(error))
        except Exception as error:
            self.log.exception("feed failed")
            self._fail(f"{type(error).__name__}: {error}")

    async def _piece(self, ahead: ReadAhead, source: Source, sequence: int) -> RawSlice:
        found = await ahead.run(lambda: next(source.slices(self._instruments, sequence), None))
        if found is None:
            raise DataError(
                f"the source has no slice {sequence}",
                field="feed.data",
                value=self._description,
                rule="the data with which the run began" if sequence > 1 else "at least one row",
                remedy="continue a run with its own data, or begin a new run" if sequence > 1 else None,
            )
        return found

    async def _check_source(self) -> None:
        """Check that the slice at which the shards stand has the same time in the source: that its data are the same.

        Raises:
            DataError: It has another.
        """
        for client in self._clients:
            at = _decode_standing(await client.request("snapshot"))
            if at.sequence == self._sequence and at.time != self._time:
                raise DataError(
                    f"slice {at.sequence} of the source has another time than when the run saw it",
                    field="feed.data",
                    value=self._description,
                    rule="the data with which the run began; more may follow them",
                    remedy="continue a run with its own data, or begin a new run",
                )

    def _fail(self, failure: str) -> None:
        self._state, self.failure = "failed", failure
        self.log.error("feed failed", problem=failure)

    async def _send_from(self, ahead: ReadAhead, source: Source, sequence: int) -> None:
        iterator = await ahead.run(lambda: source.slices(self._instruments, sequence))
        self._state = "running"
        under_way = self._under_way
        try:
            async for piece in ahead.items(iterator):
                await self._wait_until_due(piece)
                while len(under_way) >= IN_FLIGHT or (under_way and under_way[0].done()):
                    await under_way.popleft()
                under_way.append(asyncio.get_running_loop().create_task(self._send(piece)))
            while under_way:
                await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            under_way.clear()

    async def _send(self, piece: RawSlice) -> None:
        """Send one slice to all shards until they have answered it; they answer the slices in their order."""
        began = time.perf_counter_ns()
        self._began = self._began or began
        bodies = split(piece, self._shards)
        if self._shards == 1:
            await self._deliver(0, piece.sequence, bodies[0])
        else:
            await self._deliver_all(piece.sequence, bodies)
        self._state = "running"
        answered = time.perf_counter_ns()
        self._elapsed = (answered - self._began) / 1e9
        self.metrics.observe("slice_round_trip_seconds", answered - began)
        self.metrics.count("slices_total")
        self.metrics.count("rows_total", len(piece.rows) // RAW.itemsize)
        self._sequence, self._time = piece.sequence, piece.time

    async def _wait_until_due(self, piece: RawSlice) -> None:
        assert self._pacer is not None
        loop = asyncio.get_running_loop()
        due = self._pacer.due(piece.time, loop.time())
        while self._paused.is_set() or (due is not None and due > loop.time()):
            if self._paused.is_set():
                began = loop.time()
                await self._running.wait()
                self._pacer.shift(loop.time() - began)
                due = None if due is None else due + loop.time() - began
            elif due is not None:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._paused.wait(), due - loop.time())
        self._lag = 0.0 if due is None else loop.time() - due
        self.metrics.gauge("lag_seconds", self._lag)
        if due is not None and piece.rows:
            (first,) = _FIRST_KNOWN_TIME.unpack_from(piece.rows)
            span = self._pacer.span(first, piece.time)
            self.metrics.observe("batch_seconds", round(span * 1e9))
            self.metrics.observe("lag_seconds", round(self._lag * 1e9))
            self.metrics.observe("delay_seconds", round((span + self._lag) * 1e9))

    async def _deliver_all(self, sequence: int, bodies: list[bytes]) -> None:
        """Send every shard its part; when one of them has to be rewound, the others are not waited for.

        They could not answer: whoever follows the market waits for the slice of all shards.
        """
        deliveries = [asyncio.ensure_future(self._deliver(shard, sequence, body)) for shard, body in enumerate(bodies)]
        try:
            await asyncio.gather(*deliveries)
        finally:
            for delivery in deliveries:
                delivery.cancel()
            await asyncio.gather(*deliveries, return_exceptions=True)

    async def _deliver(self, shard: int, sequence: int, body: bytes) -> None:
        """Send one slice to one shard until it is answered."""
        client = self._clients[shard]
        while True:
            try:
                await client.request("slice", body)
                return
            except Unavailable as error:
                self._state = "waiting"
                self.log.warning("market shard away", shard=shard, sequence=sequence, problem=error.message)
                await asyncio.sleep(RETRY_SECONDS)
            position = await self._position(shard)
            if position >= sequence:
                return
            if position < sequence - IN_FLIGHT:
                raise _Rewind(position)

    async def _position(self, shard: int) -> int:
        """Return the newest slice that a shard has completed, waiting for the shard as long as it takes."""
        client = self._clients[shard]
        while True:
            if not client.connected.is_set():
                self._state = "waiting"
                await client.connected.wait()
            try:
                return int(_decode_position(await client.request("position")))
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
