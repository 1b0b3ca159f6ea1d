"""Constraints as rules over weights, each with the name under which people know it."""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.construction.checks import Array, by_symbol, known_symbols
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.forecast import Forecast

Expression = Any
"""An expression of cvxpy, or a number or an array of numpy."""

Measure = Callable[[Any, Expression, Expression], Expression]

_NUMPY = types.SimpleNamespace(sum=np.sum, abs=np.abs, norm=np.linalg.norm)
"""What rules need of cvxpy, over numbers: a portfolio is measured without loading a solver."""

_BINDS = 1e-5
_BROKEN = 1e-4
_NOTHING = 1e-9
_SMALL = ("trading_cost", "tracking_error")
"""Measures far below 1, of which nearness is reckoned by their own size."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rule:
    """One constraint: ``low <= measure(weights) <= high``.

    Attributes:
        name: As people know it, for instance ``sector_at_most.energy``.
        measure: What is bounded, times a positive scale, from the library to reckon with (cvxpy, or numpy), weights
            times that scale, and the scale; convex, and affine where ``low`` is set. The scale is 1 but in problems
            that look for the best ratio.
        low: ``None``: no bound.
        high: ``None``: no bound.
    """

    name: str
    measure: Measure
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return the rule as people read it."""
        if self.low == self.high:
            return f"{self.name} = {self.low:g}"
        # One of both is set; a bound of a single weight or a sector says by its name which side it is of.
        return f"{self.name} {'>=' if self.high is None else '<='} {self.low if self.high is None else self.high:g}"

    def expressions(self, weights: Expression, scale: Expression = 1.0) -> list[Expression]:
        """Return the rule as constraints of cvxpy, brought to about 1 so that a solver's tolerance means the same."""
        import cvxpy

        unit = max(abs(self.low or 0.0), abs(self.high or 0.0), 1e-6)
        measured = self.measure(cvxpy, weights, scale) / unit
        low = None if self.low is None else self.low / unit * scale
        high = None if self.high is None else self.high / unit * scale
        if self.low is not None and self.low == self.high:
            return [measured == low]
        return [*([] if low is None else [measured >= low]), *([] if high is None else [measured <= high])]

    def effect(self, weights: Array) -> Effect:
        """Return what the rule measures of weights."""
        value = np.atleast_1d(np.asarray(self.measure(_NUMPY, weights, 1.0), np.float64))
        nearest = float(value.max() if self.low is None else value.min())
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        binds = any(abs(nearest - bound) <= _BINDS * max(1.0, abs(bound)) for bound in bounds)
        if self.name in _SMALL and self.high is not None:
            binds = nearest >= (1 - _BINDS) * self.high
        return Effect(self.name, nearest, self.low, self.high, binds)


@dataclasses.dataclass(frozen=True)
class Effect:
    """What a constraint measures of a portfolio, between which bounds, and whether it binds: is at one of them."""

    name: str
    value: float
    low: float | None
    high: float | None
    binds: bool

    @property
    def broken(self) -> bool:
        """Whether the value is out of bounds by more than a solver's tolerance."""
        below = self.low is not None and self.value < self.low - _BROKEN * max(1.0, abs(self.low))
        size = abs(self.high or 0.0) if self.name in _SMALL else max(1.0, abs(self.high or 0.0))
        return below or (self.high is not None and self.value > self.high + _BROKEN * size + _NOTHING)


