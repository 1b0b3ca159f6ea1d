"""The rows that a pooled autoregression of variances is fitted to."""

from __future__ import annotations

import numpy as np

from actors.features.har import har_regressors, trailing_means
from training.panel import Floats, Integers, Panel


class TrainingRows:
    """Regressors of a panel, computed once for all horizons; the series lie one behind the other in one array.

    Windows that reach over the seam of two series are computed with the others and left out.

    Args:
        panel: Realised variances, positive.
        lags: Lengths of the averages, in periods.
    """

    def __init__(self, panel: Panel, lags: tuple[int, ...]) -> None:
        self._longest = max(lags)
        lengths = np.array([len(series.variances) for series in panel], dtype=np.int64)
        self._variances = np.concatenate([np.empty(0), *(series.variances for series in panel)])
        self._times = np.concatenate([np.empty(0, np.int64), *(series.known_times for series in panel)])
        self._remaining = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(self._variances))
        windows = har_regressors(self._variances, lags)
        self._design = np.column_stack([np.ones(len(windows)), windows])

    def of(self, horizon: int) -> tuple[Floats, Floats, Integers]:
        """Return design, target and time of every row that has a full history and a full horizon within its series.

        Args:
            horizon: Steps ahead, in periods.

        Returns:
            The design (a constant, then one column for each lag), the logarithm of the mean variance over the horizon,
            and the known time of the newest variance of each row.
        """
        first = np.flatnonzero(self._remaining >= self._longest + horizon)
        means = trailing_means(self._variances, horizon)
        return (
            self._design[first],
            np.log(means[first + self._longest]),
            self._times[first + self._longest - 1],
        )
