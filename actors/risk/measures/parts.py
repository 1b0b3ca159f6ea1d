"""What each position has to do with the whole: component, marginal and incremental measures.

The measures grow in proportion to the book, so by Euler's theorem they are the sum of the positions' components, and a
component is the position's mean loss in those scenarios that make the measure. D. Tasche (1999), "Risk contributions
and performance measurement"; D. Tasche (2008), "Capital allocation to business units and sub-portfolios: the Euler
principle".
"""

from __future__ import annotations

import dataclasses
import fractions
import math

import numpy as np

from actors.risk.measures.tails import Array, TailLoss, checked_confidence, tail_loss

_NEIGHBOURS = 0.01
"""Share of the scenarios, on each side of the quantile, over which a component of value at risk is a mean."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts that positions have in the measures of a book; shapes (positions,), in the unit of the losses.

    Attributes:
        whole: The measures of the book.
        value_at_risk: Component value at risk; the sum is the book's value at risk.
        expected_shortfall: Component expected shortfall; the sum is the book's.
        marginal_value_at_risk: Change of the measure for one more unit of money in the position; 0 where nothing is
            held.
        marginal_expected_shortfall: The same.
        incremental_value_at_risk: What the measure would fall by, were the position closed.
        incremental_expected_shortfall: The same.
    """

    whole: TailLoss
    value_at_risk: Array
    expected_shortfall: Array
    marginal_value_at_risk: Array
    marginal_expected_shortfall: Array
    incremental_value_at_risk: Array
    incremental_expected_shortfall: Array


def split(losses: Array, exposures: Array, confidence: float) -> Parts:
    """Return what each position has to do with the measures of a book, over scenarios.

    Args:
        losses: Loss of each position in each scenario, shape (scenarios, positions), finite.
        exposures: Signed market value of each position, shape (positions,).
        confidence: Level, over 0.5 and under 1.
    """
    checked_confidence(confidence)
    total = losses.sum(axis=1)
    whole = tail_loss(total, confidence)
    order = np.argsort(total, kind="stable")
    shortfall = _shortfall_weights(len(total), confidence) @ losses[order]
    at_risk = _scaled(_quantile_weights(len(total), confidence) @ losses[order], whole.value_at_risk)
    without = [tail_loss(total - losses[:, position], confidence) for position in range(losses.shape[1])]
    return Parts(
        whole=whole,
        value_at_risk=at_risk,
        expected_shortfall=shortfall,
        marginal_value_at_risk=_per_unit(at_risk, exposures),
        marginal_expected_shortfall=_per_unit(shortfall, exposures),
        incremental_value_at_risk=np.array([whole.value_at_risk - one.value_at_risk for one in without]),
        incremental_expected_shortfall=np.array([whole.expected_shortfall - one.expected_shortfall for one in without]),
    )


def _shortfall_weights(count: int, confidence: float) -> Array:
    """Return the weights that make expected shortfall a mean of ascending losses; see ``tails``."""
    level = fractions.Fraction(str(confidence))
    rank = math.ceil(count * level)
    weights = np.zeros(count)
    weights[rank:] = 1.0
    weights[rank - 1] = float(rank - count * level)
    return weights / float(count * (1 - level))


def _quantile_weights(count: int, confidence: float) -> Array:
    """Return equal weights for the scenarios next to the quantile: one alone would say little of any position."""
    rank = math.ceil(count * fractions.Fraction(str(confidence)))
    reach = min(int(count * _NEIGHBOURS), rank - 1, count - rank)
    weights = np.zeros(count)
    weights[rank - 1 - reach : rank + reach] = 1.0 / (2 * reach + 1)
    return weights


def _scaled(components: Array, whole: float) -> Array:
    """Return components that sum to the measure itself, not to the mean of the scenarios next to it."""
    total = components.sum()
    return components * (whole / total) if total else components


def _per_unit(components: Array, exposures: Array) -> Array:
    return np.divide(components, exposures, out=np.zeros(len(exposures)), where=exposures != 0)
