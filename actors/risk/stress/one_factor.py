"""How far one factor alone has to move for a book to lose an amount."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.risk.stress.batch import profits
from actors.risk.stress.book import StressBook
from actors.risk.stress.factors import Factor, FactorKind, require_known
from actors.risk.stress.result import Coverage
from actors.risk.stress.shocks import Change, Shock

_RANGES = {
    FactorKind.EQUITY: (Change.RELATIVE, -1.0, 3.0),
    FactorKind.FX: (Change.RELATIVE, -0.99, 3.0),
    FactorKind.VOLATILITY: (Change.RELATIVE, -0.99, 9.0),
    FactorKind.RATE: (Change.ABSOLUTE, -0.2, 0.2),
}
_GRID = 200
_HALVINGS = 50


@dataclasses.dataclass(frozen=True)
class HowFar:
    """The smallest move of one factor in one direction that loses an amount.

    Attributes:
        factor: Which.
        shock: The move; ``None``: it can't lose as much, however far it goes (to ``limit``).
        profit: The gain under the move; where there is none, the lowest that was found.
        largest_at: Where the lowest gain was found.
        limit: The furthest move that was looked at.
        coverage: How much of the book this is of.
    """

    factor: Factor
    shock: Shock | None
    profit: float
    largest_at: Shock
    limit: Shock
    coverage: Coverage

    def plain(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "factor": str(self.factor),
            "move": None if self.shock is None else self.shock.text(),
            "size": None if self.shock is None else self.shock.size,
            "profit": self.profit,
            "answer": self.text(),
            **self.coverage.plain(),
        }

    def text(self) -> str:
        """Return the answer in words."""
        if self.shock is not None:
            return f"{self.factor} {self.shock.text()}"
        worst = f"{-self.profit:,.2f} at {self.largest_at.text()}" if self.profit < 0 else "nothing"
        return f"{self.factor} can't by itself, up to {self.limit.text()}; the largest loss is {worst}"


def how_far(book: StressBook, factor: Factor, loss: float) -> tuple[HowFar, HowFar]:
    """Return how far one factor alone has to fall, and how far it has to rise, for a book to lose an amount.

    By full revaluation on a grid of moves (200 each way), and bisection between the first that loses as much and the
    one before it.

    Args:
        book: What is held.
        factor: A price, exchange rate, volatility or rate, or all prices or volatilities.
        loss: Amount, base currency, positive.

    Raises:
        InputError: An amount that is not positive, or a factor that is not known or is a correlation.
    """
    if not (math.isfinite(loss) and loss > 0):
        raise InputError("not an amount to lose", field="reverse", value=loss, rule="a positive number")
    require_known(factor, book.known_factors())
    if factor.kind not in _RANGES:
        raise InputError(
            "not a factor that is searched", field="factor", value=str(factor), rule=", ".join(map(str, _RANGES))
        )
    change, lowest, highest = _RANGES[factor.kind]
    return _search(book, factor, loss, change, lowest), _search(book, factor, loss, change, highest)


def _search(book: StressBook, factor: Factor, loss: float, change: Change, limit: float) -> HowFar:
    def gain(*moves: float) -> list[float]:
        return [float(one) for one in profits(book, [{factor: Shock(change, move)} for move in moves])]

    grid = [limit * step / _GRID for step in range(1, _GRID + 1)]
    found = gain(*grid)
    worst = int(np.argmin(found))
    coverage, furthest = book.coverage(book.missing), Shock(change, limit)
    reached = next((at for at, one in enumerate(found) if one <= -loss), None)
    if reached is None:
        largest = Shock(change, grid[worst])
        return HowFar(factor, None, min(found[worst], 0.0), largest, furthest, coverage)
    near, far = grid[reached - 1] if reached else 0.0, grid[reached]
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        near, far = (near, middle) if gain(middle)[0] <= -loss else (middle, far)
    return HowFar(factor, Shock(change, far), gain(far)[0], Shock(change, grid[worst]), furthest, coverage)
