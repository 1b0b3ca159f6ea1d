"""When value at risk and stress are measured anew: every so often, after a large move, and only where inputs moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from actors.clock import SECOND
from actors.risk.live.totals import Totals

Scope = TypeVar("Scope", bound=Hashable)
Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Measured(Generic[Result]):
    """What was measured of one scope, and from what.

    Attributes:
        result: The measures.
        exposures: The exposures that they are of, 1e-8 units by instrument id.
        gross: Their gross exposure.
        time: Market time at which they were measured, UTC nanoseconds.
        sequence: Newest slice that is in them.
        stamp: Versions of the exposures and of the history of returns that they are of.
    """

    result: Result
    exposures: Mapping[int, int]
    gross: int
    time: int
    sequence: int
    stamp: tuple[int, int]


class TailSchedule(Generic[Scope, Result]):
    """Keeps the newest measures of every scope.

    Args:
        measure: Measures exposures (signed market value by instrument id).
        seconds: Market time after which all scopes are looked at again.
        large_move: Change of one position's value since the last measure, by its price or by fills, as a share of the
            gross exposure, after which its scope is looked at at once.

    Attributes:
        measurements: How often anything was measured.
    """

    def __init__(self, measure: Callable[[Mapping[int, int]], Result], seconds: float, large_move: float) -> None:
        self.measurements = 0
        self._measure = measure
        self._interval = round(seconds * SECOND)
        self._large_move = large_move
        self._measured: dict[Scope, Measured[Result]] = {}
        self._hurried: set[Scope] = set()
        self._next = 0

    def round_is_due(self, time: int) -> bool:
        """Return whether all scopes are to be looked at now; the next round is due that much later."""
        if time < self._next:
            return False
        self._next = time + self._interval
        return True

    def is_due(self, scope: Scope, time: int) -> bool:
        """Return whether a scope's measures are older than they may be, by time or by a large move."""
        known = self._measured.get(scope)
        return known is None or scope in self._hurried or time - known.time >= self._interval

    def hurried(self) -> list[Scope]:
        """Return the scopes that have moved too far to wait for the next round."""
        return list(self._hurried)

    def moved(self, scope: Scope, totals: Totals, instruments: Iterable[int]) -> None:
        """Take note that these positions of a scope changed, by their prices or by fills."""
        known = self._measured.get(scope)
        if known is None or scope in self._hurried:
            return
        bound = self._large_move * max(known.gross, totals.gross)
        values, before = totals.values, known.exposures
        for one in instruments:
            if abs(values.get(one, 0) - before.get(one, 0)) > bound:
                self._hurried.add(scope)
                return

    def refresh(self, scope: Scope, totals: Totals, history: int, time: int, sequence: int) -> bool:
        """Measure a scope where its inputs moved since the last time; return whether they did.

        Args:
            scope: The scope.
            totals: Its exposures.
            history: Counts what the measures look back on: closes, and revaluations of options.
            time: Market time, UTC nanoseconds.
            sequence: Newest slice.
        """
        self._hurried.discard(scope)
        known, stamp = self._measured.get(scope), (totals.version, history)
        if known is not None and known.stamp == stamp:
            return False
        exposures = dict(totals.values)
        self._measured[scope] = Measured(self._measure(exposures), exposures, totals.gross, time, sequence, stamp)
        self.measurements += 1
        return True

    def of(self, scope: Scope) -> Measured[Result] | None:
        """Return the newest measures of a scope, ``None`` before the first."""
        return self._measured.get(scope)
