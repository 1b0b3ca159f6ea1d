"""Components sum to the whole; scenarios have the moments of what they are drawn from; liquidity costs what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from actors.errors import InputError
from actors.risk.measures import tail_loss
from actors.risk.measures.liquidity import liquidity_adjusted
from actors.risk.measures.parts import split
from actors.risk.measures.scenarios import draw_returns

CHANCE = np.random.default_rng(21)
COVARIANCE = np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]]) * 1e-4
RETURNS = CHANCE.multivariate_normal([0, 0, 0], COVARIANCE, 20_000)
EXPOSURES = np.array([1_000.0, -500.0, 2_000.0])


@settings(max_examples=50)
@given(st.integers(1, 6), st.integers(1, 300), st.sampled_from([0.9, 0.95, 0.99]), st.integers(0, 2**32 - 1))
def test_components_sum_to_the_measures(positions: int, scenarios: int, confidence: float, seed: int) -> None:
    losses = np.random.default_rng(seed).normal(1.0, 1.0, (scenarios, positions))
    parts = split(losses, np.ones(positions), confidence)
    whole = tail_loss(losses.sum(axis=1), confidence)
    assert parts.whole == whole
    assert parts.value_at_risk.sum() == pytest.approx(whole.value_at_risk)
    assert parts.expected_shortfall.sum() == pytest.approx(whole.expected_shortfall)


def test_components_of_a_normal_book_are_those_of_its_covariances() -> None:
    parts = split(-RETURNS * EXPOSURES, EXPOSURES, 0.99)
    deviation = np.sqrt(EXPOSURES @ COVARIANCE @ EXPOSURES)
    share = EXPOSURES * (COVARIANCE @ EXPOSURES) / deviation**2
    assert parts.value_at_risk / parts.whole.value_at_risk == pytest.approx(share, abs=0.08)
    assert parts.expected_shortfall / parts.whole.expected_shortfall == pytest.approx(share, abs=0.05)
    assert parts.marginal_expected_shortfall == pytest.approx(parts.expected_shortfall / EXPOSURES)


def test_incremental_measures_are_what_closing_saves() -> None:
    losses = -RETURNS[:500] * EXPOSURES
    parts = split(losses, EXPOSURES, 0.95)
    without = tail_loss(losses[:, [0, 2]].sum(axis=1), 0.95)
    assert parts.incremental_value_at_risk[1] == pytest.approx(parts.whole.value_at_risk - without.value_at_risk)
    saved = parts.whole.expected_shortfall - without.expected_shortfall
    assert parts.incremental_expected_shortfall[1] == pytest.approx(saved)
    hedged = split(losses[:, :2], EXPOSURES[:2], 0.95)
    assert hedged.incremental_expected_shortfall[1] < 0, "the short position hedges the first"
    flat = split(np.hstack([losses, np.zeros((500, 1))]), np.append(EXPOSURES, 0.0), 0.95)
    assert flat.marginal_value_at_risk[3] == flat.incremental_expected_shortfall[3] == 0


@pytest.mark.parametrize("freedom", [None, 5.0])
def test_scenarios_have_the_means_and_covariances_of_the_past(freedom: float | None) -> None:
    past = RETURNS[:300] + 0.001
    drawn = draw_returns(past, 200_000, 4, freedom=freedom)
    assert drawn.mean(axis=0) == pytest.approx(past.mean(axis=0), abs=2e-4)
    assert np.cov(drawn.T) == pytest.approx(np.cov(past.T), rel=0.1, abs=4e-6)
    fat = stats.kurtosis(drawn[:, 0])
    assert fat == pytest.approx(0, abs=0.1) if freedom is None else fat > 1.5


def test_scenarios_are_the_same_with_the_same_seed_and_grow_with_the_horizon() -> None:
    past = RETURNS[:50]
    assert (draw_returns(past, 10, 1) == draw_returns(past, 10, 1)).all()
    far, near = draw_returns(past, 50_000, 1, horizon=4), draw_returns(past, 50_000, 1)
    assert far.std(axis=0) == pytest.approx(2 * near.std(axis=0), rel=0.02)


def test_a_singular_covariance_is_no_trouble() -> None:
    past = RETURNS[:3]
    drawn = draw_returns(np.hstack([past, past[:, :1] * 2]), 1_000, 2)
    assert drawn[:, 3] == pytest.approx(2 * drawn[:, 0])


@pytest.mark.parametrize(
    ("returns", "freedom", "field"),
    [(np.zeros((1, 3)), None, "returns"), (np.zeros(5), None, "returns"),
     (np.array([[0.0, 1.0], [np.nan, 0.0]]), None, "returns[1, 0]"), (RETURNS[:9], 2.0, "freedom")],
)  # fmt: skip
def test_returns_that_can_not_be_drawn_from_are_refused(returns: np.ndarray, freedom: float | None, field: str) -> None:
    with pytest.raises(InputError) as caught:
        draw_returns(returns, 10, 1, freedom=freedom)
    assert caught.value.field == field


def test_closing_costs_half_the_bad_spread_and_takes_as_long_as_the_market_needs() -> None:
    losses = -RETURNS[:1_000] * EXPOSURES
    spreads, deviations = np.full(3, 0.001), np.full(3, 0.0005)
    deep = liquidity_adjusted(losses, EXPOSURES, 0.99, spreads, deviations, np.full(3, 1e9))
    plain = tail_loss(losses.sum(axis=1), 0.99)
    assert deep.spread_cost == pytest.approx(0.5 * 3_500 * (0.001 + 3 * 0.0005))
    assert deep.tail.value_at_risk == pytest.approx(plain.value_at_risk + deep.spread_cost)
    assert (deep.periods == 1).all()
    thin = liquidity_adjusted(losses, EXPOSURES, 0.99, spreads, deviations, np.full(3, 2_000.0))
    assert thin.periods.tolist() == [5, 3, 10]
    assert thin.tail.expected_shortfall > deep.tail.expected_shortfall


def test_one_position_that_takes_n_periods_has_the_published_multiple_of_the_risk() -> None:
    losses = -RETURNS[:1_000, :1] * 1_000
    none, volume = np.zeros(1), np.array([1_000.0])
    found = liquidity_adjusted(losses, np.array([1_000.0]), 0.99, none, none, volume)
    assert found.periods.tolist() == [10]
    multiple = np.sqrt(11 * 21 / 60)
    assert found.tail.value_at_risk == pytest.approx(multiple * tail_loss(losses[:, 0], 0.99).value_at_risk)


@pytest.mark.parametrize(
    ("name", "value"),
    [("spread_means", -1.0), ("spread_means", np.nan), ("spread_deviations", np.inf), ("daily_volumes", 0.0)],
)
def test_a_liquidity_that_is_not_known_is_refused(name: str, value: float) -> None:
    given_ = {"spread_means": np.zeros(3), "spread_deviations": np.zeros(3), "daily_volumes": np.ones(3)}
    given_[name][1] = value
    losses = -RETURNS[:100] * EXPOSURES
    with pytest.raises(InputError) as caught:
        liquidity_adjusted(losses, EXPOSURES, 0.99, **given_)
    assert caught.value.field == f"{name}[1]"
    flat = np.where(np.arange(3) == 1, 0.0, EXPOSURES)
    assert liquidity_adjusted(losses * (flat != 0), flat, 0.99, **given_).periods[1] == 1, "nothing is held of it"


@pytest.mark.parametrize("participation", [0.0, 1.1, float("nan")])
def test_a_share_of_the_volume_that_is_none_is_refused(participation: float) -> None:
    with pytest.raises(InputError) as caught:
        liquidity_adjusted(
            -RETURNS[:9] * EXPOSURES, EXPOSURES, 0.99, np.zeros(3), np.zeros(3), np.ones(3), participation
        )
    assert caught.value.field == "participation"
