"""The panel that volatility models learn from: realised variances of many instruments over time."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actors.errors import InputError
from actors.messages import RealizedVariance

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Realised variances of one instrument over consecutive periods.

    Attributes:
        instrument: Instrument id.
        known_times: When each variance became known, UTC nanoseconds, ascending.
        variances: One per period, oldest first.
    """

    instrument: int
    known_times: Integers
    variances: Floats


Panel = tuple[Series, ...]
"""One series per instrument, by ascending id."""


class _Columns:
    """The newest periods of one instrument, column by column; they grow to twice what is kept before they are cut."""

    __slots__ = ("starts", "known_times", "variances", "_kept")

    def __init__(self, kept: int) -> None:
        self.starts = array("q")
        self.known_times = array("q")
        self.variances = array("d")
        self._kept = kept

    def __len__(self) -> int:
        return min(len(self.variances), self._kept)

    def append(self, row: RealizedVariance) -> None:
        if len(self.variances) == 2 * self._kept:
            del self.starts[: self._kept], self.known_times[: self._kept], self.variances[: self._kept]
        self.starts.append(row.period_start)
        self.known_times.append(row.known_time)
        self.variances.append(row.variance)

    def rows(self, instrument: int, newest: int) -> list[RealizedVariance]:
        first = len(self.variances) - min(len(self), newest)
        columns = zip(self.starts[first:], self.known_times[first:], self.variances[first:], strict=True)
        return [RealizedVariance(instrument, *row) for row in columns]


class PanelBuilder:
    """Collects realised variances as they become known.

    A row that is not newer than the instrument's newest is ignored, so handing rows over twice changes nothing.

    Args:
        maximum_periods: Newest periods kept for each instrument.

    Attributes:
        newest: Latest known time of all rows.
        periods: Number of distinct known times seen.
    """

    def __init__(self, maximum_periods: int) -> None:
        self.newest = 0
        self.periods = 0
        self._maximum_periods = maximum_periods
        self._columns: dict[int, _Columns] = {}

    def add(self, rows: Iterable[RealizedVariance]) -> list[RealizedVariance]:
        """Take rows in the order in which they became known; return those that were new."""
        taken = []
        for row in rows:
            kept = self._columns.get(row.instrument)
            if kept is None:
                kept = self._columns[row.instrument] = _Columns(self._maximum_periods)
            if not len(kept) or row.known_time > kept.known_times[-1]:
                kept.append(row)
                taken.append(row)
                if row.known_time > self.newest:
                    self.newest = row.known_time
                    self.periods += 1
        return taken

    def rows(self, instrument: int, newest: int | None = None) -> list[RealizedVariance]:
        """Return the rows kept for an instrument, oldest first, or only the ``newest``; none for one never seen."""
        kept = self._columns.get(instrument)
        return [] if kept is None else kept.rows(instrument, self._maximum_periods if newest is None else newest)

    def instruments(self) -> list[int]:
        """Return the ids of all instruments seen, ascending."""
        return sorted(self._columns)

    def periods_after(self, time: int) -> int:
        """Return the number of distinct known times after ``time`` among the rows kept."""
        return len(
            {known for kept in self._columns.values() for known in kept.known_times[-len(kept) :] if known > time}
        )

    def usable(self, longest_lag: int, horizon: int) -> int:
        """Return the number of rows, over all instruments, with a full history before and a full horizon after them."""
        return sum(max(0, len(rows) - longest_lag - horizon + 1) for rows in self._columns.values())

    def panel(self) -> Panel:
        """Return everything kept as arrays."""
        return tuple(
            Series(
                instrument,
                np.array(kept.known_times[-len(kept) :], dtype=np.int64),
                np.array(kept.variances[-len(kept) :], dtype=np.float64),
            )
            for instrument, kept in sorted(self._columns.items())
        )


def check_histories(histories: Sequence[Floats], shortest: int) -> None:
    """Check every history as ``check_variances`` does, all in one pass where all are right."""
    if histories and min(len(history) for history in histories) >= shortest:
        together = np.concatenate(histories)
        if together.ndim == 1 and np.isfinite(together).all() and (together > 0).all():
            return
    for index, history in enumerate(histories):
        check_variances(np.asarray(history, dtype=np.float64), f"histories[{index}]", shortest)


def check_variances(variances: Floats, field: str, shortest: int = 0) -> None:
    """Check that variances are positive numbers and that there are enough of them.

    Raises:
        InputError: Names the first that is not, or how many there are.
    """
    if variances.ndim != 1 or len(variances) < shortest:
        raise InputError(
            "too short a history of variances",
            field=field,
            value=len(variances),
            rule=f"at least {shortest} periods",
            code="HISTORY_SHORT",
        )
    wrong = np.flatnonzero(~(np.isfinite(variances) & (variances > 0)))
    if len(wrong):
        raise InputError(
            "a variance is not a positive number",
            field=f"{field}[{wrong[0]}]",
            value=float(variances[wrong[0]]),
            rule="finite and above 0",
            remedy="leave out periods without data",
        )
