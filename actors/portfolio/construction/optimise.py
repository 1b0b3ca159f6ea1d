"""From a forecast to target weights, by ``skfolio`` but for three methods that have a faster way to the same answer."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from actors.errors import AlphaMindError, InputError
from actors.portfolio.construction.black_litterman import black_litterman
from actors.portfolio.construction.checks import Array, check_definite
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.hierarchical_risk_parity import hierarchical_risk_parity
from actors.portfolio.construction.infeasible import check_feasible
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.minimum_cvar import check_tail, expected_shortfall, minimum_cvar
from actors.portfolio.construction.risk_parity import risk_parity
from actors.portfolio.construction.rules import Effect, Rule, rules
from actors.portfolio.construction.solver import budgets, solved, unsolved

_NOISE = 1e-6
_HIERARCHICAL = (Method.HIERARCHICAL_RISK_PARITY, Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION)
_BUDGETED = (Method.RISK_PARITY, Method.EQUAL_RISK_CONTRIBUTION)
_DEFINITE = (
    Method.MINIMUM_VARIANCE,
    Method.MEAN_VARIANCE,
    Method.MAXIMUM_DIVERSIFICATION,
    Method.BLACK_LITTERMAN,
    *_BUDGETED,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Allocation:
    """Target weights, and what is expected of them.

    Attributes:
        method: How they were found.
        symbols: Symbol by weight.
        weights: Fractions of the portfolio's value, shape (n,); their sum is the budget.
        mean: Expected return over the forecast's period, before costs.
        volatility: Its standard deviation.
        shortfall: Expected shortfall over the forecast's scenarios at the settings' confidence; ``None`` without them.
        effects: Every constraint with what it measures of the weights.
        expected: The forecast that they are the best of.
        stated: The constraints as rules.
        confidence: Level of the expected shortfall.
    """

    method: Method
    symbols: tuple[str, ...]
    weights: Array
    mean: float
    volatility: float
    shortfall: float | None
    effects: tuple[Effect, ...]
    expected: Forecast
    stated: tuple[Rule, ...]
    confidence: float

    def at(self, weights: Array) -> Allocation:
        """Return what is expected of other weights (shape (n,)), and what the constraints measure of them."""
        return _measured(self.method, weights, self.expected, self.stated, self.confidence)

    def by_symbol(self) -> dict[str, float]:
        """Return weight by symbol."""
        return dict(zip(self.symbols, self.weights.tolist(), strict=True))


def optimise(
    forecast: Forecast,
    method: Method,
    constraints: Constraints | None = None,
    settings: Settings | None = None,
) -> Allocation:
    """Return the weights that a method takes for best.

    Minimum CVaR, hierarchical risk parity and risk parity go the short way (see their modules) where nothing is asked
    but long positions that add up to the budget; all else is solved by ``skfolio``, with the same answer there.

    Args:
        forecast: What is expected.
        method: How.
        constraints: What must hold; long positions that add up to 1 where left out.
        settings: What the method can be told.

    Raises:
        InputError: Constraints that can't hold together, named; a method that can't keep to a constraint; a singular
            covariance where the method needs more; scenarios that are missing.
        AlphaMindError: The solver found no answer although there is one, or one that breaks a constraint.
    """
    asked, told = constraints or Constraints(), settings or Settings()
    stated = rules(asked, forecast)
    _check(method, forecast, asked, told)
    expected = forecast
    if method is Method.BLACK_LITTERMAN:
        expected = black_litterman(forecast, told.market, told.views, told.risk_aversion)
    if asked.plain and method in (*_BUDGETED, Method.HIERARCHICAL_RISK_PARITY, Method.MINIMUM_CVAR):
        weights = _fast(method, forecast, asked.budget, told)
    else:
        try:
            weights = _without_noise(solved(method, expected, asked, told, stated))
        except unsolved() as error:
            check_feasible(stated, len(forecast.symbols))
            raise AlphaMindError(
                f"the solver found no weights: {str(error).splitlines()[0]}",
                field="method",
                value=str(method),
                rule="constraints with some room between them; these can hold together, if barely",
                remedy="relax the tightest of them a little",
            ) from error
    if asked.long_only:
        weights = np.maximum(weights, 0.0)
    if asked.budget and weights.sum() * asked.budget > 0:
        weights = weights * (asked.budget / weights.sum())
    weights.flags.writeable = False
    found = _measured(method, weights, expected, stated, told.confidence)
    broken = [effect for effect in found.effects if effect.broken]
    if broken:
        check_feasible(stated, len(forecast.symbols))
        raise AlphaMindError(
            f"the solver's weights do not keep to {', '.join(effect.name for effect in broken)}",
            field=broken[0].name,
            value=broken[0].value,
            rule=f"from {broken[0].low} to {broken[0].high}",
            remedy="relax the tightest constraints a little"
            + ("" if expected.shrunk else ", or shrink the covariance (ledoit_wolf)"),
        )
    return found


def _measured(
    method: Method, weights: Array, expected: Forecast, stated: Sequence[Rule], confidence: float
) -> Allocation:
    return Allocation(
        method=method,
        symbols=expected.symbols,
        weights=weights,
        mean=float(weights @ expected.mean),
        volatility=math.sqrt(max(float(weights @ expected.covariance @ weights), 0.0)),
        shortfall=_shortfall(expected.scenarios, weights, confidence),
        effects=tuple(rule.effect(weights) for rule in stated),
        expected=expected,
        stated=tuple(stated),
        confidence=confidence,
    )


def _check(method: Method, forecast: Forecast, asked: Constraints, told: Settings) -> None:
    """Refuse what a method can't do, before anything is reckoned."""
    if method in _DEFINITE:
        check_definite(forecast.covariance, forecast.symbols, shrunk=forecast.shrunk)
    if method is Method.MINIMUM_CVAR:
        if forecast.scenarios is None:
            raise InputError(
                "minimum CVaR needs scenarios",
                field="scenarios",
                rule="returns that are equally likely",
                remedy="make the forecast from returns, or choose a method that needs none",
            )
        check_tail(len(forecast.scenarios), told.confidence)
    if told.risk_budgets and method is not Method.RISK_PARITY:
        raise InputError(
            f"{method} has no risk budgets", field="risk_budgets", value=len(told.risk_budgets), rule="of risk_parity"
        )
    ratio = method in (Method.MAXIMUM_DIVERSIFICATION, *_BUDGETED, *_HIERARCHICAL)
    if ratio and not asked.budget > 0:
        raise InputError(f"{method} needs a budget", field="budget", value=asked.budget, rule="positive")
    if method in (*_BUDGETED, *_HIERARCHICAL) and not asked.long_only:
        raise InputError(f"{method} holds long positions only", field="long_only", value=asked.long_only, rule="true")
    if method in _HIERARCHICAL and asked.beyond_bounds:
        raise InputError(
            f"{method} keeps to bounds of single weights only",
            field=asked.beyond_bounds[0],
            value=getattr(asked, asked.beyond_bounds[0]),
            rule="at_least, at_most, weights_at_least and weights_at_most",
            remedy="leave it out, or choose a method that optimises, for instance equal_risk_contribution",
        )


def _fast(method: Method, forecast: Forecast, budget: float, told: Settings) -> Array:
    if method is Method.MINIMUM_CVAR and forecast.scenarios is not None and budget > 0:
        return minimum_cvar(forecast.scenarios, told.confidence, budget)
    if method is Method.HIERARCHICAL_RISK_PARITY:
        return budget * hierarchical_risk_parity(forecast.covariance, linkage=told.linkage or "single")
    if method in _BUDGETED:
        return budget * risk_parity(forecast.covariance, budgets(forecast, told))
    raise InputError("long positions have no such sum", field="budget", value=budget, rule="positive")


def _without_noise(weights: Array) -> Array:
    """Return weights with those at zero that a solver leaves of what it does not hold, 1e-10 or so."""
    return np.where(np.abs(weights) < _NOISE * np.abs(weights).max(), 0.0, weights)


def _shortfall(scenarios: Array | None, weights: Array, confidence: float) -> float | None:
    if scenarios is None or len(scenarios) * (1 - confidence) < 1 - 1e-9:
        return None
    return expected_shortfall(-(scenarios @ weights), confidence)
