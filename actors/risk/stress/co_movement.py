"""How the prices of a book's symbols moved together of late: deviations and correlations of their returns."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from actors.ingest.closes import ClosePanel
from actors.risk.measures.tails import Array
from actors.risk.stress.correlation import Correlations

WINDOW = 500
"""Newest returns that count."""
LEAST = 60
"""Joint returns below which nothing is said."""


def deviations_of(panel: ClosePanel, symbols: tuple[str, ...]) -> Array:
    """Return the standard deviation of each symbol's newest returns, shape (symbols,)."""
    columns = [panel.symbols.index(symbol) for symbol in symbols]
    return np.asarray(np.nanstd(_returns(panel)[:, columns], axis=0, ddof=1), np.float64)


def correlations_of(panel: ClosePanel, symbols: Collection[str]) -> Correlations | None:
    """Return the correlations of those symbols that have ``LEAST`` newest returns on the days that all of them have.

    ``None`` where they are fewer than two symbols, or too few days are joint.
    """
    returns = _returns(panel)
    known = np.isfinite(returns)
    columns = [at for at, symbol in enumerate(panel.symbols) if symbol in symbols and int(known[:, at].sum()) >= LEAST]
    joint = returns[known[:, columns].all(axis=1)][:, columns] if columns else returns[:0]
    if len(columns) < 2 or len(joint) < LEAST:
        return None
    varying = joint.std(axis=0) > 0
    matrix = np.atleast_2d(np.corrcoef(joint[:, varying], rowvar=False))
    names = tuple(panel.symbols[at] for at, varies in zip(columns, varying, strict=True) if varies)
    return Correlations(names, (matrix + matrix.T) / 2) if len(names) > 1 else None


def _returns(panel: ClosePanel) -> Array:
    return panel.returns()[-WINDOW:]
