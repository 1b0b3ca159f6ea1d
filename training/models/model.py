"""What a volatility model is, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from training.panel import Floats


class VolatilityModel(Protocol):
    """A fitted model of realised variance.

    A forecast is that of the mean variance over the next ``horizon`` periods.
    """

    @property
    def horizons(self) -> tuple[int, ...]:
        """Steps ahead, in periods, ascending."""

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Quantile levels, ascending."""

    @property
    def window(self) -> tuple[int, int]:
        """Known times of the first and the last variance that the model learned from, UTC nanoseconds."""

    @property
    def shortest_history(self) -> int:
        """Variances that ``predict`` needs."""

    def predict(self, histories: Sequence[Floats]) -> Floats:
        """Return quantiles of the mean variance over each horizon.

        Args:
            histories: Realised variances of consecutive periods, oldest first, one array for each forecast.

        Returns:
            Array of shape (histories, horizons, quantiles); ascending along the last axis, variance per period.

        Raises:
            InputError: A history is too short, or holds what is not a positive number.
        """

    def describe(self) -> dict[str, Any]:
        """Return everything that the model is, as plain data from which it can be made again."""
