from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from actors.portfolio.performance.sharpe import (
    adjusted_sharpe_ratio,
    information_ratio,
    long_run_variance,
    newey_west_lags,
    sharpe_ratio,
)

RETURNS = np.array([0.02, -0.01, 0.03, 0.0, 0.01])
NORMAL_QUANTILE = 1.959963984540054


def test_the_ratio_is_mean_over_standard_deviation_a_year() -> None:
    # Mean .01, squared deviations (1, 4, 4, 1, 0)e-4 over 4: S = .01 / sqrt(2.5e-4).
    found = sharpe_ratio(RETURNS, 252, 0.95)
    assert found.value == pytest.approx(0.01 / math.sqrt(2.5e-4) * math.sqrt(252))
    assert sharpe_ratio(RETURNS, 252, 0.95, risk_free=0.01).value == pytest.approx(0.0, abs=1e-12)


def test_without_lags_the_error_is_that_of_independent_returns_with_their_tails() -> None:
    chance = np.random.default_rng(1)
    returns = 0.05 + chance.standard_t(6, 4000)
    found = sharpe_ratio(returns, 1, 0.95, lags=0)
    centred = returns - returns.mean()
    variance = centred.var()
    skew, kurtosis = (centred**3).mean() / variance**1.5, (centred**4).mean() / variance**2
    ratio = found.value
    error = math.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / len(returns))
    assert (found.high - found.low) / 2 == pytest.approx(NORMAL_QUANTILE * error, rel=1e-3)


def test_long_run_variance_counts_covariances_with_bartlett_weights() -> None:
    values = np.array([1.0, -1.0, 1.0, -1.0])
    assert long_run_variance(values, 0) == 1.0
    assert long_run_variance(values, 1) == pytest.approx((4 - 2 * 0.5 * 3) / 4)
    assert (newey_west_lags(100), newey_west_lags(3), newey_west_lags(1000)) == (4, 1, 6)


def test_autocorrelation_lowers_the_ratio_of_a_year_as_by_lo() -> None:
    # An autoregression with rho .3: eta(12) = 12 / sqrt(12 + 2 sum (12 - k) .3^k) (Lo 2002, eq. 20).
    chance = np.random.default_rng(2)
    noise, returns = chance.normal(size=200_000), np.empty(200_000)
    returns[0] = noise[0]
    for at in range(1, len(noise)):
        returns[at] = 0.3 * returns[at - 1] + noise[at]
    returns += 0.2
    found = adjusted_sharpe_ratio(returns, 12, 0.95, lags=11)
    ratio = returns.mean() / returns.std()
    eta = 12 / math.sqrt(12 + 2 * sum((12 - lag) * 0.3**lag for lag in range(1, 12)))
    assert found.value == pytest.approx(eta * ratio, rel=0.02)
    assert adjusted_sharpe_ratio(returns, 1, 0.95).value == pytest.approx(sharpe_ratio(returns, 1, 0.95).value)


@given(st.floats(1e-3, 1e3))
def test_leverage_does_not_change_the_ratio(leverage: float) -> None:
    whole, levered = sharpe_ratio(RETURNS, 252, 0.9), sharpe_ratio(RETURNS * leverage, 252, 0.9)
    assert (levered.value, levered.low, levered.high) == pytest.approx((whole.value, whole.low, whole.high))


def test_information_ratio_is_that_of_the_active_return() -> None:
    base = np.array([0.01, 0.0, 0.01, 0.01, -0.01])
    assert information_ratio(RETURNS, base, 12, 0.9) == sharpe_ratio(RETURNS - base, 12, 0.9)


def _covered(draw: Callable[[np.random.Generator], np.ndarray], truth: float, lags: int | None) -> float:
    chance = np.random.default_rng(3)
    found = [sharpe_ratio(draw(chance), 1, 0.9, lags=lags) for _ in range(500)]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def test_an_interval_of_ninety_percent_holds_the_truth_nine_times_in_ten() -> None:
    # Standard error of a share of 500: 1.3 %.
    assert _covered(lambda chance: chance.normal(0.1, 1.0, 300), 0.1, 0) == pytest.approx(0.9, abs=0.04)
    tails = math.sqrt(5 / 3)
    assert _covered(lambda chance: 0.1 * tails + chance.standard_t(5, 500), 0.1, None) == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: sharpe_ratio([0.1, float("nan"), 0.1], 252, 0.95), "returns[1]"),
        (lambda: sharpe_ratio([], 252, 0.95), "returns"),
        (lambda: sharpe_ratio([0.1, 0.2], 252, 0.95), "returns"),
        (lambda: sharpe_ratio([0.1, 0.1, 0.1], 252, 0.95), "returns"),
        (lambda: sharpe_ratio(RETURNS, 0, 0.95), "per_year"),
        (lambda: sharpe_ratio(RETURNS, 252, 95), "confidence"),
        (lambda: adjusted_sharpe_ratio([0.1, -0.1] * 10, 252, 0.95, lags=1), "returns"),
        (lambda: information_ratio(RETURNS, [0.1], 252, 0.95), "benchmark"),
        (lambda: information_ratio(RETURNS, RETURNS, 252, 0.95), "returns"),
    ],
)
def test_what_has_no_ratio_is_refused_with_its_field(call: Callable[[], object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field and caught.value.rule is not None and caught.value.value is not None
