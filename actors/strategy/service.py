"""The strategy service: runs all strategies of a run in lock-step with the market and the OMS."""

from __future__ import annotations

import pathlib
import time as wall
from collections.abc import Callable, Sequence
from typing import Any

from actors.journal import Journal, open_journal
from actors.market.ticks import MarketSlice
from actors.messages import Instrument, OmsEvent, Order, OrderEvent, encode
from actors.portfolio.market_follower import MarketFollower
from actors.portfolio.oms_follower import OmsFollower
from actors.service import Service
from actors.strategy.account_view import account_of
from actors.strategy.commands import Command
from actors.strategy.forecaster import Forecaster
from actors.strategy.forecasting import Forecasting
from actors.strategy.runner import StrategyRunner
from actors.strategy.step import Step, decode_step
from actors.strategy.submission import Submission
from configs.schema import Configuration

STEP = 1
STOP = 2


class StrategyService(Service):
    """Owns the state of all strategies.

    One step for each market slice:

    1. ``sync`` with every OMS shard, so that all fills up to this slice are here (not where it caused none);
    2. measure realised variances, ask for forecasts where a period is complete;
    3. journal the step's inputs, run the callbacks, send the orders, wait until each is confirmed;
    4. acknowledge the slice.

    Recovery replays the journaled steps. The orders of the last one are sent again under the same client order ids,
    for it is not known whether all of them had arrived: the OMS answers with what it has.

    Args:
        name: The actor's name.
        directory: The run's directory.
        configuration: The whole configuration.
        instruments: The instrument master.
        markets: Names of the market shards.
        oms: Names of the OMS shards, in order.
        forecaster: Makes the forecaster, inside this process.
    """

    def __init__(
        self,
        name: str,
        directory: pathlib.Path,
        configuration: Configuration,
        instruments: tuple[Instrument, ...],
        *,
        markets: Sequence[str],
        oms: Sequence[str],
        forecaster: Callable[[], Forecaster],
    ) -> None:
        super().__init__(name, directory)
        self.configuration = configuration
        self.instruments = instruments
        self.runner: StrategyRunner
        self.forecasting = Forecasting(forecaster, configuration.forecaster.id)
        self._received: dict[int, int] = {}
        self._events: list[OmsEvent] = []
        self._refused: list[Order] = []
        self._unconfirmed: list[Command] = []
        self._journal: Journal | None = None
        self._market = MarketFollower(self.peers, name, tuple(markets), self._on_slice, self._skipped, self._failed)
        self._oms = OmsFollower(self.peers, name, tuple(oms), self._received, self._on_event, self._failed)
        self._submission = Submission(list(self._oms.clients.values()), configuration.oms.partitions)

    async def recover(self) -> None:
        """Load the strategies and replay the journal.

        Raises:
            ConfigurationError: A strategy can't be loaded.
            JournalError: The journal can't be read.
        """
        self.runner = StrategyRunner(self.configuration, self.instruments)
        self._journal = open_journal(self.configuration.journal, self.directory, self.name, self.name)
        for record in self._journal.read():
            if record.kind == STEP:
                self._unconfirmed = self.runner.replay(decode_step(record.payload))
            elif record.kind == STOP:
                self.runner.stop()
        self._received.update(self.runner.partitions)
        self.log.info("replayed", steps=self._journal.last_sequence, sequence=self.runner.sequence)

    async def connect(self) -> None:
        """Follow the OMS and the market; the step that recovery ended with is completed first."""
        self._oms.start()
        self._market.start(taken=max(0, self.runner.sequence - 1))

    async def stop(self) -> None:
        """Stop following, let the strategies finish, close the journal."""
        await self._market.close()
        await self.forecasting.close()
        await self._oms.close()
        if self._journal is not None:
            if any(running.state == "running" for running in self.runner.strategies.values()):
                self._journal.append(self.runner.time, STOP, b"")
                self.runner.stop()
            self._journal.close()
            self._journal = None
        await super().stop()

    def status(self) -> dict[str, Any]:
        """Return where the strategies stand, each one's state, and how the forecaster does."""
        return {
            "sequence": self.runner.sequence,
            "time": self.runner.time,
            "strategies": self.runner.status(),
            "forecaster": self.forecasting.status(),
        }

    def measure(self) -> None:
        """Set ``queue_length``: slices that have arrived and are not taken yet."""
        self.metrics.gauge("queue_length", self._market.waiting)

    def _failed(self, reason: str) -> None:
        self.failure = reason

    def _skipped(self, _: dict[str, Any]) -> None:
        self.log.warning("slices are missing from the strategies' view: the market no longer has them")
        self.metrics.count("gaps_total")

    def _on_event(self, event: OmsEvent) -> bool:
        newest = self._received.get(event.partition, 0)
        if event.sequence > newest + 1:
            return False
        if event.sequence == newest + 1:
            self._received[event.partition] = event.sequence
            if account_of(event) in self.runner.accounts:
                self._events.append(event)
            if isinstance(event, OrderEvent):
                self._submission.confirm(event)
        return True

    async def _on_slice(self, sequence: int, time: int, slices: list[MarketSlice]) -> None:
        if sequence < self.runner.sequence:
            return
        if sequence == self.runner.sequence:
            self._refused += await self._submission.deliver(self._unconfirmed, time)
            return
        await self._oms.fills_of(slices)
        step = await self._step(sequence, time, slices)
        assert self._journal is not None
        self._journal.append(time, STEP, encode(step))
        self._journal.flush()
        began = wall.perf_counter_ns()
        self._unconfirmed = self.runner.apply(step)
        self.metrics.observe("callbacks_seconds", wall.perf_counter_ns() - began)
        self.metrics.count("slices_total")
        if self._unconfirmed:
            self.metrics.count("orders_total", len(self._unconfirmed))
            began = wall.perf_counter_ns()
            self._refused += await self._submission.deliver(self._unconfirmed, time)
            self.metrics.observe("confirmation_seconds", wall.perf_counter_ns() - began)

    async def _step(self, sequence: int, time: int, slices: list[MarketSlice]) -> Step:
        """Collect the inputs of one step: what has arrived by now, in an order of its own."""
        events = sorted(self._events, key=lambda event: (event.partition, event.sequence))
        refused = self._refused
        self._events, self._refused = [], []
        partitions = dict(self._received)
        rows = self.runner.measure(slices, time)
        predictions: list[Any] = []
        if rows:
            self.metrics.count("variances_total", len(rows))
            began = wall.perf_counter_ns()
            predictions = await self.forecasting.update(rows, self.runner.histories(rows))
            self.metrics.observe("forecast_seconds", wall.perf_counter_ns() - began)
        self.metrics.gauge("strategies_failed", sum(one.state == "failed" for one in self.runner.strategies.values()))
        return Step(
            sequence=sequence,
            time=time,
            slices=slices,
            events=events,
            partitions=partitions,
            refused=refused,
            predictions=predictions,
        )