def rules(constraints: Constraints, forecast: Forecast) -> list[Rule]:
    """Return every constraint that is set, as rules over the weights of a forecast's symbols.

    Raises:
        InputError: A constraint names a symbol that the forecast does not have, or a sector's symbols are not in it.
    """
    symbols = forecast.symbols
    found = [Rule("budget", _total, constraints.budget, constraints.budget)]
    if constraints.long_only:
        found.append(Rule("long_only", _each, low=0.0))
    if constraints.at_least is not None:
        found.append(Rule("at_least", _each, low=constraints.at_least))
    if constraints.at_most is not None:
        found.append(Rule("at_most", _each, high=constraints.at_most))
    for name, bounds in (
        ("weights_at_least", constraints.weights_at_least),
        ("weights_at_most", constraints.weights_at_most),
    ):
        by_symbol(name, bounds, symbols)
        found += [_bound(f"{name}.{symbol}", _one(symbols.index(symbol)), bound) for symbol, bound in bounds.items()]
    found += _sector_rules(constraints, forecast)
    current = by_symbol("current", constraints.current, symbols)
    rates = cost_rates(constraints, forecast)
    if constraints.leverage is not None:
        found.append(Rule("leverage", _gross, high=constraints.leverage))
    if constraints.turnover is not None:
        found.append(Rule("turnover", _traded(np.ones(len(symbols)), current), high=constraints.turnover))
    if constraints.trading_cost is not None:
        found.append(Rule("trading_cost", _traded(rates, current), high=constraints.trading_cost))
    if constraints.tracking_error is not None:
        benchmark = by_symbol("benchmark", constraints.benchmark, symbols)
        found.append(Rule("tracking_error", _tracking(forecast.covariance, benchmark), high=constraints.tracking_error))
    return found


def weight_bounds(constraints: Constraints, symbols: Sequence[str]) -> tuple[Array, Array]:
    """Return the least and the greatest weight of each symbol, shape (n,) each; infinite where there is no bound."""
    low = np.full(len(symbols), 0.0 if constraints.long_only else -np.inf)
    high = np.full(len(symbols), np.inf)
    if constraints.at_least is not None:
        low = np.maximum(low, constraints.at_least)
    if constraints.at_most is not None:
        high = np.minimum(high, constraints.at_most)
    low = np.maximum(low, [constraints.weights_at_least.get(symbol, -np.inf) for symbol in symbols])
    high = np.minimum(high, [constraints.weights_at_most.get(symbol, np.inf) for symbol in symbols])
    return low, high


def cost_rates(constraints: Constraints, forecast: Forecast) -> Array:
    """Return the cost of trading of each asset, shape (n,), a fraction of what is traded."""
    if isinstance(constraints.cost_rate, Mapping):
        return by_symbol("cost_rate", constraints.cost_rate, forecast.symbols)
    return np.full(len(forecast.symbols), float(constraints.cost_rate))


def _sector_rules(constraints: Constraints, forecast: Forecast) -> list[Rule]:
    found = []
    known_symbols("sectors", constraints.sectors, forecast.symbols)
    for name, bounds in (
        ("sector_at_least", constraints.sector_at_least),
        ("sector_at_most", constraints.sector_at_most),
    ):
        for sector, bound in bounds.items():
            members = np.array([float(constraints.sectors.get(symbol) == sector) for symbol in forecast.symbols])
            if not members.any():
                raise InputError(
                    f"the forecast has no symbol of the sector {sector}",
                    field=f"{name}.{sector}",
                    value=bound,
                    rule="a sector of one symbol of the forecast at least",
                    remedy="name the sectors of the forecast's symbols, or leave this one out",
                )
            found.append(_bound(f"{name}.{sector}", _some(members), bound))
    return found


def _bound(name: str, measure: Measure, bound: float) -> Rule:
    return Rule(name, measure, low=bound) if "_at_least." in name else Rule(name, measure, high=bound)


def _each(library: Any, weights: Expression, scale: Expression) -> Expression:
    return weights


def _total(library: Any, weights: Expression, scale: Expression) -> Expression:
    return library.sum(weights)


def _gross(library: Any, weights: Expression, scale: Expression) -> Expression:
    return library.sum(library.abs(weights))


def _one(asset: int) -> Measure:
    return lambda library, weights, scale: weights[asset]


def _some(members: Array) -> Measure:
    return lambda library, weights, scale: members @ weights


def _traded(rates: Array, current: Array) -> Measure:
    return lambda library, weights, scale: rates @ library.abs(weights - current * scale)


def _tracking(covariance: Array, benchmark: Array) -> Measure:
    root = _root(covariance.tobytes(), len(benchmark))
    return lambda library, weights, scale: library.norm(root @ (weights - benchmark * scale), 2)


@functools.lru_cache(maxsize=1)
def _root(covariance: bytes, assets: int) -> Array:
    """Return R with R'R = covariance, also of a singular one."""
    values, vectors = np.linalg.eigh(np.frombuffer(covariance).reshape(assets, assets))
    return np.asarray(vectors.T * np.sqrt(np.maximum(values, 0.0))[:, None], np.float64)
