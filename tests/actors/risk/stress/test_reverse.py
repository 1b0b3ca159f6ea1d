"""Reverse stress: what is found loses the sum, and nothing nearer does."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from actors.errors import InputError
from actors.risk.pricing.contracts import Right
from actors.risk.stress import (
    FactorModel,
    StressBook,
    factor_model,
    how_far,
    parse_factor,
    reverse_linear,
    reverse_stress,
)
from actors.risk.stress.batch import profits
from actors.risk.stress.shocks import Change
from tests.actors.risk.stress.books import book, option, panel, random_panel, shares

COVARIANCE = np.array([[0.0004, 0.0001], [0.0001, 0.0009]])
MODEL = FactorModel((parse_factor("equity:AAA"), parse_factor("equity:BBB")), (Change.RELATIVE,) * 2, COVARIANCE)


def test_the_closed_form_is_that_worked_out_by_hand() -> None:
    moves, distance = reverse_linear(np.array([300.0, 100.0]), np.diag([0.0001, 0.0004]), 10.0)
    # S d = (0.03, 0.04); d'S d = 9 + 4 = 13
    assert moves == pytest.approx([-10 * 0.03 / 13, -10 * 0.04 / 13])
    assert distance == pytest.approx(10 / math.sqrt(13))


def test_a_linear_book_is_answered_in_closed_form() -> None:
    found = reverse_stress(book(shares("AAA", 1000.0), shares("BBB", -500.0)), MODEL, 50.0)
    exposures = np.array([1000.0, -500.0])
    distance = 50 / math.sqrt(exposures @ COVARIANCE @ exposures)
    assert found.method == "closed form" and found.found and found.coverage.is_whole
    assert found.profit == pytest.approx(-50) and found.distance == pytest.approx(distance)
    assert found.probability == pytest.approx(norm.cdf(-distance))
    assert found.probability_beyond == pytest.approx(chi2.sf(distance**2, 2))
    told = found.plain()
    assert set(told["shocks"]) == {"equity:AAA", "equity:BBB"} and told["share_missing"] == 0 and told["reason"] is None


def nothing_nearer_loses(held: StressBook, model: FactorModel, loss: float, distance: float, seed: int) -> bool:
    """Look at random scenarios that are a little nearer."""
    chance = np.random.default_rng(seed).standard_normal((400, model.root.shape[1]))
    chance *= 0.995 * distance / np.linalg.norm(chance, axis=1)[:, None]
    moves = chance @ model.root.T
    moves = moves[(moves >= model.lowest).all(axis=1)]
    return bool((profits(held, [model.shocks(row) for row in moves]) > -loss).all())


@settings(max_examples=25, deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(100, 1e5), st.floats(0.01, 0.3), st.integers(0, 1000))
def test_no_scenario_that_is_nearer_loses_as_much_of_a_linear_book(
    one: float, two: float, part: float, seed: int
) -> None:
    held, loss = book(shares("AAA", one), shares("BBB", two)), part * two
    found = reverse_stress(held, MODEL, loss)
    assert found.found and found.profit == pytest.approx(-loss, rel=1e-6)
    assert nothing_nearer_loses(held, MODEL, loss, found.distance, seed)


STRADDLE = [option(quantity=-10.0), option(Right.CALL, quantity=-10.0)]
BENT = [
    ("a hedged share", [shares("AAA", 1000.0), option(quantity=5.0)], 100.0),
    ("a short straddle", STRADDLE, 200.0),
    ("a short straddle with a small hedge", [*STRADDLE, shares("AAA", -50.0)], 100.0),
    (
        "two underlyings",
        [shares("BBB", 800.0), option(quantity=-10.0), option(Right.CALL, 55.0, -20.0, symbol="BBB")],
        150.0,
    ),
]


@pytest.mark.parametrize(("positions", "loss"), [case[1:] for case in BENT], ids=[case[0] for case in BENT])
def test_no_scenario_that_is_nearer_loses_as_much_of_a_book_with_options(positions: list[object], loss: float) -> None:
    held = book(*positions)
    found = reverse_stress(held, MODEL, loss)
    assert found.method == "numerical" and found.found
    assert found.profit == pytest.approx(-loss, rel=1e-4) and found.profit <= -loss * (1 - 1e-9)
    assert all(nothing_nearer_loses(held, MODEL, loss, found.distance, seed) for seed in range(5))


def test_the_search_finds_the_closed_form_of_a_book_that_is_linear() -> None:
    """An option that is deep in the money moves as its underlying does, less what it costs to carry."""
    deep = option(Right.CALL, 1e-3, 10.0)
    found = reverse_stress(book(deep, shares("BBB", 500.0)), MODEL, 60.0)
    exposures = np.array([1000.0, 500.0])
    assert found.method == "numerical"
    assert found.distance == pytest.approx(60 / math.sqrt(exposures @ COVARIANCE @ exposures), rel=1e-4)


def test_a_loss_that_can_not_be_is_answered_with_the_largest_there_is() -> None:
    """A bought put can cost its premium and no more."""
    held = book(option())
    found = reverse_stress(held, MODEL, held.value + 1)
    assert not found.found and found.profit == pytest.approx(-held.value, rel=1e-3)
    assert "no scenario" in found.plain()["reason"]


def test_a_fall_below_nothing_is_none() -> None:
    """The closed form would take BBB to 0: it moves twice as far as AAA, and three quarters are to be lost."""
    held = book(shares("AAA", 1000.0), shares("BBB", 1000.0))
    wild = FactorModel(MODEL.factors, MODEL.changes, 25 * COVARIANCE)
    found = reverse_stress(held, wild, 1500.0)
    assert found.method == "numerical" and found.found
    assert all(shock.size > -1 for shock in found.shocks.values())
    assert found.profit == pytest.approx(-1500, rel=1e-4)
    assert not reverse_stress(held, wild, 2001.0).found


def test_what_the_model_lacks_is_missing() -> None:
    found = reverse_stress(book(shares("AAA", 1000.0), shares("CCC", 3000.0)), MODEL, 50.0)
    assert found.coverage.share == pytest.approx(0.25) and "CCC" in found.coverage.missing
    with pytest.raises(InputError, match="no position"):
        reverse_stress(book(shares("CCC", 3000.0)), MODEL, 50.0)


@pytest.mark.parametrize("loss", [0.0, -1.0, math.nan, math.inf])
def test_a_sum_that_is_none_is_refused(loss: float) -> None:
    held = book(shares("AAA", 1.0))
    for ask in (lambda: reverse_stress(held, MODEL, loss), lambda: how_far(held, parse_factor("equity"), loss)):
        with pytest.raises(InputError) as caught:
            ask()
        assert caught.value.field == "reverse"


def test_a_book_that_does_not_move_is_refused() -> None:
    with pytest.raises(InputError, match="does not move"):
        reverse_stress(book(shares("AAA", 0.0)), MODEL, 1.0)


HOW_FAR = [
    ("a share", [shares("AAA", 1000.0)], "equity", -0.2, None),
    ("short a share", [shares("AAA", -1000.0)], "equity", None, 0.2),
    ("foreign", [shares("AAA", 800.0, "EUR")], "fx:EURUSD", -0.2, None),
    ("one of two", [shares("AAA", 1000.0), shares("BBB", 1000.0)], "equity:BBB", -0.2, None),
]


@pytest.mark.parametrize(
    ("positions", "name", "down", "up"), [case[1:] for case in HOW_FAR], ids=[c[0] for c in HOW_FAR]
)
def test_how_far_one_factor_has_to_move(
    positions: list[object], name: str, down: float | None, up: float | None
) -> None:
    for found, expected in zip(how_far(book(*positions), parse_factor(name), 200.0), (down, up), strict=True):
        assert (None if found.shock is None else found.shock.size) == (
            None if expected is None else pytest.approx(expected)
        )
        assert "can't" in found.text() if expected is None else found.profit == pytest.approx(-200)


def test_a_hedge_that_holds_is_told_with_the_largest_loss() -> None:
    """Ten shares with a put each can't lose more than to the strike, and the premium."""
    held = book(shares("AAA", 1000.0), option(quantity=10.0))
    fall, rise = how_far(held, parse_factor("equity"), 500.0)
    assert fall.shock is None and rise.shock is None
    expected = held.value - 10 * 100 * math.exp(-0.03)
    assert fall.profit == pytest.approx(-expected, rel=1e-3) and f"{expected:,.0f}"[:2] in fall.text()
    with pytest.raises(InputError, match="not a factor that is searched"):
        how_far(held, parse_factor("correlation"), 1.0)
    with pytest.raises(InputError, match="unknown factor equity:ZZZ"):
        how_far(held, parse_factor("equity:ZZZ"), 1.0)


