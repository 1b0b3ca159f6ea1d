"""Attribution against a benchmark: what came of the choice of segments, what of the choice within them.

With weights w and returns r of the portfolio (p) and the benchmark (b), and R(b) the benchmark's total:

* allocation = (wp - wb) (rb - Rb);
* selection = wb (rp - rb);
* interaction = (wp - wb) (rp - rb);

together Rp - Rb. Over several periods each period's effects are scaled as in Carino's linking of active returns, so
that they sum to the difference of the linked returns.

Sources: G. P. Brinson and N. Fachler (1985), "Measuring non-US equity portfolio performance", Journal of Portfolio
Management 11(3); D. R. Carino (1999), "Combining attribution effects over time", Journal of Performance Measurement
3(4).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.performance.inputs import Array, require_same_length, table
from actors.portfolio.performance.linking import log_ratio
from actors.portfolio.performance.returns import linked

_WEIGHTS_SUM_TO = 1e-6


@dataclasses.dataclass(frozen=True)
class Brinson:
    """Effects of each segment, linked over all periods; shape (segments,) each.

    Attributes:
        allocation: Of weights other than the benchmark's.
        selection: Of returns other than the benchmark's within a segment.
        interaction: Of both at once.
        portfolio: Linked return of the portfolio.
        benchmark: Linked return of the benchmark; the effects sum to ``portfolio`` less it.
    """

    allocation: Array
    selection: Array
    interaction: Array
    portfolio: float
    benchmark: float

    @property
    def active(self) -> float:
        """What there is to explain: ``portfolio`` less ``benchmark``."""
        return self.portfolio - self.benchmark


def brinson_fachler(weights: Any, returns: Any, benchmark_weights: Any, benchmark_returns: Any) -> Brinson:
    """Return the effects of each segment.

    Args:
        weights: Of the portfolio at the start of each period, shape (periods, segments), each row sums to 1.
        returns: Of the portfolio's segments, the same shape.
        benchmark_weights: Of the benchmark, the same shape, each row sums to 1.
        benchmark_returns: Of the benchmark's segments, the same shape.

    Raises:
        InputError: NaN, shapes that do not fit, weights that do not sum to 1, or a total return of -100 % or less.
    """
    given = {
        "weights": weights,
        "returns": returns,
        "benchmark_weights": benchmark_weights,
        "benchmark_returns": benchmark_returns,
    }
    tables = {field: table(values, field) for field, values in given.items()}
    first = tables["weights"].shape
    for field, values in tables.items():
        for axis, unit in enumerate(("one row for each period", "one column for each segment")):
            require_same_length(field, values.shape[axis], first[axis], unit)
    for field in ("weights", "benchmark_weights"):
        _require_whole(tables[field], field)
    own, rates, base, base_rates = tables.values()
    portfolio, benchmark = (own * rates).sum(axis=1), (base * base_rates).sum(axis=1)
    total, base_total = linked(portfolio), linked(benchmark)
    scale = (log_ratio(portfolio, benchmark) / log_ratio(total, base_total))[:, None]
    tilt, better = own - base, rates - base_rates
    return Brinson(
        (scale * tilt * (base_rates - benchmark[:, None])).sum(axis=0),
        (scale * base * better).sum(axis=0),
        (scale * tilt * better).sum(axis=0),
        total,
        base_total,
    )


def _require_whole(weights: Array, field: str) -> None:
    sums = weights.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1.0) > _WEIGHTS_SUM_TO)
    if len(off):
        raise InputError(
            "the weights do not sum to 1",
            field=f"{field}[{int(off[0])}]",
            value=float(sums[off[0]]),
            rule="1, cash included",
            remedy="add a segment for cash",
        )
