"""What a volatility model is, whatever its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from training.panel import Floats, Panel


class VolatilityModel(Protocol):
    """A fitted model of realised variance.

    Attributes:
        horizons: Steps ahead, in periods; a forecast is that of the mean variance over the next ``horizon`` periods.
        quantiles: Quantile levels, ascending.
        shortest_history: Variances that ``predict`` needs.
    """

    horizons: tuple[int, ...]
    quantiles: tuple[float, ...]

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


class Trainer(Protocol):
    """Fits a model to a panel; the same panel always gives the same model."""

    def __call__(self, panel: Panel) -> VolatilityModel:
        """Return the fitted model."""
