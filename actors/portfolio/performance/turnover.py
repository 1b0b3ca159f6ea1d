"""Turnover: how much was traded for each unit of capital.

Sources: U.S. Securities and Exchange Commission, Form N-1A, item 13 (the lesser of purchases and sales over the average
value); R. C. Grinold and R. N. Kahn (2000), "Active Portfolio Management", 2nd edition, chapter 16 (half of the sum of
absolute changes of weights).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from actors.portfolio.performance.inputs import (
    Array,
    numbers,
    require_at_least,
    require_between,
    require_same_length,
    table,
)


@dataclasses.dataclass(frozen=True)
class Turnover:
    """What was traded over mean capital, fractions.

    Attributes:
        two_sided: Purchases and sales together.
        one_sided: Half of them.
        lesser_side: The lesser of the two alone; ``None`` where they are not known apart.
        annual_two_sided: ``two_sided`` a year.
        annual_one_sided: ``one_sided`` a year.
    """

    two_sided: float
    one_sided: float
    lesser_side: float | None
    annual_two_sided: float
    annual_one_sided: float


def turnover(traded: float, capital: float, years: float, lesser: float | None = None) -> Turnover:
    """Return the turnover of what was traded.

    Args:
        traded: Value of purchases and sales together.
        capital: Mean equity, in the same unit.
        years: Length of the span.
        lesser: The lesser of purchases and sales.

    Raises:
        InputError: A negative amount, or a capital or a span that is not positive.
    """
    require_at_least("traded", traded, 0.0)
    require_between("capital", capital, 0.0, math.inf)
    require_between("years", years, 0.0, math.inf)
    both = traded / capital
    side = None if lesser is None else lesser / capital
    return Turnover(both, both / 2, side, both / years, both / 2 / years)


def turnover_of_positions(quantities: Any, prices: Any, equity: Any, years: float) -> Turnover:
    """Return the turnover of a history of positions: every change counts as traded at the price of its time.

    Args:
        quantities: Units held, shape (times, instruments); what the first row holds was there before.
        prices: Shape (times, instruments).
        equity: Shape (times,).
        years: First to last time.

    Raises:
        InputError: NaN, shapes that do not fit, or a capital or a span that is not positive.
    """
    held, price, worth = table(quantities, "quantities"), table(prices, "prices"), numbers(equity, "equity")
    for field, length in (("prices", len(price)), ("equity", len(worth))):
        require_same_length(field, length, len(held), "one row for each time")
    require_same_length("prices", price.shape[1], held.shape[1], "one column for each instrument")
    changes = np.diff(held, axis=0) * price[1:]
    bought, sold = float(changes[changes > 0].sum()), -float(changes[changes < 0].sum())
    return turnover(bought + sold, float(worth.mean()), years, min(bought, sold))


def turnover_of_weights(weights: Any, returns: Any) -> Array:
    """Return the two-sided turnover of each rebalancing, shape (periods - 1,).

    Before it a weight has drifted to w (1 + r) / (1 + sum w r).

    Args:
        weights: At the start of each period, after its rebalancing, shape (periods, instruments).
        returns: Of each instrument in each period, the same shape.

    Raises:
        InputError: NaN, or shapes that do not fit.
    """
    held, moved = table(weights, "weights"), table(returns, "returns")
    require_same_length("returns", moved.size, held.size, "one for each weight")
    grown = 1.0 + (held * moved).sum(axis=1, keepdims=True)
    drifted = held * (1.0 + moved) / grown
    return np.asarray(np.abs(held[1:] - drifted[:-1]).sum(axis=1), np.float64)
