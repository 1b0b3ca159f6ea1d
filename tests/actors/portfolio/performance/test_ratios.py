"""Ratios: by hand, against what is published, by law, and how often their intervals hold what is true."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from actors.portfolio.performance.bootstrap import Bootstrap, block_length
from actors.portfolio.performance.estimate import Estimate
from actors.portfolio.performance.ratios import (
    calmar,
    hit_rate,
    kurtosis,
    omega,
    skewness,
    sortino,
    sortino_ratio,
    tail_ratio,
)
from actors.portfolio.performance.sharpe import adjusted_sharpe_ratio, information_ratio, sharpe_ratio

RETURNS = np.array([0.02, -0.01, 0.03, -0.02, 0.01, 0.0])


def autoregressive(size: int, slope: float, seed: int) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_normal(size)
    values = np.empty(size)
    last = 0.0
    for at, shock in enumerate(shocks):
        last = values[at] = slope * last + shock
    return values


def test_ratios_are_those_of_their_definitions() -> None:
    mean, spread = 0.005, math.sqrt(sum((r - 0.005) ** 2 for r in RETURNS) / 5)
    found = sharpe_ratio(RETURNS, 252, 0.95)
    assert found.value == pytest.approx(mean / spread * math.sqrt(252))
    assert float(sortino(RETURNS)) == pytest.approx(0.005 / math.sqrt((0.01**2 + 0.02**2) / 6))
    assert float(omega(RETURNS)) == pytest.approx(0.06 / 0.03)
    assert float(omega(RETURNS, 0.01)) == pytest.approx((0.01 + 0.02) / (0.02 + 0.03 + 0.01))
    assert float(skewness(np.array([0.0, 0, 0, 4]))) == pytest.approx(2 / math.sqrt(3))
    assert float(kurtosis(np.array([-1.0, 1, -1, 1]))) == pytest.approx(1)
    assert float(tail_ratio(np.linspace(-1, 1, 101))) == pytest.approx(1)
    assert hit_rate(RETURNS, 0.95).value == pytest.approx(3 / 5)


def test_the_sharpe_interval_of_independent_returns_is_lo_and_mertens() -> None:
    excess = np.random.default_rng(1).standard_t(6, 400) * 0.01 + 0.001
    ratio = excess.mean() / excess.std(ddof=1)
    skew, tails = float(skewness(excess)), float(kurtosis(excess))
    error = math.sqrt((1 - skew * ratio + (tails - 1) / 4 * ratio**2) / 400)
    found = sharpe_ratio(excess, 1, 0.95, lags=0)
    assert found.high is not None and found.value is not None
    assert (found.high - found.value) / 1.959964 == pytest.approx(error, rel=0.01)


def test_autocorrelation_scales_the_sharpe_ratio_as_lo_says() -> None:
    """Lo (2002), eq. 22: the factor of a first-order autoregression."""
    values, q, slope = autoregressive(60_000, 0.5, 2) + 0.1, 12, 0.5
    eta = math.sqrt(q) / math.sqrt(1 + 2 * slope / (1 - slope) * (1 - (1 - slope**q) / (q * (1 - slope))))
    found = adjusted_sharpe_ratio(values, q, 0.95, lags=11)
    assert found.value == pytest.approx(eta * values.mean() / values.std(), rel=0.02)
    plain = sharpe_ratio(values, q, 0.95)
    assert plain.value is not None and found.value is not None and found.value < plain.value


def test_the_block_length_is_that_of_an_autoregression() -> None:
    """Patton, Politis and White (2009): G / g of an AR(1) gives (2 rho / (1 - rho^2))^(2/3) n^(1/3)."""
    expected = (2 * 0.5 / 0.75) ** (2 / 3) * 20_000 ** (1 / 3)
    assert block_length(autoregressive(20_000, 0.5, 3)) == pytest.approx(expected, rel=0.25)
    assert block_length(np.random.default_rng(4).standard_normal(1000)) < 5
    assert block_length(np.zeros(30)) == 1.0


def test_wilson_interval_is_the_published_one() -> None:
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263 gives .2553 to .3662."""
    found = hit_rate([1.0] * 81 + [-1.0] * 182, 0.95)
    assert (found.low, found.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(5).standard_normal(60)
    assert Bootstrap(7, 200).interval(omega, 0.9, values) == Bootstrap(7, 200).interval(omega, 0.9, values)
    assert Bootstrap(7, 200).interval(omega, 0.9, values) != Bootstrap(8, 200).interval(omega, 0.9, values)


def holds(found: Estimate, truth: float) -> bool:
    assert found.low is not None and found.high is not None
    return found.low <= truth <= found.high


def test_nine_of_ten_sharpe_intervals_hold_the_truth() -> None:
    chance = np.random.default_rng(11)
    draws = chance.standard_t(8, (400, 500)) / math.sqrt(8 / 6) + 0.1
    held = sum(holds(sharpe_ratio(row, 1, 0.9), 0.1) for row in draws) / 400
    assert held == pytest.approx(0.9, abs=0.045)


def test_the_interval_allows_for_autocorrelation_where_a_naive_one_does_not() -> None:
    truth = 0.2 / math.sqrt(1 / (1 - 0.4**2))
    rows = [autoregressive(600, 0.4, 100 + seed) + 0.2 for seed in range(150)]
    allowed = sum(holds(sharpe_ratio(row, 1, 0.9), truth) for row in rows) / 150
    naive = sum(holds(sharpe_ratio(row, 1, 0.9, lags=0), truth) for row in rows) / 150
    assert allowed > 0.82 > naive


def test_nine_of_ten_bootstrap_intervals_hold_the_truth() -> None:
    rows = np.random.default_rng(12).standard_normal((150, 250)) + 0.1
    density, below = math.exp(-0.005) / math.sqrt(2 * math.pi), 0.5 * math.erfc(0.1 / math.sqrt(2))
    losses = density - 0.1 * below
    held = sum(
        holds(Bootstrap(seed, 199).interval(omega, 0.9, row), (0.1 + losses) / losses) for seed, row in enumerate(rows)
    )
    assert held / 150 == pytest.approx(0.9, abs=0.08)


@given(st.floats(0.01, 100.0), st.integers(0, 50))
def test_scaling_the_returns_leaves_the_ratios(factor: float, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(50) * 0.01
    for ratio in (sortino, omega, skewness, kurtosis, tail_ratio):
        assert float(ratio(values * factor)) == pytest.approx(float(ratio(values)), rel=1e-9)
    first, second = sharpe_ratio(values, 252, 0.95), sharpe_ratio(values * factor, 252, 0.95)
    assert (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high))


def test_the_information_ratio_is_the_sharpe_ratio_of_the_difference() -> None:
    own, base = np.random.default_rng(1).standard_normal((2, 100))
    assert information_ratio(own, base, 252, 0.9) == sharpe_ratio(own - base, 252, 0.9)


def test_a_short_series_has_a_value_and_no_interval() -> None:
    found = sortino_ratio(RETURNS, 252, 0.95, Bootstrap(0))
    assert found.value is not None and found.low is None and "fewer than 20" in found.reason
    steady = calmar(np.tile(RETURNS, 10), 252, 0.9, Bootstrap(0, 100))
    assert steady.low is not None and steady.low < steady.value < steady.high  # type: ignore[operator]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: sharpe_ratio([0.1, 0.2], 252, 0.95), "returns"),
        (lambda: sharpe_ratio([0.1, 0.1, 0.1], 252, 0.95), "returns"),
        (lambda: sharpe_ratio([0.1, float("nan"), 0.1], 252, 0.95), "returns[1]"),
        (lambda: sharpe_ratio(RETURNS, 252, 1.0), "confidence"),
        (lambda: sharpe_ratio(RETURNS, 0, 0.9), "per_year"),
        (lambda: information_ratio(RETURNS, RETURNS[:-1], 252, 0.9), "benchmark"),
        (lambda: hit_rate([0.0, 0.0], 0.95), "returns"),
        (lambda: hit_rate([], 0.95), "returns"),
        (lambda: sortino_ratio([0.1] * 30, 252, 0.95, Bootstrap(0)), "returns"),
        (lambda: calmar([0.1] * 30, 252, 0.95, Bootstrap(0)), "returns"),
        (lambda: block_length([1.0] * 5), "values"),
        (lambda: Bootstrap(0, block=0.5).interval(omega, 0.9, np.tile(RETURNS, 5)), "block"),
    ],
)
def test_wrong_input_is_told_with_its_field(call: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
