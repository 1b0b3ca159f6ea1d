"""Risk parity: every asset contributes its budget of the portfolio's variance.

The weights are, up to their sum, where x'Cx / 2 - sum of b log x is least, a convex problem: F. Spinu (2013), "An
algorithm for computing risk parity weights", with his damped Newton steps, which need about ten factorisations.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from actors.errors import AlphaMindError
from actors.portfolio.construction.checks import Array

_MOST_STEPS = 200
_FULL_STEP = 0.2
_PRECISION = 1e-9


def risk_parity(covariance: Array, budgets: Array | None = None) -> Array:
    """Return positive weights whose sum is 1.

    Args:
        covariance: Shape (n, n), positive definite.
        budgets: Share of the variance that each asset is to contribute, shape (n,), all positive; equal where left out.

    Returns:
        Shape (n,).

    Raises:
        AlphaMindError: The steps do not settle, which a positive definite covariance excludes.
    """
    deviations = np.sqrt(np.diag(covariance))
    standard = covariance / deviations / deviations[:, None]
    count = len(deviations)
    shares = np.full(count, 1.0 / count) if budgets is None else budgets / budgets.sum()
    # The start has a variance of 1 where all weights are the same, as the answer has.
    position = np.full(count, 1.0 / np.sqrt(standard.sum())) if standard.sum() > 0 else np.sqrt(shares)
    diagonal = np.diag_indices(count)
    for _ in range(_MOST_STEPS):
        slope = standard @ position - shares / position
        curvature = standard.copy()
        curvature[diagonal] += shares / position**2
        factor = linalg.cho_factor(curvature, lower=True, overwrite_a=True, check_finite=False)
        step = -linalg.cho_solve(factor, slope, check_finite=False)
        furthest = float(np.abs(step / position).max())
        position = position + step / (1.0 if furthest < _FULL_STEP else 1.0 + furthest)
        if furthest < _PRECISION:  # the step that was just made has squared the error
            weights = position / deviations
            return np.asarray(weights / weights.sum(), np.float64)
    raise AlphaMindError("the weights of risk parity did not settle", field="covariance", value=furthest)
