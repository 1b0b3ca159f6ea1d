"""Which constraints still hold after bands and whole lots, and which of the two broke one."""

from __future__ import annotations

import dataclasses

from actors.portfolio.construction.optimise import Allocation
from actors.portfolio.construction.rules import Effect


@dataclasses.dataclass(frozen=True)
class Kept:
    """One constraint of the portfolio that is traded to.

    Attributes:
        name: As people know it.
        low: ``None``: no bound.
        high: ``None``: no bound.
        target: What it measures of the target weights.
        value: What it measures of the weights that the orders lead to.
        binds: Whether the targets are at a bound.
        broken_by: ``band`` or ``rounding``; ``None`` where it holds.
    """

    name: str
    low: float | None
    high: float | None
    target: float
    value: float
    binds: bool
    broken_by: str | None


def kept(targets: Allocation, banded: Allocation, traded: Allocation) -> tuple[Kept, ...]:
    """Return every constraint, measured of the targets and of what is traded to.

    That whole lots leave a part of the budget breaks no constraint: what is left is cash.

    Args:
        targets: At the target weights.
        banded: At the weights inside the bands.
        traded: At the weights of whole lots; the same as ``banded`` where there are none.
    """
    found = []
    for target, near, end in zip(targets.effects, banded.effects, traded.effects, strict=True):
        end_broken = _broken(end, traded is not banded)
        cause = None if not end_broken else "band" if near.broken else "rounding"
        found.append(Kept(end.name, end.low, end.high, target.value, end.value, target.binds, cause))
    return tuple(found)


def _broken(effect: Effect, rounded: bool) -> bool:
    if rounded and effect.name == "budget":
        return dataclasses.replace(effect, low=None).broken
    return effect.broken
