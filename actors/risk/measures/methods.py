"""The methods by which value at risk and expected shortfall are estimated from losses, behind one function."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actors.errors import InputError
from actors.risk.measures.filtered import VolatilityFilter
from actors.risk.measures.parametric import CornishFisher, Normal, StudentT
from actors.risk.measures.tails import (
    INTERVAL_LEVEL,
    Array,
    Interval,
    TailLoss,
    checked_confidence,
    checked_losses,
    tail_loss,
)
from actors.vocabulary import Word

FEWEST = 30
"""Losses below which nothing is estimated."""
_ENOUGH = 0.9
"""Share of the drawn samples that a method has to fit for an interval to be given."""


class Method(Word):
    """How the distribution of losses is found."""

    HISTORICAL = "historical"
    FILTERED_HISTORICAL = "filtered_historical"
    NORMAL = "normal"
    STUDENT_T = "student_t"
    CORNISH_FISHER = "cornish_fisher"


class Distribution(Protocol):
    """A distribution of the losses of a horizon."""

    def tail(self, confidence: float) -> TailLoss:
        """Return value at risk and expected shortfall."""

    def sample(self) -> Array:
        """Return equally likely losses that stand for the whole distribution."""


class Empirical:
    """Losses that are all equally likely.

    Args:
        losses: Shape (n,), finite, n >= 1.
    """

    def __init__(self, losses: Array) -> None:
        self._losses = losses

    def tail(self, confidence: float) -> TailLoss:
        """Return value at risk and expected shortfall."""
        return tail_loss(self._losses, confidence)

    def sample(self) -> Array:
        """Return the losses."""
        return self._losses


_FITTED: dict[Method, type[Normal] | type[StudentT] | type[CornishFisher]] = {
    Method.NORMAL: Normal,
    Method.STUDENT_T: StudentT,
    Method.CORNISH_FISHER: CornishFisher,
}


@dataclasses.dataclass(frozen=True)
class TailEstimate:
    """A value at risk and an expected shortfall, and what they rest on.

    Attributes:
        method: How they were found.
        tail: The measures, with their intervals where they were asked for.
        horizon: Periods that they look ahead.
        window: Losses that they rest on.
    """

    method: Method
    tail: TailLoss
    horizon: int
    window: int


def estimate(
    losses: npt.ArrayLike,
    confidence: float,
    method: Method = Method.HISTORICAL,
    horizon: int = 1,
    repetitions: int = 0,
    seed: int = 0,
) -> TailEstimate:
    """Return value at risk and expected shortfall of the next ``horizon`` periods.

    Args:
        losses: What the book of today would have lost in each past period, oldest first; any unit of money.
        confidence: Level, over 0.5 and under 1.
        method: How.
        horizon: Periods ahead. Historical simulation sums stretches of that many periods that overlap.
        repetitions: Samples that the intervals are drawn from, by bootstrap: 200 are usual, 0 gives none. B. Efron and
            R. Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3. Periods are taken as independent,
            which makes intervals too narrow where volatility clusters or stretches overlap.
        seed: Seed of all that is drawn.

    Raises:
        InputError: Losses that are not finite, do not vary or are too few, no confidence, no horizon, or losses that
            the method does not fit.
    """
    row, level = checked_losses(losses, FEWEST), checked_confidence(confidence)
    if horizon < 1 or len(row) // horizon < FEWEST:
        raise InputError(
            "a horizon that the losses do not reach",
            field="horizon",
            value=horizon,
            rule=f"1 to {len(row) // FEWEST}: {FEWEST} stretches that do not overlap",
            remedy="give more losses",
        )
    tail = predict(row, method, horizon, seed).tail(level)
    if repetitions:
        drawn = _drawn(row, level, method, horizon, repetitions, seed)
        tail = dataclasses.replace(
            tail,
            interval=_between([each.value_at_risk for each in drawn], repetitions),
            shortfall_interval=_between([each.expected_shortfall for each in drawn], repetitions),
        )
    return TailEstimate(method, tail, horizon, len(row))


def predict(losses: Array, method: Method, horizon: int = 1, seed: int = 0) -> Distribution:
    """Return the distribution of the losses of the next ``horizon`` periods.

    Raises:
        InputError: The losses do not vary, or have too heavy a tail for the method.
    """
    fitted = _FITTED.get(method)
    if fitted is not None:
        return fitted.fit(losses, horizon)
    if method is Method.FILTERED_HISTORICAL:
        return Empirical(VolatilityFilter(losses).losses(horizon, seed))
    return Empirical(np.convolve(losses, np.ones(horizon), "valid") if horizon > 1 else losses)


def _drawn(
    losses: Array, confidence: float, method: Method, horizon: int, repetitions: int, seed: int
) -> list[TailLoss]:
    """Return the measures of samples that are drawn from the losses; of filtered ones at the volatility of now.

    There are none of samples that the method does not fit.
    """
    chosen = np.random.default_rng(seed).integers(0, len(losses), (repetitions, len(losses)))
    if method is Method.FILTERED_HISTORICAL:
        found = VolatilityFilter(losses)
        return [tail_loss(found.losses(horizon, seed, found.standard[each]), confidence) for each in chosen]
    if method is Method.HISTORICAL:
        stretches = predict(losses, method, horizon).sample()
        return [tail_loss(stretches[each % len(stretches)], confidence) for each in chosen]
    tails = []
    for each in chosen:
        with contextlib.suppress(InputError):
            tails.append(predict(losses[each], method, horizon).tail(confidence))
    return tails


def _between(values: list[float], repetitions: int) -> Interval:
    if len(values) < _ENOUGH * repetitions:
        return Interval(None, None)
    low, high = np.quantile(values, [(1 - INTERVAL_LEVEL) / 2, (1 + INTERVAL_LEVEL) / 2])
    return Interval(float(low), float(high))
