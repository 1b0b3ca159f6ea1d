"""``alphamind portfolio construct``: target weights from real data, the lots for a capital and the orders to them."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from actors.decimals import money_text, price_text, quantity_text
from actors.errors import InputError
from actors.ingest.closes import ClosePanel
from actors.instruments import InstrumentMaster
from actors.messages import MONEY_UNIT
from actors.portfolio.construction.bands import trade_to_band
from actors.portfolio.construction.checks import by_symbol
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.covariance import Estimator
from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.optimise import Allocation, optimise
from actors.portfolio.construction.orders import Rebalancing, rebalancing
from actors.portfolio.construction.rounding import Holdings, Priced, whole_lots
from configs.schema import InstrumentsSection

_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Construction:
    """A portfolio that was made from data.

    Attributes:
        allocation: Target weights.
        weights: Weights to trade to by symbol: the targets, or the nearest inside their bands.
        first, last: Stamps of the first and last period that was looked at, UTC nanoseconds.
        periods: Number of periods that were looked at.
        left_out: Periods in which a symbol had no return, and which therefore count nowhere.
        missing: Periods without a return by symbol, where there are any.
        market: Instrument and last close by symbol.
        holdings: Lots for the capital; ``None`` without one.
        orders: Trades to them.
    """

    allocation: Allocation
    weights: dict[str, float]
    first: int
    last: int
    periods: int
    left_out: int
    missing: dict[str, int]
    market: Mapping[str, Priced]
    holdings: Holdings | None
    orders: Sequence[Rebalancing]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data; money, prices and quantities as decimal strings."""
        allocation, holdings = self.allocation, self.holdings
        told = {
            "method": str(allocation.method),
            "from": _date(self.first),
            "to": _date(self.last),
            "periods": self.periods,
            "periods_left_out": self.left_out,
            "missing_returns": self.missing,
            "targets": allocation.by_symbol(),
            "weights": self.weights,
            "expected_return": allocation.mean,
            "expected_volatility": allocation.volatility,
            "expected_shortfall": allocation.shortfall,
            "constraints": [dataclasses.asdict(effect) for effect in allocation.effects],
        }
        if holdings is None:
            return told
        return told | {
            "invested": money_text(sum(holdings.value.values())),
            "left": money_text(holdings.left),
            "lots": {symbol: self._quantity(symbol, lots) for symbol, lots in holdings.lots.items()},
            "orders": [
                {
                    "symbol": order.symbol,
                    "side": str(order.side),
                    "quantity": self._quantity(order.symbol, order.lots),
                    "price": self._price(order.symbol),
                    "value": money_text(order.value),
                }
                for order in self.orders
            ],
        }

    def shown(self) -> Group:
        """Return it as tables."""
        allocation, holdings = self.allocation, self.holdings
        title = f"{allocation.method}, {_date(self.first)} to {_date(self.last)}, {self.periods} periods".replace(
            "_", " "
        )
        weights = Grid()
        for name in ("symbol", "target", "weight", *(() if holdings is None else ("quantity", "price", "value"))):
            weights.add_column(name, justify="left" if name == "symbol" else "right")
        targets = allocation.by_symbol()
        for symbol in sorted(targets, key=lambda one: -abs(targets[one])):
            row = [symbol, f"{targets[symbol]:.2%}", f"{self.weights[symbol]:.2%}"]
            if holdings is not None:
                value = money_text(holdings.value[symbol])
                row += [self._quantity(symbol, holdings.lots[symbol]), self._price(symbol), value]
            if any((targets[symbol] >= 5e-5, self.weights[symbol], targets[symbol] < -5e-5)):
                weights.add_row(*row)
        facts = Grid(title="of one period", title_justify="left", show_header=False)
        facts.add_row("expected return", f"{allocation.mean:.4%}")
        facts.add_row("expected volatility", f"{allocation.volatility:.4%}")
        if allocation.shortfall is not None:
            facts.add_row("expected shortfall of the scenarios", f"{allocation.shortfall:.4%}")
        facts.add_row("periods left out, a return missing", str(self.left_out))
        rules = Grid(title="constraints", title_justify="left")
        for name in ("constraint", "at least", "is", "at most", "binds"):
            rules.add_column(name, justify="left" if name == "constraint" else "right")
        for effect in allocation.effects:
            bounds = ["" if bound is None else f"{bound:g}" for bound in (effect.low, effect.high)]
            rules.add_row(effect.name, bounds[0], f"{effect.value:.6g}", bounds[1], "yes" if effect.binds else "")
        parts: list[RenderableType] = [Text(title), weights, facts, rules]
        if holdings is not None:
            orders = Grid(title=f"orders; {money_text(holdings.left)} is left", title_justify="left")
            for name in ("symbol", "side", "quantity", "value"):
                orders.add_column(name, justify="right" if name in ("quantity", "value") else "left")
            for order in self.orders:
                quantity = self._quantity(order.symbol, order.lots)
                orders.add_row(order.symbol, str(order.side), quantity, money_text(order.value))
            parts.append(orders)
        return Group(*parts)

    def _quantity(self, symbol: str, lots: int) -> str:
        return quantity_text(self.market[symbol].instrument, lots)

    def _price(self, symbol: str) -> str:
        return price_text(self.market[symbol].instrument, self.market[symbol].price)


