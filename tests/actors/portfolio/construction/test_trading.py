"""Garleanu and Pedersen: the figures of the article, and the optimum found by going through every period."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.construction.trading import TradingPolicy, value_slope

NAMES = ("AAA", "BBB", "CCC")


def test_the_figures_of_the_article_are_reproduced() -> None:
    """Risk aversion 1e-9, cost 5e-7, 2% a year over 260 days, as in the article's section on commodity futures."""
    slope = value_slope(1e-9, 5e-7, 1 - math.exp(-0.02 / 260))
    assert slope == pytest.approx(2.18475e-8, rel=1e-5)
    assert slope / 5e-7 == pytest.approx(0.043695, rel=1e-4)


def problem(seed: int) -> tuple[Any, Any, Any, Any]:
    chance = np.random.default_rng(seed)
    root, other = chance.normal(size=(2, 3, 3))
    fading = np.array([[0.1, 0.02], [0.0, 0.4]])
    return root @ root.T + 0.5 * np.eye(3), other @ other.T + np.eye(3), chance.normal(size=(3, 2)), fading


def best_trade(covariance: Any, cost: Any, loadings: Any, fading: Any, aversion: float, discount: float) -> Any:
    """Return the best trade as a linear map of holdings and factors, by going back period after period."""
    kept = 1 - discount
    assets, factors = loadings.shape
    onward = np.block([[np.eye(assets), np.zeros((assets, factors))],
                       [np.zeros((factors, assets)), np.eye(factors) - fading]])  # fmt: skip
    trade = np.vstack([np.eye(assets), np.zeros((factors, assets))])
    now = kept * np.block([[aversion * covariance, -loadings], [-loadings.T, np.zeros((factors, factors))]])
    later = np.zeros_like(now)
    for _ in range(400):
        inner = cost + trade.T @ now @ trade + kept * trade.T @ later @ trade
        outer = trade.T @ now + kept * trade.T @ later @ onward
        rule = np.linalg.solve(inner, outer)
        later = now + kept * onward.T @ later @ onward - outer.T @ rule
        later = (later + later.T) / 2
    return rule


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("discount", [0.0, 0.1])
@pytest.mark.parametrize("proportional", [True, False])
def test_the_trade_is_the_optimum_over_all_periods(seed: int, discount: float, proportional: bool) -> None:
    covariance, cost, loadings, fading = problem(seed)
    given = 2.0 if proportional else cost
    policy = TradingPolicy(NAMES, covariance, loadings, fading, 0.7, given, discount)
    held, factors = np.random.default_rng(seed + 9).normal(size=3), np.array([0.7, -1.1])
    rule = best_trade(covariance, 2.0 * covariance if proportional else cost, loadings, fading, 0.7, discount)
    assert policy.trade(held, factors) == pytest.approx(held - rule @ np.r_[held, factors], rel=1e-6)
    if proportional:
        assert policy.rate == pytest.approx(np.eye(3) * value_slope(0.7, 2.0, discount) / 2.0)


def test_without_fading_the_aim_is_the_markowitz_portfolio_and_a_fading_factor_counts_less() -> None:
    covariance, _, loadings, fading = problem(4)
    factors = np.array([1.0, 0.0])
    lasting = TradingPolicy(NAMES, covariance, loadings, np.zeros((2, 2)), 0.7, 2.0)
    best = np.linalg.solve(0.7 * covariance, loadings @ factors)
    assert lasting.aim(factors) == pytest.approx(best)
    faded = TradingPolicy(NAMES, covariance, loadings, np.diag([0.4, 0.4]), 0.7, 2.0)
    assert np.abs(faded.aim(factors)).sum() < np.abs(best).sum()


def test_trading_again_and_again_comes_to_the_aim() -> None:
    covariance, cost, loadings, _ = problem(5)
    policy = TradingPolicy(NAMES, covariance, loadings, np.zeros((2, 2)), 0.7, cost)
    held, factors = np.zeros(3), np.array([0.3, 0.4])
    for _ in range(500):
        held = policy.trade(held, factors)
    assert held == pytest.approx(policy.aim(factors), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"risk_aversion": 0.0}, "risk_aversion"),
        ({"cost": -1.0}, "cost"),
        ({"cost": np.zeros((3, 3))}, "cost[AAA, AAA]"),
        ({"discount": 1.0}, "discount"),
        ({"fading": np.diag([-0.1, 0.5])}, "fading"),
        ({"fading": np.diag([0.1, 2.5])}, "fading"),
        ({"fading": np.eye(3)}, "fading"),
        ({"loadings": np.array([[1.0, 1], [1, np.nan], [1, 1]])}, "loadings[BBB, factor 1]"),
        ({"covariance": np.ones((3, 3))}, "covariance"),
    ],
)
def test_what_is_no_policy_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    covariance, _, loadings, fading = problem(0)
    given: dict[str, Any] = {"covariance": covariance, "loadings": loadings, "fading": fading, "risk_aversion": 1.0,
                             "cost": 1.0, "discount": 0.0}  # fmt: skip
    with pytest.raises(InputError) as caught:
        TradingPolicy(NAMES, **(given | changes))
    assert caught.value.field == field


def test_holdings_and_factors_that_are_missing_are_refused() -> None:
    covariance, _, loadings, fading = problem(0)
    policy = TradingPolicy(NAMES, covariance, loadings, fading, 1.0, 1.0)
    with pytest.raises(InputError) as caught:
        policy.trade(np.array([0.0, np.nan, 0.0]), np.zeros(2))
    assert caught.value.field == "held[BBB]"
    with pytest.raises(InputError) as caught:
        policy.aim(np.array([0.0, np.inf]))
    assert caught.value.field == "factors[factor 1]"
