"""What the portfolio and the risk service share: copies of books and prices that follow their owners in lock-step."""

from __future__ import annotations

import pathlib
import time as wall
from collections.abc import Sequence
from typing import Any

from actors.errors import Unavailable
from actors.market.ticks import MarketSlice
from actors.messages import Instrument, OmsEvent
from actors.portfolio.ledger import Ledger
from actors.portfolio.market_follower import MarketFollower
from actors.portfolio.marks import Marks
from actors.portfolio.oms_follower import OmsFollower
from actors.service import Service
from configs.schema import Configuration


class ReadModel(Service):
    """Base of services that hold every account's books and the last prices.

    A slice is acknowledged to the market once every fill that it caused is booked (``OmsFollower.fills_of``) and
    ``on_slice`` has run.

    Args:
        name: The service's name.
        directory: The run's directory.
        configuration: The whole configuration.
        instruments: The instrument master.
        markets: Names of the market shards.
        oms: Names of the OMS shards.
    """

    always_snapshot = False

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: Sequence[Instrument],
        *,
        markets: tuple[str, ...],
        oms: tuple[str, ...],
    ) -> None:
        super().__init__(name, directory)
        self.configuration = configuration
        self.instruments = instruments
        self.sequence = 0
        self.time = 0
        self.marks = Marks()
        self.ledger = Ledger(instruments, {account.id: account.currency for account in configuration.accounts})
        self.oms = OmsFollower(
            self.peers, name, oms, self.ledger.sequences, self._take_event, self._failed, self.on_subscribed
        )
        self.market = MarketFollower(
            self.peers, name, markets, self._take_slice, self._take_snapshot, self._failed, self.always_snapshot
        )

    async def connect(self) -> None:
        """Follow the OMS from its first event, the market from behind the last slice on record."""
        self.oms.start()
        self.market.start(self.sequence)

    async def stop(self) -> None:
        """Stop following, then stop listening."""
        await self.market.close()
        await self.oms.close()
        await super().stop()

    def measure(self) -> None:
        """Set ``queue_length``: slices that have arrived and are not taken yet."""
        self.metrics.gauge("queue_length", self.market.waiting)

    def on_event(self, event: OmsEvent) -> None:
        """Take note of an event that was just applied to the ledger, for the first time."""

    def on_subscribed(self, shard: str) -> None:
        """Take note of a new subscription to an OMS shard."""

    def on_slice(self, sequence: int, time: int, ticked: list[int]) -> None:
        """Take note of a slice whose prices and fills are in; ``ticked`` are the instruments that had a price in it."""

    def before_slice(self, sequence: int, time: int) -> None:
        """Take note of a slice before its prices are taken."""

    def on_snapshot(self, sequence: int, time: int) -> None:
        """Take note of slices that were left out: prices now stand as of ``time``."""

    def as_of(self) -> dict[str, Any]:
        """Return to what an answer refers: market time and sequence, OMS sequence by partition."""
        return {
            "as_of": self.time,
            "market_sequence": self.sequence,
            "oms_sequences": {str(partition): last for partition, last in sorted(self.ledger.sequences.items())},
        }

    def require_current(self) -> None:
        """Refuse to answer from books that are still being rebuilt.

        Raises:
            Unavailable: An OMS shard was never reached, or its history is still coming in.
        """
        for shard in self.oms.clients:
            if not self.oms.is_current(shard):
                raise Unavailable(f"{self.name} is still reading the events of {shard}", remedy="ask again in a second")

    def _take_event(self, event: OmsEvent) -> bool:
        known = self.ledger.sequences.get(event.partition, 0)
        in_order = self.ledger.apply(event)
        if in_order and event.sequence > known:
            self.on_event(event)
            self.metrics.count("events_total")
        return in_order

    async def _take_slice(self, sequence: int, time: int, slices: list[MarketSlice]) -> None:
        began = wall.perf_counter_ns()
        await self.oms.fills_of(slices)
        self.before_slice(sequence, time)
        ticked = [instrument for one in slices for instrument in self.marks.take(one.ticks(), time)]
        self.sequence = max(self.sequence, sequence)
        self.time = max(self.time, time)
        self.on_slice(sequence, time, ticked)
        self.metrics.count("slices_total")
        self.metrics.observe("slice_seconds", wall.perf_counter_ns() - began)

    def _take_snapshot(self, snapshot: dict[str, Any]) -> None:
        self.marks.take_snapshot(snapshot["last"])
        self.time = max(self.time, int(snapshot["time"]))
        self.on_snapshot(int(snapshot["sequence"]), self.time)

    def _failed(self, reason: str) -> None:
        self.failure = reason
