"""How much prices have moved lately: the deviation of relative changes from one price to the next, recent ones first.

Exponentially weighted moments about zero with decay 0.94: J.P. Morgan/Reuters (1996), RiskMetrics Technical Document,
section 5.2. One change is one step from the price of a market slice to that of the next slice with a price.
"""

from __future__ import annotations

import math

from actors.messages import MONEY_UNIT

DECAY = 0.94
LEAST_CHANGES = 20
"""Changes below which nothing is known: about as many as carry three quarters of the weight."""


class RecentVolatility:
    """The deviation of recent price changes by instrument."""

    def __init__(self) -> None:
        self._moments: dict[int, tuple[float, int]] = {}

    def moved(self, instrument: int, before: int, after: int) -> None:
        """Take note of a price after another one, both positive, in increments."""
        variance, count = self._moments.get(instrument, (0.0, 0))
        change = after / before - 1
        # The first changes count alike, so that the start does not weigh for ever.
        weight = max(1 - DECAY, 1 / (count + 1))
        self._moments[instrument] = (variance + weight * (change * change - variance), count + 1)

    def of(self, instrument: int) -> int:
        """Return the deviation as a fraction of the price, in 1e-8; 0 while too little is known."""
        variance, count = self._moments.get(instrument, (0.0, 0))
        return round(math.sqrt(variance) * MONEY_UNIT) if count >= LEAST_CHANGES else 0