def construct(
    panel: ClosePanel,
    method: Method,
    instruments: InstrumentsSection,
    *,
    window: int | None = None,
    estimator: Estimator = Estimator.SAMPLE,
    constraints: Constraints | None = None,
    settings: Settings | None = None,
    capital: int | None = None,
    held: Mapping[str, int] | None = None,
    band: float = 0.0,
) -> Construction:
    """Make a portfolio of all symbols of a panel.

    Args:
        panel: Closes.
        method: How.
        instruments: Increments and currency of the instruments, where they have no file of their own.
        window: Newest periods to look at, of those in which every symbol has a return; all where left out.
        estimator: How the covariance is estimated.
        constraints: What must hold.
        settings: What the method is told.
        capital: Money in 1e-8 currency units; without it there are no lots and no orders.
        held: Quantity by symbol in lots that is held already; what is held at the last close are the current weights
            unless the constraints name them.
        band: Half the width of the no-trade band around each target weight.

    Raises:
        InputError: Too few periods, a symbol without a last close, and all that ``optimise`` and ``whole_lots`` refuse.
    """
    asked = constraints or Constraints()
    scenarios, times, missing, left_out = _joint_returns(panel, window)
    market = _market(panel, instruments)
    already = dict(held or {})
    if already and capital is None:
        raise InputError("what is held is of no capital", field="--capital", rule="given with --held")
    if already and not asked.current and capital is not None:
        asked = dataclasses.replace(asked, current=_weights(already, market, capital))
    forecast = Forecast.from_returns(panel.symbols, scenarios, estimator)
    allocation = optimise(forecast, method, asked, settings)
    weights = allocation.by_symbol()
    if band:
        current = by_symbol("current", asked.current, panel.symbols)
        traded = trade_to_band(current, allocation.weights, band).tolist()
        weights = dict(zip(panel.symbols, traded, strict=True))
    holdings, orders = None, []
    if capital is not None:
        holdings = whole_lots(weights, market, capital, asked.budget)
        orders = rebalancing(holdings.lots, already, market)
    first, last = int(times[0]), int(times[-1])
    return Construction(allocation, weights, first, last, len(scenarios), left_out, missing, market, holdings, orders)


def _joint_returns(
    panel: ClosePanel, window: int | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], dict[str, int], int]:
    returns = panel.returns()
    known = np.isfinite(returns)
    joint = np.asarray(known.all(axis=1), bool)
    gaps = {symbol: int((~known[:, at]).sum()) for at, symbol in enumerate(panel.symbols)}
    there = int(joint.sum())
    wanted = there if window is None else window
    if not 2 <= wanted <= there:
        worst = sorted(gaps, key=lambda symbol: -gaps[symbol])[:_SHOWN]
        raise InputError(
            "too few periods in which every symbol has a return",
            field="window",
            value=wanted,
            rule=f"2 at least, and at most the {there} periods that there are",
            remedy=f"leave out what is missing most ({', '.join(worst)}) with --symbol, or take another window",
        )
    chosen = np.flatnonzero(joint)[-wanted:]
    left_out = int((~joint[chosen[0] :]).sum())
    absent = np.asarray((~known[chosen[0] :]).sum(axis=0)).tolist()
    missing = {symbol: count for symbol, count in zip(panel.symbols, absent, strict=True) if count}
    return returns[chosen], panel.times[1:][chosen], missing, left_out


class _Closes:
    """Closes as a source of prices."""

    def __init__(self, panel: ClosePanel) -> None:
        self.panel = panel

    def prices(self) -> dict[str, npt.NDArray[np.float64]]:
        return {symbol: self.panel.closes[:, at] for at, symbol in enumerate(self.panel.symbols)}


def _market(panel: ClosePanel, section: InstrumentsSection) -> dict[str, Priced]:
    if section.file is None:
        master = InstrumentMaster.from_source(_Closes(panel), section)
    else:
        master = InstrumentMaster.from_file(section.file, section)
    market = {}
    for at, symbol in enumerate(panel.symbols):
        close = float(panel.closes[-1, at])
        if not np.isfinite(close):
            raise InputError(
                f"{symbol} has no close at the last time of the data",
                field=f"close[{symbol}]",
                value=_date(int(panel.times[-1])),
                rule="a close to trade at",
                remedy="leave it out with --symbol for each of the others, or end the data earlier",
            )
        instrument = master.by_symbol(symbol)
        market[symbol] = Priced(instrument, max(round(close * MONEY_UNIT / instrument.price_increment), 1))
    return market


def _weights(held: Mapping[str, int], market: Mapping[str, Priced], capital: int) -> dict[str, float]:
    weights = {}
    for symbol, lots in held.items():
        if symbol not in market:
            raise InputError(
                f"{symbol} is held, but not in the data",
                field=f"--held {symbol}",
                value=lots,
                rule=f"a symbol of the data: {', '.join(list(market)[:20])}",
            )
        weights[symbol] = market[symbol].instrument.notional(market[symbol].price, lots) / capital
    return weights


def _date(stamp: int) -> str:
    return datetime.datetime.fromtimestamp(stamp / 1e9, datetime.timezone.utc).date().isoformat()
