"""Returns of assets with common factors, and forecasts of them."""

from __future__ import annotations

import numpy as np

from actors.portfolio.construction.checks import Array
from actors.portfolio.construction.forecast import Forecast


def symbols(count: int) -> tuple[str, ...]:
    """Return names of assets."""
    return tuple(f"A{number:03d}" for number in range(count))


def returns(count: int = 12, periods: int = 250, seed: int = 5) -> Array:
    """Return daily returns, heavy in the tails, of assets that three factors move."""
    chance = np.random.default_rng(seed)
    factors = 0.006 * chance.standard_t(5, (periods, 3))
    loadings = 0.5 * chance.standard_normal((3, count))
    loadings[0] = chance.uniform(0.5, 1.5, count)
    alone = 0.01 * chance.uniform(0.5, 2, count) * chance.standard_t(5, (periods, count))
    return np.asarray(0.0003 * chance.standard_normal(count) + factors @ loadings + alone)


def forecast(count: int = 12, periods: int = 250, seed: int = 5) -> Forecast:
    """Return a forecast from such returns."""
    return Forecast.from_returns(symbols(count), returns(count, periods, seed))
