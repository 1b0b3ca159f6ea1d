"""How far factors moved in them, as a panel of closes has it."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import numpy.typing as npt

from actors.clock import DAY
from actors.ingest.closes import ClosePanel
from actors.risk.measures.tails import Array
from actors.risk.stress.columns import column_factor
from actors.risk.stress.factors import Factor
from actors.risk.stress.shocks import Change, Shock
from actors.risk.stress.windows import Window

SLACK = 7
"""Days before a window's first or last day within which a close counts as that day's."""
SUSPECT = 0.4
"""One-day move from which a price is told as suspect: it may be a split or another error of the data."""
LEAST_JOINT = 60
"""Returns from which a beta is reckoned."""


@dataclasses.dataclass(frozen=True, eq=False)
class Moves:
    """How factors moved in a window.

    Attributes:
        window: Which.
        days: Stamps of the rows, UTC nanoseconds; the first is the start.
        factors: Factor by column.
        changes: How each column is meant.
        levels: Close by row and column, the last known one where a day has none; shape (days, factors).
        absent: Reason by factor for columns of the panel that do not reach over the window.
        filled: Beta by factor for columns that were filled by the market's move.
        suspect: Largest one-day move by factor, where that is ``SUSPECT`` or more.
        reason: Why there are no moves; else ``None``.
    """

    window: Window
    days: npt.NDArray[np.int64]
    factors: tuple[Factor, ...]
    changes: tuple[Change, ...]
    levels: Array
    absent: dict[Factor, str]
    filled: dict[Factor, float]
    suspect: dict[Factor, float]
    reason: str | None = None

    def shocks(self, row: int = -1, since: int = 0) -> dict[Factor, Shock]:
        """Return the changes from one row to another; from the first to the last by default."""
        before, after = self.levels[since], self.levels[row]
        return {
            factor: Shock(change, float(now / then - 1 if change is Change.RELATIVE else now - then))
            for factor, change, then, now in zip(self.factors, self.changes, before, after, strict=True)
        }


def window_moves(
    panel: ClosePanel, window: Window, currencies: frozenset[str] = frozenset(), fill: bool = False
) -> Moves:
    """Return how the columns of a panel moved in a window.

    A column counts that has a close within ``SLACK`` days of both ends. With ``fill`` another is taken to have moved by
    its beta to the mean of all price columns that count, day by day; its beta is that of all days on which both have
    a return, if those are ``LEAST_JOINT`` or more.

    Args:
        panel: Closes; a column may also be named like a factor, ``rate:USD:5Y``, and then has its levels.
        window: Which.
        currencies: Those of which columns such as ``EURUSD`` are exchange rates.
        fill: Whether to fill by beta.
    """
    start, end = _stamp(window.start), _stamp(window.end)
    first, last = int(panel.times[0]), int(panel.times[-1])
    if first >= start + DAY:
        return _nothing(window, f"the data begin on {_day(first)}, after the window's {window.start.isoformat()}")
    if last < end - SLACK * DAY:
        return _nothing(window, f"the data end on {_day(last)}, before the window's {window.end.isoformat()}")
    known = [column_factor(symbol, currencies) for symbol in panel.symbols]
    begin = int(np.searchsorted(panel.times, start + DAY)) - 1
    stop = int(np.searchsorted(panel.times, end + DAY))
    if panel.times[begin] < start - SLACK * DAY or stop - begin < 2:
        return _nothing(window, f"the data have no day within {SLACK} days before {window.start.isoformat()}")
    levels = _carried(panel, begin, stop)
    lasting = _carried_until(panel, stop)
    counts = np.isfinite(levels[0]) & lasting
    absent = {
        factor: "no close at the window's start" if not np.isfinite(levels[0, at]) else "no close at the window's end"
        for at, (factor, _) in enumerate(known)
        if not counts[at]
    }
    filled: dict[Factor, float] = {}
    if fill and absent:
        filled = _fill(panel, levels, counts, known)
        for factor in filled:
            del absent[factor]
            counts[[one for one, _ in known].index(factor)] = True
    columns = np.flatnonzero(counts)
    chosen = levels[:, columns]
    daily = np.abs(chosen[1:] / chosen[:-1] - 1).max(axis=0)
    factors, changes = tuple(known[at][0] for at in columns), tuple(known[at][1] for at in columns)
    suspect = {
        factor: float(largest)
        for factor, change, largest in zip(factors, changes, daily, strict=True)
        if largest >= SUSPECT and change is Change.RELATIVE
    }
    return Moves(window, panel.times[begin:stop], factors, changes, chosen, absent, filled, suspect)


def _carried(panel: ClosePanel, begin: int, stop: int) -> Array:
    """Return the window's rows, each with the last close that was known, if it is not older than ``SLACK`` days."""
    early = int(np.searchsorted(panel.times, panel.times[begin] - SLACK * DAY))
    levels = panel.closes[early:stop].copy()
    for row in range(1, len(levels)):
        levels[row] = np.where(np.isfinite(levels[row]), levels[row], levels[row - 1])
    return levels[begin - early :]


def _carried_until(panel: ClosePanel, stop: int) -> npt.NDArray[np.bool_]:
    early = int(np.searchsorted(panel.times, panel.times[stop - 1] - SLACK * DAY))
    return np.asarray(np.isfinite(panel.closes[early:stop]).any(axis=0))


def _fill(
    panel: ClosePanel, levels: Array, counts: npt.NDArray[np.bool_], known: list[tuple[Factor, Change]]
) -> dict[Factor, float]:
    """Put made-up levels into the columns that do not count, and return their betas."""
    prices = np.array([change is Change.RELATIVE for _, change in known])
    within = np.flatnonzero(counts & prices)
    if not len(within):
        return {}
    returns = panel.returns()
    some = np.isfinite(returns[:, within])
    number = some.sum(axis=1)
    mean = np.where(some, returns[:, within], 0.0).sum(axis=1) / np.maximum(number, 1)
    mean[number == 0] = np.nan
    market = (levels[1:, within] / levels[:-1, within] - 1).mean(axis=1)
    filled = {}
    for column in np.flatnonzero(~counts & prices).tolist():
        joint = np.isfinite(returns[:, column]) & np.isfinite(mean)
        spread = float(mean[joint].var()) if joint.sum() >= LEAST_JOINT else 0.0
        if not spread > 0:
            continue
        own = returns[joint, column]
        beta = float(((own - own.mean()) * (mean[joint] - mean[joint].mean())).mean()) / spread
        levels[:, column] = np.concatenate([[1.0], np.cumprod(np.maximum(1 + beta * market, 1e-6))])
        filled[known[column][0]] = beta
    return filled


def _nothing(window: Window, reason: str) -> Moves:
    return Moves(window, np.empty(0, np.int64), (), (), np.empty((0, 0)), {}, {}, {}, reason)


def _stamp(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * DAY


def _day(time: int) -> str:
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=time // DAY)).isoformat()
