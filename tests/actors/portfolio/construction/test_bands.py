"""No-trade bands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from actors.errors import InputError
from actors.portfolio.construction.bands import best_width, trade_to_band

TABLE: list[tuple[str, list[float], list[float], Any, list[float]]] = [
    ("inside nothing is traded", [0.51, 0.49], [0.5, 0.5], 0.02, [0.51, 0.49]),
    ("outside to the edge", [0.6, 0.4], [0.5, 0.5], 0.02, [0.52, 0.48]),
    ("without a band to the target", [0.6, 0.4], [0.5, 0.5], 0.0, [0.5, 0.5]),
    ("who trades anyway makes up the sum", [0.4, 0.31, 0.29], [0.3, 0.3, 0.4], 0.02, [0.31, 0.31, 0.38]),
    ("the others only where they must", [0.5, 0.25, 0.25], [0.34, 0.33, 0.33], 0.1, [0.44, 0.28, 0.28]),
    ("from cash, further than the edges", [0.0, 0.0], [0.6, 0.4], 0.1, [0.6, 0.4]),
    ("a width for each", [0.6, 0.4], [0.5, 0.5], [0.05, 0.2], [0.55, 0.45]),
    ("shorts", [-0.3, 1.3], [-0.1, 1.1], 0.05, [-0.15, 1.15]),
]


@pytest.mark.parametrize(
    ("current", "target", "width", "expected"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE]
)
def test_what_is_near_enough_is_left_alone(current: Any, target: Any, width: Any, expected: Any) -> None:
    assert trade_to_band(np.array(current), np.array(target), np.array(width)) == pytest.approx(expected)


weights = st.lists(st.floats(0, 1), min_size=2, max_size=8)


@given(data=st.data(), width=st.floats(0, 0.3))
@settings(max_examples=80, deadline=None)
def test_bands_keep_the_sum_and_trade_no_more_than_they_must(data: Any, width: float) -> None:
    target = np.array(data.draw(weights)) + 0.01
    target = target / target.sum()
    count = len(target)
    current = np.array(data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count)))
    found = trade_to_band(current, target, width)
    assert found.sum() == pytest.approx(1.0, abs=1e-9)
    assert (np.abs(found - target) <= np.maximum(width, 0) + 1e-9).all()
    # Nothing overshoots: what is traded lies between where it was and its target.
    assert (np.minimum(current, target) - 1e-9 <= found).all() and (found <= np.maximum(current, target) + 1e-9).all()
    least = linprog(
        np.r_[np.zeros(count), np.ones(count)],
        A_ub=np.block([[np.eye(count), -np.eye(count)], [-np.eye(count), -np.eye(count)]]),
        b_ub=np.r_[current, -current],
        A_eq=np.r_[np.ones(count), np.zeros(count)][None],
        b_eq=[1.0],
        bounds=[(aim - width, aim + width) for aim in target] + [(0, None)] * count,
    )
    assert np.abs(found - current).sum() == pytest.approx(least.fun, abs=1e-6)
    assert trade_to_band(found, target, width) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(
    ("current", "target", "width", "field"),
    [
        ([0.5], [0.5, 0.5], 0.1, "current"),
        ([0.5, np.nan], [0.5, 0.5], 0.1, "current[1]"),
        ([0.5, 0.5], [0.5, np.inf], 0.1, "target[1]"),
        ([0.5, 0.5], [0.5, 0.5], -0.1, "width[0]"),
        ([0.5, 0.5], [0.5, 0.5], [0.1, 0.1, 0.1], "width"),
    ],
)
def test_numbers_that_are_none_are_refused(current: Any, target: Any, width: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        trade_to_band(np.array(current), np.array(target), np.array(width))
    assert caught.value.field == field


def test_the_best_width_grows_with_the_third_root_of_the_cost() -> None:
    assert best_width(0.5, 0.01, 3.0) == pytest.approx((1.5 / 3 * 0.0625 * 0.01) ** (1 / 3))
    assert best_width(0.5, 0.008, 2.0) == pytest.approx(2 * best_width(0.5, 0.001, 2.0))
    assert best_width(0.5, 0.0, 2.0) == best_width(1.0, 0.01, 2.0) == 0.0
    for wrong in ({"cost_rate": -0.1}, {"risk_aversion": 0.0}, {"target": float("nan")}):
        with pytest.raises(InputError):
            best_width(**({"target": 0.5, "cost_rate": 0.01, "risk_aversion": 2.0} | wrong))


def test_no_band_goes_beyond_a_bound_of_weights() -> None:
    current, target = np.array([0.5, 0.1, 0.4]), np.array([0.4, 0.3, 0.3])
    found = trade_to_band(current, target, 0.3, 0.15, np.array([0.4, 1.0, 1.0]))
    assert found[0] <= 0.4 and found[1] >= 0.15 and found.sum() == pytest.approx(1.0)
