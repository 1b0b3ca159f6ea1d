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
from actors.portfolio.construction.kept import Kept, kept
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.optimise import Allocation, optimise
from actors.portfolio.construction.orders import Rebalancing, rebalancing
from actors.portfolio.construction.rounding import Holdings, Priced, whole_lots
from actors.portfolio.construction.rules import weight_bounds
from configs.schema import InstrumentsSection

_SHOWN = 5
_AGREES = 1e-3
"""How far a current weight that was written down may be from what is held: three digits are usual."""


@dataclasses.dataclass(frozen=True)
class Construction:
    """A portfolio that was made from data.

    Attributes:
        allocation: Target weights.
        weights: Weights to trade to by symbol: the targets, or the nearest inside their bands.
        traded: What the orders lead to: whole lots where there is a capital, ``weights`` otherwise.
        constraints: Every constraint of it, and what broke it.
        no_sector: Symbols without a sector, where sectors are bounded: no such bound counts them.
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
    traded: Allocation
    constraints: tuple[Kept, ...]
    no_sector: tuple[str, ...]
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
        allocation, holdings, traded = self.allocation, self.holdings, self.traded
        told = {
            "method": str(allocation.method),
            "from": _date(self.first),
            "to": _date(self.last),
            "periods": self.periods,
            "periods_left_out": self.left_out,
            "missing_returns": self.missing,
            "targets": allocation.by_symbol(),
            "weights": self.weights,
            "expected_return": traded.mean,
            "expected_volatility": traded.volatility,
            "expected_shortfall": traded.shortfall,
            "of_targets": {
                "expected_return": allocation.mean,
                "expected_volatility": allocation.volatility,
                "expected_shortfall": allocation.shortfall,
            },
            "constraints": [dataclasses.asdict(one) for one in self.constraints],
            "symbols_without_sector": list(self.no_sector),
            "broken_constraints": [_broken(one) for one in self.constraints if one.broken_by],
        }
        if holdings is None:
            return told
        return told | {
            "invested": money_text(sum(holdings.value.values())),
            "left": money_text(holdings.left),
            "weights_of_lots": traded.by_symbol(),
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
        allocation, holdings, traded = self.allocation, self.holdings, self.traded
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
        facts = Grid(title="of one period", title_justify="left")
        for name in ("", "targets", "traded to"):
            facts.add_column(name, justify="right" if name else "left")
        facts.add_row("expected return", f"{allocation.mean:.4%}", f"{traded.mean:.4%}")
        facts.add_row("expected volatility", f"{allocation.volatility:.4%}", f"{traded.volatility:.4%}")
        if allocation.shortfall is not None and traded.shortfall is not None:
            name = "expected shortfall of the scenarios"
            facts.add_row(name, f"{allocation.shortfall:.4%}", f"{traded.shortfall:.4%}")
        facts.add_row("periods left out, a return missing", str(self.left_out))
        rules = Grid(title="constraints", title_justify="left")
        for name in ("constraint", "at least", "targets", "traded to", "at most", "binds", "broken by"):
            rules.add_column(name, justify="left" if name == "constraint" else "right")
        for one in self.constraints:
            low, high = ("" if bound is None else f"{bound:g}" for bound in (one.low, one.high))
            binds = "yes" if one.binds else ""
            rules.add_row(one.name, low, f"{one.target:.6g}", f"{one.value:.6g}", high, binds, one.broken_by or "")
        parts: list[RenderableType] = [Text(title), weights, facts, rules]
        if holdings is not None:
            orders = Grid(title=f"orders; {money_text(holdings.left)} is left", title_justify="left")
            for name in ("symbol", "side", "quantity", "value"):
                orders.add_column(name, justify="right" if name in ("quantity", "value") else "left")
            for order in self.orders:
                quantity = self._quantity(order.symbol, order.lots)
                orders.add_row(order.symbol, str(order.side), quantity, money_text(order.value))
            parts.append(orders)
        if self.no_sector:
            parts.append(Text(f"without a sector, in no bound of sectors: {', '.join(self.no_sector)}"))
        parts += [Text(f"broken: {_broken(one)}") for one in self.constraints if one.broken_by]
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
        held: Quantity by symbol in lots that is held already; what is held at the last close are the current weights,
            and those that the constraints name must agree.
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
    if capital is not None and capital <= 0:
        raise InputError("there is no capital", field="capital", value=money_text(capital), rule="a positive sum")
    if already and capital is not None:
        _check_worth(already, market, capital, asked.budget)
        asked = dataclasses.replace(asked, current=_current(asked, _weights(already, market, capital)))
    forecast = Forecast.from_returns(panel.symbols, scenarios, estimator)
    allocation = optimise(forecast, method, asked, settings)
    banded = allocation
    if band:
        current = by_symbol("current", asked.current, panel.symbols)
        low, high = weight_bounds(asked, panel.symbols)
        banded = allocation.at(trade_to_band(current, allocation.weights, band, low, high))
    weights, traded = banded.by_symbol(), banded
    holdings, orders = None, []
    if capital is not None:
        holdings = whole_lots(weights, market, capital, asked.budget)
        orders = rebalancing(holdings.lots, already, market)
        traded = allocation.at(np.array([holdings.value[symbol] / capital for symbol in panel.symbols]))
    bounded = asked.sector_at_least or asked.sector_at_most
    first, last = int(times[0]), int(times[-1])
    return Construction(
        allocation=allocation,
        weights=weights,
        traded=traded,
        constraints=kept(allocation, banded, traded),
        no_sector=tuple(symbol for symbol in panel.symbols if bounded and symbol not in asked.sectors),
        first=first,
        last=last,
        periods=len(scenarios),
        left_out=left_out,
        missing=missing,
        market=market,
        holdings=holdings,
        orders=orders,
    )


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
                remedy="leave it out with --symbol for each of the others, "
                "or end the data earlier: --set feed.end=DATE",
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


def _check_worth(held: Mapping[str, int], market: Mapping[str, Priced], capital: int, budget: float) -> None:
    """Refuse holdings that are worth more than the capital: it is what they and the cash are worth together."""
    lots = {symbol: count for symbol, count in held.items() if symbol in market}
    worth = sum(market[symbol].instrument.notional(market[symbol].price, count) for symbol, count in lots.items())
    if worth > capital * max(1.0, budget):
        raise InputError(
            "what is held is worth more than the capital",
            field="--held",
            value=money_text(worth),
            rule=f"at most {money_text(capital)}" + (f" times the budget of {budget:g}" if budget > 1 else ""),
            remedy="give as --capital what the holdings and the cash are worth together",
        )


def _current(asked: Constraints, held: dict[str, float]) -> dict[str, float]:
    """Return what is held as current weights; those of the constraints, where they name some, must agree."""
    for symbol in sorted({*asked.current, *held}) if asked.current else ():
        told, own = asked.current.get(symbol, 0.0), held.get(symbol, 0.0)
        if abs(told - own) > _AGREES:
            raise InputError(
                f"what is held of {symbol} is not its current weight",
                field=f"current.{symbol}",
                value=told,
                rule=f"{own:.4f}, the share of the capital that --held gives, within {_AGREES:g}",
                remedy="leave current out of the constraints, or --held out of the command",
            )
    return held


def _broken(one: Kept) -> str:
    bound = f"at least {one.low:g}" if one.low is not None and one.value < one.low else f"at most {one.high:g}"
    return f"{one.name} is {one.value:.6g} after {one.broken_by}, {bound} is asked, {one.target:.6g} was the target"


def _date(stamp: int) -> str:
    return datetime.datetime.fromtimestamp(stamp / 1e9, datetime.timezone.utc).date().isoformat()
