"""The long-only portfolio of least expected shortfall, as a linear programme over few assets and few scenarios.

Expected shortfall is the worst mean loss over all probabilities q that give no scenario more than its share of the
tail: R. Rockafellar and S. Uryasev (2000), "Optimization of conditional value-at-risk", Journal of Risk 2(3). Hence
the least of it is the value of a game, max over q of min over assets of the asset's mean loss under q: one unknown a
scenario, one condition an asset. Of these only the few matter in which the answer holds something, or loses more than
its value at risk. The programme (HiGHS) is solved for some, and those that the answer violates join, until there is
none: the cuts of A. Kuenzi-Bay and J. Mayer (2006), "Computational aspects of minimizing conditional value-at-risk",
Computational Management Science 3(1), over scenarios and, by duality, over assets. The answer then has the same value
as the bound that q gives, and so is the optimum of the whole.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from actors.errors import AlphaMindError, InputError
from actors.portfolio.construction.checks import Array

_FIRST_ASSETS = 80
_MORE_ASSETS = 40
_TAILS = 4
_TOLERANCE = 1e-9
_GAP = 1e-7


def minimum_cvar(scenarios: Array, confidence: float = 0.95, budget: float = 1.0) -> Array:
    """Return the weights, none negative, whose sum is ``budget`` and whose expected shortfall is least.

    Args:
        scenarios: Equally likely returns, shape (scenarios, n), finite.
        confidence: Level of the expected shortfall, between 0 and 1.
        budget: Sum of the weights, positive.

    Returns:
        Shape (n,).

    Raises:
        InputError: A confidence or budget that is none, or fewer scenarios than reach into the tail.
    """
    check_tail(len(scenarios), confidence)
    if not (math.isfinite(budget) and budget > 0):
        raise InputError("not a budget of long positions", field="budget", value=budget, rule="positive")
    # HiGHS allows errors of 1e-7 in each condition, so returns are brought to about 1 first.
    scale = float(np.abs(scenarios).mean())
    if scale == 0:
        raise InputError("no scenario moves", field="scenarios", value=0.0, rule="returns that differ")
    returns = scenarios / scale
    first = 1 / np.maximum(returns.var(axis=0), _TOLERANCE)
    assets = _largest(first, _FIRST_ASSETS)
    rows = _largest(-(returns @ (first / first.sum())), math.ceil(_TAILS * (1 - confidence) * len(returns)))
    while True:
        held, chances, value, threshold = _solve(returns[np.ix_(rows, assets)], (1 - confidence) * len(returns))
        weights = np.zeros(returns.shape[1])
        weights[assets] = held
        losses = -(returns @ weights)
        means = -(returns[rows].T @ chances)
        joining = np.setdiff1d(np.flatnonzero(losses > threshold + _TOLERANCE), rows)
        better = np.setdiff1d(np.flatnonzero(means < value - _TOLERANCE), assets)
        if not len(joining) and not len(better):
            break
        assets = np.union1d(assets, better[np.argsort(means[better], kind="stable")[:_MORE_ASSETS]])
        rows = np.union1d(rows, joining)
    if expected_shortfall(losses, confidence) - means.min() > _GAP * max(1.0, abs(value)):
        raise AlphaMindError("the linear programme of least expected shortfall was not solved to its optimum")
    return np.asarray(weights * (budget / weights.sum()), np.float64)


def expected_shortfall(losses: Array, confidence: float) -> float:
    """Return the mean of the worst ``1 - confidence`` of equally likely losses (shape (n,)), a part of one included."""
    tail = (1 - confidence) * len(losses)
    ordered = np.sort(losses)[::-1]
    # What is whole but for a rounding error is whole.
    whole = min(math.floor(tail + 1e-9), len(ordered))
    part = max(tail - whole, 0.0) * ordered[whole] if whole < len(ordered) else 0.0
    return float((ordered[:whole].sum() + part) / tail)


def check_tail(scenarios: int, confidence: float) -> None:
    """Refuse a confidence that is none, or at which the tail holds less than one scenario.

    Raises:
        InputError: It is so.
    """
    if not 0 < confidence < 1:
        raise InputError("not a confidence", field="confidence", value=confidence, rule="between 0 and 1")
    if scenarios * (1 - confidence) < 1 - 1e-9:
        raise InputError(
            "too few scenarios for this confidence",
            field="confidence",
            value=confidence,
            rule=f"at most {1 - 1 / scenarios if scenarios else 0:.4g} with {scenarios} scenarios",
            remedy="take more periods, or a lower confidence",
        )


def _solve(returns: Array, tail: float) -> tuple[Array, Array, float, float]:
    """Return weights, probabilities, expected shortfall and value at risk of the game over some rows and columns."""
    from scipy.optimize import linprog

    rows, assets = returns.shape
    found = linprog(
        np.r_[np.zeros(rows), -1.0],
        A_ub=np.hstack([returns.T, np.ones((assets, 1))]),
        b_ub=np.zeros(assets),
        A_eq=np.r_[np.ones(rows), 0.0][None],
        b_eq=[1.0],
        bounds=[(0, 1 / tail)] * rows + [(None, None)],
        method="highs-ds",
    )
    if found.status != 0:
        raise AlphaMindError(f"the linear programme of least expected shortfall was not solved: {found.message}")
    weights = np.maximum(-found.ineqlin.marginals, 0.0)
    return weights, found.x[:-1], float(found.x[-1]), float(-found.eqlin.marginals[0])


def _largest(values: Array, count: int) -> npt.NDArray[np.intp]:
    return np.sort(np.argsort(-values, kind="stable")[:count])
