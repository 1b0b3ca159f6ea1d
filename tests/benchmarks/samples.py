"""Quantiles of samples, and the one pair that stands for several taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MICROSECOND = 1_000
"""In nanoseconds."""


class Latencies(NamedTuple):
    """What is told of a run's latencies, in microseconds."""

    p50: float
    p99: float


class Pair(NamedTuple):
    """A value and its reference, taken one right after the other."""

    value: float
    reference: float

    @property
    def ratio(self) -> float:
        """Value in units of the reference."""
        return self.value / self.reference


def quantile(samples: Iterable[float], level: float) -> float:
    """Return the sample below or at which a share ``level`` of all lies (nearest rank).

    Raises:
        ValueError: There are no samples.
    """
    ordered = sorted(samples)
    if not ordered:
        raise ValueError("no samples")
    return ordered[min(len(ordered) - 1, int(level * len(ordered)))]


def latencies(nanoseconds: Sequence[int]) -> Latencies:
    """Return the quantiles of durations in nanoseconds."""
    return Latencies(quantile(nanoseconds, 0.50) / MICROSECOND, quantile(nanoseconds, 0.99) / MICROSECOND)


def middle(rounds: Iterable[Latencies]) -> Latencies:
    """Return the median over rounds of each quantile: one disturbed round does not show."""
    p50, p99 = zip(*rounds)
    return Latencies(statistics.median(p50), statistics.median(p99))


def middle_pair(pairs: Iterable[Pair]) -> Pair:
    """Return the pair whose ratio is the median (the lower one, of an even number)."""
    ordered = sorted(pairs, key=lambda pair: pair.ratio)
    return ordered[(len(ordered) - 1) // 2]
