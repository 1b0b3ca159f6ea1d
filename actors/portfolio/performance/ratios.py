"""Ratios that have no closed interval: each with one from the stationary bootstrap, the hit rate with Wilson's.

The statistics take shape (..., n) and give shape (...), so that all resampled series are measured at once.

Sources: F. A. Sortino and R. van der Meer (1991), Journal of Portfolio Management 17(4) (downside deviation over all
periods); C. Keating and W. F. Shadwick (2002), "A universal performance measure" (omega); E. B. Wilson (1927), Journal
of the American Statistical Association 22(158) (interval of a proportion).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.bootstrap import Bootstrap
from actors.portfolio.performance.drawdowns import calmar_ratio
from actors.portfolio.performance.estimate import Estimate, normal_quantile
from actors.portfolio.performance.inputs import Array, numbers

_TAIL = 0.05


def sortino(returns: Array, target: float = 0.0) -> Array:
    """Return mean excess over ``target`` over the downside deviation, sqrt(mean(min(r - target, 0)^2)), a period."""
    excess = returns - target
    return np.asarray(excess.mean(-1) / np.sqrt((np.minimum(excess, 0.0) ** 2).mean(-1)))


def omega(returns: Array, threshold: float = 0.0) -> Array:
    """Return the sum of what exceeded ``threshold`` over the sum of what fell short; of profits: the profit factor."""
    excess = returns - threshold
    return np.asarray(np.maximum(excess, 0.0).sum(-1) / np.maximum(-excess, 0.0).sum(-1))


def skewness(returns: Array) -> Array:
    """Return the third standardised moment, 0 for normal returns."""
    return _standardised(returns, 3)


def kurtosis(returns: Array) -> Array:
    """Return the fourth standardised moment, 3 for normal returns."""
    return _standardised(returns, 4)


def tail_ratio(returns: Array) -> Array:
    """Return the 95th percentile over the absolute 5th: above 1 the good tail is the longer one."""
    low, high = np.quantile(returns, [_TAIL, 1.0 - _TAIL], axis=-1)
    return np.asarray(np.abs(high) / np.abs(low))


def hit_rate(returns: Any, confidence: float) -> Estimate:
    """Return the share of periods with a gain among those with a gain or a loss, with Wilson's interval.

    The interval takes the periods for independent.

    Raises:
        InputError: NaN, or no period with a gain or loss.
    """
    values = numbers(returns, "returns")
    count, gains = int(np.count_nonzero(values)), int(np.count_nonzero(values > 0))
    if not count:
        raise InputError("no period has a gain or loss", field="returns", value=len(values), rule="at least one")
    score = normal_quantile(confidence)
    share, square = gains / count, score * score
    middle = (share + square / (2 * count)) / (1 + square / count)
    width = score / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return Estimate(share, max(middle - width, 0.0), min(middle + width, 1.0), "Wilson 1927")


def sortino_ratio(
    returns: Any, per_year: float, confidence: float, bootstrap: Bootstrap, target: float = 0.0
) -> Estimate:
    """Return the Sortino ratio a year; ``target`` is the least acceptable return a period.

    Raises:
        InputError: NaN, or no period below the target.
    """
    found = bootstrap.interval(lambda drawn: sortino(drawn, target), confidence, returns)
    return found.scaled(math.sqrt(per_year))


def calmar(returns: Any, per_year: float, confidence: float, bootstrap: Bootstrap) -> Estimate:
    """Return the Calmar ratio with a bootstrap interval.

    Resampling breaks up long drawdowns that hang together over more than a block, which makes the interval narrow.

    Raises:
        InputError: NaN, a return of -100 % or less, or no drawdown.
    """
    calmar_ratio(returns, per_year)

    def of_each(drawn: Array) -> Array:
        value = np.cumprod(1.0 + drawn, axis=-1)
        deepest = (1.0 - value / np.maximum(np.maximum.accumulate(value, axis=-1), 1.0)).max(-1)
        return np.asarray((value[..., -1] ** (per_year / drawn.shape[-1]) - 1.0) / deepest)

    return bootstrap.interval(of_each, confidence, returns)


def _standardised(returns: Array, order: int) -> Array:
    centred = returns - returns.mean(-1, keepdims=True)
    return np.asarray((centred**order).mean(-1) / (centred * centred).mean(-1) ** (order / 2))
