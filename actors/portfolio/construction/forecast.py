"""What is expected of assets over the holding period: mean, covariance, and scenarios where a tail is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from actors.errors import InputError
from actors.portfolio.construction.covariance import Estimator, estimate
from actors.portfolio.construction.checks import Array, covariance_matrix, finite_numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Forecast:
    """Returns that are expected of n assets over one period, the holding period.

    Attributes:
        symbols: Symbol by asset, each once.
        mean: Expected simple return by asset, shape (n,), a fraction per period.
        covariance: Covariance of returns, shape (n, n), per period; positive semidefinite.
        scenarios: Equally likely returns, shape (scenarios, n); ``None`` where there are none.
        shrunk: Whether the covariance was shrunk already.

    Raises:
        InputError: Something is missing, infinite, of another shape, or no covariance; named by its symbol.
    """

    symbols: tuple[str, ...]
    mean: Array
    covariance: Array
    scenarios: Array | None = None
    shrunk: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        object.__setattr__(self, "symbols", _symbols(self.symbols))
        object.__setattr__(self, "mean", finite_numbers("mean", self.mean, None, self.symbols))
        object.__setattr__(self, "covariance", covariance_matrix(self.covariance, self.symbols))
        if self.scenarios is not None:
            rows = range(len(self.scenarios))
            object.__setattr__(self, "scenarios", finite_numbers("scenarios", self.scenarios, rows, self.symbols))

    @classmethod
    def from_returns(
        cls, symbols: Sequence[str], returns: Array, estimator: Estimator = Estimator.SAMPLE, mean: Array | None = None
    ) -> Forecast:
        """Return the forecast that the next period is like one of the past.

        Args:
            symbols: Symbol by column.
            returns: Simple returns, shape (periods, n), at least two periods.
            estimator: How the covariance is estimated.
            mean: Expected returns, shape (n,); the mean of the sample where left out.

        Raises:
            InputError: A return is missing or infinite, too few periods, or an asset that never moves.
        """
        names = _symbols(symbols)
        scenarios = finite_numbers("returns", returns, range(len(returns)), names)
        if len(scenarios) < 2:
            raise InputError("too few periods", field="returns", value=len(scenarios), rule="2 at least")
        still = np.flatnonzero((scenarios == scenarios[0]).all(axis=0))
        if len(still):
            raise InputError(
                f"{names[still[0]]} never moves",
                field=f"returns[{names[still[0]]}]",
                value=float(scenarios[0, still[0]]),
                rule="returns that differ",
                remedy="leave it out, or hold it as cash",
            )
        expected = scenarios.mean(axis=0) if mean is None else mean
        shrunk = estimator in (Estimator.LEDOIT_WOLF, Estimator.OAS)
        return cls(names, expected, estimate(scenarios, estimator), scenarios, shrunk)

    @classmethod
    def from_quantiles(
        cls, symbols: Sequence[str], levels: Sequence[float], quantiles: Array, correlation: Array
    ) -> Forecast:
        """Return the forecast with the means and deviations of quantiles that a model predicts for each asset.

        Args:
            symbols: Symbol by row.
            levels: Levels of the quantiles, ascending, between 0 and 1, at least two.
            quantiles: Quantiles of the return over the period, shape (n, levels).
            correlation: Correlation of the returns, shape (n, n), diagonal 1; it comes from elsewhere, as quantiles
                of single assets say nothing of it.

        Raises:
            InputError: Levels or quantiles that do not ascend, or a correlation that is none.
        """
        names = _symbols(symbols)
        mean, deviation = moments_of_quantiles(names, levels, quantiles)
        matrix = covariance_matrix(correlation, names, "correlation")
        wrong = np.flatnonzero(np.abs(np.diag(matrix) - 1) > 1e-9)
        if len(wrong):
            name = names[wrong[0]]
            value = float(matrix[wrong[0], wrong[0]])
            raise InputError("not a correlation", field=f"correlation[{name}, {name}]", value=value, rule="1")
        return cls(names, mean, matrix * deviation * deviation[:, None])


def moments_of_quantiles(symbols: Sequence[str], levels: Sequence[float], quantiles: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of distributions of which some quantiles are known, each of shape (n,).

    Between two levels a quantile is taken as linear in the normal score z of its level, beyond the outer ones with the
    slope of the outer two: exact where the distribution is normal, and skewed where the quantiles are. With
    quantile = a + b z from z1 to z2, density f and distribution F of the standard normal, the piece adds
    a [F] - b [f] to the mean and a^2 [F] - 2ab [f] + b^2 [F - z f] to the second moment.

    Args:
        symbols: Symbol by row.
        levels: Ascending, between 0 and 1, at least two.
        quantiles: Shape (n, levels).

    Raises:
        InputError: Levels or quantiles that do not ascend; the error names the symbol and the level.
    """
    ranks = np.array(levels, np.float64)
    if ranks.ndim != 1 or len(ranks) < 2 or not (ranks[0] > 0 and ranks[-1] < 1 and (np.diff(ranks) > 0).all()):
        raise InputError("not levels", field="levels", value=list(levels), rule="two at least, ascending, in (0, 1)")
    values = finite_numbers("quantiles", np.transpose(quantiles), ranks.tolist(), symbols).T
    crossed = np.argwhere(np.diff(values, axis=1) < 0)
    flat = np.flatnonzero(values[:, -1] <= values[:, 0])
    if len(crossed) or len(flat):
        row, column = crossed[0] if len(crossed) else (flat[0], len(ranks) - 2)
        raise InputError(
            f"the quantiles of {symbols[row]} do not ascend",
            field=f"quantiles[{symbols[row]}, {ranks[column + 1]:g}]",
            value=float(values[row, column + 1]),
            rule=f"no less than {float(values[row, column])!r}, the quantile before, and the last above the first",
            remedy="sort the quantiles of each prediction, or mend the model that crosses them",
        )
    scores = special.ndtri(ranks)
    slopes = np.diff(values, axis=1) / np.diff(scores)
    slopes = np.column_stack([slopes[:, 0], slopes, slopes[:, -1]])
    starts = np.column_stack([values[:, :1], values]) - slopes * np.r_[scores[0], scores]
    chance = np.diff(np.r_[0.0, ranks, 1.0])
    density = np.exp(-(scores**2) / 2) / np.sqrt(2 * np.pi)
    fall = -np.diff(np.r_[0.0, density, 0.0])
    spread = chance - np.diff(np.r_[0.0, scores * density, 0.0])
    mean = (starts * chance + slopes * fall).sum(axis=1)
    second = (starts**2 * chance + 2 * starts * slopes * fall + slopes**2 * spread).sum(axis=1)
    return mean, np.sqrt(second - mean**2)


def _symbols(symbols: Sequence[str]) -> tuple[str, ...]:
    names = tuple(symbols)
    if not names:
        raise InputError("a forecast is of nothing", field="symbols", value=0, rule="one symbol at least")
    twice = [name for at, name in enumerate(names) if name in names[:at]]
    if twice:
        raise InputError("a symbol is there twice", field="symbols", value=twice[0], rule="each symbol once")
    return names
