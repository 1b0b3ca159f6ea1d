import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.hours import CLOSED, Hours

HOURS = Hours(np.array([100, 200, 300]), np.array([150, 250, 350]))
ALWAYS = Hours(np.empty(0, np.int64), np.empty(0, np.int64))


@pytest.mark.parametrize(
    ("time", "session"), [(99, CLOSED), (100, 0), (150, 0), (151, CLOSED), (200, 1), (350, 2), (351, CLOSED)]
)
def test_a_moment_lies_in_a_session_with_both_ends_included(time, session):
    assert HOURS.of_moment(time) == session


@pytest.mark.parametrize(
    ("begin", "end", "session"),
    [
        (90, 100, CLOSED),
        (90, 101, 0),
        (100, 150, 0),
        (149, 160, 0),
        (150, 160, CLOSED),
        (0, 190, 0),
        (160, 200, CLOSED),
        (160, 201, 1),
        (340, 999, 2),
        (350, 999, CLOSED),
    ],
)
def test_a_bar_belongs_to_the_first_session_that_it_overlaps(begin, end, session):
    assert HOURS.of_bar(begin, end) == session


def test_without_sessions_it_is_always_open():
    assert (ALWAYS.of_bar(5, 6), ALWAYS.of_moment(7)) == (0, 0)
    assert ALWAYS.of_bars(np.array([5, 6]), np.array([6, 7])).tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 200)), min_size=1))
def test_arrays_and_single_questions_agree(bars):
    begin = np.array([bar[0] for bar in bars])
    end = begin + np.array([bar[1] for bar in bars])
    assert HOURS.of_bars(begin, end).tolist() == [HOURS.of_bar(*each) for each in zip(begin, end, strict=True)]
    assert HOURS.of_moments(begin).tolist() == [HOURS.of_moment(time) for time in begin]
