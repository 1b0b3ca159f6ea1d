"""Reads the equity or the returns of an account from a CSV file."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import difflib
import math
import pathlib
from collections.abc import Sequence

import numpy as np

from actors.clock import DAY
from actors.errors import DataError, InputError
from actors.portfolio.performance.history import History, Period, history, history_of_returns

_TIMES = ("date", "time", "timestamp", "datetime")
_EQUITY = ("equity", "value", "nav", "balance")
_RETURNS = ("return", "returns")
_ROLES = {"time": _TIMES, "equity": _EQUITY, "return": _RETURNS, "flow": ("flow",), "benchmark": ("benchmark",)}
_MOST, _LEAST = 1e15, 1e-9
"""Bounds of amounts of money and of levels; what is beyond them is an error of the file."""
_MOST_RETURN = 1e3
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class EquityFile:
    """What a file holds.

    Attributes:
        history: Of the account.
        benchmark: Of the column ``benchmark``; ``None`` where there is none.
    """

    history: History
    benchmark: History | None


def read_equity_file(path: pathlib.Path, period: Period | str = Period.DAY) -> EquityFile:
    """Return the history in a CSV file with a header.

    The columns: a time (``date``, ``time``, ``timestamp`` or ``datetime``; ISO 8601, UTC where it names no offset);
    ``equity`` (or ``value``, ``nav``, ``balance``) with, where there are any, ``flow`` (money in, negative out, since
    the row before), or ``return`` (a fraction, of the period that ended then); and, where there is one, ``benchmark``:
    a level beside equity, a return beside returns. Returns keep the periods that they have.

    Raises:
        DataError: The file can't be read, lacks a column, or has one that is unknown, there twice or contradicts
            another.
        InputError: A field that is no time or number, or one beyond belief, or times that do not ascend.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            rows = [row for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("the file can't be read", field="--equity", value=path.name, rule=str(error)) from None
    _check_header(header)
    times = _times(rows, _column(header, _TIMES, path))
    equity = next((header.index(name) for name in _EQUITY if name in header), None)
    other = header.index("benchmark") if "benchmark" in header else None
    if equity is None:
        rates = _numbers(rows, _column(header, (*_RETURNS, *_EQUITY), path), "return")
        _check_growth(rates, "return")
        start = times[0] - (int(np.median(np.diff(times))) if len(times) > 1 else DAY)
        base = None if other is None else _numbers(rows, other, "benchmark")
        if base is not None:
            _check_growth(base, "benchmark")
        return EquityFile(
            history_of_returns(times, rates, start), None if base is None else history_of_returns(times, base, start)
        )
    worth = _amounts(rows, equity, "equity")
    flows = np.array(_amounts(rows, header.index("flow"), "flow") if "flow" in header else np.zeros(len(rows)))
    return EquityFile(
        history(times, worth, np.cumsum(flows), period),
        None if other is None else history(times, _amounts(rows, other, "benchmark"), period=period),
    )


def read_time(text: str, field: str) -> int:
    """Return an ISO 8601 date or time as UTC nanoseconds; one without an offset is UTC.

    Raises:
        InputError: It is none.
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise InputError(
            "not a time", field=field, value=text, rule="ISO 8601, for instance 2024-05-31 or 2024-05-31T16:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1) * 1000


def _check_header(header: Sequence[str]) -> None:
    """Refuse columns of which it is not clear what they are: nothing in a file is passed over."""
    valid = [name for names in _ROLES.values() for name in names]
    for name in header:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1)
            raise DataError(
                f"the file has an unknown column {name!r}",
                field="--equity",
                value=name,
                rule=", ".join(valid),
                remedy=f"did you mean {near[0]}?" if near else "rename it, or leave it out",
            )
    for role, names in (*_ROLES.items(), ("equity or return", (*_EQUITY, *_RETURNS))):
        there = [name for name in header if name in names]
        if len(there) > 1:
            raise DataError(
                f"several columns are the {role}",
                field="--equity",
                value=", ".join(there),
                rule=f"one of {', '.join(names)}",
                remedy="leave out all but one",
            )
    if "flow" in header and not set(header) & set(_EQUITY):
        raise DataError("flows are of no equity", field="--equity", value="flow", rule="given beside equity")


def _check_growth(rates: Sequence[float], name: str) -> None:
    """Refuse returns that are beyond belief, alone or linked."""
    level = 0.0
    for row, rate in enumerate(rates):
        if not math.isfinite(rate):
            continue  # told with all that is no number
        if abs(rate) > _MOST_RETURN:
            rule = f"from -{_MOST_RETURN:g} to {_MOST_RETURN:g}, as a fraction"
            raise InputError("a return is beyond belief", field=f"{name}[{row}]", value=rate, rule=rule)
        level += math.log(abs(1.0 + rate)) if rate != -1.0 else 0.0
        if level > math.log(_MOST):
            rule = f"at most {_MOST:g} times what there was at the start"
            remedy = "give returns as fractions: 0.01 is one percent"
            raise InputError(
                "the returns together are beyond belief", field=f"{name}[{row}]", value=rate, rule=rule, remedy=remedy
            )


def _amounts(rows: Sequence[Sequence[str]], column: int, name: str) -> list[float]:
    found = _numbers(rows, column, name)
    for row, value in enumerate(found):
        if math.isfinite(value) and value and not _LEAST <= abs(value) <= _MOST:
            rule = f"0, or a size from {_LEAST:g} to {_MOST:g}"
            raise InputError("an amount is beyond belief", field=f"{name}[{row}]", value=value, rule=rule)
    return found


def _column(header: Sequence[str], names: Sequence[str], path: pathlib.Path) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise DataError(
        "a column is missing", field="--equity", value=path.name, rule=f"a header with one of {', '.join(names)}"
    )


def _cell(rows: Sequence[Sequence[str]], row: int, column: int, name: str) -> str:
    if column >= len(rows[row]):
        raise InputError(
            "a row is too short", field=f"{name}[{row}]", value=len(rows[row]), rule=f"{column + 1} fields"
        )
    return rows[row][column]


def _times(rows: Sequence[Sequence[str]], column: int) -> list[int]:
    if not rows:
        raise InputError("the file holds no row", field="--equity", value=0, rule="one for each period")
    return [read_time(_cell(rows, row, column, "time"), f"time[{row}]") for row in range(len(rows))]


def _numbers(rows: Sequence[Sequence[str]], column: int, name: str) -> list[float]:
    found = []
    for row in range(len(rows)):
        text = _cell(rows, row, column, name)
        try:
            found.append(float(text))
        except ValueError:
            raise InputError("not a number", field=f"{name}[{row}]", value=text, rule="a number in every row") from None
    return found
