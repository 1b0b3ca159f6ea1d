"""How factors move together: what makes one scenario likelier than another."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection

import numpy as np

from actors.errors import InputError
from actors.ingest.closes import ClosePanel
from actors.risk.measures.tails import Array
from actors.risk.stress.columns import column_factor
from actors.risk.stress.factors import Factor, one_way
from actors.risk.stress.rows import Rows
from actors.risk.stress.shocks import Change, Shock

LEAST_RETURNS = 60
"""Joint moves from which a covariance is reckoned."""
_LOWEST_SHARE = 1e-10
"""Share of the largest eigenvalue under which a direction counts as one in which nothing moves."""
_LOWEST_PRICE = -0.999


@dataclasses.dataclass(frozen=True, eq=False)
class FactorModel:
    """Normal changes of factors, with mean 0.

    Attributes:
        factors: Which, each once.
        changes: How each one's change is meant.
        covariance: Of the changes, shape (factors, factors).
        rows: What it was reckoned from, where known.

    Raises:
        InputError: No covariance matrix, or a factor twice.
    """

    factors: tuple[Factor, ...]
    changes: tuple[Change, ...]
    covariance: Array
    rows: Rows | None = None

    def __post_init__(self) -> None:
        """Check the matrix."""
        count, matrix = len(self.factors), self.covariance
        fits = matrix.shape == (count, count) and len(self.changes) == count == len(set(self.factors)) > 0
        if not fits or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
            rule = f"finite and symmetric, {count} x {count}, one factor or more, each once"
            raise InputError("no covariance matrix", field="covariance", value=f"shape {matrix.shape}", rule=rule)
        values = np.linalg.eigvalsh(matrix)
        if values[0] < -1e-8 * max(values[-1], 0.0) or not values[-1] > 0:
            raise InputError(
                "no covariance matrix", field="covariance", value=f"an eigenvalue of {values[0]:.3g}",
                rule="positive semidefinite, and something moves",
            )  # fmt: skip

    @functools.cached_property
    def root(self) -> Array:
        """A with A A' = covariance, shape (factors, directions that move); its columns are at right angles."""
        values, vectors = np.linalg.eigh(self.covariance)
        moving = values > _LOWEST_SHARE * values[-1]
        return np.asarray(vectors[:, moving] * np.sqrt(values[moving]), np.float64)

    @functools.cached_property
    def lowest(self) -> Array:
        """Lowest change of each factor: prices and volatilities stay positive; shape (factors,)."""
        return np.array([_LOWEST_PRICE if change is Change.RELATIVE else -np.inf for change in self.changes])

    def shocks(self, moves: Array, only: Collection[Factor] | None = None) -> dict[Factor, Shock]:
        """Return changes by factor from numbers by place, of some of the factors or of all."""
        found = zip(self.factors, self.changes, moves.tolist(), strict=True)
        return {factor: Shock(change, move) for factor, change, move in found if only is None or factor in only}


def factor_model(
    panel: ClosePanel,
    factors: frozenset[Factor],
    currencies: frozenset[str] = frozenset(),
    horizon: int = 1,
    window: int | None = None,
) -> FactorModel:
    """Return the model of a panel's columns, of those that are asked for.

    The covariance is the sample's, over rows on which all of them have a change, times ``horizon``: changes of
    different rows are taken as independent.

    Args:
        panel: Closes; see ``columns`` for what its columns may be.
        factors: Which are wanted, without key tenors; those that are no column, or have fewer than ``LEAST_RETURNS``
            changes, are left out, and so is an exchange rate that is there the other way round.
        currencies: Those of which columns such as ``EURUSD`` are exchange rates.
        horizon: Rows ahead.
        window: Newest rows that count; ``None``: all.

    Raises:
        InputError: None of them has enough changes, or too few rows have all of them.
    """
    closes = panel.closes if window is None else panel.closes[-window - 1 :]
    chosen: list[tuple[Factor, Change, int]] = []
    for at, symbol in enumerate(panel.symbols):
        factor, change = column_factor(symbol, currencies)
        if (factor in factors or dataclasses.replace(factor, tenor=None) in factors) and _has_moves(closes, at):
            if factor in one_way([*(one for one, _, _ in chosen), factor]):
                chosen.append((factor, change, at))
    if not chosen:
        wanted = ", ".join(str(one) for one in sorted(factors)[:10])
        raise InputError(
            "no factor of the book has data", field="data", value=wanted or "none",
            rule=f"columns of closes with {LEAST_RETURNS} changes or more",
        )  # fmt: skip
    columns = [at for _, _, at in chosen]
    absolute = np.array([change is Change.ABSOLUTE for _, change, _ in chosen])
    before, after = closes[:-1, columns], closes[1:, columns]
    moves = np.where(absolute, after - before, after / before - 1)
    joint = moves[np.isfinite(moves).all(axis=1)]
    if len(joint) < LEAST_RETURNS:
        raise InputError(
            "too few rows on which all factors have a change", field="data", value=len(joint),
            rule=f"{LEAST_RETURNS} or more", remedy="leave out symbols with short histories",
        )  # fmt: skip
    covariance = np.atleast_2d(np.cov(joint, rowvar=False)) * horizon
    factors_there, changes = tuple(one for one, _, _ in chosen), tuple(change for _, change, _ in chosen)
    return FactorModel(factors_there, changes, covariance, Rows(len(joint), len(moves) - len(joint)))


def _has_moves(closes: Array, column: int) -> bool:
    known = np.isfinite(closes[:, column])
    return int((known[1:] & known[:-1]).sum()) >= LEAST_RETURNS
