"""The market service: takes raw slices from the feed, journals them, and publishes what is sound to its subscribers."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from actors.errors import JournalError, Unavailable
from actors.journal import Journal, open_journal
from actors.market.publisher import STAGES, Publisher
from actors.market.quality import Checked
from actors.market.shard import Applied, MarketShard, check_records
from actors.market.ticks import IN_FLIGHT, RawSlice, decode_raw_slice
from actors.messages import Instrument, decoder, encode
from actors.service import Service
from actors.wire import Handler, Request, ServerConnection
from configs.schema import Configuration

SLICE = 1
"""Journal kind of a raw slice as received."""

RATE_SECONDS = 5.0
"""Time over which the rate of ticks is told."""

ANSWERS_KEPT = 256
"""Newest answers to the feed that are kept, should it ask again."""


class Subscribe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``subscribe``."""

    name: str
    stage: int
    from_sequence: int | None = None


class BarsOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``bars``."""

    instrument: int
    count: int = 100


class QuarantineOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``quarantine``."""

    limit: int = 100


_decode_subscribe = decoder(Subscribe)
_decode_bars = decoder(BarsOf)
_decode_quarantine = decoder(QuarantineOf)
_decode_sequence = decoder(int)


class _Subscription:
    """The way to one subscriber, over the request with which it subscribed."""

    def __init__(self, name: str, request: Request) -> None:
        self.name = name
        self._request = request

    def emit(self, body: bytes) -> bool:
        """Send one event; False once the subscriber has gone."""
        return self._request.emit(body)

    @property
    def unsent(self) -> int:
        """Bytes that the subscriber has not taken yet."""
        return self._request.connection.unsent

    def close(self) -> None:
        """Cut the subscriber off."""
        self._request.connection.close()


class _Ready(NamedTuple):
    """A slice that is on record and checked, and waits for its predecessor.

    Attributes:
        nanoseconds: What its validation took.
        again: Whether it may have been published in an earlier life.
    """

    raw: RawSlice
    checked: Checked
    requests: list[Request]
    nanoseconds: int
    again: bool = False


