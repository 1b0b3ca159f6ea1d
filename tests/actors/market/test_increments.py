import decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.increments import whole, whole_many

CENT = 1_000_000.0


@pytest.mark.parametrize(
    ("value", "increment", "expected", "rounded"),
    [
        (52.58, CENT, 5258, False),
        (0.07, CENT, 7, False),
        (1.005, CENT, 100, True),
        (1.015, CENT, 102, True),
        (0.285, CENT, 28, True),
        (2.675, CENT, 268, True),
        (3.8906, CENT, 389, True),
        (3.8906, 10_000.0, 38906, False),
        (0.0, CENT, 0, False),
        (0.004, CENT, 0, True),
        (1_000_000_000.0, 100_000_000.0, 1_000_000_000, False),
        (43_210.12345678, 1.0, 4_321_012_345_678, False),
        (1e300, CENT, 2**53, True),
        (-1e300, CENT, -(2**53), True),
        (1e308, 1.0, 2**53, True),
    ],
)
def test_a_decimal_becomes_whole_increments_rounded_half_even(value, increment, expected, rounded):
    assert whole(value, increment) == (expected, rounded)


@given(st.integers(1, 10**9), st.sampled_from([100_000_000, 1_000_000, 10_000, 2_500_000, 100, 1]))
def test_every_decimal_on_the_increment_comes_back_exactly(number, increment):
    value = float(decimal.Decimal(number * increment) / 10**8)
    assert whole(value, float(increment)) == (number, False)


@given(st.integers(1, 10**8))
def test_every_decimal_half_way_goes_to_the_even_neighbour(number):
    value = float(decimal.Decimal(2 * number + 1) * 500_000 / 10**8)
    assert whole(value, CENT) == (number + (number & 1), True)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.integers(1, 10**9))
def test_arrays_and_single_numbers_agree(values, increment):
    numbers, rounded, too_large = whole_many(np.array(values), np.full(len(values), float(increment)))
    for value, number, was_rounded, large in zip(values, numbers.tolist(), rounded, too_large, strict=True):
        single, single_rounded = whole(value, float(increment))
        assert large == (abs(single) > 2**52)
        if not large:
            assert (number, bool(was_rounded)) == (single, single_rounded)
