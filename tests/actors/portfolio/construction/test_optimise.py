"""Weights: those of ``skfolio``, those of closed forms, and the laws that all of them keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cvxpy import SolverError
from hypothesis import given, settings
from hypothesis import strategies as st
from skfolio import RiskMeasure
from skfolio.optimization import (
    HierarchicalEqualRiskContribution,
    HierarchicalRiskParity,
    MaximumDiversification,
    MeanRisk,
    ObjectiveFunction,
    RiskBudgeting,
)
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.seriation import HierarchicalSeriation

from actors.errors import AlphaMindError, InputError
from actors.portfolio.construction.black_litterman import View
from actors.portfolio.construction.checks import Array
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.covariance import Estimator
from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.optimise import Allocation, optimise
from tests.actors.portfolio.construction.builders import forecast, returns, symbols

SAMPLE = returns()
TWELVE = forecast()
SECTORS = {symbol: "energy" if at % 3 == 0 else "banks" for at, symbol in enumerate(TWELVE.symbols)}
EQUAL = dict.fromkeys(TWELVE.symbols, 1 / 12)
LITTERMAN = Settings(market=EQUAL, views=[View({"A001": 1, "A002": -1}, 0.001)])
SINGLE = HierarchicalSeriation(
    hierarchical_clustering_estimator=HierarchicalClustering(linkage_method=LinkageMethod.SINGLE),
    optimal_ordering=False,
)


def told(method: Method) -> Settings:
    return LITTERMAN if method is Method.BLACK_LITTERMAN else Settings()


THEIRS: list[tuple[Method, Any]] = [
    (Method.MINIMUM_VARIANCE, MeanRisk(risk_measure=RiskMeasure.VARIANCE)),
    (
        Method.MEAN_VARIANCE,
        MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_measure=RiskMeasure.VARIANCE, risk_aversion=1.0
        ),
    ),
    (Method.MAXIMUM_DIVERSIFICATION, MaximumDiversification()),
    (Method.RISK_PARITY, RiskBudgeting(risk_measure=RiskMeasure.VARIANCE)),
    (Method.EQUAL_RISK_CONTRIBUTION, RiskBudgeting(risk_measure=RiskMeasure.VARIANCE)),
    (Method.HIERARCHICAL_RISK_PARITY, HierarchicalRiskParity(seriation_estimator=SINGLE)),
    (Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION, HierarchicalEqualRiskContribution()),
    (Method.MINIMUM_CVAR, MeanRisk(risk_measure=RiskMeasure.CVAR)),
]


@pytest.mark.parametrize(("method", "model"), THEIRS, ids=[str(method) for method, _ in THEIRS])
def test_a_method_gives_the_weights_of_skfolio(method: Method, model: Any) -> None:
    assert optimise(TWELVE, method).weights == pytest.approx(model.fit(SAMPLE).weights_, abs=2e-4)


CONSTRAINED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("bounds", {"at_most": 0.2, "at_least": 0.02}, {"max_weights": 0.2, "min_weights": 0.02}),
    (
        "sectors",
        {"sectors": SECTORS, "sector_at_most": {"energy": 0.1}},
        {
            "groups": [[SECTORS[symbol] for symbol in TWELVE.symbols]],
            "linear_constraints": ["energy <= 0.1"],
        },
    ),
    (
        "shorts and leverage",
        {"long_only": False, "leverage": 1.4},
        {"min_weights": None, "max_weights": None, "max_short": 0.2, "max_long": 1.2},
    ),
    (
        "costs",
        {"cost_rate": 0.0004, "current": EQUAL},
        {"transaction_costs": 0.0004, "previous_weights": np.full(12, 1 / 12)},
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), [case[1:] for case in CONSTRAINED], ids=[case[0] for case in CONSTRAINED])
def test_a_constraint_gives_the_weights_that_it_gives_in_skfolio(ours: Any, theirs: Any) -> None:
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_measure=RiskMeasure.VARIANCE,
        risk_aversion=5.0,
        **theirs,
    )
    found = optimise(TWELVE, Method.MEAN_VARIANCE, Constraints(**ours), Settings(risk_aversion=10.0))
    assert found.weights == pytest.approx(model.fit(SAMPLE).weights_, abs=5e-4)


def test_without_bounds_the_weights_are_those_of_the_closed_forms() -> None:
    inverse, ones = np.linalg.inv(TWELVE.covariance), np.ones(12)
    free = Constraints(long_only=False)
    least = inverse @ ones / (ones @ inverse @ ones)
    assert optimise(TWELVE, Method.MINIMUM_VARIANCE, free).weights == pytest.approx(least, abs=1e-5)
    deviations = np.sqrt(np.diag(TWELVE.covariance))
    diverse = inverse @ deviations / (ones @ inverse @ deviations)
    assert optimise(TWELVE, Method.MAXIMUM_DIVERSIFICATION, free).weights == pytest.approx(diverse, abs=1e-4)
    aversion = 30.0
    level = (ones @ inverse @ TWELVE.mean - aversion) / (ones @ inverse @ ones)
    best = inverse @ (TWELVE.mean - level) / aversion
    found = optimise(TWELVE, Method.MEAN_VARIANCE, free, Settings(risk_aversion=aversion))
    assert found.weights == pytest.approx(best, abs=1e-4)
    assert found.mean == pytest.approx(float(best @ TWELVE.mean), abs=1e-6)
    assert found.volatility == pytest.approx(float(np.sqrt(best @ TWELVE.covariance @ best)), rel=1e-4)


EVERYTHING = Constraints(
    budget=0.95,
    at_most=0.3,
    leverage=1.0,
    sectors=SECTORS,
    sector_at_most={"energy": 0.28},
    sector_at_least={"banks": 0.3},
    current=EQUAL,
    turnover=0.7,
    cost_rate=0.001,
    trading_cost=0.0006,
    benchmark=EQUAL,
    tracking_error=0.006,
)
OPTIMISED = [method for method in Method if "hierarchical" not in str(method)]


@pytest.mark.parametrize("method", OPTIMISED)
def test_every_constraint_holds_under_every_method_that_optimises(method: Method) -> None:
    found = optimise(TWELVE, method, EVERYTHING, told(method))
    assert len(found.effects) == 9
    for effect in found.effects:
        assert effect.low is None or effect.value >= effect.low - 1e-6, effect
        assert effect.high is None or effect.value <= effect.high + 1e-6, effect
    assert found.weights.sum() == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize("method", OPTIMISED)
def test_a_constraint_that_does_not_bind_changes_nothing(method: Method) -> None:
    loose = Constraints(leverage=5.0, at_most=0.999, turnover=3.0, current=EQUAL)
    plain = optimise(TWELVE, method, None, told(method)).weights
    assert optimise(TWELVE, method, loose, told(method)).weights == pytest.approx(plain, abs=2e-3)


@pytest.mark.parametrize("method", list(Method))
def test_a_budget_beside_cash_scales_what_does_not_weigh_returns(method: Method) -> None:
    found = optimise(TWELVE, method, Constraints(budget=0.6), told(method))
    assert found.weights.sum() == pytest.approx(0.6, abs=1e-9) and found.weights.min() >= 0
    if method not in (Method.MEAN_VARIANCE, Method.BLACK_LITTERMAN):
        assert found.weights / 0.6 == pytest.approx(optimise(TWELVE, method).weights, abs=2e-4)


@pytest.mark.parametrize("method", [Method.HIERARCHICAL_RISK_PARITY, Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION])
def test_hierarchical_methods_keep_to_bounds_and_refuse_the_rest(method: Method) -> None:
    found = optimise(TWELVE, method, Constraints(at_most=0.12, weights_at_least={"A003": 0.1}))
    assert found.weights.max() <= 0.12 + 1e-9 and found.by_symbol()["A003"] >= 0.1 - 1e-9
    with pytest.raises(InputError) as caught:
        optimise(TWELVE, method, Constraints(leverage=1.0))
    assert caught.value.field == "leverage"
    with pytest.raises(InputError, match="at_most"):
        optimise(TWELVE, method, Constraints(at_most=0.05))


def test_constraints_that_cannot_hold_together_are_named() -> None:
    with pytest.raises(InputError) as caught:
        optimise(TWELVE, Method.MINIMUM_VARIANCE, Constraints(at_most=0.05, leverage=1.5))
    assert caught.value.value == "budget, at_most"


@pytest.mark.parametrize("method", list(Method))
def test_a_singular_covariance_is_refused_where_it_matters(method: Method) -> None:
    few = Forecast.from_returns(symbols(20), returns(20, 15))
    fine = (Method.HIERARCHICAL_RISK_PARITY, Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION, Method.MINIMUM_CVAR)
    if method in fine:
        assert optimise(few, method, None, Settings(confidence=0.8)).weights.sum() == pytest.approx(1.0)
        return
    with pytest.raises(InputError, match="singular"):
        optimise(few, method, None, Settings(market={"A000": 1.0}, views=[View({"A001": 1}, 0.01)]))
    shrunk = Forecast.from_returns(symbols(20), returns(20, 15), Estimator.LEDOIT_WOLF)
    assert optimise(shrunk, Method.MINIMUM_VARIANCE).weights.sum() == pytest.approx(1.0)


REFUSED: list[tuple[str, Method, Constraints, Settings, str]] = [
    ("risk parity with shorts", Method.RISK_PARITY, Constraints(long_only=False), Settings(), "long_only"),
    ("risk parity of nothing", Method.RISK_PARITY, Constraints(budget=0.0), Settings(), "budget"),
    ("diversification of nothing", Method.MAXIMUM_DIVERSIFICATION, Constraints(budget=0.0), Settings(), "budget"),
    ("budgets of another method", Method.MINIMUM_CVAR, Constraints(), Settings(risk_budgets=EQUAL), "risk_budgets"),
    ("a budget that is missing", Method.RISK_PARITY, Constraints(), Settings(risk_budgets={"A000": 1}),
     "risk_budgets.A001"),
    ("a tail of less than one", Method.MINIMUM_CVAR, Constraints(), Settings(confidence=0.999), "confidence"),
    ("long positions of a negative sum", Method.MINIMUM_CVAR, Constraints(budget=-1.0), Settings(), "budget"),
    ("no market", Method.BLACK_LITTERMAN, Constraints(), Settings(), "market"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "asked", "settings", "field"), [case[1:] for case in REFUSED],
                         ids=[case[0] for case in REFUSED])  # fmt: skip
def test_what_a_method_cannot_do_is_refused(method: Method, asked: Any, settings: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        optimise(TWELVE, method, asked, settings)
    assert caught.value.field == field


def test_minimum_cvar_without_scenarios_is_refused() -> None:
    blind = Forecast(TWELVE.symbols, TWELVE.mean, TWELVE.covariance)
    with pytest.raises(InputError) as caught:
        optimise(blind, Method.MINIMUM_CVAR)
    assert caught.value.field == "scenarios"
    assert optimise(blind, Method.HIERARCHICAL_EQUAL_RISK_CONTRIBUTION).shortfall is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"risk_aversion": 0.0}, "risk_aversion"),
        ({"risk_aversion": float("nan")}, "risk_aversion"),
        ({"confidence": 1.0}, "confidence"),
        ({"linkage": "nearest"}, "linkage"),
        ({"risk_budgets": {"A000": 0.0}}, "risk_budgets.A000"),
    ],
)
def test_settings_that_are_none_are_refused(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Settings(**values)
    assert caught.value.field == field


def test_risk_budgets_are_contributions() -> None:
    shares = {symbol: 1.0 + at for at, symbol in enumerate(TWELVE.symbols)}
    found = optimise(TWELVE, Method.RISK_PARITY, None, Settings(risk_budgets=shares)).weights
    contributions = found * (TWELVE.covariance @ found)
    assert contributions / contributions[0] == pytest.approx(np.arange(1.0, 13.0), rel=1e-6)


def test_weights_that_break_a_constraint_are_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_: object) -> Array:
        return np.r_[0.5, np.full(11, 0.5 / 11)]

    monkeypatch.setattr("actors.portfolio.construction.optimise.solved", careless)
    with pytest.raises(AlphaMindError, match="do not keep to at_most") as caught:
        optimise(TWELVE, Method.MINIMUM_VARIANCE, Constraints(at_most=0.2))
    assert not isinstance(caught.value, InputError) and caught.value.value == pytest.approx(0.5)


def test_a_solver_that_finds_nothing_where_there_is_something_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> Array:
        raise SolverError("lost\nits way")

    monkeypatch.setattr("actors.portfolio.construction.optimise.solved", lost)
    with pytest.raises(AlphaMindError, match="found no weights: lost"):
        optimise(TWELVE, Method.MINIMUM_VARIANCE, Constraints(at_most=0.2))


@pytest.mark.parametrize("method", list(Method))
def test_one_asset_gets_the_budget(method: Method) -> None:
    assert of(method, forecast(1)).weights == pytest.approx([1.0])


def of(method: Method, found: Forecast) -> Allocation:
    names = dict.fromkeys(found.symbols, 1.0)
    views = [View({found.symbols[0]: 1.0}, 0.001)]
    return optimise(found, method, None, Settings(market=names, views=views, confidence=0.9))


def shuffled(found: Forecast, order: Any) -> Forecast:
    names = tuple(found.symbols[at] for at in order)
    scenarios: Array = SAMPLE[:60, : len(names)][:, order]
    return Forecast(names, found.mean[order], found.covariance[np.ix_(order, order)], scenarios)


@pytest.mark.parametrize("method", list(Method))
@given(assets=st.integers(2, 9), seed=st.integers(0, 10**6))
@settings(max_examples=6, deadline=None)
def test_weights_keep_the_laws(method: Method, assets: int, seed: int) -> None:
    """They add up, none is negative, the order of assets and the unit of time change none."""
    made = Forecast.from_returns(symbols(assets), SAMPLE[:60, :assets])
    found = of(method, made)
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-9)
    assert found.weights.min() >= 0
    order = np.random.default_rng(seed).permutation(assets)
    if method is Method.BLACK_LITTERMAN:
        order = np.r_[0, 1 + np.random.default_rng(seed).permutation(assets - 1)]
    # A cluster tree's halves are those of its drawing, which may have its branches the other way round.
    if "hierarchical" not in str(method):
        assert of(method, shuffled(made, order)).weights == pytest.approx(found.weights[order], abs=1e-3)
    if method not in (Method.MEAN_VARIANCE, Method.BLACK_LITTERMAN, Method.MINIMUM_CVAR):
        longer = Forecast(made.symbols, made.mean, 252 * made.covariance)
        assert of(method, longer).weights == pytest.approx(found.weights, abs=1e-4)
