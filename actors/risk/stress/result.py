"""What a stress test found: never a figure without the share of the book that it is of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How much of a book a figure is of.

    Attributes:
        share: Share of the gross notional that is covered, 0 to 1; 1 for an empty book.
        missing: Reason by name of each position that is not covered.
    """

    share: float
    missing: Mapping[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def plain(self) -> dict[str, Any]:
        """Return what every figure is told with."""
        return {"share_covered": self.share, "share_missing": 1 - self.share, "missing": dict(self.missing)}


@dataclasses.dataclass(frozen=True)
class PositionProfit:
    """What one position gains, in the base currency.

    Attributes:
        name: Which.
        profit: The gain; negative: a loss.
        by_factor: What each factor alone would bring.
        cross: The rest: what factors bring only because they move together.
    """

    name: str
    profit: float
    by_factor: Mapping[str, float]
    cross: float


@dataclasses.dataclass(frozen=True)
class StressResult:
    """What a book gains in one scenario, in the base currency.

    Attributes:
        scenario: Its name.
        currency: The base currency.
        positions: The positions that are covered, the largest loss first.
        coverage: How much of the book that is.
        notes: What else the figures leave out.
    """

    scenario: str
    currency: str
    positions: tuple[PositionProfit, ...]
    coverage: Coverage
    notes: tuple[str, ...] = ()

    @property
    def profit(self) -> float | None:
        """The gain of what is covered; ``None`` where nothing is, though something is held."""
        if not self.positions and self.coverage.missing:
            return None
        return sum(one.profit for one in self.positions)

    @property
    def by_factor(self) -> dict[str, float]:
        """What each factor alone would bring."""
        total: dict[str, float] = {}
        for one in self.positions:
            for factor, profit in one.by_factor.items():
                total[factor] = total.get(factor, 0.0) + profit
        return total

    @property
    def cross(self) -> float:
        """What factors bring only because they move together."""
        return sum(one.cross for one in self.positions)

    def plain(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "scenario": self.scenario,
            "currency": self.currency,
            "profit": self.profit,
            **self.coverage.plain(),
            "by_factor": self.by_factor,
            "cross": self.cross,
            "positions": [dataclasses.asdict(one) for one in self.positions],
            "notes": list(self.notes),
        }
