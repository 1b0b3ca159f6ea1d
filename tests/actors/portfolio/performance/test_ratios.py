from __future__ import annotations

import math

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.performance.bootstrap import Bootstrap, block_length
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

RETURNS = np.array([0.02, -0.01, 0.03, 0.0, -0.02])
SOME = np.random.default_rng(5).normal(0.02, 0.1, 60)


def test_the_statistics_are_as_by_hand() -> None:
    assert sortino(RETURNS) == pytest.approx(0.004 / math.sqrt(1e-4))
    assert sortino(RETURNS, 0.02) == pytest.approx(-0.016 / math.sqrt((0.03**2 + 0.02**2 + 0.04**2) / 5))
    assert omega(RETURNS) == pytest.approx(5 / 3)
    assert tail_ratio(np.linspace(-1, 2, 21)) == pytest.approx(1.85 / 0.85)
    assert (skewness(np.array([-1.0, 0.0, 1.0])), kurtosis(np.array([-1.0, 1.0]))) == (0.0, 1.0)
    # Zeros sit out: 2 of 4. Wilson with z = 1.96: centre .5, width z / (1 + z^2 / 4) sqrt(1/16 + z^2 / 64).
    found, score = hit_rate(RETURNS, 0.95), 1.959963984540054
    width = score / (1 + score**2 / 4) * math.sqrt(1 / 16 + score**2 / 64)
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - width, 0.5 + width))


def test_many_series_are_measured_at_once() -> None:
    rows = np.stack([SOME, -SOME, SOME[::-1]])
    for statistic in (sortino, omega, tail_ratio, skewness, kurtosis):
        assert statistic(rows) == pytest.approx([float(statistic(row)) for row in rows])


def test_the_same_seed_gives_the_same_interval_around_the_figure() -> None:
    bootstrap = Bootstrap(7, draws=300)
    found = sortino_ratio(SOME, 12, 0.9, bootstrap)
    assert found == sortino_ratio(SOME, 12, 0.9, Bootstrap(7, draws=300)) != sortino_ratio(SOME, 12, 0.9, Bootstrap(8))
    assert found.low < found.value < found.high and found.method.startswith("stationary bootstrap")
    told = calmar(SOME, 12, 0.9, bootstrap)
    assert told.low < told.high and told.value is not None


def test_few_observations_have_a_figure_without_an_interval_that_says_why() -> None:
    found = sortino_ratio(RETURNS, 1, 0.9, Bootstrap(1))
    assert found.value is not None and found.low is None and "fewer than 20" in found.reason


def test_blocks_are_as_long_as_the_dependence() -> None:
    chance = np.random.default_rng(9)
    noise, chain = chance.normal(size=2000), np.empty(2000)
    chain[0] = noise[0]
    for at in range(1, 2000):
        chain[at] = 0.8 * chain[at - 1] + noise[at]
    assert block_length(noise) < 6 < 15 < block_length(chain)
    assert block_length(np.ones(30)) == 1.0


def test_the_interval_of_a_mean_of_dependent_returns_holds_it() -> None:
    chance, held = np.random.default_rng(11), 0
    for _ in range(150):
        noise = chance.normal(size=200)
        chain = noise.copy()
        for at in range(1, 200):
            chain[at] += 0.4 * chain[at - 1]
        found = Bootstrap(1, draws=200).interval(lambda rows: rows.mean(-1), 0.9, chain)
        held += found.low <= 0.0 <= found.high
    assert 0.8 <= held / 150 <= 0.96


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: hit_rate([0.0, 0.0], 0.9), "returns"),
        (lambda: hit_rate([], 0.9), "returns"),
        (lambda: sortino_ratio([0.1, 0.2], 1, 0.9, Bootstrap(1)), "returns"),
        (lambda: sortino_ratio(SOME, 1, 1.0, Bootstrap(1)), "confidence"),
        (lambda: sortino_ratio(SOME, 1, 0.9, Bootstrap(1, draws=0)), "draws"),
        (lambda: sortino_ratio(SOME, 1, 0.9, Bootstrap(1, block=0.5)), "block"),
        (lambda: calmar([0.1, 0.2, -1.0], 1, 0.9, Bootstrap(1)), "returns[2]"),
        (lambda: block_length(RETURNS), "values"),
        (lambda: Bootstrap(1).interval(lambda a, b: (a - b).mean(-1), 0.9, SOME, SOME[1:]), "benchmark"),
        (lambda: Bootstrap(1).interval(omega, 0.9, [float("nan")]), "returns[0]"),
    ],
)
def test_what_has_no_ratio_is_refused_with_its_field(call, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field and caught.value.rule is not None and caught.value.value is not None
