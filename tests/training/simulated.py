"""Realised variances that follow a heterogeneous autoregression whose coefficients are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.clock import DAY
from actors.messages import RealizedVariance
from training.panel import Floats, Panel, Series

COEFFICIENTS = (-0.9, 0.4, 0.3, 0.2)
NOISE = 0.3


def variances(periods: int, seed: int, coefficients: Sequence[float] = COEFFICIENTS) -> Floats:
    """Return a path of variances; its noise is normal with standard deviation ``NOISE``."""
    rng = np.random.default_rng(seed)
    path = np.full(periods + 222, np.exp(-9.0))
    for index in range(22, len(path)):
        past = path[:index]
        mean = coefficients[0] + sum(
            weight * np.log(past[-lag:].mean()) for weight, lag in zip(coefficients[1:], (1, 5, 22), strict=True)
        )
        path[index] = np.exp(mean + NOISE * rng.standard_normal())
    return path[222:]


def panel(instruments: int, periods: int, seed: int = 1) -> Panel:
    """Return a panel of independent paths."""
    times = np.arange(1, periods + 1, dtype=np.int64) * DAY
    return tuple(Series(index, times, variances(periods, seed + index)) for index in range(instruments))


def rows(instruments: int, periods: int, seed: int = 1) -> list[RealizedVariance]:
    """Return the same as rows in the order in which they become known."""
    series = panel(instruments, periods, seed)
    return [
        RealizedVariance(one.instrument, (period - 1) * DAY, period * DAY, float(one.variances[period - 1]))
        for period in range(1, periods + 1)
        for one in series
    ]
