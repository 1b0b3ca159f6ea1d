"""The newest realised variances of every instrument: what a forecast is made from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from actors.features.realized_variance import RealizedVarianceEstimator
from actors.market.ticks import Ticks
from actors.messages import RealizedVariance


class VarianceHistory:
    """Measures realised variance from ticks and keeps the newest periods of each instrument.

    Args:
        period_minutes: Length of a period; 0 stands for 30 (see ``actors.features.realized_variance``).
        kept: Periods kept for each instrument.
    """

    def __init__(self, period_minutes: int, kept: int) -> None:
        self._estimator = RealizedVarianceEstimator(period_minutes)
        self._kept = kept
        self._rows: dict[int, deque[RealizedVariance]] = {}

    def update(self, ticks: Ticks, time: int) -> list[RealizedVariance]:
        """Take ticks; return the variances that became known by ``time``, ordered by known time and instrument."""
        found = self._estimator.update(ticks, time)
        for row in found:
            self._rows.setdefault(row.instrument, deque(maxlen=self._kept)).append(row)
        return found

    def length(self, instrument: int) -> int:
        """Return the nominal length of an instrument's periods in nanoseconds."""
        return self._estimator.length(instrument)

    def histories(self, instruments: Iterable[int]) -> dict[int, list[RealizedVariance]]:
        """Return the variances of those instruments whose history is full, oldest first."""
        found = {instrument: self._rows.get(instrument, ()) for instrument in instruments}
        return {instrument: list(rows) for instrument, rows in found.items() if len(rows) >= self._kept}
