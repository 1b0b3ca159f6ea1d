"""The pure cores of feed, market, strategy and risk, called one after the other in one process."""

from __future__ import annotations

import time
from collections.abc import Iterator

from actors.instruments import InstrumentMaster
from actors.market.shard import MarketShard
from actors.portfolio.marks import Marks
from actors.risk.returns import ReturnHistory
from actors.strategy.runner import StrategyRunner
from actors.strategy.step import Step
from cluster.sources import build_source
from configs import Configuration
from tests.benchmarks.rates import Sample


def run_pure_cores(configuration: Configuration) -> Iterator[Sample]:
    """Process all data of a configuration and yield where that stands after each slice.

    It is what the actors do of their own with a slice: read it, validate it, run the strategies, mark prices and close
    periods; without journals, sockets, orders and forecasts.
    """
    source = build_source(configuration)
    instruments = InstrumentMaster.from_source(source, configuration.instruments).all
    market = MarketShard(0, configuration.market, instruments)
    strategies = StrategyRunner(configuration, instruments)
    marks, history = Marks(), ReturnHistory(len(instruments), configuration.risk.window)
    rows, began = 0, time.perf_counter()
    for raw in source.slices(instruments):
        applied = market.apply(raw)
        published = applied.slice
        strategies.measure([published], published.time)
        strategies.apply(Step(sequence=published.sequence, time=published.time, slices=[published]))
        if history.is_due(published.time):
            history.add(history.closes(published.sequence - 1, marks.prices))
        history.tick(marks.take(published.ticks(), published.time), published.time)
        if history.is_complete(published.time):
            history.add(history.closes(published.sequence, marks.prices))
        rows += applied.accepted + applied.quarantined
        yield Sample(raw.sequence, rows, time.perf_counter() - began)
