from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk.measures import simulate, tail_loss
from tests.data import real_data

losses_strategy = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)
confidences = st.sampled_from([0.9, 0.95, 0.975, 0.99])


def plain(losses: list[float], confidence: float) -> tuple[float, float]:
    """Value at risk and expected shortfall by sorting, with the worst tail cut from a fine repetition of the sample."""
    repeated = sorted(loss for loss in losses for _ in range(1000))
    worst = round(len(repeated) * (1 - confidence))
    rank = math.ceil(round(len(losses) * confidence, 9))
    return sorted(losses)[rank - 1], sum(repeated[-worst:]) / worst


@pytest.mark.parametrize(
    ("confidence", "value_at_risk", "expected_shortfall"),
    [(0.95, 95.0, 98.0), (0.99, 99.0, 100.0), (0.975, 98.0, 99.2), (0.9, 90.0, 95.5)],
)
def test_the_measures_of_one_to_a_hundred(confidence: float, value_at_risk: float, expected_shortfall: float) -> None:
    found = tail_loss(np.arange(1.0, 101.0), confidence)
    assert found.value_at_risk == value_at_risk
    assert found.expected_shortfall == pytest.approx(expected_shortfall)


@given(losses_strategy, confidences)
def test_the_measures_are_those_of_a_plain_sort(losses: list[float], confidence: float) -> None:
    found = tail_loss(np.array(losses), confidence)
    value_at_risk, expected_shortfall = plain(losses, confidence)
    assert found.value_at_risk == value_at_risk
    assert found.expected_shortfall == pytest.approx(expected_shortfall, rel=1e-9, abs=1e-6)


@given(losses_strategy, confidences)
def test_expected_shortfall_is_never_below_value_at_risk(losses: list[float], confidence: float) -> None:
    found = tail_loss(np.array(losses), confidence)
    assert found.expected_shortfall >= found.value_at_risk - 1e-6
    assert found.expected_shortfall <= max(losses) + 1e-6


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=100), confidences)
def test_expected_shortfall_is_subadditive(pairs: list[tuple[float, float]], confidence: float) -> None:
    first, second = np.array(pairs).T
    both = tail_loss(first + second, confidence).expected_shortfall
    apart = tail_loss(first, confidence).expected_shortfall + tail_loss(second, confidence).expected_shortfall
    assert both <= apart + 1e-6


def check_against_a_plain_sort(closes: np.ndarray) -> None:
    returns = closes[1:] / closes[:-1] - 1
    exposures = {column: (-1) ** column * 1000.0 * (column + 1) for column in range(closes.shape[1])}
    found = simulate(exposures, returns, (0.95, 0.99), 30)
    rows = [row for row in returns.tolist() if all(math.isfinite(one) for one in row)]
    losses = [-sum(exposures[column] * one for column, one in enumerate(row)) for row in rows]
    assert found.observations == len(rows) and found.share_covered == 1.0 and found.reason is None
    for tail in found.tails:
        value_at_risk, expected_shortfall = plain(losses, tail.confidence)
        assert tail.value_at_risk == pytest.approx(value_at_risk)
        assert tail.expected_shortfall == pytest.approx(expected_shortfall)
        assert tail.expected_shortfall > tail.value_at_risk > 0


def test_a_book_of_dow_stocks_has_the_measures_of_a_plain_sort() -> None:
    columns = []
    for path in sorted(real_data("dow30").glob("*.csv.gz"))[:8]:
        with gzip.open(path, "rt") as lines:
            rows = [line.split(",") for line in lines]
        dates, close = rows[0].index("Date"), rows[0].index("Close")
        columns.append({row[dates]: float(row[close]) for row in rows[1:]})
    days = sorted(set().union(*columns))[-501:]
    check_against_a_plain_sort(np.array([[column.get(day, math.nan) for column in columns] for day in days]))


def test_a_generated_book_has_the_measures_of_a_plain_sort() -> None:
    steps = np.random.default_rng(3).standard_t(4, (501, 8)) * 0.01
    closes = 100 * np.exp(np.cumsum(steps, axis=0))
    closes[100, 3] = math.nan
    check_against_a_plain_sort(closes)


def test_an_instrument_without_enough_returns_is_left_out_and_lowers_the_share_covered() -> None:
    returns = np.full((40, 3), 0.01)
    returns[:20, 1] = math.nan
    found = simulate({0: 300.0, 1: -100.0, 2: 0.0}, returns, (0.95,), 30)
    assert found.covered == (0,)
    assert found.share_covered == 0.75
    assert found.tails[0].value_at_risk == pytest.approx(-3.0)


def test_instruments_are_dropped_until_enough_returns_are_joint() -> None:
    returns = np.full((60, 3), 0.01)
    returns[:28, 1] = math.nan
    returns[30:, 2] = math.nan
    found = simulate({0: 1.0, 1: 1.0, 2: 2.0}, returns, (0.95,), 30)
    assert found.covered == (0, 1)
    assert (found.observations, found.share_covered) == (32, 0.5)


def test_no_measure_is_given_without_enough_returns() -> None:
    found = simulate({0: 1.0}, np.zeros((29, 1)), (0.95,), 30)
    assert found.tails == () and found.share_covered == 0.0
    assert found.reason == "no held instrument has 30 returns yet (the most is 29)"
    assert simulate({0: 1.0}, np.zeros((0, 1)), (0.95,), 30).reason is not None


def test_an_empty_book_can_lose_nothing() -> None:
    found = simulate({0: 0.0}, np.zeros((50, 1)), (0.95, 0.99), 30)
    assert [(tail.value_at_risk, tail.expected_shortfall) for tail in found.tails] == [(0.0, 0.0)] * 2
    assert found.share_covered == 1.0
