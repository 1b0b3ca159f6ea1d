"""From floating-point prices and sizes as received to whole increments, exactly, one at a time or in arrays.

A decimal such as 52.58 is not a multiple of 0.01 in binary. So the quotient by half an increment is compared with the
nearest whole number: within the error of a few roundings (2**-53 each) it *is* that number. An even one lies on the
increment; an odd one lies in the middle of two and is rounded half-even; anything else is rounded to the nearer
increment. Both forms do the same IEEE operations and give the same integers.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from actors.messages import MONEY_UNIT

LARGEST = float(2**53)
"""Largest number of half increments that a float64 holds exactly."""

_HALVES = 2.0 * MONEY_UNIT
_ABSOLUTE = 1e-6
_RELATIVE = 5e-16


def whole(value: float, increment: float) -> tuple[int, bool]:
    """Return a finite number as whole increments, and whether it had to be rounded; beyond 2**52 it is cut to +-2**53.

    Args:
        value: In currency units or units of the instrument.
        increment: One step in 1e-8 of these units.
    """
    halves = value * _HALVES / increment
    if not -LARGEST <= halves <= LARGEST:
        return int(math.copysign(LARGEST, halves)), True
    nearest = round(halves)
    if abs(halves - nearest) > _ABSOLUTE + abs(halves) * _RELATIVE:
        return round(halves * 0.5), True
    if nearest & 1:
        below = nearest >> 1
        return below + (below & 1), True
    return nearest >> 1, False


def whole_many(
    values: npt.NDArray[np.float64], increments: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return finite numbers as whole increments, which of them had to be rounded, and which are too large for it.

    Args:
        values: In currency units or units of the instrument, any shape.
        increments: One step in 1e-8 of these units, of a shape that broadcasts to ``values``.
    """
    with np.errstate(over="ignore"):
        halves = values * _HALVES / increments
    magnitude = np.abs(halves)
    too_large = magnitude > LARGEST
    if too_large.any():
        halves = np.where(too_large, 0.0, halves)
    nearest = np.rint(halves)
    off = np.abs(halves - nearest) > _ABSOLUTE + magnitude * _RELATIVE
    numbers = np.rint(np.where(off, halves, nearest) * 0.5)
    return numbers.astype(np.int64), off | (numbers * 2.0 != nearest), too_large
