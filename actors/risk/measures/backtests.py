"""Tests of the measures themselves: did losses exceed what was forecast as often, as evenly and as far as it said?

All work on what was forecast for each period before it, beside what then was lost.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.special import xlogy

from actors.errors import InputError
from actors.risk.measures.tails import Array

UNJUDGED = "unjudged"
FEWEST_JUDGED = 50
"""Periods below which a zone says nothing."""


class Test(NamedTuple):
    """A statistic, and the probability of one as bad or worse, were the forecasts right; NaN where there is none."""

    statistic: float
    p_value: float


@dataclasses.dataclass(frozen=True)
class Backtest:
    """How forecasts of one measure at one confidence did.

    Attributes:
        confidence: The level.
        observations: Periods with a forecast.
        exceptions: Periods in which more was lost than the value at risk.
        expected: Number of exceptions that there should be.
        coverage: Whether there are as many as there should be (Kupiec).
        independence: Whether one makes another likelier the period after (Christoffersen).
        conditional_coverage: Both at once.
        severity: Whether losses beyond value at risk are as large as the expected shortfall (Acerbi and Szekely's
            first); below 0 they are larger.
        shortfall: Whether such losses are as many and as large together (their second); below 0 they are more.
        zone: ``green``, ``yellow`` or ``red``, after the Basel Committee; ``unjudged`` with fewer than 50 periods.
    """

    confidence: float
    observations: int
    exceptions: int
    expected: float
    coverage: Test
    independence: Test
    conditional_coverage: Test
    severity: Test
    shortfall: Test
    zone: str


def backtest(
    losses: Array, at_risk: Array, shortfall: Array, confidence: float, samples: Sequence[Array], seed: int = 0
) -> Backtest:
    """Return how forecasts did.

    Args:
        losses: What was lost in each period, shape (n,), n >= 1.
        at_risk: The value at risk that was forecast for it.
        shortfall: The expected shortfall that was forecast for it.
        confidence: Their level.
        samples: The distribution that was forecast for each period, as a sample; what the p-values of the expected
            shortfall's tests are simulated from.
        seed: Seed of that simulation.

    Raises:
        InputError: The rows differ in length, or are empty.
    """
    count = len(losses)
    if not count or {len(at_risk), len(shortfall), len(samples)} != {count}:
        lengths = f"{count}, {len(at_risk)}, {len(shortfall)}, {len(samples)}"
        raise InputError("a forecast for each loss is needed", field="losses", value=lengths, rule="rows of one length")
    exceeded = losses > at_risk
    exceptions = int(exceeded.sum())
    coverage = kupiec(exceptions, count, confidence)
    independence = christoffersen(exceeded)
    both = coverage.statistic + independence.statistic
    severity, whole = acerbi_szekely(losses, at_risk, shortfall, confidence, samples, seed)
    return Backtest(
        confidence=confidence,
        observations=count,
        exceptions=exceptions,
        expected=count * (1 - confidence),
        coverage=coverage,
        independence=independence,
        conditional_coverage=Test(both, float(special.chdtrc(2, both))),
        severity=severity,
        shortfall=whole,
        zone=zone(exceptions, count, confidence),
    )


def kupiec(exceptions: int, observations: int, confidence: float) -> Test:
    """Return the likelihood ratio of the exceptions' share against what it should be, chi-squared(1).

    Source: P. Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models", Journal of Derivatives
    3(2), his proportion-of-failures test.
    """
    expected, found = 1 - confidence, exceptions / observations
    kept = observations - exceptions
    right = xlogy(kept, 1 - expected) + xlogy(exceptions, expected)
    free = xlogy(kept, 1 - found) + xlogy(exceptions, found)
    ratio = max(0.0, float(2 * (free - right)))
    return Test(ratio, float(special.chdtrc(1, ratio)))


def christoffersen(exceeded: npt.NDArray[np.bool_]) -> Test:
    """Return the likelihood ratio of exceptions that follow one another against ones that do not, chi-squared(1).

    Source: P. Christoffersen (1998), "Evaluating interval forecasts", International Economic Review 39(4), section 3.2.

    Args:
        exceeded: Whether each period was an exception, in order.
    """
    before, after = exceeded[:-1], exceeded[1:]
    calm_calm, calm_bad = int((~before & ~after).sum()), int((~before & after).sum())
    bad_calm, bad_bad = int((before & ~after).sum()), int((before & after).sum())
    bad = calm_bad + bad_bad
    share = bad / max(len(after), 1)
    after_calm = calm_bad / max(calm_calm + calm_bad, 1)
    after_bad = bad_bad / max(bad_calm + bad_bad, 1)
    same = xlogy(calm_calm + bad_calm, 1 - share) + xlogy(bad, share)
    apart = (
        xlogy(calm_calm, 1 - after_calm)
        + xlogy(calm_bad, after_calm)
        + xlogy(bad_calm, 1 - after_bad)
        + xlogy(bad_bad, after_bad)
    )
    ratio = max(0.0, float(2 * (apart - same)))
    return Test(ratio, float(special.chdtrc(1, ratio)))


def acerbi_szekely(
    losses: Array,
    at_risk: Array,
    shortfall: Array,
    confidence: float,
    samples: Sequence[Array],
    seed: int = 0,
    draws: int = 1_000,
) -> tuple[Test, Test]:
    """Return the two tests of expected shortfall: of losses beyond value at risk alone, and of their number too.

    Both are 0 in the mean where the forecasts are right and negative where too little was forecast; the p-value is the
    share of simulated histories, drawn from the forecasts, that come out as low or lower. The first is NaN without an
    exception, and in the simulation too.

    Source: C. Acerbi and B. Szekely (2014), "Backtesting expected shortfall", Risk 27(11), equations (3) and (6).
    """
    found = _statistics(losses[None], at_risk, shortfall, confidence)
    chance = np.random.default_rng(seed)
    drawn = np.empty((draws, len(losses)))
    for period, sample in enumerate(samples):
        drawn[:, period] = sample[chance.integers(0, len(sample), draws)]
    simulated = _statistics(drawn, at_risk, shortfall, confidence)
    first, second = (
        Test(float(own[0]), _share_below(ones, float(own[0]))) for own, ones in zip(found, simulated, strict=True)
    )
    return first, second


def zone(exceptions: int, observations: int, confidence: float) -> str:
    """Return the Basel Committee's zone: how unlikely so many exceptions, or fewer, are.

    ``unjudged`` with fewer than 50 periods, ``green`` without an exception; else ``yellow`` from where 95% of right
    models would have fewer exceptions, ``red`` from 99.99%. Source: Basel Committee (1996), "Supervisory framework for
    the use of backtesting in conjunction with the internal models approach".
    """
    if observations < FEWEST_JUDGED:
        return UNJUDGED
    if not exceptions:
        return "green"
    fewer_or_as_many = float(special.bdtr(exceptions, observations, 1 - confidence))
    return "green" if fewer_or_as_many < 0.95 else "yellow" if fewer_or_as_many < 0.9999 else "red"


def _statistics(losses: Array, at_risk: Array, shortfall: Array, confidence: float) -> tuple[Array, Array]:
    """Return both statistics of each history; ``losses`` has the shape (histories, periods)."""
    beyond = np.where(losses > at_risk, losses / shortfall, 0.0).sum(axis=1)
    count = (losses > at_risk).sum(axis=1)
    severity = np.full(len(losses), math.nan)
    np.divide(beyond, count, out=severity, where=count > 0)
    return 1 - severity, 1 - beyond / (losses.shape[1] * (1 - confidence))


def _share_below(simulated: Array, found: float) -> float:
    known = simulated[np.isfinite(simulated)]
    return float((known <= found).mean()) if len(known) and math.isfinite(found) else math.nan
