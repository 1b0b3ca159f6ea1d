"""The three short ways give what ``skfolio`` gives, and what their sources say."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.optimize import linprog
from scipy.spatial.distance import squareform
from skfolio import RiskMeasure
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.optimization import HierarchicalRiskParity, MeanRisk, RiskBudgeting
from skfolio.seriation import HierarchicalSeriation

from actors.errors import InputError
from actors.portfolio.construction.checks import Array
from actors.portfolio.construction.hierarchical_risk_parity import Linkage, hierarchical_risk_parity
from actors.portfolio.construction.minimum_cvar import expected_shortfall, minimum_cvar
from actors.portfolio.construction.risk_parity import risk_parity
from tests.actors.portfolio.construction.builders import returns, symbols
from tests.data import real_data

SHAPES = [(4, 60, 1), (12, 250, 2), (40, 300, 3), (100, 120, 4)]


def least_shortfall(scenarios: Array, confidence: float) -> float:
    """Return the least expected shortfall by the whole linear programme of Rockafellar and Uryasev."""
    rows, assets = scenarios.shape
    returns = scenarios / 0.01
    found = linprog(
        np.r_[np.zeros(assets), 1.0, np.full(rows, 1 / (rows * (1 - confidence)))],
        A_ub=np.hstack([-returns, -np.ones((rows, 1)), -np.eye(rows)]),
        b_ub=np.zeros(rows),
        A_eq=np.r_[np.ones(assets), np.zeros(rows + 1)][None],
        b_eq=[1.0],
        bounds=[(0, None)] * assets + [(None, None)] + [(0, None)] * rows,
    )
    return float(found.fun) * 0.01


@pytest.mark.parametrize(("assets", "periods", "seed"), SHAPES)
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_minimum_cvar_is_the_optimum_of_the_whole_programme(
    assets: int, periods: int, seed: int, confidence: float
) -> None:
    scenarios = returns(assets, periods, seed)
    weights = minimum_cvar(scenarios, confidence)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12) and weights.min() >= 0
    found = expected_shortfall(-(scenarios @ weights), confidence)
    assert found == pytest.approx(least_shortfall(scenarios, confidence), abs=1e-8)


def test_minimum_cvar_is_that_of_skfolio() -> None:
    scenarios = returns(30, 250)
    theirs = MeanRisk(risk_measure=RiskMeasure.CVAR).fit(scenarios).weights_
    ours = minimum_cvar(scenarios)
    assert expected_shortfall(-(scenarios @ ours), 0.95) <= expected_shortfall(-(scenarios @ theirs), 0.95) + 1e-9
    assert ours == pytest.approx(theirs, abs=2e-3)


@given(
    assets=st.integers(1, 8), periods=st.integers(12, 60), seed=st.integers(0, 10**6), confidence=st.floats(0.5, 0.9)
)
@settings(max_examples=25, deadline=None)
def test_no_portfolio_has_a_lower_expected_shortfall(assets: int, periods: int, seed: int, confidence: float) -> None:
    scenarios = returns(assets, periods, seed)
    weights = minimum_cvar(scenarios, confidence)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1.0)
    best = expected_shortfall(-(scenarios @ weights), confidence)
    for other in np.random.default_rng(seed).dirichlet(np.ones(assets), 50):
        assert best <= expected_shortfall(-(scenarios @ other), confidence) + 1e-9


def test_scenarios_that_repeat_themselves_are_no_hindrance() -> None:
    scenarios = np.repeat(np.round(returns(6, 20), 3), 4, axis=0)
    weights = minimum_cvar(scenarios, 0.9)
    found = expected_shortfall(-(scenarios @ weights), 0.9)
    assert found == pytest.approx(least_shortfall(scenarios, 0.9), abs=1e-8)


def test_expected_shortfall_counts_a_part_of_a_scenario() -> None:
    assert expected_shortfall(np.arange(1.0, 11.0), 0.85) == pytest.approx((10 + 0.5 * 9) / 1.5)
    assert expected_shortfall(np.arange(1.0, 21.0), 0.9) == pytest.approx(19.5)


@pytest.mark.parametrize(
    ("confidence", "budget", "field"), [(1.0, 1.0, "confidence"), (0.999, 1.0, "confidence"), (0.9, -1.0, "budget")]
)
def test_what_minimum_cvar_cannot_do_is_refused(confidence: float, budget: float, field: str) -> None:
    with pytest.raises(InputError) as caught:
        minimum_cvar(returns(3, 50), confidence, budget)
    assert caught.value.field == field


@pytest.mark.parametrize(("assets", "periods", "seed"), SHAPES)
@pytest.mark.parametrize("linkage", ["single", "ward"])
def test_hierarchical_risk_parity_is_that_of_skfolio(assets: int, periods: int, seed: int, linkage: Linkage) -> None:
    sample = returns(assets, periods, seed)
    clusters = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    seriation = HierarchicalSeriation(hierarchical_clustering_estimator=clusters, optimal_ordering=False)
    theirs = HierarchicalRiskParity(seriation_estimator=seriation).fit(sample).weights_
    ours = hierarchical_risk_parity(np.cov(sample, rowvar=False), linkage=linkage)
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-15)


def test_ordered_leaves_are_those_of_skfolio() -> None:
    sample = returns(30, 250)
    theirs = HierarchicalRiskParity().fit(sample).weights_
    ours = hierarchical_risk_parity(np.cov(sample, rowvar=False), linkage="ward", ordered=True)
    assert ours == pytest.approx(theirs, rel=1e-9)


def plainly(covariance: Array, correlation: Array) -> Array:
    """Return the weights of hierarchical risk parity as the source's own listing reckons them."""
    distances = np.sqrt(np.clip((1 - correlation) / 2, 0, 1))
    np.fill_diagonal(distances, 0)
    order = hierarchy.leaves_list(hierarchy.linkage(squareform(distances, checks=False), "single"))
    weights, clusters = np.ones(len(order)), [order.tolist()]

    def variance(members: list[int]) -> float:
        part = covariance[np.ix_(members, members)]
        inverse = 1 / np.diag(part)
        inverse = inverse / inverse.sum()
        return float(inverse @ part @ inverse)

    while clusters:
        members = clusters.pop()
        if len(members) > 1:
            left, right = members[: len(members) // 2], members[len(members) // 2 :]
            share = 1 - variance(left) / (variance(left) + variance(right))
            weights[left] *= share
            weights[right] *= 1 - share
            clusters += [left, right]
    return weights


def ragged() -> pd.DataFrame:
    """Return closes of assets that begin at different times."""
    sample = returns(9, 400, 8)
    closes = pd.DataFrame(100 * np.cumprod(1 + sample, axis=0), columns=symbols(9))
    for at, begin in enumerate((0, 0, 40, 0, 120, 7, 0, 200, 90)):
        closes.iloc[:begin, at] = np.nan
    return closes


def pairwise(closes: pd.DataFrame) -> tuple[Array, Array]:
    """Return covariance and correlation of returns, each pair from the periods that it has in common."""
    found = closes.pct_change(fill_method=None).dropna(how="all")
    return found.cov().to_numpy(), found.corr().to_numpy()


def test_the_reference_weights_are_reproduced() -> None:
    folder = real_data("portfolio_vectors")
    closes = pd.read_csv(folder / "stock_prices.csv.gz", index_col=0)
    with gzip.open(folder / "weights_hrp.csv.gz", "rt") as lines:
        reference = pd.read_csv(lines, index_col=0).iloc[:, 0]
    ours = pd.Series(hierarchical_risk_parity(*pairwise(closes)), closes.columns)
    assert ours.reindex(reference.index).to_numpy() == pytest.approx(reference.to_numpy(), rel=1e-12)


def test_weights_of_assets_that_begin_at_different_times_are_those_of_the_source() -> None:
    """The twin of the reference weights, on generated closes."""
    covariance, correlation = pairwise(ragged())
    assert hierarchical_risk_parity(covariance, correlation) == pytest.approx(plainly(covariance, correlation))
    assert not np.allclose(covariance, np.cov(ragged().pct_change().dropna().to_numpy(), rowvar=False))


def test_a_reference_covariance_gives_the_weights_of_the_source() -> None:
    path = real_data("portfolio_vectors", "cov_matrix.csv.gz")
    covariance = pd.read_csv(path, index_col=0).to_numpy()
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    assert hierarchical_risk_parity(covariance) == pytest.approx(plainly(covariance, correlation), rel=1e-9)


def test_a_singular_covariance_is_no_hindrance_to_hierarchical_risk_parity() -> None:
    covariance = np.cov(returns(40, 15), rowvar=False)
    weights = hierarchical_risk_parity(covariance)
    assert weights.sum() == pytest.approx(1.0) and weights.min() > 0


def test_one_asset_gets_all() -> None:
    assert hierarchical_risk_parity(np.array([[0.04]])).tolist() == [1.0]
    assert risk_parity(np.array([[0.04]])) == pytest.approx([1.0])


def test_a_half_with_less_than_no_risk_is_refused() -> None:
    bad = np.array([[1, -1.5, 0, 0], [-1.5, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    near = np.eye(4)
    near[:2, :2] = near[2:, 2:] = [[1, 0.9], [0.9, 1]]
    with pytest.raises(InputError, match="no risk to split"):
        hierarchical_risk_parity(bad, near)


@pytest.mark.parametrize(("assets", "periods", "seed"), [shape for shape in SHAPES if shape[0] < shape[1]])
def test_risk_parity_is_that_of_skfolio(assets: int, periods: int, seed: int) -> None:
    sample = returns(assets, periods, seed)
    theirs = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE).fit(sample).weights_
    # Contributions of theirs are equal to 1e-4 or so, of ours to 1e-9; see below.
    assert risk_parity(np.cov(sample, rowvar=False)) == pytest.approx(theirs, abs=5e-5)


@given(
    assets=st.integers(1, 25),
    seed=st.integers(0, 10**6),
    scale=st.floats(1e-8, 1e8),
    uneven=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_every_asset_contributes_its_budget(assets: int, seed: int, scale: float, uneven: bool) -> None:
    covariance = np.atleast_2d(np.cov(returns(assets, 100, seed), rowvar=False))
    budgets = np.random.default_rng(seed).uniform(0.1, 2, assets) if uneven else np.ones(assets)
    weights = risk_parity(covariance * scale, budgets if uneven else None)
    contributions = weights * (covariance @ weights)
    assert contributions / contributions.sum() == pytest.approx(budgets / budgets.sum(), rel=1e-8)
    assert weights.min() > 0 and weights.sum() == pytest.approx(1.0)
    assert risk_parity(covariance, budgets) == pytest.approx(weights, rel=1e-8)


@given(assets=st.integers(2, 15), seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_order_of_assets_changes_nothing(assets: int, seed: int) -> None:
    sample = returns(assets, 80, seed)
    order = np.random.default_rng(seed).permutation(assets)
    shuffled = sample[:, order]
    parity = risk_parity(np.cov(sample, rowvar=False))
    assert risk_parity(np.cov(shuffled, rowvar=False)) == pytest.approx(parity[order], rel=1e-7)
    least = expected_shortfall(-(sample @ minimum_cvar(sample, 0.9)), 0.9)
    assert expected_shortfall(-(shuffled @ minimum_cvar(shuffled, 0.9)), 0.9) == pytest.approx(least, abs=1e-9)
