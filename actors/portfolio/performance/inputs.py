"""What every measure of performance asks of its input, and how it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from actors.clock import SECOND
from actors.errors import InputError

Array = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


def numbers(values: Any, field: str, least: int = 1) -> Array:
    """Return a series as a finite array of shape (n,), n >= ``least``.

    Raises:
        InputError: It is no series of numbers, it is too short, or one of them is NaN or infinite.
    """
    try:
        array: Array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError("not numbers", field=field, value=values, rule="a series of numbers") from None
    if array.ndim != 1:
        raise InputError("not one series", field=field, value=f"shape {array.shape}", rule="shape (n,)")
    require_finite(array, field)
    if len(array) < least:
        raise InputError(
            "too few observations",
            field=field,
            value=len(array),
            rule=f"at least {least}",
            remedy="take a longer span, or a shorter period",
        )
    return array


def table(values: Any, field: str) -> Array:
    """Return rows over time as a finite array of shape (periods, parts), both at least 1.

    Raises:
        InputError: It is no such table, or one of its numbers is NaN or infinite.
    """
    try:
        array: Array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError("not numbers", field=field, value=values, rule="a table of numbers") from None
    if array.ndim != 2 or 0 in array.shape:
        raise InputError("not a table", field=field, value=f"shape {array.shape}", rule="shape (periods, parts)")
    require_finite(array, field)
    return array


def require_finite(array: Array, field: str) -> None:
    """Refuse an array that holds NaN or an infinity.

    Raises:
        InputError: It does; ``field`` names the first such element.
    """
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = "".join(f"[{index}]" for index in bad[0])
        raise InputError(
            "not a finite number",
            field=f"{field}{place}",
            value=array[tuple(bad[0])],
            rule="finite numbers only",
            remedy="leave out the periods without a value, or fill them by a rule of your own",
        )


def require_same_length(field: str, length: int, expected: int, rule: str) -> None:
    """Refuse a series whose length does not fit another's.

    Raises:
        InputError: It does not.
    """
    if length != expected:
        raise InputError("the lengths do not fit", field=field, value=length, rule=f"{expected}: {rule}")


def require_between(field: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside the open interval from ``low`` to ``high``.

    Raises:
        InputError: It is outside, or no number.
    """
    if not low < value < high:
        raise InputError("out of range", field=field, value=value, rule=f"more than {low:g} and less than {high:g}")


def require_at_least(field: str, value: float, least: float) -> None:
    """Refuse a number under ``least``, and what is none or infinite.

    Raises:
        InputError: It is.
    """
    if not least <= value < float("inf"):
        raise InputError("out of range", field=field, value=value, rule=f"at least {least:g}, and finite")


def stamps(times: Any, field: str) -> Times:
    """Return times, UTC nanoseconds or ``datetime64``, as whole UTC nanoseconds, shape (n,).

    Raises:
        InputError: They are neither, or one is not a time.
    """
    array = np.asarray(times)
    if array.dtype.kind == "M" and not np.isnat(array).any():
        array = array.astype("datetime64[ns]").astype(np.int64)
    if array.ndim != 1 or (array.size and array.dtype.kind != "i"):
        raise InputError("not time stamps", field=field, value=times, rule="whole UTC nanoseconds, shape (n,)")
    return array.astype(np.int64)


def iso(time: int) -> str:
    """Return a time (UTC nanoseconds) as text, to the second, or as fine as it is."""
    moment = np.datetime64(time, "ns")
    whole = time % SECOND == 0
    return f"{moment.astype('datetime64[s]') if whole else moment}Z"


def ascending(times: Any, field: str, least: int = 2) -> Times:
    """Check that time stamps ascend and return them; see ``stamps`` for what is one.

    Raises:
        InputError: There are too few of them, or one is not later than the one before.
    """
    array = stamps(times, field)
    if len(array) < least:
        raise InputError("too few time stamps", field=field, value=len(array), rule=f"at least {least}")
    steps = np.flatnonzero(np.diff(array) <= 0)
    if len(steps):
        at = int(steps[0]) + 1
        raise InputError(
            "a time is not later than the one before",
            field=f"{field}[{at}]",
            value=iso(int(array[at])),
            rule=f"later than {iso(int(array[at - 1]))}",
            remedy="sort the rows by time and keep one of each",
        )
    return array