class MarketService(Service):
    """One market shard as a service.

    Wire methods: ``slice`` (body: encoded ``RawSlice``; answered with ``{"accepted", "quarantined"}`` when all expected
    subscribers have acknowledged it), ``position`` (newest completed slice), ``subscribe``, ``ack`` (notification),
    ``ack_quiet`` (the venue's notification that the slice caused no report), ``snapshot``, ``bars``, ``quarantine``.

    Args:
        name: The actor's name, ``market-<shard>``.
        directory: The run's directory.
        configuration: The whole configuration.
        instruments: All instruments.
        shard: Index of this shard of ``shards``.
        shards: Number of shards.
        expected: Names of the subscribers that are waited for, by stage.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: tuple[Instrument, ...],
        *,
        shard: int,
        shards: int,
        expected: tuple[tuple[str, ...], tuple[str, ...]],
    ) -> None:
        super().__init__(name, directory)
        self._configuration = configuration
        self._instruments = instruments
        self._shard = shard
        self._section = configuration.market.model_copy(update={"shards": shards})
        self._publisher = Publisher(expected, self._completed)
        self._waiting: list[Request] = []
        self._next: list[tuple[RawSlice, Request]] = []
        self._ready: _Ready | None = None
        self._answers: deque[tuple[int, bytes]] = deque(maxlen=ANSWERS_KEPT)
        self._subscriptions: dict[ServerConnection, _Subscription] = {}
        self._begun = 0
        self._rate: deque[tuple[float, int]] = deque()
        self.core: MarketShard
        self.journal: Journal

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods that this service answers."""
        return {
            **super().handlers(),
            "slice": self._take,
            "position": lambda _: msgspec.msgpack.encode(self._publisher.complete),
            "subscribe": self._subscribe,
            "ack": self._acknowledge,
            "ack_quiet": functools.partial(self._acknowledge, quiet=True),
            "snapshot": self._answer_snapshot,
            "bars": self._answer_bars,
            "quarantine": self._answer_quarantine,
        }

    async def recover(self) -> None:
        """Replay the journal and publish the newest two slices again: who was done with them is not on record."""
        self.core = MarketShard(self._shard, self._section, self._instruments)
        self.journal = open_journal(self._configuration.journal, self.directory, self.name, self.name)
        newest: deque[RawSlice] = deque()
        for record in self.journal.read():
            newest.append(decode_raw_slice(record.payload))
            if len(newest) > IN_FLIGHT:
                applied = self.core.apply(newest.popleft())
                self._remember_answer(applied.slice.sequence, applied.accepted, applied.quarantined)
                self._publisher.retain(applied.slice.sequence, encode(applied.slice))
        if newest:
            self.log.info("recovered", slices=newest[-1].sequence, accepted=self.core.accepted)
            self._publish(self._make_ready(newest.popleft(), []), again=True)
        if newest:
            self._hold(self._make_ready(newest.popleft(), []), again=True)

    async def stop(self) -> None:
        """Stop listening and close the journal."""
        await super().stop()
        if hasattr(self, "journal"):
            self.journal.close()

    def status(self) -> dict[str, Any]:
        """Return totals, position and the rate of ticks of the last seconds."""
        core = self.core
        refused = sum(core.quarantined.values())
        gaps = core.gaps
        return {
            "ticks": core.accepted + refused,
            "accepted": core.accepted,
            "quarantined": {str(reason): count for reason, count in core.quarantined.most_common()},
            "rounded": core.rounded,
            "gaps": sum(gaps.values()),
            "gaps_by_symbol": {core.instruments[instrument].symbol: count for instrument, count in gaps.items()},
            "sequence": core.sequence,
            "complete": self._publisher.complete,
            "waiting_for": self._publisher.waiting_for,
            "time": core.time,
            "ticks_per_second": self._ticks_per_second(),
        }

    def _take(self, request: Request) -> bytes | None:
        raw = decode_raw_slice(request.body)
        if raw.sequence <= self._publisher.complete:
            return next((body for sequence, body in self._answers if sequence == raw.sequence), _answer(0, 0))
        if raw.sequence == self._publisher.published:
            self._waiting.append(request)
            return None
        if self._ready is not None and raw.sequence == self._ready.raw.sequence:
            self._ready.requests.append(request)
            return None
        if self._ready is not None or raw.sequence != self.core.sequence + 1:
            raise Unavailable(
                f"slice {raw.sequence} is out of turn",
                field="sequence",
                value=raw.sequence,
                rule=f"{self._publisher.complete + 1} is next",
                remedy="ask for the position and resume there",
                code="SLICE_OUT_OF_TURN",
            )
        check_records(raw)
        self._next.append((raw, request))
        self._go_on()
        return None

    def _go_on(self) -> None:
        """Make the next slice ready while the followers work on the pending one; publish it when they are done."""
        if self._ready is None and self._next and self._publisher.stage >= STAGES - 1:
            came, self._next = self._next, []
            raw, request = came[0]
            try:
                self.journal.append(raw.time, SLICE, request.body)
                self.journal.flush()
            except JournalError as error:
                for _, waiting in came:
                    waiting.fail(error)
                return
            self._hold(self._make_ready(raw, [request for _, request in came]))
        if self._ready is not None and self._publisher.stage == STAGES:
            ready, self._ready = self._ready, None
            self._publisher.ready = 0
            self._publish(ready, again=ready.again)

    def _make_ready(self, raw: RawSlice, requests: list[Request]) -> _Ready:
        began = time.perf_counter_ns()
        checked = self.core.check(raw)
        return _Ready(raw, checked, requests, time.perf_counter_ns() - began)

    def _hold(self, ready: _Ready, again: bool = False) -> None:
        self._ready = ready._replace(again=again)
        self._publisher.ready = 1

    def _publish(self, ready: _Ready, again: bool = False) -> None:
        """Publish a slice and take it; a slice that was published in an earlier life is never called quiet."""
        self._begun = time.perf_counter_ns()
        raw, checked = ready.raw, ready.checked
        self._remember_answer(raw.sequence, checked.accepted, sum(checked.counts.values()))
        self._waiting.extend(ready.requests)
        known = self.core.published(raw, checked)
        applied = self.core.take(raw, checked) if known is None else None
        market_slice = applied.slice if applied is not None else known
        assert market_slice is not None
        quiet = None if again else encode(msgspec.structs.replace(market_slice, quiet=True))
        self._publisher.publish(raw.sequence, encode(market_slice), quiet)
        if applied is None:
            # The first followers have it already; what the shard itself shows follows while they work.
            began = time.perf_counter_ns()
            applied = self.core.take(raw, checked)
            ready = ready._replace(nanoseconds=ready.nanoseconds + time.perf_counter_ns() - began)
        if not again:
            self.metrics.observe("apply_seconds", ready.nanoseconds)
            self._count(applied)

    def _remember_answer(self, sequence: int, accepted: int, quarantined: int) -> None:
        self._answers.append((sequence, _answer(accepted, quarantined)))

    def _count(self, applied: Applied) -> None:
        self.metrics.count("ticks_total", applied.accepted + applied.quarantined)
        if applied.quarantined:
            self.metrics.count("quarantined_total", applied.quarantined)
            for reason, count in applied.counts.items():
                self.metrics.count(f"quarantined_{reason}_total", count)

    def _completed(self, sequence: int) -> None:
        """Answer the feed."""
        self.metrics.observe("slice_seconds", time.perf_counter_ns() - self._begun)
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            request.reply(self._answers[-1][1])
        if self._next or self._ready is not None:
            asyncio.get_running_loop().call_soon(self._go_on)
        now = time.monotonic()
        self._rate.append((now, self.metrics.counters["ticks_total"]))
        while now - self._rate[0][0] > RATE_SECONDS:
            self._rate.popleft()

    def _ticks_per_second(self) -> float:
        now = time.monotonic()
        recent = [(at, total) for at, total in self._rate if now - at <= RATE_SECONDS]
        if len(recent) < 2:
            return 0.0
        (begin, first), (_, last) = recent[0], recent[-1]
        return round((last - first) / max(now - begin, 1e-9), 1)

    def measure(self) -> None:
        """Set the numbers of subscribers, of those that are waited for, and of bytes that they have not taken."""
        self.metrics.gauge("subscribers", len(self._publisher))
        self.metrics.gauge("queue_length", len(self._publisher.waiting_for))
        self.metrics.gauge("unsent_bytes", self._publisher.unsent)

    def _subscribe(self, request: Request) -> bytes | None:
        body = _decode_subscribe(request.body)
        subscription = _Subscription(body.name, request)
        last = self._publisher.subscribe(body.name, body.stage, body.from_sequence, subscription)
        connection = request.connection
        self._subscriptions[connection] = subscription

        def gone() -> None:
            self._publisher.unsubscribe(body.name, subscription)
            if self._subscriptions.get(connection) is subscription:
                del self._subscriptions[connection]

        connection.on_close.append(gone)
        request.reply(msgspec.msgpack.encode({"last_sequence": last}))
        self._publisher.catch_up(body.name, body.from_sequence)
        return None

    def _acknowledge(self, request: Request, quiet: bool = False) -> None:
        subscription = self._subscriptions.get(request.connection)
        if subscription is not None:
            self._publisher.acknowledge(subscription.name, _decode_sequence(request.body), quiet)
            if self._next and self._ready is None:
                asyncio.get_running_loop().call_soon(self._go_on)

    def _answer_snapshot(self, _: Request) -> bytes:
        core = self.core
        return encode(
            {"sequence": core.sequence, "time": core.time, "last": core.last_prices(), "quotes": core.last_quotes()}
        )

    def _answer_bars(self, request: Request) -> bytes:
        wanted = _decode_bars(request.body)
        return encode(self.core.bars(wanted.instrument, wanted.count))

    def _answer_quarantine(self, request: Request) -> bytes:
        wanted = _decode_quarantine(request.body)
        newest = list(self.core.quarantine)[-wanted.limit :] if wanted.limit > 0 else []
        rows = [{field: getattr(row, field) for field in row.__struct_fields__} for row in newest]
        counts = {str(reason): count for reason, count in self.core.quarantined.most_common()}
        return encode({"counts": counts, "rows": rows})


def _answer(accepted: int, quarantined: int) -> bytes:
    return msgspec.msgpack.encode({"accepted": accepted, "quarantined": quarantined})
