"""Correlations under stress: matrices that stay possible, and what they do to the volatility of a book."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from actors.errors import InputError
from actors.risk.measures.parametric import Normal
from actors.risk.measures.tails import Array
from actors.risk.stress.factors import CORRELATION, Factor, require_known
from actors.risk.stress.rows import Rows
from actors.risk.stress.shocks import Change, Shock

REPAIR_LIMIT = 0.1
"""By how much a repair may move any correlation; beyond it the shock is refused."""
_TOLERANCE = 1e-10
_ROUNDS = 1_000


@dataclasses.dataclass(frozen=True, eq=False)
class Correlations:
    """A correlation matrix.

    Attributes:
        symbols: Symbol by row and column.
        matrix: Shape (symbols, symbols); symmetric, ones on the diagonal, positive semidefinite.
        deviations: Standard deviations of the returns of one period, shape (symbols,), where known.
        rows: What both were reckoned from, where known.

    Raises:
        InputError: It is none.
    """

    symbols: tuple[str, ...]
    matrix: Array
    deviations: Array | None = None
    rows: Rows | None = None

    def __post_init__(self) -> None:
        """Check the matrix."""
        count, matrix = len(self.symbols), self.matrix
        fits = matrix.shape == (count, count) and bool(np.isfinite(matrix).all())
        if not fits or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1):
            rule = f"{count} x {count}, symmetric, ones on the diagonal"
            raise InputError("no correlation matrix", field="correlations", value=f"shape {matrix.shape}", rule=rule)
        lowest = _lowest(matrix)
        if lowest < -1e-8:
            raise InputError(
                "no correlation matrix", field="correlations", value=f"an eigenvalue of {lowest:.3g}",
                rule="positive semidefinite", remedy="take the nearest one that is: nearest_correlations",
            )  # fmt: skip

    def of(self, one: str, other: str) -> float:
        """Return the correlation of two symbols."""
        return float(self.matrix[self.symbols.index(one), self.symbols.index(other)])


@dataclasses.dataclass(frozen=True, eq=False)
class Stressed:
    """Correlations after a shock.

    Attributes:
        correlations: The matrix.
        repair: By how much the correlation that a repair has moved most was moved; 0 where none was needed.
    """

    correlations: Correlations
    repair: float


def stressed(today: Correlations, shocks: Mapping[Factor, Shock]) -> Stressed:
    """Return correlations after shocks.

    ``correlation`` takes all a share f of the way to 1, (1 - f) C + f 11', or for f < 0 to 0, (1 + f) C - f I: both are
    mixtures of correlation matrices and so need no repair. A pair that moves by itself may leave a matrix that none can
    be; then the nearest one is taken, and how far it is is told.

    Raises:
        InputError: An unknown pair, a correlation beyond 1, or a repair that would move one by over ``REPAIR_LIMIT``.
    """
    matrix, count = today.matrix.copy(), len(today.symbols)
    whole = shocks.get(CORRELATION)
    if whole is not None:
        goal = np.ones((count, count)) if whole.size > 0 else np.eye(count)
        matrix = (1 - abs(whole.size)) * matrix + abs(whole.size) * goal
    for factor, shock in shocks.items():
        if factor == CORRELATION:
            continue
        if not {factor.name, factor.other} <= set(today.symbols):
            require_known(factor, {Factor(factor.kind, one, other) for one, other in _pairs(today.symbols)})
        row, column = today.symbols.index(factor.name), today.symbols.index(factor.other)
        here = today.matrix[row, column]
        if shock.change is Change.RELATIVE:
            there = (1 - abs(shock.size)) * here + max(shock.size, 0.0)
        else:
            there = here + shock.size
        if abs(there) > 1 + 1e-12:
            raise InputError(
                f"{factor} would be {there:.4g}", field=str(factor), value=shock.text(), rule="from -1 to 1",
                remedy=f"it is {here:.4g} today; shock it by a share of the way to 1, in %",
            )  # fmt: skip
        matrix[row, column] = matrix[column, row] = there
    if _lowest(matrix) >= -_TOLERANCE:
        return Stressed(Correlations(today.symbols, matrix), 0.0)
    repaired = nearest_correlations(matrix)
    moved = float(np.abs(repaired - matrix).max())
    if moved > REPAIR_LIMIT:
        raise InputError(
            "no market can have these correlations",
            field=", ".join(map(str, shocks)),
            value=f"an eigenvalue of {_lowest(matrix):.3g}",
            rule=f"positive semidefinite, or nearer than {REPAIR_LIMIT} to it (here {moved:.2f})",
            remedy="move the pairs of both symbols with others too, or shock all correlations",
        )
    return Stressed(Correlations(today.symbols, repaired), moved)


def nearest_correlations(matrix: Array) -> Array:
    """Return the correlation matrix that is nearest in the Frobenius norm.

    By alternating projections with Dykstra's correction. N. Higham (2002), "Computing the nearest correlation matrix",
    IMA Journal of Numerical Analysis 22(3), algorithm 3.3.
    """
    found, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(_ROUNDS):
        before = found
        start = found - correction
        values, vectors = np.linalg.eigh(start)
        possible = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = possible - start
        found = possible.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < _TOLERANCE:
            break
    # The last projection set the diagonal, which leaves eigenvalues some 1e-10 below 0: scale the possible one instead.
    scale = 1 / np.sqrt(np.diag(possible))
    return np.asarray((possible * scale[:, None]) * scale[None, :], np.float64)


@dataclasses.dataclass(frozen=True)
class CorrelationEffect:
    """What a shock of correlations does to a book that is linear in prices; money in the unit of the exposures.

    Attributes:
        volatility: Standard deviation of the profit of one period, before and after.
        value_at_risk: Normal value at risk of one period, mean 0, before and after.
        confidence: Its level.
        repair: See ``Stressed``.
    """

    volatility: tuple[float, float]
    value_at_risk: tuple[float, float]
    confidence: float
    repair: float


def correlation_effect(
    exposures: Array, deviations: Array, today: Correlations, shocks: Mapping[Factor, Shock], confidence: float = 0.99
) -> CorrelationEffect:
    """Return what a shock of correlations does to volatility and value at risk.

    Args:
        exposures: Signed market values by symbol of ``today``, shape (symbols,).
        deviations: Standard deviations of the returns of one period, the same shape.
        today: Correlations of the returns.
        shocks: Changes of correlations.
        confidence: Level of the value at risk.

    Raises:
        InputError: See ``stressed``.
    """
    after = stressed(today, shocks)
    scaled = exposures * deviations
    before_deviation, after_deviation = (
        math.sqrt(max(0.0, float(scaled @ matrix @ scaled))) for matrix in (today.matrix, after.correlations.matrix)
    )
    before, then = (Normal(0.0, one).tail(confidence).value_at_risk for one in (before_deviation, after_deviation))
    return CorrelationEffect((before_deviation, after_deviation), (before, then), confidence, after.repair)


def _lowest(matrix: Array) -> float:
    return float(np.linalg.eigvalsh(matrix)[0]) if len(matrix) else 0.0


def _pairs(symbols: Sequence[str]) -> list[tuple[str, str]]:
    names = sorted(symbols)
    return [(one, other) for at, one in enumerate(names) for other in names[at + 1 :]]
