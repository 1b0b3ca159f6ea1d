"""Volatility that changes and persists, so that there is something to forecast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PERSISTENCE = np.array([0.98, 0.70])
"""First-order autocorrelation of the slow and the fast part from session to session."""

SPREAD = np.array([0.35, 0.25])
"""Stationary standard deviation of the two parts of the logarithm of volatility."""

MARKET_SHARE = 0.5
"""Share of the variance of each part's shocks that all instruments have in common."""


class StochasticVolatility:
    """Logarithm of each instrument's volatility as the sum of a slow and a fast autoregression of first order.

    A log-AR(1) stochastic volatility (Taylor 1982) with two speeds, whose sum has the long memory that heterogeneous
    autoregressions describe (Corsi 2009). The mean of the variance is the square of ``long_run``.

    Args:
        instruments: Number of instruments.
        long_run: Volatility of one session.
        generator: Gives the first state, drawn from the stationary distribution.
    """

    def __init__(self, instruments: int, long_run: float, generator: np.random.Generator) -> None:
        self._long_run = long_run
        self._parts = SPREAD[:, None] * self._shocks(instruments, generator)

    def next(self, generator: np.random.Generator) -> Floats:
        """Move on by one session and return its volatility by instrument."""
        innovation = (SPREAD * np.sqrt(1 - PERSISTENCE**2))[:, None]
        self._parts = PERSISTENCE[:, None] * self._parts + innovation * self._shocks(self._parts.shape[1], generator)
        volatility: Floats = self._long_run * np.exp(self._parts.sum(axis=0) - (SPREAD**2).sum())
        return volatility

    @staticmethod
    def _shocks(instruments: int, generator: np.random.Generator) -> Floats:
        draws = generator.standard_normal((2, instruments + 1))
        mixed: Floats = np.sqrt(MARKET_SHARE) * draws[:, :1] + np.sqrt(1 - MARKET_SHARE) * draws[:, 1:]
        return mixed
