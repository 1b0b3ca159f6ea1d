"""Correlations under stress stay such that a market can have them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errors import InputError
from actors.risk.stress import Correlations, Factor, correlation_effect, parse_factor
from actors.risk.stress.correlation import REPAIR_LIMIT, nearest_correlations, stressed
from actors.risk.stress.shocks import Shock, parse_shock


def three(one: float, two: float, three: float) -> Correlations:
    return Correlations(("A", "B", "C"), np.array([[1, one, two], [one, 1, three], [two, three, 1.0]]))


def shocks(**texts: str) -> dict[Factor, Shock]:
    factors = {parse_factor(name.replace("__", ":").replace("_", "/")): text for name, text in texts.items()}
    return {factor: parse_shock(text, factor, "x") for factor, text in factors.items()}


BY_HAND = [
    ("half of the way to 1", {"correlation": "+50%"}, (0.6, 0.75, 0.5)),
    ("all of the way to 1", {"correlation": "+100%"}, (1.0, 1.0, 1.0)),
    ("half of the way to 0", {"correlation": "-50%"}, (0.1, 0.25, 0.0)),
    ("one pair by an amount", {"correlation__A_B": "+20 points"}, (0.4, 0.5, 0.0)),
    ("one pair by a share", {"correlation__A_C": "-100%"}, (0.2, 0.0, 0.0)),
    ("the narrower name holds", {"correlation": "+50%", "correlation__B_A": "+10%"}, (0.28, 0.75, 0.5)),
]


@pytest.mark.parametrize(("texts", "after"), [case[1:] for case in BY_HAND], ids=[case[0] for case in BY_HAND])
def test_correlations_move_as_worked_out_by_hand(texts: dict[str, str], after: tuple[float, ...]) -> None:
    found = stressed(three(0.2, 0.5, 0.0), shocks(**texts))
    assert found.repair == 0
    told = [found.correlations.of(*pair) for pair in ("AB", "AC", "BC")]
    assert told == pytest.approx(after)


def test_a_matrix_that_no_market_can_have_is_replaced_by_the_nearest_and_that_is_told() -> None:
    found = stressed(three(0.7, 0.7, 0.2), shocks(correlation__B_C="-25 points"))
    assert 0 < found.repair < REPAIR_LIMIT
    assert np.linalg.eigvalsh(found.correlations.matrix)[0] > -1e-9


def test_a_shock_that_needs_too_large_a_repair_is_refused() -> None:
    with pytest.raises(InputError, match="no market can have") as caught:
        stressed(three(0.9, 0.9, 0.8), shocks(correlation__B_C="-150 points"))
    assert caught.value.field == "correlation:B/C" and "positive semidefinite" in str(caught.value.rule)


def test_a_correlation_beyond_1_and_an_unknown_pair_are_refused() -> None:
    with pytest.raises(InputError, match="would be 1.1") as caught:
        stressed(three(0.6, 0.2, 0.2), shocks(correlation__A_B="+50 points"))
    assert "0.6 today" in str(caught.value.remedy)
    with pytest.raises(InputError, match="unknown factor correlation:A/D"):
        stressed(three(0.6, 0.2, 0.2), shocks(correlation__A_D="+50%"))


@pytest.mark.parametrize(
    "matrix",
    [np.ones((2, 2)), np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]), np.eye(3) * 2, np.eye(3) * np.nan],
)
def test_what_is_no_correlation_matrix_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(InputError, match="no correlation matrix"):
        Correlations(("A", "B", "C"), matrix)


def test_the_nearest_matrix_is_highams() -> None:
    """Higham (2002), section 4: the example of which he gives the answer to four digits."""
    found = nearest_correlations(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]]))
    assert found[0, 1] == pytest.approx(0.7607, abs=5e-5) and found[0, 2] == pytest.approx(0.1573, abs=5e-5)


def test_the_effect_on_a_book_is_that_worked_out_by_hand() -> None:
    today = Correlations(("A", "B"), np.array([[1, 0.5], [0.5, 1]]))
    found = correlation_effect(
        np.array([300.0, 200.0]), np.array([0.01, 0.02]), today, shocks(correlation="+50%"), 0.99
    )
    # Deviations of 3 and 4: sqrt(9 + 16 + 24 c)
    assert found.volatility == pytest.approx((math.sqrt(37), math.sqrt(43)))
    assert found.value_at_risk == pytest.approx((2.326348 * math.sqrt(37), 2.326348 * math.sqrt(43)), rel=1e-6)
    hedged = correlation_effect(np.array([300.0, -200.0]), np.array([0.01, 0.02]), today, shocks(correlation="+50%"))
    assert hedged.volatility == pytest.approx((math.sqrt(13), math.sqrt(7)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1, 1))
def test_all_correlations_together_never_need_a_repair(seed: int, size: float) -> None:
    sample = np.random.default_rng(seed).standard_normal((4, 6))
    today = Correlations(tuple("ABCDEF"), np.corrcoef(sample, rowvar=False))
    found = stressed(
        today, {parse_factor("correlation"): parse_shock({"relative": size}, parse_factor("correlation"), "x")}
    )
    assert found.repair == 0
