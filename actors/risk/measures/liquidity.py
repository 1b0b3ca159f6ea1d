"""What it costs, on top of a loss of value, that positions can't be closed at the mark or at once.

* Exogenous cost: half the spread that has to be expected in a bad moment, for everything held: 1/2 |exposure| (mean
  spread + multiple * its deviation). A. Bangia, F. Diebold, T. Schuermann and J. Stroughair (1999), "Modeling liquidity
  risk, with implications for traditional market risk measurement and management".
* Time to close: a position that is closed in equal parts over n periods has sqrt((n + 1) (2 n + 1) / (6 n)) times the
  risk of one period. P. Jorion (2007), "Value at Risk", 3rd edition, section 13.2.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from actors.errors import InputError
from actors.risk.measures.tails import Array, TailLoss, checked_confidence, tail_loss

SPREAD_MULTIPLE = 3.0
"""Deviations above its mean at which a spread is taken; Bangia et al. find 2 to 4.5 to fit 99%."""


@dataclasses.dataclass(frozen=True)
class LiquidityAdjusted:
    """Measures of a book that is closed as fast as the market takes it.

    Attributes:
        tail: The measures with the cost of closing.
        spread_cost: The part of them that is paid in spreads, the same at every confidence.
        periods: Periods that each position takes to be closed, shape (positions,).
    """

    tail: TailLoss
    spread_cost: float
    periods: Array


def liquidity_adjusted(
    losses: Array,
    exposures: Array,
    confidence: float,
    spread_means: Array,
    spread_deviations: Array,
    daily_volumes: Array,
    participation: float = 0.1,
    spread_multiple: float = SPREAD_MULTIPLE,
) -> LiquidityAdjusted:
    """Return value at risk and expected shortfall of a book that has to be closed.

    Args:
        losses: Loss of each position in each scenario of one period, shape (scenarios, positions).
        exposures: Signed market value of each position, shape (positions,).
        confidence: Level, over 0.5 and under 1.
        spread_means: Mean relative spread (ask less bid, by the middle) of each position's instrument.
        spread_deviations: Its standard deviation.
        daily_volumes: Value traded of the instrument in one period.
        participation: Share of that which may be ours.
        spread_multiple: Deviations above its mean at which the spread is taken.

    Raises:
        InputError: A spread or volume that is missing, negative or not finite, or a share that is none.
    """
    checked_confidence(confidence)
    if not 0 < participation <= 1:
        raise InputError(
            "not a share of the volume", field="participation", value=participation, rule="over 0, up to 1"
        )
    held = exposures != 0
    for name, values, positive in (
        ("spread_means", spread_means, False),
        ("spread_deviations", spread_deviations, False),
        ("daily_volumes", daily_volumes, True),
    ):
        wrong = np.flatnonzero(held & (~np.isfinite(values) | (values < 0) | (positive & (values == 0))))
        if len(wrong):
            raise InputError(
                "the liquidity of a position is not known",
                field=f"{name}[{wrong[0]}]",
                value=str(values[wrong[0]]),
                rule="finite and positive" if positive else "finite and not negative",
                remedy="leave the position out and state its share",
            )
    size = np.abs(exposures)
    pace = daily_volumes * participation
    periods = np.maximum(1.0, np.ceil(np.divide(size, pace, out=np.ones(len(pace)), where=held)))
    stretched = losses * np.sqrt((periods + 1) * (2 * periods + 1) / (6 * periods))
    cost = 0.5 * float(size[held] @ (spread_means + spread_multiple * spread_deviations)[held])
    tail = tail_loss(stretched.sum(axis=1), confidence)
    adjusted = TailLoss(confidence, tail.value_at_risk + cost, tail.expected_shortfall + cost)
    return LiquidityAdjusted(adjusted, cost, periods)
