"""Portfolio construction: what the three short ways take beside ``skfolio``, and whether they give the same weights.

Of the libraries that do the same (skfolio, riskfolio, PyPortfolioOpt), the fastest at 500 assets x 1,000 scenarios on
one machine were skfolio for minimum CVaR (4.0 s; riskfolio 4.7, PyPortfolioOpt 5.1), PyPortfolioOpt for hierarchical
risk parity (1.4 s; riskfolio 1.8, skfolio 2.2) and riskfolio for risk parity (2.2 s; skfolio 2.4). Here skfolio, which
is installed with AlphaMind, is measured in the same run.

The weights have to be the same, and the risk that is to be least no larger than theirs. Where skfolio's solver stops
short of the optimum, as with minimum CVaR at the size of daily returns (by 1e-3 of the shortfall; by 2e-5 where returns
are in percent), theirs may be larger by that; ``minimum_cvar`` itself refuses an answer that misses its dual bound.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from actors.portfolio.construction.checks import Array
from actors.portfolio.construction.hierarchical_risk_parity import hierarchical_risk_parity
from actors.portfolio.construction.minimum_cvar import expected_shortfall, minimum_cvar
from actors.portfolio.construction.risk_parity import risk_parity
from tests.benchmarks.figures import figure

ASSETS, SCENARIOS, FACTORS, SEED = 500, 1_000, 10, 5
ROUNDS = 5
CONFIDENCE = 0.95
_SHORT_OF_OPTIMUM = 2e-3
SHORTFALL, HIERARCHICAL, PARITY = 0.00824872, 0.0069017, 0.0067601
"""Expected shortfall of the least, and volatilities, that all three libraries find for these scenarios."""


def measure_construction() -> bool:
    """Print the figures; return whether all answers are those of ``skfolio``."""
    sample = scenarios()
    covariance = np.cov(sample, rowvar=False)
    right = [
        _measured(
            "minimum CVaR",
            lambda: minimum_cvar(sample, CONFIDENCE),
            _minimum_cvar_of_skfolio(),
            sample,
            0.25,
            lambda weights: expected_shortfall(-(sample @ weights), CONFIDENCE),
            SHORTFALL,
        ),
        _measured(
            "hierarchical risk parity",
            lambda: hierarchical_risk_parity(np.cov(sample, rowvar=False)),
            _hierarchical_of_skfolio(),
            sample,
            0.05,
            lambda weights: float(np.sqrt(weights @ covariance @ weights)),
            HIERARCHICAL,
        ),
        _measured(
            "risk parity",
            lambda: risk_parity(np.cov(sample, rowvar=False)),
            _parity_of_skfolio(),
            sample,
            0.05,
            lambda weights: float(np.sqrt(weights @ covariance @ weights)),
            PARITY,
        ),
    ]
    return all(right)


def scenarios() -> Array:
    """Return daily returns, shape (scenarios, assets), heavy in the tails, of assets that ten factors move."""
    chance = np.random.Generator(np.random.PCG64(SEED))
    factors = 0.006 * chance.standard_t(5, (SCENARIOS, FACTORS))
    loadings = 0.5 * chance.standard_normal((FACTORS, ASSETS))
    loadings[0] = chance.uniform(0.5, 1.5, ASSETS)
    means = 0.0003 * chance.standard_normal(ASSETS)
    alone = 0.01 * chance.uniform(0.5, 2, ASSETS) * chance.standard_t(5, (SCENARIOS, ASSETS))
    return np.asarray(means + factors @ loadings + alone, np.float64)


def _measured(
    name: str,
    ours: Callable[[], Array],
    model: Any,
    sample: Array,
    goal: float,
    measure: Callable[[Array], float],
    expected: float,
) -> bool:
    weights = ours()
    took = [_seconds(ours) for _ in range(ROUNDS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = min(_seconds(lambda: model.fit(sample)) for _ in range(2))
    theirs = np.asarray(model.weights_, np.float64)
    found, other = measure(weights), measure(theirs)
    difference = float(np.abs(weights - theirs).max())
    figure(
        f"{name}, {ASSETS} assets x {SCENARIOS} scenarios",
        1e3 * statistics.median(took),
        "ms",
        reference=1e3 * reference,
        goal=goal,
        of="ratio",
        rounds=[round(1e3 * seconds, 1) for seconds in took],
        answer=found,
        answer_of_reference=other,
        largest_difference_of_weights=difference,
        conditions="from returns to weights; reference: skfolio in the same run, the faster of two; see the module "
        "for which library is the fastest",
    )
    right = -1e-8 < other / found - 1 < _SHORT_OF_OPTIMUM and abs(found / expected - 1) < 1e-5 and difference < 1e-3
    if not right:
        sys.stderr.write(f"{name}: {found} beside {other} and {expected}; weights differ by {difference}\n")
    return right


def _minimum_cvar_of_skfolio() -> Any:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    return MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=CONFIDENCE)


def _hierarchical_of_skfolio() -> Any:
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalRiskParity
    from skfolio.seriation import HierarchicalSeriation

    clusters = HierarchicalClustering(linkage_method=LinkageMethod.SINGLE)
    return HierarchicalRiskParity(
        seriation_estimator=HierarchicalSeriation(hierarchical_clustering_estimator=clusters, optimal_ordering=False)
    )


def _parity_of_skfolio() -> Any:
    from skfolio import RiskMeasure
    from skfolio.optimization import RiskBudgeting

    return RiskBudgeting(risk_measure=RiskMeasure.VARIANCE)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
