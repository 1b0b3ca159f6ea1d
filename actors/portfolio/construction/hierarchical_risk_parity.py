"""Hierarchical risk parity: assets in the order of a cluster tree, and money split half by half by inverse variance.

M. Lopez de Prado (2016), "Building diversified portfolios that outperform out of sample", Journal of Portfolio
Management 42(4). It inverts nothing, so a singular covariance is no hindrance.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from actors.errors import InputError
from actors.portfolio.construction.checks import Array

Linkage = Literal["single", "complete", "average", "ward"]


def hierarchical_risk_parity(
    covariance: Array, correlation: Array | None = None, linkage: Linkage = "single", ordered: bool = False
) -> Array:
    """Return long-only weights whose sum is 1.

    Args:
        covariance: Shape (n, n), with positive variances.
        correlation: What distances are taken from, shape (n, n); that of the covariance where left out. The two differ
            where each pair of assets was estimated from the periods that it has in common.
        linkage: How the distance of clusters is reckoned; the source's is ``single``.
        ordered: Whether leaves are turned so that neighbours are as near as can be.

    Returns:
        Shape (n,).

    Raises:
        InputError: A half of the tree has no risk, or less than none.
    """
    deviations = np.sqrt(np.diag(covariance))
    if len(deviations) == 1:
        return np.ones(1)
    standard = covariance / deviations / deviations[:, None] if correlation is None else correlation
    condensed = squareform(distances(standard), checks=False)
    order = hierarchy.leaves_list(hierarchy.linkage(condensed, linkage, optimal_ordering=ordered))
    inverse = 1.0 / np.diag(covariance)[order]
    # The variance of a half held in inverse variance is the sum of its block of this, by the squared sum of inverses.
    weighted = covariance[np.ix_(order, order)] * inverse * inverse[:, None]
    shares = np.ones(len(order))
    halves = [(0, len(order))]
    while halves:
        begin, end = halves.pop()
        if end - begin < 2:
            continue
        middle = begin + (end - begin) // 2
        left = weighted[begin:middle, begin:middle].sum() / inverse[begin:middle].sum() ** 2
        right = weighted[middle:end, middle:end].sum() / inverse[middle:end].sum() ** 2
        if not (left >= 0 and right >= 0 and left + right > 0):
            raise InputError(
                "a half of the cluster tree has no risk to split by",
                field="covariance",
                value=f"variances {left:.3g} and {right:.3g} at level of {end - begin} assets",
                rule="not negative, and one of them positive",
                remedy="shrink the covariance (ledoit_wolf), or take it from the same periods for all assets",
            )
        shares[begin:middle] *= right / (left + right)
        shares[middle:end] *= left / (left + right)
        halves += [(begin, middle), (middle, end)]
    weights = np.empty(len(order))
    weights[order] = shares
    return weights


def distances(correlation: Array) -> Array:
    """Return the distances of assets, sqrt((1 - correlation) / 2), shape (n, n), from 0 to 1."""
    found = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    np.fill_diagonal(found, 0.0)
    return np.asarray((found + found.T) / 2, np.float64)
