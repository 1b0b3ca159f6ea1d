"""How the prices of a book's symbols moved together: deviations and correlations of their returns."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from actors.ingest.closes import ClosePanel
from actors.risk.stress.correlation import Correlations
from actors.risk.stress.rows import Rows

LEAST = 60
"""Joint returns below which nothing is said."""


def correlations_of(panel: ClosePanel, symbols: Collection[str], history: int | None = None) -> Correlations | None:
    """Return correlations and deviations of those symbols that have ``LEAST`` returns, on the days that all have one.

    ``None`` where they are fewer than two symbols, or too few days are joint.

    Args:
        panel: Closes.
        symbols: Of which.
        history: Newest returns that count; ``None``: all.
    """
    returns = panel.returns() if history is None else panel.returns()[-history:]
    known = np.isfinite(returns)
    columns = [at for at, symbol in enumerate(panel.symbols) if symbol in symbols and int(known[:, at].sum()) >= LEAST]
    joint = returns[known[:, columns].all(axis=1)][:, columns] if columns else returns[:0]
    if len(columns) < 2 or len(joint) < LEAST:
        return None
    varying = joint.std(axis=0) > 0
    matrix = np.atleast_2d(np.corrcoef(joint[:, varying], rowvar=False))
    names = tuple(panel.symbols[at] for at, varies in zip(columns, varying, strict=True) if varies)
    if len(names) < 2:
        return None
    deviations = joint[:, varying].std(axis=0, ddof=1)
    return Correlations(names, (matrix + matrix.T) / 2, deviations, Rows(len(joint), len(returns) - len(joint)))
