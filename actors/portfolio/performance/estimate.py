"""A figure, how sure it is, and where it is none, why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from scipy import special

from actors.errors import InputError
from actors.portfolio.performance.inputs import require_between


@dataclasses.dataclass(frozen=True)
class Estimate:
    """One figure with its confidence interval.

    Attributes:
        value: The figure; ``None`` where the data do not give one.
        low: Lower bound of the interval; ``None`` where there is none.
        high: Upper bound.
        method: How the interval was made, for instance ``stationary bootstrap``; empty where there is none.
        reason: Why there is no value, or no interval; empty where there is.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    reason: str = ""

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit (``factor`` > 0), for instance a year instead of a day."""
        value, low, high = (None if one is None else one * factor for one in (self.value, self.low, self.high))
        return dataclasses.replace(self, value=value, low=low, high=high)


def attempt(measure: Callable[[], Estimate]) -> Estimate:
    """Return the estimate, or the reason why the data do not give one."""
    try:
        return measure()
    except InputError as error:
        rule = f" (needed: {error.rule})" if error.rule else ""
        return Estimate(None, reason=f"{error.field}: {error.message}{rule}")


def normal_interval(value: float, error: float, confidence: float, method: str) -> Estimate:
    """Return a value with the interval of an asymptotically normal estimator whose standard error is known."""
    width = normal_quantile(confidence) * error
    return Estimate(value, value - width, value + width, method)


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors each way hold a normal variable with probability ``confidence``.

    Raises:
        InputError: The confidence is not between 0 and 1.
    """
    require_between("confidence", confidence, 0.0, 1.0)
    return float(special.ndtri(0.5 + 0.5 * confidence))
