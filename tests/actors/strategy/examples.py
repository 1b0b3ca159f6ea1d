"""Strategies and builders that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.market.ticks import MarketSlice
from actors.messages import (
    Bar,
    CashEvent,
    Fill,
    Instrument,
    OmsEvent,
    Order,
    OrderEvent,
    OrderStatus,
    Prediction,
    Quote,
    Side,
    SubmitOrder,
    Trade,
)
from actors.strategy.commands import unconfirmed
from actors.strategy.context import Context
from actors.strategy.runner import StrategyRunner
from actors.strategy.step import Step
from actors.strategy.strategy import Strategy
from configs.schema import Configuration
from tests.actors.features.ticks import ticks

MODULE = "tests.actors.strategy.examples"
INSTRUMENTS = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB"), Instrument(id=2, symbol="CCC"))
CASH = 1_000_000 * 100_000_000


class Recorder(Strategy):
    """Writes down every call."""

    forecasts = True

    def on_start(self, context: Context) -> None:
        self.calls: list[tuple[Any, ...]] = [("start", context.time)]

    def on_bar(self, context: Context, bar: Bar) -> None:
        prices = [context.last_price(instrument.id) for instrument in context.instruments]
        self.calls.append(("bar", bar.instrument, bar.close, prices))

    def on_quote(self, context: Context, quote: Quote) -> None:
        self.calls.append(("quote", quote.bid, context.last_price(quote.instrument)))

    def on_trade(self, context: Context, trade: Trade) -> None:
        self.calls.append(("trade", trade.price, context.last_price(trade.instrument)))

    def on_order(self, context: Context, order: Order) -> None:
        self.calls.append(("order", order.client_order_id, str(order.status), order.reason))

    def on_fill(self, context: Context, fill: Fill) -> None:
        self.calls.append(("fill", fill.quantity, context.position(fill.instrument), context.cash))

    def on_forecast(self, context: Context, prediction: Prediction) -> None:
        self.calls.append(("forecast", prediction.instrument, context.forecast(prediction.instrument) is prediction))

    def on_stop(self, context: Context) -> None:
        self.calls.append(("stop", context.time))


class BuyOnBar(Strategy):
    """Buys ``lots`` at every bar; state that a crash must not change."""

    lots: int = 10
    limit: int | None = None
    _seen: int = 0

    def on_bar(self, context: Context, bar: Bar) -> None:
        self._seen += 1
        context.buy(bar.instrument, self.lots + self._seen, self.limit)


class FailsAtThird(Strategy):
    """Raises at its third bar, after placing an order in the same breath."""

    def on_start(self, context: Context) -> None:
        self.bars = 0

    def on_bar(self, context: Context, bar: Bar) -> None:
        self.bars += 1
        context.buy(bar.instrument, 1)
        if self.bars == 3:
            raise RuntimeError("no more")


class Stubborn(Strategy):
    """Wants to trade while it is stopped."""

    def on_stop(self, context: Context) -> None:
        context.buy("AAA", 1)


class Callbacks(Strategy):
    """Does in ``on_bar`` whatever the test put there."""

    def on_start(self, context: Context) -> None:
        self.results: list[Any] = []

    def on_bar(self, context: Context, bar: Bar) -> None:
        self.results.append(ACTION(context, bar))


def nothing(context: Context, bar: Bar) -> Any:
    """Do nothing."""
    return None


ACTION = nothing


def configuration(*strategies: str | dict[str, Any], **sections: Any) -> Configuration:
    """Return a configuration that runs strategies of this module for the account ``main``."""
    entries = []
    for index, entry in enumerate(strategies):
        given = {"implementation": entry} if isinstance(entry, str) else dict(entry)
        if ":" not in given["implementation"]:
            given["implementation"] = f"{MODULE}:{given['implementation']}"
        entries.append({"name": f"s{index}", "account": "main", **given})
    return Configuration.model_validate({"strategies": entries, **sections})


def runner_of(*strategies: str | dict[str, Any], **sections: Any) -> StrategyRunner:
    """Return a runner of strategies of this module."""
    return StrategyRunner(configuration(*strategies, **sections), INSTRUMENTS)


def market_slice(sequence: int, rows: Sequence[tuple[int, ...]] = (), time: int = 0, shard: int = 0) -> MarketSlice:
    """Return a slice; its time is that of its last row."""
    return MarketSlice(shard, sequence, time or (rows[-1][6] if rows else 0), ticks(rows).tobytes())


def step_of(sequence: int, rows: Sequence[tuple[int, ...]] = (), time: int = 0, **inputs: Any) -> Step:
    """Return a step of one shard."""
    one = market_slice(sequence, rows, time)
    return Step(sequence=sequence, time=one.time, slices=[one], **inputs)


def cash_event(sequence: int = 1, amount: int = CASH) -> OmsEvent:
    """Return the opening deposit."""
    return CashEvent(
        partition=0, sequence=sequence, time=0, account="main", currency="USD", amount=amount, reason="opening"
    )


def order_event(
    sequence: int, command: SubmitOrder, status: OrderStatus, filled: int = 0, price: int = 0, reason: str = ""
) -> OrderEvent:
    """Return what the OMS says of an order; with ``filled`` a fill of that many lots is its cause."""
    order = unconfirmed(command, 0, status, reason)
    fill = None
    if filled:
        fill = Fill(
            execution_id=f"e{sequence}",
            order_id="0-1",
            client_order_id=command.client_order_id,
            account=command.account,
            strategy=command.strategy,
            instrument=command.instrument,
            side=Side(command.side),
            quantity=filled,
            price=price,
            fee=0,
            liquidity="taker",
            time=0,
        )
    values = {name: getattr(order, name) for name in order.__struct_fields__} | {
        "order_id": "0-1",
        "filled_quantity": filled,
    }
    return OrderEvent(partition=0, sequence=sequence, time=0, order=Order(**values), fill=fill)


def calls_of(runner: StrategyRunner, name: str = "s0") -> list[tuple[Any, ...]]:
    """Return what a ``Recorder`` wrote down."""
    strategy = runner.strategies[name].strategy
    assert isinstance(strategy, Recorder)
    return strategy.calls
