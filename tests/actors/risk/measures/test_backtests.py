"""Tests of the measures: published values, right forecasts that pass, wrong ones that do not, and no look-ahead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actors.errors import InputError
from actors.risk.measures.backtests import acerbi_szekely, backtest, christoffersen, kupiec, zone
from actors.risk.measures.methods import Method
from actors.risk.measures.parametric import Normal
from actors.risk.measures.rolling import roll


def test_the_published_example_of_a_bank_is_met() -> None:
    # P. Jorion (2007), "Value at Risk", 3rd edition, chapter 6: J.P. Morgan's 20 exceptions in the 252 days of 1998, 6
    # of them after another one.
    assert kupiec(20, 252, 0.95).statistic == pytest.approx(3.91, abs=0.005)
    days = [False]
    for length in [2] * 6 + [1] * 8:
        days += [False] * 15 + [True] * length + [False]
    days += [False] * (253 - len(days))
    exceeded = np.array(days)
    assert (len(exceeded), int(exceeded.sum())) == (253, 20)
    assert christoffersen(exceeded).statistic == pytest.approx(9.53, abs=0.005)


@pytest.mark.parametrize(
    ("exceptions", "expected"), [(0, "green"), (4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")]
)
def test_zones_are_those_of_the_basel_committee(exceptions: int, expected: str) -> None:
    assert zone(exceptions, 250, 0.99) == expected


def test_no_exception_is_green_and_few_periods_are_not_judged() -> None:
    assert zone(0, 250, 0.9999) == "green" and zone(0, 49, 0.99) == zone(9, 49, 0.99) == "unjudged"


@pytest.mark.parametrize("exceptions", [0, 250])
def test_exceptions_never_or_always_have_a_likelihood_too(exceptions: int) -> None:
    found = kupiec(exceptions, 250, 0.99)
    assert math.isfinite(found.statistic) and 0 <= found.p_value <= 1
    assert christoffersen(np.full(250, exceptions > 0)) == (0.0, 1.0)


def history(deviation: float, periods: int = 1_500) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Normal losses beside forecasts that take a deviation of 1."""
    losses = deviation * np.random.default_rng(9).standard_normal(periods)
    tail, sample = Normal(0, 1).tail(0.975), Normal(0, 1).sample()
    ones = np.ones(periods)
    return losses, ones * tail.value_at_risk, ones * tail.expected_shortfall, [sample] * periods


def test_right_forecasts_pass_every_test() -> None:
    losses, at_risk, shortfall, samples = history(1.0)
    found = backtest(losses, at_risk, shortfall, 0.975, samples)
    assert found.zone == "green" and found.expected == pytest.approx(37.5)
    for test in (found.coverage, found.independence, found.conditional_coverage, found.severity, found.shortfall):
        assert test.p_value > 0.05
    assert found.shortfall.statistic == pytest.approx(0, abs=0.4)


def test_forecasts_of_too_little_risk_fail() -> None:
    losses, at_risk, shortfall, samples = history(1.5)
    found = backtest(losses, at_risk, shortfall, 0.975, samples)
    assert found.zone == "red" and found.coverage.p_value < 1e-6
    assert found.shortfall.statistic < -1 and found.shortfall.p_value == 0
    assert found.severity.statistic < 0 and found.severity.p_value < 0.01


def test_exceptions_that_follow_one_another_fail_independence_alone() -> None:
    exceeded = np.zeros(1_000, bool)
    exceeded[200:225] = exceeded[700:725] = True
    assert kupiec(50, 1_000, 0.95).p_value == pytest.approx(1)
    assert christoffersen(exceeded).p_value < 1e-6


def test_without_an_exception_severity_is_not_known() -> None:
    sample = [np.linspace(-1, 1, 100)] * 50
    severity, whole = acerbi_szekely(np.zeros(50), np.ones(50), np.full(50, 2.0), 0.975, sample)
    assert math.isnan(severity.statistic) and math.isnan(severity.p_value)
    assert whole.statistic == 1


def test_rows_of_several_lengths_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        backtest(np.zeros(3), np.zeros(3), np.zeros(2), 0.99, [np.zeros(1)] * 3)
    assert caught.value.field == "losses"
    with pytest.raises(InputError):
        backtest(np.zeros(0), np.zeros(0), np.zeros(0), 0.99, [])


@pytest.mark.parametrize("method", list(Method))
def test_a_forecast_does_not_know_what_it_forecasts(method: Method) -> None:
    losses = np.random.default_rng(4).standard_t(5, 140) * 0.01
    changed = losses.copy()
    changed[120:] *= -3
    steps: list[None] = []
    one = roll(losses, method, 0.95, 60, lambda: steps.append(None))
    other = roll(changed, method, 0.95, 60)
    assert len(steps) == len(one.losses) == 80 and one.refused == 0
    assert np.array_equal(one.at_risk[:61], other.at_risk[:61])
    assert np.array_equal(one.shortfall[:61], other.shortfall[:61])
    assert not np.array_equal(one.at_risk[61:], other.at_risk[61:])
    assert (one.shortfall >= one.at_risk).all()


def test_periods_that_a_method_refuses_are_counted_and_not_forecast() -> None:
    losses = np.concatenate([np.zeros(40), np.random.default_rng(1).standard_normal(60)])
    found = roll(losses, Method.CORNISH_FISHER, 0.95, 40)
    assert found.refused > 0 and found.backtest.observations == 60 - found.refused
    assert np.isnan(found.at_risk[0]) and np.isnan(found.shortfall[0])


def test_a_method_that_forecasts_nothing_says_why() -> None:
    with pytest.raises(InputError, match="do not vary"):
        roll(np.zeros(80), Method.STUDENT_T, 0.95, 40)


def test_a_method_that_fits_nowhere_is_given_up_early() -> None:
    steps: list[None] = []
    with pytest.raises(InputError, match="do not vary"):
        roll(np.full(2_000, 0.1), Method.STUDENT_T, 0.95, 40, lambda: steps.append(None))
    assert not steps


@pytest.mark.parametrize("method", [Method.HISTORICAL, Method.FILTERED_HISTORICAL])
def test_a_confidence_beyond_the_largest_loss_is_refused(method: Method) -> None:
    losses = np.random.default_rng(1).standard_normal(100)
    with pytest.raises(InputError) as caught:
        roll(losses, method, 0.99, 60)
    assert caught.value.field == "confidence"
    assert roll(losses, Method.NORMAL, 0.99, 60).refused == 0


@pytest.mark.parametrize(("count", "window", "field"), [(100, 29, "window"), (50, 50, "losses")])
def test_too_few_losses_and_too_short_windows_are_refused(count: int, window: int, field: str) -> None:
    with pytest.raises(InputError) as caught:
        roll(np.ones(count), Method.NORMAL, 0.95, window)
    assert caught.value.field == field
