"""All methods behind one function: intervals, horizons, volatility, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from actors.errors import InputError
from actors.risk.measures import Method, estimate, quantile_interval, tail_loss
from actors.risk.measures.filtered import VolatilityFilter

LOSSES = np.random.default_rng(11).standard_normal(1_000)


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("horizon", [1, 5])
def test_every_method_finds_the_tail_of_normal_losses(method: Method, horizon: int) -> None:
    found = estimate(LOSSES, 0.95, method, horizon, repetitions=40)
    true = stats.norm.ppf(0.95) * horizon**0.5
    assert found.tail.value_at_risk == pytest.approx(true, rel=0.25)
    assert found.tail.expected_shortfall > found.tail.value_at_risk
    assert (found.horizon, found.window, found.method) == (horizon, 1_000, method)
    for measure, interval in (
        (found.tail.value_at_risk, found.tail.interval),
        (found.tail.expected_shortfall, found.tail.shortfall_interval),
    ):
        assert interval is not None and interval.low is not None and interval.high is not None
        assert interval.low < interval.high and interval.low - 0.2 < measure < interval.high + 0.2


def test_without_repetitions_there_are_no_intervals_and_seeds_give_the_same_again() -> None:
    assert estimate(LOSSES, 0.99).tail.interval is None
    one, other = (estimate(LOSSES, 0.99, Method.FILTERED_HISTORICAL, 5, 20, seed=3) for _ in range(2))
    assert one == other != estimate(LOSSES, 0.99, Method.FILTERED_HISTORICAL, 5, 20, seed=4)


def test_historical_simulation_beyond_one_period_sums_stretches() -> None:
    losses = np.arange(1.0, 91.0)
    assert (
        estimate(losses, 0.95, horizon=3).tail.value_at_risk == tail_loss(np.arange(2.0, 90.0) * 3, 0.95).value_at_risk
    )


def test_filtered_losses_follow_the_volatility_of_now() -> None:
    calm, storm = LOSSES * 0.01, LOSSES[:50] * 0.05
    before = estimate(calm, 0.99, Method.FILTERED_HISTORICAL).tail.value_at_risk
    after = estimate(np.concatenate([calm, storm]), 0.99, Method.FILTERED_HISTORICAL).tail.value_at_risk
    plain = estimate(np.concatenate([calm, storm]), 0.99).tail.value_at_risk
    assert after > 3 * before and after > 1.5 * plain
    found = VolatilityFilter(np.concatenate([calm, storm]))
    assert found.forecast**0.5 == pytest.approx(0.05, rel=0.4)
    assert found.standard[100:].std() == pytest.approx(1, rel=0.15)


def test_what_is_expected_of_a_period_does_not_know_it() -> None:
    changed = LOSSES.copy()
    changed[600:] *= 7
    one, other = VolatilityFilter(LOSSES), VolatilityFilter(changed)
    assert (one.standard[:600] == other.standard[:600]).all()


def test_the_interval_of_order_statistics_holds_the_quantile_as_often_as_it_says() -> None:
    chance, true = np.random.default_rng(8), stats.norm.ppf(0.95)
    held = 0
    for _ in range(1_000):
        low, high = quantile_interval(chance.standard_normal(400), 0.95)
        assert low is not None and high is not None
        held += low <= true <= high
    assert 0.94 <= held / 1_000 <= 0.99


def test_a_bound_outside_of_the_sample_is_not_given() -> None:
    low, high = quantile_interval(np.arange(50.0), 0.99)
    assert low is not None and high is None


@pytest.mark.parametrize(
    ("losses", "field"),
    [([1.0] * 29, "losses"), ([[1.0] * 40], "losses"), ([0.0] * 39 + [float("nan")], "losses[39]"),
     ([float("inf")] + [0.0] * 39, "losses[0]")],
)  # fmt: skip
def test_losses_that_can_not_be_used_are_refused(losses: list[float], field: str) -> None:
    with pytest.raises(InputError) as caught:
        estimate(losses, 0.95)
    assert caught.value.field == field and caught.value.rule is not None


@pytest.mark.parametrize("confidence", [0.5, 1.0, 0.0, -1.0, float("nan")])
def test_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(InputError) as caught:
        estimate(LOSSES, confidence)
    assert caught.value.field == "confidence"


@pytest.mark.parametrize("horizon", [0, -1, 34])
def test_a_horizon_that_the_losses_do_not_reach_is_refused(horizon: int) -> None:
    with pytest.raises(InputError) as caught:
        estimate(LOSSES, 0.95, horizon=horizon)
    assert caught.value.field == "horizon" and "1 to 33" in str(caught.value.rule)


def test_losses_that_are_all_zero_have_no_volatility() -> None:
    with pytest.raises(InputError, match="do not vary"):
        estimate(np.zeros(50), 0.95, Method.FILTERED_HISTORICAL)
    late = np.zeros(60)
    late[50] = 1.0
    assert estimate(late, 0.95, Method.FILTERED_HISTORICAL).tail.value_at_risk >= 0
