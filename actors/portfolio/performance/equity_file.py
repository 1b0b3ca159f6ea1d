"""Reads the equity or the returns of an account from a CSV file."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import pathlib
from collections.abc import Sequence

import numpy as np

from actors.clock import DAY
from actors.errors import DataError, InputError
from actors.portfolio.performance.history import History, Period, history, history_of_returns

_TIMES = ("date", "time", "timestamp", "datetime")
_EQUITY = ("equity", "value", "nav", "balance")
_RETURNS = ("return", "returns")
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
        DataError: The file can't be read, or lacks a column.
        InputError: A field that is no time or number, or times that do not ascend.
    """
    try:
        with path.open(newline="") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            rows = [row for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError("the file can't be read", field="--equity", value=path.name, rule=str(error)) from None
    times = _times(rows, _column(header, _TIMES, path))
    equity = next((header.index(name) for name in _EQUITY if name in header), None)
    other = header.index("benchmark") if "benchmark" in header else None
    if equity is None:
        rates = _numbers(rows, _column(header, (*_RETURNS, *_EQUITY), path), "return")
        start = times[0] - (int(np.median(np.diff(times))) if len(times) > 1 else DAY)
        return EquityFile(
            history_of_returns(times, rates, start),
            None if other is None else history_of_returns(times, _numbers(rows, other, "benchmark"), start),
        )
    worth = _numbers(rows, equity, "equity")
    flows = np.array(_numbers(rows, header.index("flow"), "flow") if "flow" in header else np.zeros(len(rows)))
    return EquityFile(
        history(times, worth, np.cumsum(flows), period),
        None if other is None else history(times, _numbers(rows, other, "benchmark"), period=period),
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