def test_a_model_is_the_samples_covariance_times_the_horizon() -> None:
    data = random_panel(("AAA", "BBB", "EURUSD"), datetime.date(2020, 1, 1), 300)
    wanted = frozenset(map(parse_factor, ("equity:BBB", "fx:EURUSD", "equity:ZZZ")))
    found = factor_model(data, wanted, frozenset({"EUR", "USD"}), horizon=4)
    assert list(map(str, found.factors)) == ["equity:BBB", "fx:EURUSD"]
    assert found.covariance == pytest.approx(4 * np.cov(data.returns()[:, 1:], rowvar=False))
    both_ways = random_panel(("USDEUR", "EURUSD"), datetime.date(2020, 1, 1), 300)
    once = factor_model(both_ways, frozenset(map(parse_factor, ("fx:EURUSD", "fx:USDEUR"))), frozenset({"EUR", "USD"}))
    assert list(map(str, once.factors)) == ["fx:USDEUR"]
    assert found.root @ found.root.T == pytest.approx(found.covariance)


def test_a_rate_moves_by_amounts() -> None:
    rates = (0.02 + 0.001 * np.random.default_rng(0).standard_normal(200)).tolist()
    found = factor_model(
        panel({"rate:USD:5Y": rates}, datetime.date(2020, 1, 1)), frozenset({parse_factor("rate:USD")})
    )
    assert found.changes == (Change.ABSOLUTE,)
    assert found.covariance[0, 0] == pytest.approx(np.diff(rates).var(ddof=1))


def test_a_model_without_data_is_refused() -> None:
    data = random_panel(("AAA",), datetime.date(2020, 1, 1), 30)
    with pytest.raises(InputError, match="no factor of the book has data"):
        factor_model(data, frozenset({parse_factor("equity:AAA")}))
    short = random_panel(("AAA", "BBB"), datetime.date(2020, 1, 1), 140)
    short.closes[:70, 0] = np.nan
    short.closes[69:, 1] = np.nan
    with pytest.raises(InputError, match="too few rows"):
        factor_model(short, frozenset(map(parse_factor, ("equity:AAA", "equity:BBB"))))


@pytest.mark.parametrize("matrix", [np.eye(3), np.full((2, 2), np.nan), np.zeros((2, 2)), np.array([[1.0, 2], [2, 1]])])
def test_what_is_no_covariance_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(InputError, match="no covariance matrix"):
        FactorModel(MODEL.factors, MODEL.changes, matrix)
