"""The regressors of the heterogeneous autoregression: logarithms of average variances over lags (Corsi 2009)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LAGS = (1, 5, 22)
"""A day, a week and a month in sessions, as in Corsi (2009)."""


def trailing_means(values: Floats, window: int) -> Floats:
    """Return the mean of every ``window`` consecutive values along the last axis.

    Entry ``i`` is that of ``values[..., i : i + window]``. The sum runs in one fixed order, so a window gives the same
    bits whether it is computed alone, within a long series or beside other series.
    """
    count = max(values.shape[-1] - window + 1, 0)
    total = np.zeros((*values.shape[:-1], count))
    for offset in range(window):
        total += values[..., offset : offset + count]
    return total / window


def har_regressors(variances: Floats, lags: Sequence[int] = LAGS) -> Floats:
    """Return the regressors at every period that has enough history.

    Args:
        variances: Realised variances of consecutive periods along the last axis, oldest first, positive.
        lags: Lengths of the averages, in periods.

    Returns:
        Array of shape ``(..., periods - max(lags) + 1, len(lags))``: row ``i`` uses ``variances[..., : i + max(lags)]``
        only and holds ``ln(mean of the newest lag variances)`` for each lag. No rows where the history is too short.
    """
    longest = max(lags)
    return np.stack([np.log(trailing_means(variances, lag)[..., longest - lag :]) for lag in lags], axis=-1)
