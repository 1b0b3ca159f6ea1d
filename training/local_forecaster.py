"""The forecaster in this very process: for the backtest and tests, without a cluster."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from actors.messages import Prediction, RealizedVariance
from configs.schema import ForecasterSection
from training.forecast_book import ForecastBook


class LocalForecaster:
    """A ``Forecaster`` that fits when a fit is due, before it answers: the same data always give the same predictions.

    Args:
        section: The forecaster's configuration.
        folder: Where versions and observations are kept; ``None``: in memory only.
    """

    def __init__(self, section: ForecasterSection, folder: pathlib.Path | None = None) -> None:
        self.book = ForecastBook(section, folder)
        self.book.recover()

    async def observe(self, rows: Sequence[RealizedVariance]) -> None:
        """Take new variances, and fit where a fit is due."""
        self.book.observe(rows)
        if self.book.due:
            model = self.book.fit(self.book.panel())
            if model is not None:
                self.book.install(model)

    async def predict(
        self,
        model: str,
        histories: Mapping[int, Sequence[RealizedVariance]],
        rows: Sequence[RealizedVariance] = (),
    ) -> list[Prediction]:
        """Observe ``rows``, then return one prediction for each history; raises as ``ForecastBook.predict``."""
        await self.observe(rows)
        return self.book.predict(model, histories)
