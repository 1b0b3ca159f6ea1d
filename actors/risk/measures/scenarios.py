"""Monte Carlo: joint returns of instruments, drawn from what they were, for a book to be revalued under each.

Where a book is not linear in prices, the losses of its full revaluation under these scenarios are what the measures of
``tails`` are taken of.
"""

from __future__ import annotations

import math

import numpy as np

from actors.errors import InputError
from actors.risk.measures.tails import Array


def draw_returns(returns: Array, draws: int, seed: int, horizon: int = 1, freedom: float | None = None) -> Array:
    """Return scenarios with the means and covariances of past returns.

    Each scenario is the mean plus a random combination of past deviations from it, with independent standard normal
    weights: its covariance is that of the sample, also where that is singular (fewer periods than instruments). For a
    multivariate t each scenario is stretched by sqrt((freedom - 2) / chi-squared), so covariances stay what they were.
    A. McNeil, R. Frey and P. Embrechts (2015), "Quantitative Risk Management", section 6.2.

    Args:
        returns: Simple returns, shape (periods, instruments), finite, at least 2 periods.
        draws: Number of scenarios.
        seed: Seed.
        horizon: Periods ahead; they are taken as independent.
        freedom: Degrees of freedom of a multivariate t, more than 2; ``None`` for normal scenarios.

    Returns:
        Shape (draws, instruments).

    Raises:
        InputError: Returns that are not finite or too few, or too few degrees of freedom.
    """
    if returns.ndim != 2 or len(returns) < 2:
        raise InputError("too few returns", field="returns", value=f"shape {returns.shape}", rule="2 periods or more")
    wrong = np.argwhere(~np.isfinite(returns))
    if len(wrong):
        period, instrument = wrong[0].tolist()
        raise InputError(
            "a return is not a finite number",
            field=f"returns[{period}, {instrument}]",
            value=str(returns[period, instrument]),
            rule="finite",
        )
    if freedom is not None and not freedom > 2:
        raise InputError("a t distribution without a variance", field="freedom", value=freedom, rule="more than 2")
    chance = np.random.default_rng(seed)
    mean = returns.mean(axis=0)
    deviations = (returns - mean) / math.sqrt(len(returns) - 1)
    drawn = chance.standard_normal((draws, len(returns))) @ deviations
    if freedom is not None:
        drawn *= np.sqrt((freedom - 2) / chance.chisquare(freedom, draws))[:, None]
    return np.asarray(horizon * mean + math.sqrt(horizon) * drawn, np.float64)
