"""The pure core of the strategy service: it takes steps in order and returns the orders that the strategies placed."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from actors.errors import InputError
from actors.features.history import VarianceHistory
from actors.market.ticks import MarketSlice
from actors.messages import (
    Bar,
    Instrument,
    Message,
    OrderEvent,
    Prediction,
    Quote,
    RealizedVariance,
    Trade,
)
from actors.strategy.account_view import AccountView, account_of
from actors.strategy.commands import Command
from actors.strategy.context import Context
from actors.strategy.loading import build, load_class, visible_instruments
from actors.strategy.market_view import MarketView
from actors.strategy.step import Step, merged
from actors.strategy.strategy import Strategy
from configs.schema import Configuration

log = structlog.get_logger()
_CALLBACKS: dict[type[Message], str] = {Bar: "on_bar", Quote: "on_quote", Trade: "on_trade"}


@dataclass
class RunningStrategy:
    """One strategy and what became of it.

    Attributes:
        name, account: Its key and the account it trades for.
        strategy: The quant's object.
        context: What it sees.
        sees: Ids of its instruments.
        state: ``waiting`` before its first step, ``running``, ``failed`` or ``stopped``.
        error: What stopped it, where it failed.
        orders: Number of orders and cancellations that it placed.
    """

    name: str
    account: str
    strategy: Strategy
    context: Context
    sees: frozenset[int]
    state: str = "waiting"
    error: str | None = None
    orders: int = 0

    def handles(self, callback: str) -> bool:
        """Return whether the strategy overrides a callback."""
        return getattr(type(self.strategy), callback) is not getattr(Strategy, callback)


class StrategyRunner:
    """Runs all strategies of a configuration in lock-step with the market.

    The core is deterministic: the same steps in the same order leave the same state and give the same orders, live,
    when the journal is replayed and in the backtest.

    Args:
        configuration: The configuration; its strategies are loaded here.
        instruments: The instrument master.

    Attributes:
        strategies: By name, in the order of the configuration.
        sequence: Sequence of the newest step, 0 before the first.
        time: The trading clock.
        partitions: Sequence of the newest OMS event by partition.
        forecasts: Newest forecast by instrument id.

    Raises:
        ConfigurationError: A strategy can't be loaded; says which key is wrong and how.
        NotFound: A strategy wants an instrument that the master does not have.
    """

    def __init__(self, configuration: Configuration, instruments: Sequence[Instrument]) -> None:
        self.sequence = 0
        self.time = 0
        self.partitions: dict[int, int] = {}
        self.forecasts: dict[int, Prediction] = {}
        forecaster = configuration.forecaster
        self._history = VarianceHistory(forecaster.period_minutes, max(forecaster.lags))
        self.accounts = {
            section.id: AccountView(section.id, section.currency, instruments) for section in configuration.accounts
        }
        loaded = []
        for index, section in enumerate(configuration.strategies):
            try:
                loaded.append((section, build(load_class(section.implementation), section.parameters)))
            except InputError as error:
                error.field = f"strategies[{index}].{error.field}"
                raise
        overridden = {name for _, strategy in loaded for name in _CALLBACKS.values() if _overrides(strategy, name)}
        self._market = MarketView(
            configuration.market.bars_kept, quotes="on_quote" in overridden, trades="on_trade" in overridden
        )
        self.strategies: dict[str, RunningStrategy] = {}
        for section, strategy in loaded:
            visible = visible_instruments(section, instruments)
            account = self.accounts[section.account]
            context = Context(section.name, visible, self._market, account, self.forecasts, self._history.length)
            sees = frozenset(instrument.id for instrument in visible)
            self.strategies[section.name] = RunningStrategy(section.name, section.account, strategy, context, sees)
        self._handlers = {
            kind: [running for running in self.strategies.values() if running.handles(callback)]
            for kind, callback in _CALLBACKS.items()
        }
        self.forecast_instruments = frozenset().union(
            *(running.sees for running in self.strategies.values() if running.strategy.forecasts)
        )

    def measure(self, slices: Sequence[MarketSlice], time: int) -> list[RealizedVariance]:
        """Take a slice into the realised variances; return those that became known. Comes before ``apply``."""
        return self._history.update(merged(slices), time)

    def histories(self, rows: Sequence[RealizedVariance]) -> dict[int, list[RealizedVariance]]:
        """Return what forecasts are to be made from: full histories of instruments with news that a strategy wants."""
        return self._history.histories(
            dict.fromkeys(row.instrument for row in rows if row.instrument in self.forecast_instruments)
        )

    def apply(self, step: Step) -> list[Command]:
        """Run the callbacks of one step: OMS events, then market data, then forecasts.

        Returns:
            Orders and cancellations in the order in which they were placed.
        """
        self.sequence = step.sequence
        self.time = step.time
        self.partitions.update(step.partitions)
        self.forecasts.update((prediction.instrument, prediction) for prediction in step.predictions)
        commands: list[Command] = []
        for running in self.strategies.values():
            if running.state in ("waiting", "stopped"):
                running.state = "running"
                commands += self._call(running, "on_start")
        for order in step.refused:
            self.accounts[order.account].put(order)
            commands += self._tell(order.strategy, "on_order", order)
        for event in step.events:
            account = self.accounts.get(account_of(event) or "")
            if account is not None:
                account.apply(event)
                if isinstance(event, OrderEvent):
                    commands += self._tell(event.order.strategy, "on_order", event.order)
                    if event.fill is not None:
                        commands += self._tell(event.fill.strategy, "on_fill", event.fill)
        for together in self._market.arrivals(merged(step.slices)):
            for message in together:
                kind = type(message)
                for running in self._handlers[kind]:
                    if message.instrument in running.sees:
                        commands += self._call(running, _CALLBACKS[kind], message)
        for prediction in step.predictions:
            for running in self.strategies.values():
                if running.strategy.forecasts and prediction.instrument in running.sees:
                    commands += self._call(running, "on_forecast", prediction)
        return commands

    def replay(self, step: Step) -> list[Command]:
        """Do what was done when the step was journaled; return its orders, which were sent then."""
        self.measure(step.slices, step.time)
        return self.apply(step)

    def stop(self) -> None:
        """Run ``on_stop`` of every strategy; the next step starts them again."""
        for running in self.strategies.values():
            if running.state == "running":
                self._call(running, "on_stop", accepting=False)
                if running.state == "running":
                    running.state = "stopped"

    def status(self) -> dict[str, dict[str, Any]]:
        """Return state, error, account and number of orders of every strategy, by name."""
        return {
            name: {
                "state": running.state,
                "error": running.error,
                "account": running.account,
                "instruments": len(running.sees),
                "orders": running.orders,
                "open_orders": len(running.context.open_orders()),
            }
            for name, running in self.strategies.items()
        }

    def _tell(self, name: str, callback: str, message: Message) -> list[Command]:
        running = self.strategies.get(name)
        return [] if running is None else self._call(running, callback, message)

    def _call(
        self, running: RunningStrategy, callback: str, *arguments: Message, accepting: bool = True
    ) -> list[Command]:
        """Run one callback; where it raises, the strategy has failed and nothing that the callback placed is sent."""
        if running.state != "running":
            return []
        running.context.begin(self.time, accepting)
        try:
            getattr(running.strategy, callback)(running.context, *arguments)
        except (Exception, SystemExit) as error:  # sys.exit() of one strategy is not the end of the others
            frame = traceback.extract_tb(error.__traceback__)[-1]
            running.state = "failed"
            running.error = f"{type(error).__name__} in {callback}: {error} ({frame.filename}:{frame.lineno})"
            running.context.take(keep=False)
            log.exception("strategy failed and was stopped", strategy=running.name, callback=callback, time=self.time)
            return []
        commands = running.context.take()
        running.orders += len(commands)
        return commands


def _overrides(strategy: Strategy, callback: str) -> bool:
    return getattr(type(strategy), callback) is not getattr(Strategy, callback)
