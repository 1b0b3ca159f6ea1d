"""Against the figures that Bailey and Lopez de Prado (2012, 2014) print, and returns with known figures."""

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

DAYS = 250
CHOSEN = Moments(1250, 2.5 / math.sqrt(DAYS), -3.0, 10.0)


@pytest.mark.parametrize(("trials", "probability"), [(100, 0.900397), (46, 0.950502)])
def test_the_deflated_ratio_is_the_published_one(trials: int, probability: float) -> None:
    assert deflated_sharpe_ratio(CHOSEN, trials, 0.5 / DAYS) == pytest.approx(probability, abs=5e-7)


@pytest.mark.parametrize(("skew", "kurtosis", "probability"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_the_probabilistic_ratio_is_the_published_one(skew: float, kurtosis: float, probability: float) -> None:
    assert probabilistic_sharpe_ratio(Moments(24, 0.458, skew, kurtosis)) == pytest.approx(probability, abs=5e-4)


def test_real_returns_have_their_known_figures() -> None:
    found = moments(np.loadtxt(real_data("sharpe_vectors", "returns_for_tests.csv")))
    assert found.sharpe == pytest.approx(0.24171730, abs=5e-9)
    assert probabilistic_sharpe_ratio(found, 0.05) == pytest.approx(0.87785077, abs=5e-9)
    assert minimum_track_record_length(found, 0.05, 0.9) == pytest.approx(60.365085, abs=5e-7)


def test_the_minimum_track_record_is_where_the_probability_reaches_the_confidence() -> None:
    length = minimum_track_record_length(CHOSEN, 0.05, 0.95)
    lasting = CHOSEN._replace(observations=length)
    assert probabilistic_sharpe_ratio(lasting, 0.05) == pytest.approx(0.95)


def test_the_best_of_many_without_skill_looks_better_the_more_there_are() -> None:
    assert expected_maximum_sharpe(1, 0.5) == 0.0
    chance = np.random.default_rng(4)
    best = chance.normal(size=(4000, 50)).max(axis=1).mean()
    assert expected_maximum_sharpe(50, 4.0) == pytest.approx(2 * best, rel=0.02)
    assert deflated_sharpe_ratio(CHOSEN, 1, 0.5) == probabilistic_sharpe_ratio(CHOSEN)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: moments([0.1, float("inf"), 0.1]), "returns[1]"),
        (lambda: moments([0.1, 0.2]), "returns"),
        (lambda: moments([-0.1] * 5), "returns"),
        (lambda: minimum_track_record_length(CHOSEN, 1.0), "benchmark"),
        (lambda: minimum_track_record_length(CHOSEN, 0.0, 1.0), "confidence"),
        (lambda: expected_maximum_sharpe(0.5, 1.0), "trials"),
        (lambda: expected_maximum_sharpe(5, -1.0), "variance"),
        (lambda: expected_maximum_sharpe(5, float("nan")), "variance"),
        (lambda: probabilistic_sharpe_ratio(Moments(1, 0.1, 0.0, 3.0)), "observations"),
        (lambda: probabilistic_sharpe_ratio(Moments(10, 1.0, 5.0, 3.0)), "skew"),
    ],
)
def test_what_has_no_probability_is_refused_with_its_field(call, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field and caught.value.rule is not None and caught.value.value is not None
