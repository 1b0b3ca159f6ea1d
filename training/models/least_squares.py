"""Ordinary least squares with standard errors that allow for what panels of overlapping horizons do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actors.errors import InputError
from training.panel import Floats, Integers


@dataclass(frozen=True)
class LeastSquares:
    """A fitted regression.

    Attributes:
        coefficients: One per column of the design.
        standard_errors: Driscoll and Kraay (1998).
        residuals: One per row.
        r_squared: Share of the variance explained, in sample.
    """

    coefficients: Floats
    standard_errors: Floats
    residuals: Floats
    r_squared: float


def ordinary_least_squares(design: Floats, target: Floats, times: Integers, overlap: int) -> LeastSquares:
    """Fit ``target = design @ coefficients + residual``.

    The standard errors are those of Driscoll and Kraay (1998): scores are summed over the instruments of one time,
    which allows for any correlation between instruments, and weighted over neighbouring times as by Newey and West
    (1987) with bandwidth ``max(overlap, floor(4 (T / 100)^(2/9)))``, which allows for overlapping horizons.

    Args:
        design: Shape (rows, columns), a constant among the columns.
        target: Shape (rows,).
        times: Time of each row, shape (rows,).
        overlap: Number of neighbouring times whose targets overlap.

    Raises:
        InputError: The columns are collinear.
    """
    columns = design.shape[1]
    coefficients, _, rank, _ = np.linalg.lstsq(design, target, rcond=None)
    if rank < columns:
        raise InputError(
            "the regressors are collinear",
            field="variances",
            value=f"rank {int(rank)} of {columns}",
            rule="averages over different lags that do not move as one",
            remedy="more history, or data that vary",
            code="TRAINING_DATA_COLLINEAR",
        )
    residuals = target - design @ coefficients
    inverse = np.linalg.inv(design.T @ design)
    distinct, position = np.unique(times, return_inverse=True)
    scores: Floats = np.column_stack(
        [np.bincount(position, design[:, column] * residuals, len(distinct)) for column in range(columns)]
    )
    bandwidth = min(max(overlap, int(4 * (len(distinct) / 100) ** (2 / 9))), len(distinct) - 1)
    middle = scores.T @ scores
    for lag in range(1, bandwidth + 1):
        lagged = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (bandwidth + 1)) * (lagged + lagged.T)
    covariance = inverse @ middle @ inverse
    spread = float(np.sum((target - target.mean()) ** 2))
    return LeastSquares(
        np.asarray(coefficients, dtype=np.float64),
        np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        residuals,
        1.0 - float(residuals @ residuals) / spread if spread > 0 else 0.0,
    )
