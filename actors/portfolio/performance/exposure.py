"""Exposure: how much of the market the account held for each unit of its equity, and in how many pieces.

Source: A. Meucci (2009), "Managing diversification", Risk 22(5), for the effective number of bets as the exponential of
the entropy; O. C. Herfindahl (1950) and A. O. Hirschman (1945) for the inverse sum of squared shares.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.inputs import Array, numbers, require_same_length


@dataclasses.dataclass(frozen=True)
class Exposure:
    """Exposure over equity, fractions.

    Attributes:
        mean_gross: Mean of gross exposure over equity, the leverage.
        highest_gross: Its maximum.
        mean_net: Mean of net exposure over equity.
        lowest_net: Its minimum.
        highest_net: Its maximum.
        invested: Share of times with any exposure.
    """

    mean_gross: float
    highest_gross: float
    mean_net: float
    lowest_net: float
    highest_net: float
    invested: float


def exposure(gross: Any, net: Any, equity: Any) -> Exposure:
    """Return the exposure of a history.

    Args:
        gross: Sum of absolute position values, shape (n,).
        net: Sum of signed position values, shape (n,).
        equity: Shape (n,), positive.

    Raises:
        InputError: NaN, lengths that do not fit, or equity that is not positive.
    """
    whole, signed, worth = numbers(gross, "gross"), numbers(net, "net"), numbers(equity, "equity")
    for field, length in (("net", len(signed)), ("equity", len(worth))):
        require_same_length(field, length, len(whole), "one for each time")
    if (worth <= 0).any():
        raise InputError("exposure needs equity", field="equity", value=float(worth.min()), rule="more than 0")
    levered, tilt = whole / worth, signed / worth
    return Exposure(
        float(levered.mean()),
        float(levered.max()),
        float(tilt.mean()),
        float(tilt.min()),
        float(tilt.max()),
        float((whole > 0).mean()),
    )


def exposures_of_positions(quantities: Any, prices: Any) -> tuple[Array, Array]:
    """Return gross and net exposure at each time, shape (times,) each.

    Args:
        quantities: Units held, negative where short, shape (times, instruments).
        prices: The same shape.
    """
    values = np.asarray(quantities, np.float64) * np.asarray(prices, np.float64)
    return np.abs(values).sum(axis=-1), values.sum(axis=-1)


@dataclasses.dataclass(frozen=True)
class Concentration:
    """How many pieces a book is made of, by absolute value.

    Attributes:
        largest: Share of the largest position.
        herfindahl: Sum of squared shares, 1 for a single position.
        effective_positions: Its inverse.
        effective_bets: Exponential of the entropy of the shares; where a covariance is given, of the shares that its
            principal portfolios have in the book's variance instead: uncorrelated bets.
    """

    largest: float
    herfindahl: float
    effective_positions: float
    effective_bets: float


def concentration(values: Any, covariance: Any = None) -> Concentration:
    """Return the concentration of a book.

    Args:
        values: Signed position values, shape (instruments,), not all 0.
        covariance: Of the instruments' returns, shape (instruments, instruments), for uncorrelated bets.

    Raises:
        InputError: NaN, no position, or a covariance that does not fit.
    """
    book = numbers(values, "values")
    gross = float(np.abs(book).sum())
    if gross == 0.0:
        raise InputError("there is no position", field="values", value=0, rule="one at least")
    shares = np.abs(book) / gross
    squares = float(shares @ shares)
    bets = _entropy_count(shares if covariance is None else _principal_shares(book, covariance))
    return Concentration(float(shares.max()), squares, 1.0 / squares, bets)


def _principal_shares(book: Array, covariance: Any) -> Array:
    matrix = np.asarray(covariance, np.float64)
    if matrix.shape != (len(book), len(book)) or not np.isfinite(matrix).all():
        raise InputError(
            "a covariance that does not fit",
            field="covariance",
            value=matrix.shape,
            rule=f"finite, {len(book)} squared",
        )
    variances, directions = np.linalg.eigh((matrix + matrix.T) / 2)
    parts = np.maximum(variances, 0.0) * (directions.T @ book) ** 2
    total = float(parts.sum())
    if not total > 0:
        raise InputError("the book has no variance", field="covariance", value=total, rule="more than 0")
    return np.asarray(parts / total, np.float64)


def _entropy_count(shares: Array) -> float:
    positive = shares[shares > 0]
    return math.exp(-float(positive @ np.log(positive)))
