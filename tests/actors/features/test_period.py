"""The length of a period for the data at hand."""

import numpy as np
import pytest

from actors.clock import HOUR, MINUTE
from actors.features.period import fitting_period
from configs.schema import ForecasterSection


def minutes(count):
    return np.arange(count, dtype=np.int64) * MINUTE


@pytest.mark.parametrize(
    ("times", "instruments", "expected"),
    [
        (minutes(30 * 400), 1, 30),
        (minutes(5 * 390), 1, 5),
        (minutes(5 * 400), 20, 30),
        (minutes(60), 1, 1),
        (minutes(0), 1, 1),
        (None, 1, 30),
    ],
)
def test_the_longest_period_that_leaves_half_the_data_for_trading_is_taken(times, instruments, expected):
    assert fitting_period(ForecasterSection(), times, instruments) == expected


def test_a_period_that_was_asked_for_is_kept():
    assert fitting_period(ForecasterSection(period_minutes=7), minutes(10 * 60), 1) == 7


def test_gaps_do_not_count_as_periods():
    days = np.concatenate([minutes(60) + day * 24 * HOUR for day in range(200)])
    assert fitting_period(ForecasterSection(), days, 1) == 30
