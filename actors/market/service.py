"""The market service: takes raw slices from the feed, journals them, and publishes what is sound to its subscribers."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from actors.errors import Unavailable
from actors.journal import Journal, open_journal
from actors.market.publisher import STAGES, Publisher
from actors.market.shard import Applied, MarketShard, check_records
from actors.market.ticks import RawSlice, decode_raw_slice
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
        """Replay the journal and publish the newest slice again: whether everyone was done with it is not on record."""
        self.core = MarketShard(self._shard, self._section, self._instruments)
        self.journal = open_journal(self._configuration.journal, self.directory, self.name, self.name)
        applied: Applied | None = None
        for record in self.journal.read():
            if applied is not None:
                self._publisher.retain(applied.slice.sequence, encode(applied.slice))
            applied = self._apply(decode_raw_slice(record.payload))
        if applied is not None:
            self.log.info("recovered", slices=self.core.sequence, accepted=self.core.accepted)
            self._begun = time.perf_counter_ns()
            self._publisher.publish(applied.slice.sequence, encode(applied.slice))

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
        pending = self._publisher.stage < STAGES
        if raw.sequence <= self._publisher.complete:
            return next((body for sequence, body in self._answers if sequence == raw.sequence), _answer(0, 0))
        if pending and raw.sequence == self.core.sequence:
            self._waiting.append(request)
            return None
        if raw.sequence != self.core.sequence + 1:
            raise Unavailable(
                f"slice {raw.sequence} is out of turn",
                field="sequence",
                value=raw.sequence,
                rule=f"{self._publisher.complete + 1} is next",
                remedy="ask for the position and resume there",
                code="SLICE_OUT_OF_TURN",
            )
        check_records(raw)
        if pending:
            self._next.append((raw, request))
        else:
            self._begin(raw, [request])
        return None

    def _begin(self, raw: RawSlice, requests: list[Request]) -> None:
        """Put the next slice on record, apply it and publish it."""
        self._begun = time.perf_counter_ns()
        self.journal.append(raw.time, SLICE, requests[0].body)
        applied = self._apply(raw)
        self.metrics.observe("apply_seconds", time.perf_counter_ns() - self._begun)
        self._count(applied)
        self._waiting.extend(requests)
        quiet = msgspec.structs.replace(applied.slice, quiet=True)
        self._publisher.publish(raw.sequence, encode(applied.slice), encode(quiet))

    def _begin_next(self) -> None:
        """Go on with a slice that came while the one before was still being published again after a restart."""
        if self._next and self._publisher.stage == STAGES:
            came, self._next = self._next, []
            self._begin(came[0][0], [request for _, request in came])

    def _apply(self, raw: RawSlice) -> Applied:
        applied = self.core.apply(raw)
        self._answers.append((raw.sequence, _answer(applied.accepted, applied.quarantined)))
        return applied

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
        if self._next:
            asyncio.get_running_loop().call_soon(self._begin_next)
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
