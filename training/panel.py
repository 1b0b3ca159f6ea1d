"""The panel that volatility models learn from: realised variances of many instruments over time."""

from __future__ import annotations

from collections import deque
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
        self._rows: dict[int, deque[RealizedVariance]] = {}

    def add(self, rows: Iterable[RealizedVariance]) -> list[RealizedVariance]:
        """Take rows in the order in which they became known; return those that were new."""
        taken = []
        for row in rows:
            kept = self._rows.setdefault(row.instrument, deque(maxlen=self._maximum_periods))
            if not kept or row.known_time > kept[-1].known_time:
                kept.append(row)
                taken.append(row)
                if row.known_time > self.newest:
                    self.newest = row.known_time
                    self.periods += 1
        return taken

    def rows(self, instrument: int) -> list[RealizedVariance]:
        """Return the rows kept for an instrument, oldest first; none for one never seen."""
        return list(self._rows.get(instrument, ()))

    def instruments(self) -> list[int]:
        """Return the ids of all instruments seen, ascending."""
        return sorted(self._rows)

    def periods_after(self, time: int) -> int:
        """Return the number of distinct known times after ``time`` among the rows kept."""
        return len({row.known_time for rows in self._rows.values() for row in rows if row.known_time > time})

    def usable(self, longest_lag: int, horizon: int) -> int:
        """Return the number of rows, over all instruments, with a full history before and a full horizon after them."""
        return sum(max(0, len(rows) - longest_lag - horizon + 1) for rows in self._rows.values())

    def panel(self) -> Panel:
        """Return everything kept as arrays."""
        return tuple(
            Series(
                instrument,
                np.array([row.known_time for row in self._rows[instrument]], dtype=np.int64),
                np.array([row.variance for row in self._rows[instrument]], dtype=np.float64),
            )
            for instrument in self.instruments()
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
