"""Volatility-filtered historical simulation: past losses, each brought to the volatility that is forecast now.

The volatility is an exponentially weighted moving average of squared losses: v(t+1) = decay v(t) + (1 - decay) l(t)^2.
A past loss l(t) stands for the loss l(t) / sqrt(v(t)) * sqrt(v(now)). Beyond one period, paths of such standardised
losses are drawn and the volatility follows each path.

Sources: J. Hull and A. White (1998), "Incorporating volatility updating into the historical simulation method for value
at risk", Journal of Risk 1(1); for the paths G. Barone-Adesi, K. Giannopoulos and L. Vosper (1999), "VaR without
correlations for portfolios of derivative securities", Journal of Futures Markets 19(5); the decay of daily data is that
of RiskMetrics (1996), 0.94.
"""

from __future__ import annotations

import math

import numpy as np

from actors.errors import InputError
from actors.risk.measures.tails import Array

DECAY = 0.94
"""Weight of the past in the average, for daily losses."""
DRAWS = 10_000
"""Paths beyond one period."""
_BEGINNING = 30
"""Losses whose mean square begins the average."""


class VolatilityFilter:
    """Past losses apart from their volatility, and the volatility that is forecast.

    Args:
        losses: Losses by period, oldest first; shape (n,), finite, n >= 2.
        decay: Weight of the past in the average, over 0 and under 1.

    Attributes:
        standard: The losses, each by the volatility that was expected of its period; shape (n,).
        forecast: The variance that is expected of the next period.

    Raises:
        InputError: The losses do not vary.
    """

    def __init__(self, losses: Array, decay: float = DECAY) -> None:
        squares = losses**2
        now = float(squares[:_BEGINNING].mean()) or float(squares.mean())
        if not now > 0:
            raise InputError("the losses do not vary", field="losses", value=0, rule="losses that are not all zero")
        expected = np.empty(len(losses))
        for period, square in enumerate(squares.tolist()):
            expected[period] = now
            now = decay * now + (1 - decay) * square
        self.standard: Array = losses / np.sqrt(expected)
        self.forecast = now
        self._decay = decay

    def losses(self, horizon: int = 1, seed: int = 0, standard: Array | None = None) -> Array:
        """Return a sample of the losses of the next ``horizon`` periods.

        Args:
            horizon: Number of periods, 1 or more.
            seed: Seed of the paths beyond one period.
            standard: Other standardised losses in the place of the filter's own.

        Returns:
            Shape (n,) for one period, else (``DRAWS``,).
        """
        standard = self.standard if standard is None else standard
        if horizon == 1:
            return standard * math.sqrt(self.forecast)
        chosen = np.random.default_rng(seed).integers(0, len(standard), (horizon, DRAWS))
        variance, total = np.full(DRAWS, self.forecast), np.zeros(DRAWS)
        for each in chosen:
            loss = standard[each] * np.sqrt(variance)
            total += loss
            variance = self._decay * variance + (1 - self._decay) * loss**2
        return total
