"""Rates from samples."""

import pytest

from tests.benchmarks.rates import Sample, rate_between

STEADY = [Sample(number, 20 * number, 0.5 + 0.01 * number) for number in range(1, 101)]


def test_a_steady_stream_has_its_rate_between_any_two_slices():
    assert rate_between(STEADY, 1, 100) == pytest.approx(2000)
    assert rate_between(STEADY[::7], 11, 60) == pytest.approx(2000)


def test_the_beginning_of_a_stretch_does_not_count():
    slow = [Sample(number, 20 * number, min(number, 10) + 0.01 * number) for number in range(1, 101)]
    assert rate_between(slow, 1, 100) == pytest.approx(2000)


def test_repeated_samples_count_once_and_those_outside_not_at_all():
    outside = [Sample(0, 0, 0.0), Sample(500, 1, 900.0)]
    assert rate_between([*outside, *STEADY, *STEADY], 1, 100) == pytest.approx(2000)


def test_without_two_samples_there_is_no_rate():
    with pytest.raises(ValueError, match="1 samples from slice"):
        rate_between([*STEADY[:1], *STEADY[:1]], 1, 5)
