"""Contributions of single periods, linked so that they sum to the return of all of them.

Period returns compound, sums of contributions do not. Carino scales each period's parts by k(t) / k, with
k(t) = ln(1 + r(t)) / r(t) and k = ln(1 + R) / R, after which they sum to R over time and parts.

Source: D. R. Carino (1999), "Combining attribution effects over time", Journal of Performance Measurement 3(4).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.inputs import Array, numbers, require_same_length, table
from actors.portfolio.performance.returns import linked


@dataclasses.dataclass(frozen=True)
class Contributions:
    """What each part contributed to the return of all periods.

    Attributes:
        parts: Linked contribution of each part, shape (parts,).
        by_period: Its addends, shape (periods, parts).
        total: The linked return, which the parts sum to.
    """

    parts: Array
    by_period: Array
    total: float


def contributions(profits: Any, capital: Any) -> Contributions:
    """Return what each part (an instrument, a strategy) contributed to the time-weighted return.

    Args:
        profits: Profit of each part in each period, shape (periods, parts), in money.
        capital: Capital at the start of each period, flows at the start included, shape (periods,), in money.

    Raises:
        InputError: NaN, shapes that do not fit, a period without capital, or a loss of all of it.
    """
    earned, base = table(profits, "profits"), numbers(capital, "capital")
    require_same_length("capital", len(base), len(earned), "one for each period")
    if (base <= 0).any():
        raise InputError("a period without capital", field="capital", value=float(base.min()), rule="more than 0")
    single = earned / base[:, None]
    returns = single.sum(axis=1)
    total = linked(returns)
    linked_parts = single * (log_ratio(returns, np.zeros_like(returns)) / log_ratio(total, 0.0))[:, None]
    return Contributions(*closed(linked_parts, total))


def log_ratio(own: Any, other: Any) -> Array:
    """Return (ln(1 + own) - ln(1 + other)) / (own - other), and its limit 1 / (1 + own) where the two are equal."""
    first, second = np.asarray(own, np.float64), np.asarray(other, np.float64)
    gap = (first - second) / (1.0 + second)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(np.abs(gap) < 1e-12, 1.0 - 0.5 * gap, np.log1p(gap) / gap)
    return np.asarray(slope / (1.0 + second))


def closed(addends: Array, total: float) -> tuple[Array, Array, float]:
    """Return parts, addends and total, the rounding of floats put to the part with the largest contribution.

    Args:
        addends: Shape (periods, parts).
        total: What they sum to, but for rounding.
    """
    exact = addends.copy()
    largest = int(np.abs(exact.sum(axis=0)).argmax())
    exact[-1, largest] += total - exact.sum()
    return exact.sum(axis=0), exact, total
