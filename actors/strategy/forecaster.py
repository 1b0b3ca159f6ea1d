"""What a strategy needs of whoever forecasts volatility; an implementation is handed in from above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from actors.messages import Prediction, RealizedVariance


class Forecaster(Protocol):
    """Forecasts realised variance from realised variance, and learns from what it is shown."""

    async def observe(self, rows: Sequence[RealizedVariance]) -> None:
        """Hand over new realised variances as training material; rows that were handed over before change nothing.

        Raises:
            Unavailable: The forecaster can't be reached; hand the rows over again later.
        """

    async def predict(
        self,
        model: str,
        histories: Mapping[int, Sequence[RealizedVariance]],
        rows: Sequence[RealizedVariance] = (),
    ) -> list[Prediction]:
        """Return one prediction for each history, in the order of the mapping.

        Args:
            model: Model id.
            histories: Realised variances of consecutive periods by instrument id, oldest first.
            rows: New variances that are observed first, in the same call.

        Raises:
            Unavailable: Not now; code ``MODEL_NOT_FITTED`` while there is too little data for a first fit (the rows
            were
                observed all the same).
            NotFound: No such model.
        """
