"""The money-weighted return: the rate at which all that was paid in and out is worth nothing, all solutions of it.

With cash flows C at times t (years) the rate r solves sum C (1 + r)^-t = 0; with x = ln(1 + r) the left side is
f(x) = sum C exp(-x t). By Descartes' rule it has at most as many roots as C changes sign in the order of time. They are
found all: with tau between the times of one change of sign, the derivative of f(x) exp(x tau) is of the same form with
one change less, and between its roots f(x) exp(x tau) is monotone.

Sources: C. R. Bacon (2008), "Practical Portfolio Performance Measurement and Attribution", 2nd edition, eq. 2.6 ff.;
G. Polya and G. Szego (1925), "Aufgaben und Lehrsatze aus der Analysis", part V, on the roots of sums of exponentials.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from scipy import optimize

from actors.errors import InputError
from actors.portfolio.performance.inputs import Array, ascending, numbers, require_same_length
from actors.portfolio.performance.returns import YEAR

_FARTHEST = 2.0**40
_MOST_CHANGES = 200


@dataclasses.dataclass(frozen=True)
class MoneyWeighted:
    """The internal rate of return.

    Attributes:
        annual: The rate a year; ``None`` unless there is exactly one.
        over_span: The same rate over the whole span, (1 + annual)^years - 1: what to read where the span is short.
        solutions: Every rate that makes the net present value zero, ascending.
        years: First to last flow, in years of 365.25 days.
        reason: Why there is not exactly one; empty where there is.
    """

    annual: float | None
    over_span: float | None
    solutions: tuple[float, ...]
    years: float
    reason: str = ""


def money_weighted(times: Any, flows: Any) -> MoneyWeighted:
    """Return the internal rate of return of dated flows.

    Args:
        times: When, UTC nanoseconds, ascending, shape (n,).
        flows: The investor's view: what was paid in is negative, what came back, and the final value, positive.

    Raises:
        InputError: NaN, fewer than two flows, lengths that do not fit, times that do not ascend, or more than 200
            changes of sign.
    """
    moments, cash = ascending(times, "times"), numbers(flows, "flows", 2)
    require_same_length("flows", len(cash), len(moments), "one for each time")
    span = float((moments[-1] - moments[0]) / YEAR)
    moved = cash != 0
    years = np.asarray((moments[moved] - moments[0]) / YEAR, np.float64)
    changes = _changes(cash[moved])
    if len(changes) > _MOST_CHANGES:
        raise InputError(
            "the flows change sign too often", field="flows", value=len(changes), rule=f"{_MOST_CHANGES} times at most"
        )
    if not len(changes):
        return MoneyWeighted(None, None, (), span, "no rate: all flows have the same sign")
    scale = float(years[-1]) or 1.0
    found = [root / scale for root in _roots(cash[moved] / np.abs(cash).max(), years / scale)]
    rates = tuple(sorted(math.expm1(min(root, 700.0)) for root in found))
    if len(rates) != 1:
        count = "no rate" if not rates else f"{len(rates)} rates"
        return MoneyWeighted(None, None, rates, span, f"{count}: the flows change sign {len(changes)} times")
    return MoneyWeighted(rates[0], math.expm1(min(found[0] * span, 700.0)), rates, span)


def net_present_value(rate: float, times: Any, flows: Any) -> float:
    """Return sum C (1 + rate)^-t, t in years of 365.25 days since the first time."""
    moments, cash = ascending(times, "times", 1), numbers(flows, "flows")
    years = (moments - moments[0]) / YEAR
    return float(np.sum(cash * np.exp(-math.log1p(rate) * years)))


def _changes(cash: Array) -> Array:
    return np.flatnonzero(np.signbit(cash[1:]) != np.signbit(cash[:-1])).astype(np.float64)


def _roots(cash: Array, years: Array) -> list[float]:
    """Return every x at which sum C exp(-x t) is 0; ``years`` ascend, no element of ``cash`` is 0."""
    changes = _changes(cash)
    if not len(changes):
        return []
    at = int(changes[0])
    turn = 0.5 * (years[at] + years[at + 1])
    turns = [-_FARTHEST, *_roots(-cash * (years - turn), years), _FARTHEST]
    # Far left the last flow outweighs all others, far right the first.
    heights = [float(np.sign(cash[-1])), *(_height(x, cash, years) for x in turns[1:-1]), float(np.sign(cash[0]))]
    found: list[float] = []
    for left, right, low, high in zip(turns, turns[1:], heights, heights[1:], strict=False):
        if low == 0.0:
            found.append(left)
        elif low * high < 0:
            inner = _bracket(left, right, low, high, cash, years)
            if inner is not None:
                found.append(float(optimize.brentq(_height, *inner, args=(cash, years), xtol=1e-14, rtol=1e-14)))
    return found


def _bracket(
    left: float, right: float, low: float, high: float, cash: Array, years: Array
) -> tuple[float, float] | None:
    """Return finite ends of different sign within an interval whose outer ends may be as good as infinite."""
    centre = right if left == -_FARTHEST else left
    if left == -_FARTHEST and right == _FARTHEST:
        centre = 0.0
    step = 1e-3
    while step < _FARTHEST:
        ends = max(left, centre - step), min(right, centre + step)
        heights = [_height(end, cash, years) for end in ends]
        if heights[0] * heights[1] <= 0:
            return ends
        step *= 2.0
    return None


def _height(x: float, cash: Array, years: Array) -> float:
    """Return the sum relative to its largest term: the same sign and the same roots, without overflow."""
    exponents = -x * years
    top = float(exponents.max())
    value = float(np.sum(cash * np.exp(exponents - top)))
    # A double root touches zero without crossing: what is lost in rounding counts as touched.
    return 0.0 if abs(value) <= 4e-16 * float(np.sum(np.abs(cash) * np.exp(exponents - top))) else value
