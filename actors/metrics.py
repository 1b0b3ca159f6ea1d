"""Counters, gauges and latencies of one actor, kept in process and cheap to update.

The actor's shell copies them to Ray's Prometheus exporter once a second, so nothing on a hot path talks to Ray.
"""

from __future__ import annotations

import bisect
from collections import defaultdict

_BOUNDS: list[int] = [round(base * 10**power) for power in range(2, 10) for base in (1, 1.5, 2, 3, 5, 7)]


class Latency:
    """A histogram of durations in nanoseconds from which quantiles are read; bounds from 100 ns to 7 s."""

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0

    def observe(self, nanoseconds: int) -> None:
        """Count one duration."""
        self.counts[bisect.bisect_left(_BOUNDS, nanoseconds)] += 1
        self.total += 1

    def quantile(self, level: float) -> float:
        """Return the upper bound, in seconds, of the bucket with the quantile ``level``; 0 without observations."""
        remaining = level * self.total
        for bound, count in zip([*_BOUNDS, _BOUNDS[-1]], self.counts, strict=True):
            remaining -= count
            if count and remaining <= 0:
                return bound / 1e9
        return 0.0


class Metrics:
    """The numbers of one actor by name.

    Names are Prometheus's: ``orders_total`` for counters, a unit at the end of the others (``queue_length``,
    ``gate_seconds``).
    """

    def __init__(self) -> None:
        self.counters: defaultdict[str, int] = defaultdict(int)
        self.gauges: dict[str, float] = {}
        self.latencies: defaultdict[str, Latency] = defaultdict(Latency)

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += by

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge."""
        self.gauges[name] = value

    def observe(self, name: str, nanoseconds: int) -> None:
        """Count one duration of ``name``."""
        self.latencies[name].observe(nanoseconds)

    def snapshot(self) -> dict[str, float]:
        """Return all numbers flat; a latency gives ``<name>_p50`` and ``<name>_p99`` in seconds.

        It may be called from any thread.
        """
        flat: dict[str, float] = {**self.counters, **self.gauges}
        for name, latency in list(self.latencies.items()):
            flat[f"{name}_p50"] = latency.quantile(0.50)
            flat[f"{name}_p99"] = latency.quantile(0.99)
        return flat
