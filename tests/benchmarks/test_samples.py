"""Quantiles, medians over rounds, and pairs."""

import pytest

from tests.benchmarks.samples import Latencies, Pair, latencies, middle, middle_pair, quantile


@pytest.mark.parametrize(
    ("samples", "level", "found"),
    [
        ([7], 0.5, 7),
        ([7], 0.99, 7),
        ([3, 1, 2], 0.5, 2),
        (range(100), 0.5, 50),
        (range(100), 0.99, 99),
        (range(1000), 0.99, 990),
        ([1, 2], 1.0, 2),
    ],
)
def test_a_quantile_is_one_of_the_samples(samples, level, found):
    assert quantile(samples, level) == found


def test_without_samples_there_is_no_quantile():
    with pytest.raises(ValueError, match="no samples"):
        quantile([], 0.5)


def test_latencies_are_told_in_microseconds():
    assert latencies([1_500] * 99 + [9_000_000]) == Latencies(1.5, 9_000.0)


def test_one_disturbed_round_does_not_show():
    assert middle([Latencies(50, 200), Latencies(900, 9_000), Latencies(52, 190)]) == Latencies(52, 200)


@pytest.mark.parametrize(
    "pairs", [[(2, 1), (9, 3), (8, 2)], [(8, 2), (2, 1), (9, 3)], [(9, 3), (8, 2), (2, 1), (100, 1)]]
)
def test_the_pair_that_is_told_has_the_median_ratio(pairs):
    found = middle_pair(Pair(*pair) for pair in pairs)
    assert found == (9, 3) and found.ratio == 3
