"""Forecasts of value at risk and expected shortfall for each period from those before it alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from actors.errors import InputError
from actors.risk.measures.backtests import Backtest, backtest
from actors.risk.measures.methods import FEWEST, Method, predict
from actors.risk.measures.tails import Array, checked_confidence, checked_losses


@dataclasses.dataclass(frozen=True)
class RollingForecast:
    """What one method forecast for each period, beside what was lost.

    Attributes:
        method: The method.
        confidence: The level.
        losses: What was lost, shape (n,): the periods from the first forecast on.
        at_risk: The value at risk that was forecast, shape (n,); NaN where the method gave none.
        shortfall: The expected shortfall, the same.
        backtest: How the forecasts did, of the periods that have one.
        refused: Number of periods for which the method gave no forecast.
    """

    method: Method
    confidence: float
    losses: Array
    at_risk: Array
    shortfall: Array
    backtest: Backtest
    refused: int


_RANKED = (Method.HISTORICAL, Method.FILTERED_HISTORICAL)
"""Methods that know nothing beyond the largest loss."""
_PROBES = 20
"""Windows that are tried where the first one gives no forecast, before all are."""


def check_rolling(losses: npt.ArrayLike, confidence: float, window: int) -> Array:
    """Return losses that can be forecast one by one, whatever the method.

    Raises:
        InputError: Too few losses for one forecast, a window that is too short, or no confidence.
    """
    row, _ = checked_losses(losses), checked_confidence(confidence)
    if window < FEWEST:
        raise InputError("a window that is too short", field="window", value=window, rule=f"at least {FEWEST}")
    return checked_losses(row, window + 1)


def _probe(row: Array, method: Method, confidence: float, window: int, seed: int) -> None:
    reason: InputError | None = None
    for period in np.unique(np.linspace(0, len(row) - window - 1, _PROBES).astype(int)).tolist():
        try:
            predict(row[period : period + window], method, seed=seed).tail(confidence)
        except InputError as error:
            reason = reason or error
        else:
            return
    if reason is not None:
        raise reason


def roll(
    losses: npt.ArrayLike,
    method: Method,
    confidence: float,
    window: int,
    advance: Callable[[], None] = lambda: None,
    seed: int = 0,
) -> RollingForecast:
    """Forecast each period from the ``window`` periods before it, and test the forecasts.

    Args:
        losses: Losses of one and the same book by period, oldest first.
        method: How.
        confidence: Level, over 0.5 and under 1.
        window: Periods that a forecast sees.
        advance: Called after each forecast.
        seed: Seed of all that is drawn.

    Raises:
        InputError: Too few losses for one forecast or for the confidence, or the method gave no forecast at all; told
            early where neither the first window nor others spread over the losses give one.
    """
    row = check_rolling(losses, confidence, window)
    if method in _RANKED and window * (1 - confidence) < 1 - 1e-9:
        raise InputError(
            f"{method} has no loss beyond this confidence",
            field="confidence",
            value=confidence,
            rule=f"at most {1 - 1 / window:.6g}: one loss of {window} beyond it",
            remedy="take a longer window, a lower confidence, or a method that fits a distribution",
        )
    count = len(row) - window
    _probe(row, method, confidence, window, seed)
    at_risk, shortfall = np.full(count, np.nan), np.full(count, np.nan)
    samples: list[Array] = []
    reason: InputError | None = None
    for period in range(count):
        past = row[period : period + window]
        try:
            distribution = predict(past, method, seed=seed)
            tail = distribution.tail(confidence)
        except InputError as error:
            reason = error
        else:
            at_risk[period], shortfall[period] = tail.value_at_risk, tail.expected_shortfall
            samples.append(distribution.sample())
        advance()
    known = np.isfinite(at_risk)
    if reason is not None and not known.any():
        raise reason
    after = row[window:]
    return RollingForecast(
        method=method,
        confidence=confidence,
        losses=after,
        at_risk=at_risk,
        shortfall=shortfall,
        backtest=backtest(after[known], at_risk[known], shortfall[known], confidence, samples, seed),
        refused=int(count - known.sum()),
    )
