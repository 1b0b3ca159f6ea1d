"""An account against its benchmark."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.bootstrap import LEAST
from actors.portfolio.performance.estimate import Estimate, attempt
from actors.portfolio.performance.history import History
from actors.portfolio.performance.inputs import Array, numbers
from actors.portfolio.performance.report import AgainstBenchmark
from actors.portfolio.performance.returns import linked
from actors.portfolio.performance.sharpe import information_ratio


def against_benchmark(
    past: History, name: str, other: History, per_year: float | None, confidence: float
) -> AgainstBenchmark:
    """Compare the periods that have the same borders in both histories.

    Args:
        past: The account's.
        name: The benchmark's name.
        other: Its history.
        per_year: Periods a year.
        confidence: Of the intervals.
    """
    own, base = common_returns(past, other)
    year = per_year or 1.0

    def told(least: int, figure: Callable[[], Estimate]) -> Estimate:
        def measured() -> Estimate:
            numbers(own, "periods in common", least)
            return figure()

        return attempt(measured)

    return AgainstBenchmark(
        name,
        len(own),
        told(1, lambda: Estimate(linked(own))),
        told(1, lambda: Estimate(linked(base))),
        told(LEAST, lambda: Estimate(_covariance(own, base) / _variance(base))),
        told(LEAST, lambda: Estimate(_covariance(own, base) / math.sqrt(_variance(own) * _variance(base)))),
        told(LEAST, lambda: Estimate(math.sqrt(_variance(own - base) * year))),
        told(LEAST, lambda: information_ratio(own, base, year, confidence)),
    )


def common_returns(past: History, other: History) -> tuple[Array, Array]:
    """Return the returns of both over the periods whose borders they share, shape (k,) each."""
    if past.problem or other.problem:
        return np.empty(0), np.empty(0)
    known = dict(zip(_spans(other), other.returns.tolist(), strict=True))
    pairs = [
        (rate, known[span]) for span, rate in zip(_spans(past), past.returns.tolist(), strict=True) if span in known
    ]
    both = np.array(pairs, np.float64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _spans(past: History) -> list[tuple[int, int]]:
    times = past.times.tolist()
    return list(zip(times, times[1:], strict=False))


def _covariance(own: Array, base: Array) -> float:
    return float(np.cov(own, base)[0, 1])


def _variance(values: Array) -> float:
    variance = float(values.var(ddof=1))
    if variance == 0.0:
        raise InputError("the returns never differ", field="returns", value=float(values[0]), rule="some variance")
    return variance
