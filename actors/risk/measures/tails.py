"""Value at risk and expected shortfall of a sample of losses, as order statistics, and how sure they are.

With n losses sorted ascending L(1) <= ... <= L(n) and k = ceil(n * confidence):

* value at risk = L(k), the lower quantile of the empirical distribution;
* expected shortfall = [sum of L(i) over i > k, plus (k - n * confidence) * L(k)] / (n * (1 - confidence)), the mean of
  the worst (1 - confidence) of all outcomes, a part of L(k) included.

Source: C. Acerbi and D. Tasche (2002), "On the coherence of expected shortfall", Journal of Banking and Finance 26(7),
their (1 - confidence)-tail mean, applied to the empirical distribution.

Losses are positive; a negative measure means a gain even at that quantile.
"""

from __future__ import annotations

import dataclasses
import fractions
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from actors.errors import InputError

Array = npt.NDArray[np.float64]

INTERVAL_LEVEL = 0.95
"""Probability with which intervals hold what they are about."""


class Interval(NamedTuple):
    """Bounds of a measure; ``None`` where the sample is too small to give one."""

    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class TailLoss:
    """Value at risk and expected shortfall at one confidence, in the unit of the losses.

    Attributes:
        interval: What holds the true value at risk with a probability of ``INTERVAL_LEVEL``; ``None`` where nobody
            asked for it.
        shortfall_interval: The same of the expected shortfall.
    """

    confidence: float
    value_at_risk: float
    expected_shortfall: float
    interval: Interval | None = None
    shortfall_interval: Interval | None = None


def tail_loss(losses: Array, confidence: float) -> TailLoss:
    """Return value at risk and expected shortfall of a sample of losses (shape (n,), finite, n >= 1)."""
    ordered = np.sort(losses)
    count = len(ordered)
    level = fractions.Fraction(str(confidence))
    rank = math.ceil(count * level)
    at_risk = float(ordered[rank - 1])
    beyond = float(ordered[rank:].sum()) + float(rank - count * level) * at_risk
    return TailLoss(confidence, at_risk, beyond / float(count * (1 - level)))


def quantile_interval(losses: Array, confidence: float, level: float = INTERVAL_LEVEL) -> Interval:
    """Return an interval for the quantile of independent losses, whatever their distribution.

    The number of losses below the true quantile is binomial, so two order statistics enclose it with a probability of
    at least ``level``. A bound that would lie outside of the sample is ``None``.

    Source: H. A. David and H. N. Nagaraja (2003), "Order Statistics", 3rd edition, section 7.1.

    Args:
        losses: Shape (n,), finite, n >= 1.
        confidence: The quantile, between 0 and 1.
        level: Probability that the interval holds it.
    """
    ordered, count = np.sort(losses), len(losses)
    below = special.bdtr(np.arange(count + 1), count, confidence)
    low = int(np.searchsorted(below, (1 - level) / 2))
    high = int(np.searchsorted(below, (1 + level) / 2)) + 1
    return Interval(float(ordered[low - 1]) if low >= 1 else None, float(ordered[high - 1]) if high <= count else None)


def checked_losses(losses: npt.ArrayLike, at_least: int = 1) -> Array:
    """Return losses as an array.

    Raises:
        InputError: They are not one row of finite numbers, or too few.
    """
    found = np.asarray(losses, np.float64)
    if found.ndim != 1:
        raise InputError("losses are one row of numbers", field="losses", value=f"shape {found.shape}", rule="(n,)")
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        raise InputError(
            "a loss is not a finite number",
            field=f"losses[{wrong[0]}]",
            value=str(found[wrong[0]]),
            rule="finite",
            remedy="leave periods out in which a price is missing, and state their share",
        )
    if len(found) < at_least:
        raise InputError("too few losses", field="losses", value=len(found), rule=f"at least {at_least}")
    return found


def checked_confidence(confidence: float) -> float:
    """Return a confidence.

    Raises:
        InputError: It is not between a half and 1.
    """
    if not 0.5 < confidence < 1:
        raise InputError("not a confidence", field="confidence", value=confidence, rule="over 0.5 and under 1")
    return confidence
