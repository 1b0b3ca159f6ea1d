"""European options over arrays: derivatives, implied volatilities, and full revaluation beside QuantLib's."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from actors.errors import InputError
from actors.risk.pricing import European, Market, Right, price
from actors.risk.pricing.black_scholes import array_greeks, checked, implied_volatilities, prices
from actors.risk.pricing.revaluation import revalue
from tests.actors.risk.pricing.random_books import quantlib_values, random_book

CHANCE = np.random.default_rng(31)
COUNT = 400
SPOT, STRIKE = CHANCE.uniform(50, 200, COUNT), CHANCE.uniform(50, 200, COUNT)
YEARS, VOLATILITY = CHANCE.integers(20, 900, COUNT) / 365, CHANCE.uniform(0.1, 0.6, COUNT)
RATE, DIVIDEND = CHANCE.uniform(-0.01, 0.1, COUNT), CHANCE.uniform(0, 0.06, COUNT)
SIGN = CHANCE.choice([-1.0, 1.0], COUNT)
GIVEN = [SPOT, STRIKE, YEARS, VOLATILITY, RATE, DIVIDEND, SIGN]
TODAY = datetime.date(2024, 1, 2)


@pytest.mark.parametrize(
    ("greek", "place", "step"), [("delta", 0, 1e-3), ("vega", 3, 1e-5), ("rho", 4, 1e-5), ("theta", 2, -1e-5)]
)
def test_greeks_are_derivatives(greek: str, place: int, step: float) -> None:
    up, down = list(GIVEN), list(GIVEN)
    up[place], down[place] = GIVEN[place] + step, GIVEN[place] - step
    slope = (prices(*up) - prices(*down)) / (2 * abs(step))
    assert getattr(array_greeks(*GIVEN), greek) == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_gamma_is_the_derivative_of_delta_and_prices_are_the_same() -> None:
    up, down = list(GIVEN), list(GIVEN)
    up[0], down[0] = SPOT + 1e-3, SPOT - 1e-3
    found = array_greeks(*GIVEN)
    assert found.gamma == pytest.approx((array_greeks(*up).delta - array_greeks(*down).delta) / 2e-3, abs=1e-6)
    assert found.price == pytest.approx(prices(*GIVEN), abs=1e-12)


def test_prices_rise_with_volatility_and_are_convex_in_the_strike() -> None:
    strikes = np.linspace(40, 250, 200)
    for sign in (1.0, -1.0):
        values = prices(100.0, strikes, 0.7, 0.3, 0.03, 0.01, sign)
        assert (sign * np.diff(values) < 0).all() and (np.diff(values, 2) > -1e-12).all()
        wilder = prices(100.0, strikes, 0.7, np.linspace(0.05, 1, 200)[:, None], 0.03, 0.01, sign)
        assert (np.diff(wilder, axis=0) >= -1e-12).all()


def test_implied_volatilities_give_the_prices_back() -> None:
    found = implied_volatilities(prices(*GIVEN), SPOT, STRIKE, YEARS, RATE, DIVIDEND, SIGN)
    vega = array_greeks(*GIVEN).vega
    telling = vega > 1e-3
    assert telling.mean() > 0.9
    assert found[telling] == pytest.approx(VOLATILITY[telling], rel=1e-6)


@pytest.mark.parametrize("value", [-1.0, 0.0, 100.0, 150.0, float("nan")])
def test_a_price_that_no_volatility_gives_has_none(value: float) -> None:
    assert np.isnan(implied_volatilities(value, 100.0, 100.0, 1.0, 0.0, 0.0, 1.0))


def test_one_price_is_that_of_the_array() -> None:
    market = Market(date=TODAY, spot=100.0, volatility=0.3, rate=0.02, dividend=0.01)
    contract = European(right=Right.PUT, strike=110.0, expiry=TODAY + datetime.timedelta(days=73))
    assert price(contract, market) == float(prices(100.0, 110.0, 73 / 365, 0.3, 0.02, 0.01, -1.0))


def test_full_revaluation_is_quantlibs_within_a_billionth() -> None:
    book, scenarios = random_book(60, 5, 20)
    _, values = quantlib_values(book, scenarios)
    assert revalue(book, scenarios) == pytest.approx(values, rel=1e-9)


def test_revaluation_in_blocks_is_that_of_all_at_once() -> None:
    book, scenarios = random_book(3_000, 70, 20)
    spot, volatility = scenarios.spot[:, book.underlying], scenarios.volatility[:, book.underlying]
    at_once = prices(spot, book.strike, book.years, volatility, scenarios.rate[:, None], book.dividend, book.sign)
    assert revalue(book, scenarios) == pytest.approx(at_once @ book.quantity)


@pytest.mark.parametrize(
    ("of", "name", "value", "field"),
    [
        ("scenarios", "spot", float("nan"), "spot[0, 0]"),
        ("scenarios", "volatility", 0.0, "volatility[0, 0]"),
        ("scenarios", "rate", float("inf"), "rate[0]"),
        ("book", "years", -0.1, "years[0]"),
        ("book", "strike", 0.0, "strike[0]"),
        ("book", "quantity", float("nan"), "quantity[0]"),
        ("book", "underlying", 20, "underlying[0]"),
        ("book", "underlying", -1, "underlying[0]"),
    ],
)
def test_what_can_not_be_revalued_is_refused_with_its_place(of: str, name: str, value: float, field: str) -> None:
    book, scenarios = random_book(10, 4, 20)
    array = getattr(book if of == "book" else scenarios, name)
    array[(0,) * array.ndim] = value
    with pytest.raises(InputError) as caught:
        revalue(book, scenarios)
    assert caught.value.field == field


def test_numbers_are_checked_by_name() -> None:
    checked(spot=1.0, rate=-1.0)
    with pytest.raises(InputError) as caught:
        checked(spot=[1.0, -1.0])
    assert (caught.value.field, caught.value.rule) == ("spot[1]", "positive and finite")
