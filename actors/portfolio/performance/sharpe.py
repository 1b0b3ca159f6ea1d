"""Sharpe and information ratio with intervals that hold for skewed, fat-tailed and autocorrelated returns.

With mean m, variance v and excess returns e, the ratio S = m / sqrt(v) has the influence function
``(e - m) / sqrt(v) - S ((e - m)^2 / v - 1) / 2``; its long-run variance over n is the squared standard error (the
generalised method of moments of Lo, eq. 15 to 17). With no lags that is
``(1 - skew S + (kurtosis - 1) S^2 / 4) / n``, for independent normal returns ``(1 + S^2 / 2) / n`` (eq. 9).

Source: A. W. Lo (2002), "The statistics of Sharpe ratios", Financial Analysts Journal 58(4).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.estimate import Estimate, normal_interval
from actors.portfolio.performance.inputs import Array, numbers, require_between, require_same_length

LEAST = 3


def newey_west_lags(size: int) -> int:
    """Return the lags that count for ``size`` observations, 4 (n / 100)^(2/9) rounded down.

    Source: W. K. Newey and K. D. West (1994), Review of Economic Studies 61(4), for the Bartlett kernel.
    """
    return min(int(4.0 * (size / 100.0) ** (2.0 / 9.0)), max(size - 2, 0))


def long_run_variance(values: Array, lags: int) -> float:
    """Return the variance of sqrt(n) times the mean of ``values`` (shape (n,)), with Bartlett weights over ``lags``.

    Source: W. K. Newey and K. D. West (1987), Econometrica 55(3), eq. 5.
    """
    centred = values - values.mean()
    size = len(centred)
    total = float(centred @ centred)
    for lag in range(1, min(lags, size - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(centred[lag:] @ centred[:-lag])
    return total / size


def sharpe_ratio(
    returns: Any, per_year: float, confidence: float, risk_free: float = 0.0, lags: int | None = None
) -> Estimate:
    """Return the Sharpe ratio a year: mean over standard deviation of the excess returns, times sqrt(``per_year``).

    Args:
        returns: Shape (n,), n >= 3.
        per_year: Periods a year.
        confidence: Of the interval.
        risk_free: Return of the riskless asset a period.
        lags: Autocorrelations that the interval allows for; ``None``: ``newey_west_lags``; 0: none.

    Raises:
        InputError: NaN, too few returns, or returns that never differ.
    """
    excess, ratio = _ratio(numbers(returns, "returns", LEAST) - risk_free)
    require_between("per_year", per_year, 0.0, math.inf)
    used = newey_west_lags(len(excess)) if lags is None else lags
    deviation = excess - excess.mean()
    variance = float(deviation.var())
    influence = deviation / math.sqrt(variance) - 0.5 * ratio * (deviation * deviation / variance - 1.0)
    error = math.sqrt(long_run_variance(influence, used) / len(excess))
    return normal_interval(ratio, error, confidence, f"Lo 2002, {used} lags").scaled(math.sqrt(per_year))


def adjusted_sharpe_ratio(
    returns: Any, per_year: int, confidence: float, risk_free: float = 0.0, lags: int | None = None
) -> Estimate:
    """Return the Sharpe ratio a year with the autocorrelation of the returns in it.

    It is eta(q) S with q = ``per_year``, eta(q) = q / sqrt(q + 2 sum over k < q of (q - k) rho_k) (Lo, eq. 20); rho
    beyond ``lags`` counts as zero. The interval is that of the whole expression, by the same method.

    Args:
        returns: Shape (n,), n >= 3.
        per_year: Whole periods a year, q.
        confidence: Of the interval.
        risk_free: Return of the riskless asset a period.
        lags: Autocorrelations that count; ``None``: ``newey_west_lags``.

    Raises:
        InputError: NaN, too few returns, returns that never differ, or autocorrelations that leave no variance.
    """
    excess, _ = _ratio(numbers(returns, "returns", LEAST) - risk_free)
    require_between("per_year", per_year, 0, math.inf)
    used = min(newey_west_lags(len(excess)) if lags is None else lags, per_year - 1, len(excess) - 1)
    mean = float(excess.mean())
    deviation = excess - mean
    size = len(excess)
    spread = per_year * deviation * deviation
    for lag in range(1, used + 1):
        product = np.zeros(size)
        product[lag:] = deviation[lag:] * deviation[:-lag]
        spread = spread + 2.0 * (per_year - lag) * product
    variance = float(spread.mean()) * size / (size - 1)
    if variance <= 0:
        raise InputError(
            "the autocorrelations leave no variance",
            field="returns",
            value=variance,
            rule="a positive variance of a year's return",
            remedy="use the ratio without them, or fewer lags",
        )
    ratio = per_year * mean / math.sqrt(variance)
    influence = per_year * deviation / math.sqrt(variance) - 0.5 * ratio * (spread / variance - 1.0)
    error = math.sqrt(long_run_variance(influence, newey_west_lags(size) if lags is None else lags) / size)
    return normal_interval(ratio, error, confidence, f"Lo 2002, {used} autocorrelations")


def information_ratio(returns: Any, benchmark: Any, per_year: float, confidence: float) -> Estimate:
    """Return mean over standard deviation (tracking error) of what the account returned over its benchmark, a year.

    Args:
        returns: Shape (n,), n >= 3.
        benchmark: Of the same periods, shape (n,).
        per_year: Periods a year.
        confidence: Of the interval.

    Raises:
        InputError: NaN, too few returns, lengths that do not fit, or active returns that never differ.
    """
    own, other = numbers(returns, "returns", LEAST), numbers(benchmark, "benchmark")
    require_same_length("benchmark", len(other), len(own), "one for each return")
    return sharpe_ratio(own - other, per_year, confidence)


def _ratio(excess: Array) -> tuple[Array, float]:
    spread = float(excess.std(ddof=1))
    if spread <= 1e-14 * float(np.abs(excess).max()):
        raise InputError("the returns never differ", field="returns", value=float(excess[0]), rule="some variance")
    return excess, float(excess.mean()) / spread
