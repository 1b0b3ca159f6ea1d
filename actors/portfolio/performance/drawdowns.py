"""Drawdowns: how far below its peak the account was, when, and for how long.

Sources: C. R. Bacon (2008), "Practical Portfolio Performance Measurement and Attribution", 2nd edition, chapter 4
(drawdown, Calmar ratio, after T. W. Young, 1991); P. G. Martin and B. B. McCann (1989), "The Investor's Guide to
Fidelity Funds" (ulcer index: the root of the mean squared drawdown).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.inputs import Array
from actors.portfolio.performance.returns import annualised, wealth

_ROUNDING = 1e-12
"""What compounding may lose to rounding on the way back to a peak."""


@dataclasses.dataclass(frozen=True)
class Drawdown:
    """One way from a peak down and back; borders count periods, border 0 is before the first return.

    Attributes:
        peak: Border at which the peak was last seen.
        trough: Border of the lowest value.
        recovery: First border at or above the peak again; ``None`` while it is not made good.
        depth: Loss from peak to trough, a fraction, positive.
        length: Periods from the peak to the recovery, or to the last border.
    """

    peak: int
    trough: int
    recovery: int | None
    depth: float
    length: int


def underwater(returns: Any) -> Array:
    """Return the drawdown at each border, shape (n + 1,): 0 at a peak, 0.1 when 10 % below it.

    Raises:
        InputError: NaN, or a return of -100 % or less.
    """
    value = wealth(returns)
    depths = 1.0 - value / np.maximum.accumulate(value)
    return np.where(depths > _ROUNDING, depths, 0.0)


def maximum_drawdown(returns: Any) -> float:
    """Return the largest drawdown, a fraction."""
    return float(underwater(returns).max())


def drawdowns(returns: Any) -> tuple[Drawdown, ...]:
    """Return every drawdown, the deepest first (of equals the earlier).

    Raises:
        InputError: NaN, or a return of -100 % or less.
    """
    depths = underwater(returns)
    below = np.concatenate(([False], depths > 0, [False]))
    starts = np.flatnonzero(~below[:-1] & below[1:])
    ends = np.flatnonzero(below[:-1] & ~below[1:])
    found = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        trough = start + int(np.argmax(depths[start:end]))
        recovery = end if end < len(depths) else None
        last = len(depths) - 1 if recovery is None else recovery
        found.append(Drawdown(start - 1, trough, recovery, float(depths[trough]), last - start + 1))
    return tuple(sorted(found, key=lambda one: -one.depth))


def ulcer_index(returns: Any) -> float:
    """Return the root of the mean squared drawdown over the ends of all periods, a fraction."""
    depths = underwater(returns)[1:]
    if not len(depths):
        raise InputError("too few observations", field="returns", value=0, rule="at least 1")
    return math.sqrt(float(np.mean(depths * depths)))


def calmar_ratio(returns: Any, per_year: float) -> float:
    """Return the compound return a year over the maximum drawdown.

    Raises:
        InputError: NaN, or no drawdown to divide by.
    """
    deepest = maximum_drawdown(returns)
    if deepest == 0.0:
        raise InputError("there was no drawdown", field="returns", value=0, rule="a drawdown to divide by")
    value = wealth(returns)
    return annualised(float(value[-1] - 1.0), (len(value) - 1) / per_year) / deepest
