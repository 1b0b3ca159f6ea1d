"""Value at risk and expected shortfall by historical simulation, as order statistics of what the book would have lost.

The returns of each past period are applied to today's exposures. With n losses sorted ascending L(1) <= ... <= L(n) and
k = ceil(n * confidence):

* value at risk = L(k), the lower quantile of the empirical distribution;
* expected shortfall = [sum of L(i) over i > k, plus (k - n * confidence) * L(k)] / (n * (1 - confidence)), the mean of
  the worst (1 - confidence) of all outcomes, a part of L(k) included.

Source: C. Acerbi and D. Tasche (2002), "On the coherence of expected shortfall", Journal of Banking and Finance 26(7),
their (1 - confidence)-tail mean, applied to the empirical distribution.

Losses are positive; a negative measure means a gain even at that quantile. The horizon is one period of the returns.
"""

from __future__ import annotations

import dataclasses
import fractions
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class TailLoss:
    """Value at risk and expected shortfall at one confidence, in the unit of the losses."""

    confidence: float
    value_at_risk: float
    expected_shortfall: float


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What historical simulation found.

    Attributes:
        tails: The measures, one per confidence; empty where none could be given.
        observations: Joint returns that were used.
        covered: Instruments whose returns were used.
        share_covered: Their share of the gross exposure, 0 to 1; 1 for an empty book.
        reason: Why there are no measures, or ``None``.
    """

    tails: tuple[TailLoss, ...]
    observations: int
    covered: tuple[int, ...]
    share_covered: float
    reason: str | None = None


def tail_loss(losses: Array, confidence: float) -> TailLoss:
    """Return value at risk and expected shortfall of a sample of losses (shape (n,), finite, n >= 1)."""
    ordered = np.sort(losses)
    count = len(ordered)
    level = fractions.Fraction(str(confidence))
    rank = math.ceil(count * level)
    at_risk = float(ordered[rank - 1])
    beyond = float(ordered[rank:].sum()) + float(rank - count * level) * at_risk
    return TailLoss(confidence, at_risk, beyond / float(count * (1 - level)))


def simulate(
    exposures: Mapping[int, float], returns: Array, confidences: Sequence[float], minimum_window: int
) -> Simulation:
    """Apply past returns to present exposures.

    Only periods count in which every covered instrument has a return. An instrument with fewer than ``minimum_window``
    returns is left out; so is, one after the other, the one with the fewest, while too few are joint.

    Args:
        exposures: Signed market value by instrument id (column of ``returns``), any unit of money.
        returns: Simple returns, shape (periods, instruments), NaN where unknown.
        confidences: Levels between 0 and 1.
        minimum_window: Joint returns below which no measure is given.
    """
    held = [instrument for instrument, exposure in exposures.items() if exposure]
    gross = sum(abs(exposures[instrument]) for instrument in held)
    if not held:
        flat = tuple(TailLoss(confidence, 0.0, 0.0) for confidence in confidences)
        return Simulation(flat, len(returns), (), 1.0)
    columns = returns[:, held]
    known = np.isfinite(columns)
    counts = known.sum(axis=0)
    chosen = [index for index in np.argsort(-counts, kind="stable").tolist() if counts[index] >= minimum_window]
    joint = known[:, chosen].all(axis=1)
    while chosen and joint.sum() < minimum_window:
        chosen.pop()
        joint = known[:, chosen].all(axis=1)
    if not chosen:
        most = int(counts.max(initial=0))
        reason = f"no held instrument has {minimum_window} returns yet (the most is {most})"
        return Simulation((), most, (), 0.0, reason)
    weights = np.array([exposures[held[index]] for index in chosen], np.float64)
    losses = -(columns[joint][:, chosen] @ weights)
    covered = tuple(sorted(held[index] for index in chosen))
    share = float(np.abs(weights).sum() / gross)
    tails = tuple(tail_loss(losses, confidence) for confidence in confidences)
    return Simulation(tails, int(joint.sum()), covered, share)
