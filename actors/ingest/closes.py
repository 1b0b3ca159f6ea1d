"""Closes side by side: one row a time, one column a symbol, as studies of risk and of portfolios look at data."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from actors.clock import DAY
from actors.errors import DataError, InputError
from actors.ingest.table import MISSING_TIME, Table
from actors.market.ticks import Kind

CLOSE = 3
"""Column of a bar's close."""


@dataclasses.dataclass(frozen=True)
class ClosePanel:
    """Closes of several symbols.

    Attributes:
        symbols: Symbol by column.
        times: Stamps of the rows, ascending, UTC nanoseconds; midnight of the date for daily bars.
        closes: Shape (rows, symbols), as received; NaN where a symbol has none.
        unusable: Rows of the data that had no time or no positive close.
    """

    symbols: tuple[str, ...]
    times: npt.NDArray[np.int64]
    closes: npt.NDArray[np.float64]
    unusable: int

    def returns(self) -> npt.NDArray[np.float64]:
        """Return simple returns from row to row, shape (rows - 1, symbols); NaN where one of two closes is missing."""
        return np.asarray(self.closes[1:] / self.closes[:-1] - 1.0, np.float64)

    def through(self, day: datetime.date) -> ClosePanel:
        """Return the rows up to the end of a day, all symbols; there may be none."""
        end = ((day - datetime.date(1970, 1, 1)).days + 1) * DAY
        rows = int(np.searchsorted(self.times, end))
        return dataclasses.replace(self, times=self.times[:rows], closes=self.closes[:rows])


def close_panel(table: Table, symbols: Sequence[str] = ()) -> ClosePanel:
    """Return the closes of bars, or of some of their symbols.

    Of several bars of one symbol at one time the last counts.

    Raises:
        DataError: The data are no bars, or none of them can be used.
        InputError: A symbol that the data do not hold.
    """
    if table.kind is not Kind.BAR:
        raise DataError("closes are needed", field="data", value=str(table.kind.name).lower(), rule="bars")
    chosen = table.of_symbols(symbols)
    closes = chosen.values[:, CLOSE]
    usable = (chosen.stamps != MISSING_TIME) & np.isfinite(closes) & (closes > 0)
    if not usable.any():
        raise DataError("no bar has a time and a positive close", field="data", value=len(table), rule="one at least")
    columns = {code: column for column, code in enumerate(np.unique(chosen.codes[usable]).tolist())}
    times, rows = np.unique(chosen.stamps[usable], return_inverse=True)
    panel = np.full((len(times), len(columns)), np.nan)
    panel[rows, [columns[code] for code in chosen.codes[usable].tolist()]] = closes[usable]
    found = tuple(chosen.symbols[code] for code in columns)
    missing = sorted(set(symbols) - set(found))
    if missing:
        raise InputError("a symbol has no usable close", field="symbol", value=missing[0], rule=", ".join(found[:20]))
    return ClosePanel(found, times, panel, int(len(chosen) - usable.sum()))
