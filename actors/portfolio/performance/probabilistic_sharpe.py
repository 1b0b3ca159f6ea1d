"""How likely a Sharpe ratio is more than luck: given its length, its tails, and how many others were tried.

All Sharpe ratios here are those of one period, not of a year; skewness is 0 and kurtosis 3 for normal returns.

Sources: D. H. Bailey and M. Lopez de Prado (2012), "The Sharpe ratio efficient frontier", Journal of Risk 15(2), eq. 3
to 11; the same (2014), "The deflated Sharpe ratio: correcting for selection bias, backtest overfitting and
non-normality", Journal of Portfolio Management 40(5), eq. 1 and 2 of the appendix.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from scipy import special, stats

from actors.errors import InputError
from actors.portfolio.performance.inputs import numbers, require_at_least, require_between

_LEAST = 3


class Moments(NamedTuple):
    """What the probabilities rest on.

    Attributes:
        observations: Returns.
        sharpe: Sharpe ratio of one period (standard deviation with n - 1).
        skew: Third standardised moment.
        kurtosis: Fourth standardised moment, 3 for normal returns.
    """

    observations: int
    sharpe: float
    skew: float
    kurtosis: float


def moments(returns: Any, risk_free: float = 0.0) -> Moments:
    """Return the moments of the excess returns, shape (n,), n >= 3.

    Raises:
        InputError: NaN, too few returns, or returns that never differ.
    """
    excess = numbers(returns, "returns", _LEAST) - risk_free
    spread = float(excess.std(ddof=1))
    if spread <= 1e-14 * abs(float(excess.max())) or spread == 0.0:
        raise InputError("the returns never differ", field="returns", value=float(excess[0]), rule="some variance")
    skew, kurtosis = float(stats.skew(excess)), float(stats.kurtosis(excess, fisher=False))
    return Moments(len(excess), float(excess.mean()) / spread, skew, kurtosis)


def probabilistic_sharpe_ratio(found: Moments, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio is above ``benchmark`` (of one period).

    It is N((S - S*) sqrt(n - 1) / sqrt(1 - skew S + (kurtosis - 1) S^2 / 4)).

    Raises:
        InputError: Moments under which no such probability is defined.
    """
    score = (found.sharpe - benchmark) * math.sqrt(found.observations - 1) / math.sqrt(_spread(found))
    return float(special.ndtr(score))


def minimum_track_record_length(found: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Return how many returns it takes until the true ratio is above ``benchmark`` with probability ``confidence``.

    Raises:
        InputError: The ratio is not above the benchmark (no length would do), or a confidence that is none.
    """
    require_between("confidence", confidence, 0.0, 1.0)
    if found.sharpe <= benchmark:
        raise InputError(
            "no track record is long enough",
            field="benchmark",
            value=benchmark,
            rule=f"less than the Sharpe ratio, {found.sharpe:.6g}",
        )
    score = float(special.ndtri(confidence)) / (found.sharpe - benchmark)
    return 1.0 + _spread(found) * score * score


def expected_maximum_sharpe(trials: float, variance: float) -> float:
    """Return which Sharpe ratio the best of ``trials`` strategies without skill is expected to show.

    It is sqrt(V) ((1 - g) Q(1 - 1 / N) + g Q(1 - 1 / (N e))), g the constant of Euler and Mascheroni.

    Args:
        trials: Independent trials, N.
        variance: Of the Sharpe ratios (of one period) over all trials, V.

    Raises:
        InputError: Fewer than 1 trial, or a negative variance.
    """
    require_at_least("trials", trials, 1.0)
    require_at_least("variance", variance, 0.0)
    if trials <= 1.0:
        return 0.0
    best, next_best = special.ndtri(1.0 - 1.0 / trials), special.ndtri(1.0 - 1.0 / (trials * math.e))
    gamma = -float(special.digamma(1.0))
    return math.sqrt(variance) * float((1.0 - gamma) * best + gamma * next_best)


def deflated_sharpe_ratio(found: Moments, trials: float, variance: float) -> float:
    """Return the probability that the true ratio is above what the best of ``trials`` without skill would show.

    Args:
        found: Moments of the strategy that was chosen.
        trials: Independent trials it was chosen from.
        variance: Of their Sharpe ratios (of one period).
    """
    return probabilistic_sharpe_ratio(found, expected_maximum_sharpe(trials, variance))


def _spread(found: Moments) -> float:
    if found.observations < 2:
        raise InputError("too few observations", field="observations", value=found.observations, rule="at least 2")
    spread = 1.0 - found.skew * found.sharpe + (found.kurtosis - 1.0) / 4.0 * found.sharpe**2
    if not spread > 0:
        raise InputError(
            "the moments contradict one another", field="skew", value=found.skew, rule="kurtosis >= 1 + skew^2"
        )
    return spread
