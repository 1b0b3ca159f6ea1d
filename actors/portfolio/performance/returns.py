"""Returns of an account with external flows: time-weighted, Modified Dietz, chain-linked, annualised.

Sources: C. R. Bacon (2008), "Practical Portfolio Performance Measurement and Attribution", 2nd edition, chapter 2
(time-weighted return, Modified Dietz, eq. 2.13 to 2.34); CFA Institute (2020), "Global Investment Performance
Standards", for the chain of sub-periods.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from actors.clock import DAY
from actors.errors import InputError
from actors.order_terms import word
from actors.portfolio.performance.inputs import (
    Array,
    ascending,
    numbers,
    require_between,
    require_same_length,
    stamps,
)
from actors.vocabulary import Word

YEAR_DAYS = 365.25
YEAR = round(YEAR_DAYS * DAY)
"""Nanoseconds of a year wherever a span of time is turned into years."""


class FlowTime(Word):
    """When within its period money that came in or left counts as moved."""

    START = "start"
    END = "end"


def time_weighted(equity: Any, flows: Any = None, at: FlowTime | str = FlowTime.END) -> Array:
    """Return the return of each period, free of what was paid in and out.

    With flows at the end a period returns (V1 - F) / V0 - 1; with flows at the start V1 / (V0 + F) - 1.

    Args:
        equity: Value at the periods' borders, shape (n + 1,).
        flows: Money paid in (positive) or out within each period, shape (n,); ``None``: none.
        at: When a flow counts as moved.

    Returns:
        Shape (n,), fractions.

    Raises:
        InputError: NaN, too short, or a period that begins without capital.
    """
    values = numbers(equity, "equity", 2)
    moved = np.zeros(len(values) - 1) if flows is None else numbers(flows, "flows", 0)
    require_same_length("flows", len(moved), len(values) - 1, "one for each period between two values")
    start = word(FlowTime, "at", at) is FlowTime.START
    capital = values[:-1] + (moved if start else 0.0)
    empty = np.flatnonzero(capital <= 0)
    if len(empty):
        raise InputError(
            "a period begins without capital",
            field=f"equity[{int(empty[0])}]",
            value=float(capital[empty[0]]),
            rule="more than 0",
            remedy="begin where the account was funded, end where it was emptied",
        )
    end = values[1:] - (0.0 if start else moved)
    return np.asarray(end / capital - 1.0, np.float64)


def modified_dietz(start: float, end: float, flows: Any = (), weights: Any = ()) -> float:
    """Return (V1 - V0 - sum F) / (V0 + sum w F) of one period: its return where values at the flows are not known.

    Args:
        start: Value at the beginning.
        end: Value at the end.
        flows: Money paid in (positive) or out, shape (k,).
        weights: Share of the period for which each flow was there, 0 to 1; see ``day_weights``.

    Raises:
        InputError: NaN, a weight outside 0 to 1, or an average capital that is not positive.
    """
    moved, shares = numbers(flows, "flows", 0), numbers(weights, "weights", 0)
    require_same_length("weights", len(shares), len(moved), "one for each flow")
    numbers([start, end], "value")
    if ((shares < 0) | (shares > 1)).any():
        raise InputError("not a share of the period", field="weights", value=shares.tolist(), rule="from 0 to 1")
    capital = start + float(shares @ moved)
    if capital <= 0:
        raise InputError("no capital was at work", field="start", value=capital, rule="an average of more than 0")
    return (end - start - float(moved.sum())) / capital


def day_weights(times: Any, start: int, end: int) -> Array:
    """Return (T - t) / T for flows at ``times`` (UTC nanoseconds) of the period from ``start`` to ``end``.

    Raises:
        InputError: A flow outside the period, or no period.
    """
    moments = stamps(times, "times")
    if end <= start or (len(moments) and (moments.min() < start or moments.max() > end)):
        raise InputError("a flow outside the period", field="times", value=moments.tolist(), rule=f"{start} to {end}")
    return np.asarray((end - moments) / (end - start), np.float64)


def wealth(returns: Any) -> Array:
    """Return what 1 became, shape (n + 1,), the first element 1.

    Raises:
        InputError: NaN, or a return of -100 % or less, after which there is nothing to compound.
    """
    chain = numbers(returns, "returns", 0)
    lost = np.flatnonzero(chain <= -1.0)
    if len(lost):
        raise InputError(
            "the account was lost in a period",
            field=f"returns[{int(lost[0])}]",
            value=float(chain[lost[0]]),
            rule="more than -1, to be compounded",
            remedy="look at the span before it",
        )
    return np.concatenate(([1.0], np.cumprod(1.0 + chain)))


def linked(returns: Any) -> float:
    """Return the return of all periods together, (1 + r1)(1 + r2)... - 1."""
    return float(wealth(returns)[-1] - 1.0)


def annualised(total: float, years: float) -> float:
    """Return (1 + total)^(1 / years) - 1.

    Raises:
        InputError: No positive span, or a loss of everything.
    """
    require_between("years", years, 0.0, float("inf"))
    require_between("total", total, -1.0, float("inf"))
    return float((1.0 + total) ** (1.0 / years) - 1.0)


def years_between(start: int, end: int) -> float:
    """Return a span between two times (UTC nanoseconds) in years of 365.25 days."""
    return (end - start) / YEAR


def periods_per_year(times: Any) -> float:
    """Return how many periods a year has, judged by the borders' time stamps: periods / years.

    Args:
        times: Borders of the periods, UTC nanoseconds, shape (n + 1,), ascending.

    Raises:
        InputError: Fewer than two, or not ascending.
    """
    borders = ascending(times, "times")
    return float((len(borders) - 1) / years_between(int(borders[0]), int(borders[-1])))
