"""Probabilistic and deflated Sharpe ratios against the figures of their papers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.performance.probabilistic_sharpe import (
    Moments,
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_track_record_length,
    moments,
    probabilistic_sharpe_ratio,
)
from tests.data import real_data

DEFLATED = Moments(1250, 2.5 / math.sqrt(250), -3.0, 10.0)


@pytest.mark.parametrize(
    ("found", "probability"), [(Moments(24, 0.458, 0.0, 3.0), 0.982), (Moments(24, 0.458, -2.448, 10.164), 0.913)]
)
def test_the_probability_is_that_of_bailey_and_lopez_de_prado_2012(found: Moments, probability: float) -> None:
    assert probabilistic_sharpe_ratio(found) == pytest.approx(probability, abs=5e-4)


@pytest.mark.parametrize(("trials", "probability"), [(100, 0.900397), (46, 0.950502)])
def test_the_deflated_ratio_is_that_of_bailey_and_lopez_de_prado_2014(trials: int, probability: float) -> None:
    assert deflated_sharpe_ratio(DEFLATED, trials, 0.5 / 250) == pytest.approx(probability, abs=1e-6)


def test_real_returns_give_the_known_figures() -> None:
    found = moments(np.loadtxt(real_data("sharpe_vectors", "returns_for_tests.csv")))
    assert found.sharpe == pytest.approx(0.24171730, abs=1e-8)
    assert probabilistic_sharpe_ratio(found, 0.05) == pytest.approx(0.87785077, abs=1e-8)
    assert minimum_track_record_length(found, 0.05, 0.90) == pytest.approx(60.365085, abs=1e-6)


def test_a_track_record_of_the_minimum_length_just_reaches_the_confidence() -> None:
    found = moments(np.random.default_rng(2).standard_t(5, 300) * 0.01 + 0.004)
    length = minimum_track_record_length(found, 0.05, 0.9)
    assert probabilistic_sharpe_ratio(found._replace(observations=length), 0.05) == pytest.approx(0.9)  # type: ignore


def test_one_trial_deflates_nothing_and_more_trials_deflate_more() -> None:
    assert expected_maximum_sharpe(1, 0.5) == 0.0
    assert deflated_sharpe_ratio(DEFLATED, 1, 0.002) == probabilistic_sharpe_ratio(DEFLATED)
    values = [deflated_sharpe_ratio(DEFLATED, trials, 0.002) for trials in (2, 10, 100, 1000)]
    assert values == sorted(values, reverse=True)


def test_the_best_of_many_without_skill_is_as_expected() -> None:
    best = np.random.default_rng(3).standard_normal((4000, 100)).max(axis=1).mean()
    assert expected_maximum_sharpe(100, 1.0) == pytest.approx(best, rel=0.02)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: moments([0.1, 0.2]), "returns"),
        (lambda: moments([0.1] * 5), "returns"),
        (lambda: minimum_track_record_length(DEFLATED, 1.0), "benchmark"),
        (lambda: minimum_track_record_length(DEFLATED, 0.0, 1.0), "confidence"),
        (lambda: expected_maximum_sharpe(0.5, 1.0), "trials"),
        (lambda: expected_maximum_sharpe(5, -1.0), "variance"),
        (lambda: probabilistic_sharpe_ratio(Moments(1, 0.1, 0, 3)), "observations"),
        (lambda: probabilistic_sharpe_ratio(Moments(10, 1.0, 5.0, 1.0)), "skew"),
    ],
)
def test_wrong_input_is_told_with_its_field(call: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
