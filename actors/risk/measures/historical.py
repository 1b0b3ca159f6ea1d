"""Historical simulation: what a book would have lost, had it been held in each past period.

The returns of each past period are applied to today's exposures; the measures are order statistics of that (see
``tails``). The horizon is one period of the returns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from actors.risk.measures.tails import Array, TailLoss, quantile_interval, tail_loss


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
    tails = tuple(_with_interval(losses, confidence) for confidence in confidences)
    return Simulation(tails, int(joint.sum()), covered, share)


def _with_interval(losses: Array, confidence: float) -> TailLoss:
    return dataclasses.replace(tail_loss(losses, confidence), interval=quantile_interval(losses, confidence))
