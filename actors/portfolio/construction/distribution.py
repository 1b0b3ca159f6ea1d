"""A forecast in the words of ``skfolio``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from skfolio.distance import BaseDistance
from skfolio.prior import BasePrior, ReturnDistribution

from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.hierarchical_risk_parity import distances


class Known(BasePrior):  # type: ignore[misc]
    """A prior that is known beforehand, whatever it is fitted to.

    Args:
        forecast: It.
    """

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast

    def fit(self, X: Any, y: Any = None, **parameters: Any) -> Known:
        """Take the forecast as the distribution of returns."""
        forecast = self.forecast
        self.return_distribution_ = ReturnDistribution(
            mu=np.array(forecast.mean),
            covariance=np.array(forecast.covariance),
            returns=frame(forecast).to_numpy(),
        )
        return self


def frame(forecast: Forecast) -> pd.DataFrame:
    """Return scenarios with assets by number; zeros where there are none, which nothing may then look at."""
    count = len(forecast.symbols)
    scenarios = np.zeros((2, count)) if forecast.scenarios is None else np.array(forecast.scenarios)
    return pd.DataFrame(scenarios, columns=[column(at) for at in range(count)])


def column(asset: int) -> str:
    """Return the name of an asset's column: symbols as people have them are not always words."""
    return f"a{asset}"


class KnownDistance(BaseDistance):  # type: ignore[misc]
    """Distances of a forecast's correlations, sqrt((1 - correlation) / 2), whatever it is fitted to.

    Args:
        forecast: It.
    """

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast

    def fit(self, X: Any, y: Any = None, **parameters: Any) -> KnownDistance:
        """Take the distances of the forecast."""
        deviations = np.sqrt(np.diag(self.forecast.covariance))
        self.codependence_ = self.forecast.covariance / deviations / deviations[:, None]
        self.distance_ = distances(self.codependence_)
        return self
