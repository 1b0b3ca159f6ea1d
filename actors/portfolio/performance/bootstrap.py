"""The stationary block bootstrap: intervals of figures of dependent returns that no formula gives.

Blocks begin anywhere, have geometrically distributed lengths and wrap around the end of the sample, so that resampled
series are stationary.

Sources: D. N. Politis and J. P. Romano (1994), "The stationary bootstrap", Journal of the American Statistical
Association 89(428); D. N. Politis and H. White (2004), "Automatic block-length selection for the dependent bootstrap",
Econometric Reviews 23(1), with the constant corrected by A. Patton, D. N. Politis and H. White (2009), Econometric
Reviews 28(4).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.errors import InputError
from actors.portfolio.performance.estimate import Estimate
from actors.portfolio.performance.inputs import Array, numbers, require_at_least, require_between, require_same_length

LEAST = 20
"""Fewest observations from which an interval is drawn."""
_AT_ONCE = 1_000_000
_SIGNIFICANT = 2.0
_FLAT = 0.5

Statistic = Callable[..., Array]
"""Takes one or more arrays of shape (..., n) and returns shape (...): one figure of each row."""


def block_length(values: Any) -> float:
    """Return the mean block length that makes the bootstrap's variance of the mean most exact, at least 1.

    It is (2 G^2 / D)^(1/3) n^(1/3), D = 2 g(0)^2, from autocovariances under a flat-top window whose width is twice
    the lag behind which max(5, sqrt(log10 n)) autocorrelations lie within 2 sqrt(log10(n) / n).

    Args:
        values: Shape (n,), n >= 20.

    Raises:
        InputError: NaN, or too short.
    """
    series = numbers(values, "values", LEAST)
    size = len(series)
    centred = series - series.mean()
    variance = float(centred @ centred) / size
    if variance == 0.0:
        return 1.0
    run = max(5, math.ceil(math.sqrt(math.log10(size))))
    lags = min(math.ceil(math.sqrt(size)) + run, size - 1)
    covariances = np.array([float(centred[lag:] @ centred[: size - lag]) / size for lag in range(lags + 1)])
    small = np.abs(covariances[1:] / variance) < _SIGNIFICANT * math.sqrt(math.log10(size) / size)
    last = _first_run(small, run)
    if last is None:  # no such run: up to the last lag that counts
        last = int(np.flatnonzero(~small)[-1]) + 1
    width = min(2 * max(last, 1), lags)
    at = np.arange(1, width + 1)
    window = np.clip((1.0 - at / width) / _FLAT, 0.0, 1.0)
    weighted = window * covariances[1 : width + 1]
    slope, level = 2.0 * float(weighted @ at), variance + 2.0 * float(weighted.sum())
    most = math.ceil(min(3.0 * math.sqrt(size), size / 3.0))
    if level == 0.0:
        return float(most)
    return min(math.pow(max((slope / level) ** 2 * size, 1.0), 1.0 / 3.0), float(most))


def _block(values: Array) -> float:
    return max(block_length(values), block_length((values - values.mean()) ** 2))


def _first_run(small: npt.NDArray[np.bool_], run: int) -> int | None:
    """Return behind which lag ``run`` neighbours in a row are small."""
    for lag in range(len(small) - run + 1):
        if small[lag : lag + run].all():
            return lag
    return None


@dataclasses.dataclass(frozen=True)
class Bootstrap:
    """How series are drawn again.

    Attributes:
        seed: Of the random numbers; the same seed gives the same interval.
        draws: Resampled series.
        block: Mean block length in periods; ``None``: the longer of the ``block_length`` of the first series and of its
            squared deviations, so that clusters of volatility stay together.
    """

    seed: int
    draws: int = 1000
    block: float | None = None

    def interval(self, statistic: Statistic, confidence: float, *series: Any) -> Estimate:
        """Return a figure with the percentile interval of its resampled values.

        Args:
            statistic: The figure.
            confidence: Probability with which the interval is to hold it.
            series: One or more series of the same length, drawn together, each of shape (n,).

        Raises:
            InputError: NaN, lengths that do not fit, or a confidence that is not between 0 and 1.
        """
        require_between("confidence", confidence, 0.0, 1.0)
        require_at_least("draws", self.draws, 1)
        columns = [numbers(one, "returns") for one in series]
        size = len(columns[0])
        for other in columns[1:]:
            require_same_length("benchmark", len(other), size, "one for each return")
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(statistic(*columns))
            if not math.isfinite(value):
                raise InputError("the figure is not defined", field="returns", value=value, rule="gains and losses")
            if size < LEAST:
                return Estimate(value, reason=f"no interval from fewer than {LEAST} observations")
            block = _block(columns[0]) if self.block is None else self.block
            drawn = [statistic(*(one[rows] for one in columns)) for rows in self._rows(size, block)]
        values = np.concatenate(drawn)
        known = values[np.isfinite(values)]
        if len(known) < 0.9 * len(values):
            return Estimate(value, reason="no interval: too few resampled series have the figure")
        low, high = np.quantile(known, [0.5 - 0.5 * confidence, 0.5 + 0.5 * confidence]).tolist()
        return Estimate(value, low, high, f"stationary bootstrap, mean block {block:.1f}")

    def _rows(self, size: int, block: float) -> Iterator[npt.NDArray[np.int64]]:
        """Yield indices of resampled series, shape (some, size)."""
        require_at_least("block", block, 1.0)
        chance = np.random.default_rng(self.seed)
        left = self.draws
        while left > 0:
            count = min(left, max(1, _AT_ONCE // size))
            left -= count
            begins = chance.random((count, size)) < 1.0 / block
            begins[:, 0] = True
            places = np.arange(size)
            latest = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
            origins = chance.integers(0, size, (count, size))
            yield (np.take_along_axis(origins, latest, axis=1) + places - latest) % size
