"""A window of the past, replayed on today's book."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from actors.clock import DAY
from actors.ingest.closes import ClosePanel
from actors.risk.measures.tails import Array
from actors.risk.stress.batch import profits
from actors.risk.stress.book import StressBook
from actors.risk.stress.factors import Factor, FactorKind, one_way
from actors.risk.stress.history import Moves, window_moves
from actors.risk.stress.positions import OptionPosition
from actors.risk.stress.requirements import lacking
from actors.risk.stress.result import Coverage, StressResult
from actors.risk.stress.scenario import Scenario
from actors.risk.stress.windows import Window


@dataclasses.dataclass(frozen=True, eq=False)
class Replay:
    """What a window of the past would do to today's book; money in the base currency.

    Attributes:
        window: Which.
        result: Gain from the window's first close to its last; ``None`` where the data do not reach over it.
        coverage: How much of the book every figure here is of.
        days: Stamps of the window's days after the first, UTC nanoseconds.
        path: Gain from the first close to each day's, shape (days,).
        daily: What each single day's move does to today's book, shape (days,).
        filled: Beta by factor of what had no data and was filled.
        suspect: Largest one-day move by factor, where it is so large that the data may be wrong.
        reason: Why there is no result; else ``None``.
    """

    window: Window
    result: StressResult | None
    coverage: Coverage
    days: npt.NDArray[np.int64]
    path: Array
    daily: Array
    filled: dict[Factor, float]
    suspect: dict[Factor, float]
    reason: str | None = None

    @property
    def trough(self) -> tuple[datetime.date, float] | None:
        """Day and gain of the lowest point of the path, if it is below the start."""
        return self._lowest(self.path)

    @property
    def worst_day(self) -> tuple[datetime.date, float] | None:
        """Day and gain of the day whose move would cost today's book most, if any does."""
        return self._lowest(self.daily)

    @property
    def drawdown(self) -> float:
        """Largest fall of the path from a high before it (the start included), 0 or more."""
        path = np.concatenate([[0.0], self.path])
        return float((np.maximum.accumulate(path) - path).max())

    def plain(self) -> dict[str, Any]:
        """Return the replay as plain data."""
        told = {
            "window": self.window.name,
            "description": self.window.description,
            "from": self.window.start.isoformat(),
            "to": self.window.end.isoformat(),
            "reason": self.reason,
        }
        if self.result is None:
            return {**told, "profit": None, **self.coverage.plain()}
        return {
            **told,
            **{key: part for key, part in self.result.plain().items() if key != "scenario"},
            "trough": _dated(self.trough),
            "worst_day": _dated(self.worst_day),
            "drawdown": self.drawdown,
            "filled_by_beta": {str(factor): beta for factor, beta in self.filled.items()},
            "suspect_moves": {str(factor): move for factor, move in self.suspect.items()},
        }

    def _lowest(self, gains: Array) -> tuple[datetime.date, float] | None:
        if not len(gains) or not gains.min() < 0:
            return None
        at = int(gains.argmin())
        return _date(int(self.days[at])), float(gains[at])


def replay(book: StressBook, panel: ClosePanel, window: Window, fill: bool = False) -> Replay:
    """Return what a window of the past would do to a book.

    A position is covered where everything that it needs moved in the data; the others are missing, with the reason.
    Volatilities and rates stay as they are today unless the panel has columns of them; that is noted.

    Args:
        book: What is held.
        panel: Closes; see ``window_moves`` for what its columns may be.
        window: Which.
        fill: Whether prices without data in the window are moved by their beta to the market; they are told.
    """
    currencies = frozenset({book.market.base, *book.market.exchange})
    moves = window_moves(panel, window, currencies, fill)
    if moves.reason is not None:
        everything = {**{position.name: moves.reason for position in book.positions}, **book.missing}
        return Replay(
            window, None, book.coverage(everything), moves.days, np.empty(0), np.empty(0), {}, {}, moves.reason
        )
    known = _known(book, moves)
    there = {dataclasses.replace(factor, tenor=None) for factor in moves.factors}
    missing = lacking(book, there, moves.absent)
    shocks = {factor: shock for factor, shock in moves.shocks().items() if factor in known}
    result = book.run(Scenario(window.name, window.description, shocks), missing)
    used = {factor for factor in known if str(factor) in result.by_factor}
    result = dataclasses.replace(result, notes=(*result.notes, *_notes(book, used, missing)))
    left_out = result.coverage.missing
    rows = range(1, len(moves.days))
    path = [{factor: shock for factor, shock in moves.shocks(row).items() if factor in used} for row in rows]
    daily = [{factor: shock for factor, shock in moves.shocks(row, row - 1).items() if factor in used} for row in rows]
    return Replay(
        window,
        result,
        result.coverage,
        moves.days[1:],
        profits(book, path, left_out),
        profits(book, daily, left_out),
        {factor: beta for factor, beta in moves.filled.items() if factor in used},
        {factor: move for factor, move in moves.suspect.items() if factor in used},
    )


def _known(book: StressBook, moves: Moves) -> set[Factor]:
    """Return the columns that the book and its market know."""
    known = book.known_factors()
    there = one_way(moves.factors)
    return {factor for factor in there if factor in known or dataclasses.replace(factor, tenor=None) in known}


def _notes(book: StressBook, used: set[Factor], missing: dict[str, str]) -> tuple[str, ...]:
    options = [one for one in book.positions if isinstance(one, OptionPosition) and one.name not in missing]
    notes = []
    still = sorted({one.symbol for one in options if Factor(FactorKind.VOLATILITY, one.symbol) not in used})
    if still:
        notes.append(f"implied volatilities stay as they are today: {', '.join(still)}")
    rates = {dataclasses.replace(one, tenor=None) for one in used}
    fixed = sorted({one.currency for one in options if Factor(FactorKind.RATE, one.currency) not in rates})
    if fixed:
        notes.append(f"rates that options are discounted by stay as they are today: {', '.join(fixed)}")
    return tuple(notes)


def replay_all(book: StressBook, panel: ClosePanel, windows: Sequence[Window], fill: bool = False) -> list[Replay]:
    """Return the replay of each window."""
    return [replay(book, panel, window, fill) for window in windows]


def _dated(found: tuple[datetime.date, float] | None) -> dict[str, Any] | None:
    return None if found is None else {"date": found[0].isoformat(), "profit": found[1]}


def _date(time: int) -> datetime.date:
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=time // DAY)
