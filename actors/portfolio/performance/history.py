"""The history of an account, brought to equal periods: what all figures of a report are reckoned from."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np

from actors.clock import DAY, SECOND
from actors.messages import MONEY_UNIT
from actors.order_terms import word
from actors.portfolio.curve import EquitySample
from actors.portfolio.performance.inputs import Array, Times, ascending, numbers, require_same_length, stamps
from actors.portfolio.performance.returns import periods_per_year, time_weighted, years_between
from actors.vocabulary import Word


class Period(Word):
    """How finely a history is looked at; days, weeks (from Monday) and months are those of UTC."""

    SAMPLE = "sample"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclasses.dataclass(frozen=True)
class History:
    """Values at the borders of periods, and what was earned between them.

    The first border is the first sample, every other one the last sample of a period; the first and the last period
    are as long as the samples go. A period's return is linked from all samples within it, with flows at the end of the
    step in which they came.

    Attributes:
        period: Which periods.
        times: Borders, UTC nanoseconds, shape (n + 1,), or (0,).
        equity: Values there, in whole units of money, shape (n + 1,).
        flows: Money that came in less what left within each period, shape (n,).
        returns: Time-weighted return of each period, shape (n,).
        gross: Gross exposure at the borders; ``None`` where it is not known. ``net`` the same of net exposure.
        problem: Why there are no returns; empty where there are.
        has_money: Whether ``equity`` is money, or only what 1 became.
    """

    period: Period
    times: Times
    equity: Array
    flows: Array
    returns: Array
    gross: Array | None = None
    net: Array | None = None
    problem: str = ""
    has_money: bool = True

    @property
    def years(self) -> float:
        """First to last border, in years of 365.25 days; 0 where there are fewer than two."""
        return years_between(int(self.times[0]), int(self.times[-1])) if len(self.times) > 1 else 0.0

    @property
    def per_year(self) -> float | None:
        """Periods a year, judged by the time stamps; ``None`` without a period."""
        return periods_per_year(self.times) if len(self.times) > 1 else None


def history(
    times: Any,
    equity: Any,
    deposits: Any = None,
    period: Period | str = Period.DAY,
    gross: Any = None,
    net: Any = None,
) -> History:
    """Return the history of an account.

    Samples before the first positive equity are left out. Where the equity is not positive later, there is no return.

    Args:
        times: UTC nanoseconds, ascending, shape (m,).
        equity: Shape (m,), in whole units of money.
        deposits: Money that came in up to each time, less what left, shape (m,); ``None``: none.
        period: Which periods.
        gross: Gross exposure, shape (m,); ``net`` the same of net exposure.

    Raises:
        InputError: NaN, lengths that do not fit, or times that do not ascend.
    """
    kind = word(Period, "period", period)
    columns = {"equity": equity, "deposits": np.zeros(len(times)) if deposits is None else deposits}
    columns |= {name: values for name, values in (("gross", gross), ("net", net)) if values is not None}
    moments = ascending(times, "times", 0)
    series = {name: numbers(values, name, 0) for name, values in columns.items()}
    for name, values in series.items():
        require_same_length(name, len(values), len(moments), "one for each time")
    funded = np.flatnonzero(series["equity"] > 0)
    begin = int(funded[0]) if len(funded) else len(moments)
    moments, series = moments[begin:], {name: values[begin:] for name, values in series.items()}
    worth, paid = series["equity"], series["deposits"]
    borders = _borders(moments, kind)
    empty = np.flatnonzero(worth[:-1] <= 0)
    problem = ""
    returns = np.empty(0)
    if len(empty):
        problem = f"the account had no equity at {utc(int(moments[empty[0]]))}"
    elif len(borders) > 1:
        growth = 1.0 + time_weighted(worth, np.diff(paid))
        returns = np.multiply.reduceat(growth, borders[:-1]) - 1.0
    else:
        problem = "fewer than two samples of an account with equity"
    cut = {name: values[borders] for name, values in series.items()}
    flows = np.diff(cut["deposits"])
    return History(
        kind, moments[borders], cut["equity"], flows, returns, cut.get("gross"), cut.get("net"), problem=problem
    )


def history_of_samples(samples: Sequence[EquitySample], period: Period | str = Period.DAY) -> History:
    """Return the history of an account's journaled samples, in order; of several at one time the last counts."""
    latest = list({sample.time: sample for sample in samples}.values())
    named = {
        name: [getattr(sample.valuation, source) / MONEY_UNIT for sample in latest]
        for name, source in (
            ("equity", "equity"),
            ("deposits", "deposits"),
            ("gross", "gross_exposure"),
            ("net", "net_exposure"),
        )
    }
    return history([sample.time for sample in latest], period=period, **named)


def history_of_returns(times: Any, returns: Any, start: int) -> History:
    """Return the history of a series of returns, each of one period that ended at its time.

    Args:
        times: Ends of the periods, UTC nanoseconds, shape (n,).
        returns: Shape (n,).
        start: Beginning of the first period.

    Raises:
        InputError: NaN, lengths that do not fit, or times that do not ascend.
    """
    rates = numbers(returns, "returns")
    borders = ascending(np.concatenate(([start], stamps(times, "times"))) if len(times) else (), "times")
    require_same_length("returns", len(rates), len(borders) - 1, "one for each time")
    value = np.concatenate(([1.0], np.cumprod(1.0 + rates)))
    return History(Period.SAMPLE, borders, value, np.zeros(len(rates)), rates, has_money=False)


def utc(time: int) -> str:
    """Return a time (UTC nanoseconds) as text, to the second."""
    return datetime.datetime.fromtimestamp(time // SECOND, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _borders(moments: Times, period: Period) -> Times:
    """Return the first index, then the last one of each period; index 0 counts once."""
    if not len(moments):
        return np.empty(0, np.int64)
    days = moments // DAY
    if period is Period.SAMPLE:
        keys = np.arange(len(moments))
    elif period is Period.DAY:
        keys = days
    elif period is Period.WEEK:
        keys = (days + 3) // 7  # 1970-01-01 was a Thursday
    else:
        keys = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    lasts = np.append(np.flatnonzero(np.diff(keys)), len(moments) - 1)
    return np.unique(np.concatenate(([0], lasts))).astype(np.int64)
