"""All ratios of a report: each is a figure with its interval, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.bootstrap import LEAST, Bootstrap
from actors.portfolio.performance.estimate import Estimate, attempt
from actors.portfolio.performance.history import History
from actors.portfolio.performance.inputs import Array, numbers
from actors.portfolio.performance.probabilistic_sharpe import (
    deflated_sharpe_ratio,
    minimum_track_record_length,
    moments,
    probabilistic_sharpe_ratio,
)
from actors.portfolio.performance.ratios import calmar, hit_rate, kurtosis, omega, skewness, sortino_ratio, tail_ratio
from actors.portfolio.performance.sharpe import adjusted_sharpe_ratio, sharpe_ratio


def scorecard(
    past: History,
    per_year: float | None,
    confidence: float,
    risk_free: float,
    bootstrap: Bootstrap,
    trials: tuple[float, float] | None,
) -> dict[str, Estimate]:
    """Return the ratios by name.

    Args:
        past: The history; fewer than 20 returns give no ratio.
        per_year: Periods a year.
        confidence: Of the intervals.
        risk_free: Riskless return a period.
        bootstrap: For what has no formula.
        trials: How many strategies this one was chosen from, and the variance of their Sharpe ratios of one period.
    """
    returns, year = past.returns, per_year or 1.0
    if past.has_money and not past.problem:
        profits = np.diff(past.equity) - past.flows
    else:
        profits = returns

    def drawn(statistic: Callable[[Array], Array], values: Array) -> Callable[[], Estimate]:
        return lambda: bootstrap.interval(statistic, confidence, values)

    def calmar_of_years() -> Estimate:
        if past.years < 1.0:
            raise InputError("less than a year is not annualised", field="years", rule="1 year or more")
        return calmar(returns, year, confidence, bootstrap)

    measures: dict[str, Callable[[], Estimate]] = {
        "sharpe": lambda: sharpe_ratio(returns, year, confidence, risk_free),
        "sharpe_adjusted_for_autocorrelation": lambda: adjusted_sharpe_ratio(
            returns, max(round(year), 1), confidence, risk_free
        ),
        "sortino": lambda: sortino_ratio(returns, year, confidence, bootstrap, risk_free),
        "calmar": calmar_of_years,
        "omega": drawn(lambda values: omega(values, risk_free), returns),
        "profit_factor": drawn(omega, profits),
        "hit_rate": lambda: hit_rate(returns, confidence),
        "tail_ratio": drawn(tail_ratio, returns),
        "skewness": drawn(skewness, returns),
        "kurtosis": drawn(kurtosis, returns),
        "probabilistic_sharpe": lambda: Estimate(probabilistic_sharpe_ratio(moments(returns, risk_free))),
        "minimum_track_record": lambda: Estimate(
            minimum_track_record_length(moments(returns, risk_free), 0.0, confidence)
        ),
        "deflated_sharpe": lambda: _deflated(returns, risk_free, trials),
    }
    return {name: _guarded(past, one) for name, one in measures.items()}


def _guarded(past: History, one: Callable[[], Estimate]) -> Estimate:
    def measured() -> Estimate:
        numbers(past.returns, "returns", LEAST)
        return one()

    return Estimate(None, reason=past.problem) if past.problem else attempt(measured)


def _deflated(returns: Array, risk_free: float, trials: tuple[float, float] | None) -> Estimate:
    if trials is None:
        return Estimate(None, reason="how many strategies were tried, and how their ratios varied, was not told")
    return Estimate(deflated_sharpe_ratio(moments(returns, risk_free), *trials))
