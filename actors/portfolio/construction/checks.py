"""What a vector, a matrix of numbers and a covariance have to be; whatever is wrong is named by its symbols."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
from scipy import linalg

from actors.errors import InputError

Array = npt.NDArray[np.float64]

_LEAST_PIVOT = 1e-10
"""Share of an asset's variance that the others must leave unexplained; under it rounding errors make the weights."""
_SYMMETRY = 1e-8
_SHOWN = 5


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def number_remedy(value: object) -> str | None:
    """Return how to write a number that YAML takes for text, such as ``1e9``; ``None`` for what is none either way."""
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    digits, exponent = f"{number:e}".split("e")
    plain = f"{float(digits)!r}e{exponent[0]}{int(exponent[1:])}" if abs(number) >= 1e6 else f"{number!r}"
    return f"write {plain} without quotes: YAML takes {value} for text"


def finite_numbers(field: str, values: object, rows: Sequence[Any] | None, symbols: Sequence[str]) -> Array:
    """Return numbers as floats, one column (or element, where ``rows`` is ``None``) a symbol.

    Args:
        field: What they are, for errors.
        values: Shape (symbols,) or (rows, symbols).
        rows: What names each row; ``None`` for a vector.
        symbols: What names each column.

    Raises:
        InputError: Another shape, no numbers, or one that is missing or infinite, named by its symbol and row.
    """
    wanted = (len(symbols),) if rows is None else (len(rows), len(symbols))
    try:
        numbers = np.array(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{field} are no numbers", field=field, value=values, rule="finite numbers") from None
    if numbers.shape != wanted:
        raise InputError(f"{field} have another shape", field=field, value=numbers.shape, rule=f"the shape {wanted}")
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        place = wrong[0].tolist()
        where = symbols[place[-1]] if rows is None else f"{symbols[place[1]]}, {rows[place[0]]}"
        raise InputError(
            f"{field} of {symbols[place[-1]]} are not finite",
            field=f"{field}[{where}]",
            value=numbers[tuple(place)],
            rule="a finite number",
            remedy="mend what is named (so are "
            f"{len(wrong) - 1} more), or leave the symbol out; nothing is filled in here",
        )
    numbers.flags.writeable = False
    return numbers


def by_symbol(field: str, values: Mapping[str, float], symbols: Sequence[str], missing: float | None = 0.0) -> Array:
    """Return numbers by symbol as a vector in the order of ``symbols``.

    Args:
        field: What they are, for errors.
        values: Number by symbol.
        symbols: The order.
        missing: What a symbol has that is not named; ``None``: that is an error.

    Raises:
        InputError: A symbol that is not there, one that is missing, or a number that is none.
    """
    known_symbols(field, values, symbols)
    absent = [symbol for symbol in symbols if symbol not in values]
    if missing is None and absent:
        raise InputError(
            f"{field} of {absent[0]} is missing", field=f"{field}.{absent[0]}", rule="a number for every symbol"
        )
    return finite_numbers(field, [values.get(symbol, missing) for symbol in symbols], None, symbols)


def known_symbols(field: str, values: Mapping[str, Any], symbols: Sequence[str]) -> None:
    """Refuse a symbol that is not among ``symbols``.

    Raises:
        InputError: There is one; it is told with the nearest that there is.
    """
    unknown = sorted(set(values) - set(symbols), key=str)
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), symbols, n=1)
        raise InputError(
            f"there is no {unknown[0]} in the forecast",
            field=f"{field}.{unknown[0]}",
            value=values[unknown[0]],
            rule=f"a symbol of the forecast: {', '.join(symbols[:_SHOWN])}{', ...' if len(symbols) > _SHOWN else ''}",
            remedy=f"did you mean {near[0]}?" if near else "leave it out, or take its data in",
        )


def covariance_matrix(values: object, symbols: Sequence[str], field: str = "covariance") -> Array:
    """Return a covariance that is symmetric, has positive variances and no negative eigenvalue.

    It may be singular; a method that needs more asks ``check_definite``.

    Raises:
        InputError: It is none; the error names the symbols at fault.
    """
    matrix = finite_numbers(field, values, symbols, symbols)
    variances = np.diag(matrix)
    if (variances <= 0).any():
        at = int(np.argmin(variances))
        raise InputError(
            f"{symbols[at]} has no positive variance",
            field=f"{field}[{symbols[at]}, {symbols[at]}]",
            value=float(variances[at]),
            rule="positive",
            remedy="leave out what never moves, or hold it as cash",
        )
    deviations = np.sqrt(variances)
    standard = matrix / deviations / deviations[:, None]
    apart = np.abs(standard - standard.T)
    if apart.max() > _SYMMETRY:
        row, column = (int(at) for at in np.unravel_index(np.argmax(apart), apart.shape))
        raise InputError(
            "the covariance is not symmetric",
            field=f"{field}[{symbols[row]}, {symbols[column]}]",
            value=float(matrix[row, column]),
            rule=f"the same as of {symbols[column]} and {symbols[row]}, which is {float(matrix[column, row])!r}",
        )
    # A singular matrix has eigenvalues that are rounding errors of either sign; this much lifts them above zero.
    try:
        linalg.cholesky(standard + np.eye(len(symbols)) * len(symbols) * 1e-12, check_finite=False)
    except linalg.LinAlgError:
        least, described = _least(standard, symbols)
        raise InputError(
            f"the covariance gives {described} a negative variance",
            field=field,
            value=f"eigenvalue {least:.3g} of the correlations",
            rule="no negative eigenvalue",
            remedy="take all covariances from the same periods, or shrink them (ledoit_wolf)",
        ) from None
    return matrix


def check_definite(matrix: Array, symbols: Sequence[str], field: str = "covariance", shrunk: bool = False) -> None:
    """Refuse a singular covariance: one in which some portfolio has no risk at all.

    Args:
        matrix: The covariance.
        symbols: What names each row.
        field: What it is, for errors.
        shrunk: Whether it was shrunk already, so that this is no way out.

    Raises:
        InputError: Naming that portfolio.
    """
    deviations = np.sqrt(np.diag(matrix))
    standard = matrix / deviations / deviations[:, None]
    try:
        pivots = np.diag(linalg.cholesky(standard, lower=True, check_finite=False)) ** 2
    except linalg.LinAlgError:
        pivots = np.zeros(1)
    if pivots.min() < _LEAST_PIVOT:
        least, described = _least(standard, symbols)
        raise InputError(
            f"the covariance is singular: it gives {described} no risk",
            field=field,
            value=f"eigenvalue {least:.3g} of the correlations",
            rule="positive definite",
            remedy=("" if shrunk else "shrink it (covariance ledoit_wolf, oas or factor), ")
            + "take more periods than symbols, leave out one of those named, or use hierarchical_risk_parity or "
            "minimum_cvar",
        )


def _least(standard: Array, symbols: Sequence[str]) -> tuple[float, str]:
    """Return the smallest eigenvalue of correlations, and the portfolio it belongs to in words."""
    values, vectors = linalg.eigh(standard, subset_by_index=[0, 0], check_finite=False)
    loadings = vectors[:, 0]
    largest = np.argsort(-np.abs(loadings), kind="stable")[:_SHOWN]
    shown = [int(at) for at in largest if abs(loadings[at]) > 0.05]
    if loadings[shown[0]] < 0:
        loadings = -loadings
    words = " ".join(f"{loadings[at]:+.2f} {symbols[at]}" for at in shown)
    return float(values[0]), f"the portfolio {words.lstrip('+')}{' ...' if len(symbols) > _SHOWN else ''}"
