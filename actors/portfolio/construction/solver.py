"""Weights as ``skfolio`` finds them."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from actors.portfolio.construction.checks import Array, by_symbol
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.infeasible import check_feasible
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.rules import Rule, cost_rates

_BUDGETED = (Method.RISK_PARITY, Method.EQUAL_RISK_CONTRIBUTION)
_HIERARCHICAL = (Method.HIERARCHICAL_RISK_PARITY, Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION)


def budgets(forecast: Forecast, told: Settings) -> Array | None:
    """Return the share of risk that each asset is to contribute, shape (n,); ``None`` where all are the same."""
    return by_symbol("risk_budgets", told.risk_budgets, forecast.symbols, None) if told.risk_budgets else None


def solved(method: Method, forecast: Forecast, asked: Constraints, told: Settings, stated: Sequence[Rule]) -> Array:
    """Return the weights, shape (n,), as the solver leaves them.

    Args:
        method: How; not Black-Litterman's prior, which is what ``forecast`` comes from.
        forecast: What is expected.
        asked: What must hold.
        told: What the method is told.
        stated: The same constraints as rules.

    Raises:
        InputError: Bounds that can't hold together, of a hierarchical method.
        Exception: One of ``unsolved``, where the solver finds nothing.
    """
    from skfolio import RiskMeasure
    from skfolio.optimization import MaximumDiversification, MeanRisk, ObjectiveFunction, RiskBudgeting

    from actors.portfolio.construction.distribution import Known, frame

    if method in _HIERARCHICAL:
        return _hierarchical(method, forecast, asked, told, stated)
    # Numbers about 1, whatever the length of the period: a solver's tolerances are absolute.
    unit = float(np.diag(forecast.covariance).mean())
    utility = unit * told.risk_aversion
    scaled = Forecast(forecast.symbols, forecast.mean / utility, forecast.covariance / unit, forecast.scenarios)
    if method is Method.MINIMUM_CVAR and forecast.scenarios is not None:
        scaled = dataclasses.replace(scaled, scenarios=forecast.scenarios / math.sqrt(unit))
    common: dict[str, Any] = {
        "prior_estimator": Known(scaled),
        "budget": float(asked.budget),
        "min_weights": None,
        "max_weights": None,
        "add_constraints": _added(stated),
    }
    if method is Method.MAXIMUM_DIVERSIFICATION:
        model = MaximumDiversification(**common | {"add_constraints": _added(stated, asked.budget)})
    elif method in _BUDGETED:
        common |= {"min_weights": 0.0, "add_constraints": _added(stated, asked.budget)}
        del common["budget"]  # always 1 there; weights are brought to the budget afterwards
        model = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, risk_budget=budgets(forecast, told), **common)
    elif method is Method.MINIMUM_VARIANCE:
        model = MeanRisk(risk_measure=RiskMeasure.VARIANCE, **common)
    elif method is Method.MINIMUM_CVAR:
        model = MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=told.confidence, **common)
    else:
        rates = cost_rates(asked, forecast)
        model = MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
            risk_measure=RiskMeasure.VARIANCE,
            risk_aversion=0.5,
            transaction_costs=rates / utility,
            previous_weights=by_symbol("current", asked.current, forecast.symbols) if rates.any() else None,
            **common,
        )
    with warnings.catch_warnings():
        # "Solution may be inaccurate": whether the constraints hold is told with the weights.
        warnings.simplefilter("ignore", UserWarning)
        return np.array(model.fit(frame(scaled)).weights_, np.float64)


def _added(stated: Sequence[Rule], budget: float | None = None) -> Callable[[Any], list[Any]]:
    """Return what adds the rules to a problem; with a ``budget``, to one over weights times an unknown scale."""

    def add(weights: Any) -> list[Any]:
        import cvxpy

        scale = 1.0 if budget is None else cvxpy.sum(weights) / budget
        return [one for rule in stated if rule.name != "budget" for one in rule.expressions(weights, scale)]

    return add


def _hierarchical(
    method: Method, forecast: Forecast, asked: Constraints, told: Settings, stated: Sequence[Rule]
) -> Array:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalEqualRiskContribution, HierarchicalRiskParity
    from skfolio.seriation import HierarchicalSeriation

    from actors.portfolio.construction.distribution import Known, KnownDistance, frame

    count = len(forecast.symbols)
    check_feasible(stated, count)
    if count == 1:
        return np.full(1, asked.budget)
    low, high = np.zeros(count), np.full(count, asked.budget)
    for rule in stated:
        chosen = slice(None) if "." not in rule.name else forecast.symbols.index(rule.name.split(".", 1)[1])
        if rule.low is not None and rule.name != "budget":
            low[chosen] = np.maximum(low[chosen], rule.low)
        if rule.high is not None and rule.name != "budget":
            high[chosen] = np.minimum(high[chosen], rule.high)
    common = {
        "prior_estimator": Known(forecast),
        "distance_estimator": KnownDistance(forecast),
        "min_weights": low / asked.budget,
        "max_weights": high / asked.budget,
    }
    linkage = told.linkage or ("single" if method is Method.HIERARCHICAL_RISK_PARITY else "ward")
    clusters = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    if method is Method.HIERARCHICAL_RISK_PARITY:
        seriation = HierarchicalSeriation(hierarchical_clustering_estimator=clusters, optimal_ordering=False)
        model = HierarchicalRiskParity(seriation_estimator=seriation, **common)
    else:
        model = HierarchicalEqualRiskContribution(hierarchical_clustering_estimator=clusters, **common)
    return asked.budget * np.array(model.fit(frame(forecast)).weights_, np.float64)


def unsolved() -> tuple[type[Exception], ...]:
    """Return the errors by which solvers say that they found nothing."""
    from cvxpy import SolverError
    from skfolio.exceptions import OptimizationError

    return OptimizationError, SolverError
