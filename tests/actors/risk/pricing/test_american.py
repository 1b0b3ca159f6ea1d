"""American options in bulk: published values, QuantLib's finite differences, laws, and partial results."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errors import InputError, Unavailable
from actors.risk.pricing import American, Market, Right, price
from actors.risk.pricing.american import NO_RATE, american_values, chunks
from actors.risk.pricing.black_scholes import prices
from actors.risk.pricing.implied import implied_volatility
from actors.risk.pricing.partial import assembled
from actors.risk.pricing.revaluation import OptionBook, Scenarios
from actors.risk.pricing.unit_option import Method, UnitOption
from tests.actors.risk.pricing.random_books import random_book

TODAY = datetime.date(2024, 1, 2)


def one(
    spot: float, strike: float, years: float, volatility: float, rate: float, dividend: float = 0.0, sign: float = -1.0
) -> float:
    """The value of one option."""
    (values,) = many(np.array([spot]), [strike], years, volatility, rate, dividend, sign)
    return float(values[0])


def many(
    spots: np.ndarray, strikes: list[float], years: float, volatility: float, rate: float, dividend: float, sign: float
) -> np.ndarray:
    """Values of options of one expiry; shape (spots, strikes)."""
    same = np.ones(len(strikes))
    book = OptionBook(
        underlying=np.zeros(len(strikes), np.int64), strike=np.array(strikes, float), years=years * same,
        sign=sign * same, quantity=same, dividend=dividend * same,
    )  # fmt: skip
    column = np.ones((len(spots), 1))
    scenarios = Scenarios(spot=spots[:, None], volatility=volatility * column, rate=rate * column[:, 0])
    return american_values(book, scenarios)


# R. Geske and H. Johnson (1984), "The American put option valued analytically", as N. Ju (1998), "Pricing an American
# option by approximating its early exercise boundary", table 1, has them; QuantLib, test-suite/americanoption.cpp,
# testJuValues. Spot 40, rate 4.88%, no dividends: strike, volatility, and values for the three times to expiry.
TIMES = 0.0833, 0.3333, 0.5833
PUBLISHED = [
    (35, 0.2, (0.006, 0.201, 0.433)), (40, 0.2, (0.852, 1.580, 1.990)), (45, 0.2, (5.000, 5.088, 5.267)),
    (35, 0.3, (0.078, 0.698, 1.220)), (40, 0.3, (1.310, 2.483, 3.170)), (45, 0.3, (5.060, 5.706, 6.244)),
    (35, 0.4, (0.247, 1.346, 2.155)), (40, 0.4, (1.768, 3.388, 4.353)), (45, 0.4, (5.287, 6.510, 7.383)),
]  # fmt: skip


@pytest.mark.parametrize(("strike", "volatility", "values"), PUBLISHED)
def test_the_published_american_puts_are_met(strike: float, volatility: float, values: tuple[float, ...]) -> None:
    for years, value in zip(TIMES, values, strict=True):
        assert one(40, strike, years, volatility, 0.0488) == pytest.approx(value, abs=1.01e-3)


def test_values_are_quantlibs_finite_differences_within_a_thousandth_of_the_strike() -> None:
    book, scenarios = random_book(24, 3, 6)
    fine = UnitOption(Method.DIFFERENCES, 500)
    values = american_values(book, scenarios)
    for option in range(24):
        strike, years, dividend = book.strike[option], book.years[option], book.dividend[option]
        for row in range(3):
            spot = scenarios.spot[row, book.underlying[option]] / strike
            volatility, rate = scenarios.volatility[row, book.underlying[option]], scenarios.rate[row]
            if book.sign[option] < 0:
                expected = strike * fine.put(spot, years, volatility, rate, dividend)
            else:
                expected = strike * spot * fine.put(1 / spot, years, volatility, dividend, rate)
            assert values[row, option] == pytest.approx(expected, abs=1e-4 * strike)


reasonable = {
    "spot": st.floats(0.5, 2.0), "years": st.floats(0.01, 3.0), "volatility": st.floats(0.05, 1.0),
    "rate": st.floats(-0.03, 0.15), "dividend": st.floats(-0.03, 0.15),
}  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(**reasonable)
def test_any_put_is_that_of_quantlibs_precise_boundary(
    spot: float, years: float, volatility: float, rate: float, dividend: float
) -> None:
    found = one(spot, 1.0, years, volatility, rate, dividend)
    if rate <= NO_RATE and dividend < rate:  # two boundaries: it is finite differences itself that we have
        assert found >= max(1 - spot, 0) - 1e-4
        return
    try:
        expected = UnitOption(Method.BOUNDARY).put(spot, years, volatility, rate, dividend)
    except RuntimeError:
        return
    assert found == pytest.approx(expected, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(**reasonable)
def test_values_keep_their_bounds_rise_with_time_and_volatility_and_are_convex(
    spot: float, years: float, volatility: float, rate: float, dividend: float
) -> None:
    for sign in (1.0, -1.0):
        if (rate <= NO_RATE and dividend < rate) if sign < 0 else (dividend <= NO_RATE and rate < dividend):
            continue
        here = one(spot, 1.0, years, volatility, rate, dividend, sign)
        slack = 5e-5
        assert here >= max(sign * (spot - 1), 0) - slack
        assert here >= float(prices(spot, 1.0, years, volatility, rate, dividend, sign)) - slack
        assert one(spot, 1.0, years * 1.1, volatility, rate, dividend, sign) >= here - slack
        assert one(spot, 1.0, years, volatility * 1.1, rate, dividend, sign) >= here - slack
        strikes = np.linspace(0.7, 1.4, 15)
        by_strike = many(np.array([spot]), strikes.tolist(), years, volatility, rate, dividend, sign)[0]
        assert (sign * np.diff(by_strike) <= slack).all() and (np.diff(by_strike, 2) >= -slack).all()
        by_spot = many(spot * strikes, [1.0], years, volatility, rate, dividend, sign)[:, 0]
        assert (sign * np.diff(by_spot) >= -slack).all() and (np.diff(by_spot, 2) >= -slack).all()


@pytest.mark.parametrize(
    ("rate", "dividend", "sign", "european"),
    [
        (0.05, 0.0, 1.0, True),  # R. Merton (1973): a call without dividends is never exercised early
        (0.05, -0.01, 1.0, True),
        (0.0, 0.02, -1.0, True),
        (-0.01, 0.0, -1.0, True),
        (-0.02, -0.05, -1.0, False),
        (-0.05, -0.02, 1.0, False),
        (0.0, -0.02, -1.0, False),
    ],
)
def test_early_exercise_is_worth_something_where_it_can_be(
    rate: float, dividend: float, sign: float, european: bool
) -> None:
    value = one(1.0, 1.0, 1.0, 0.2, rate, dividend, sign)
    early = value - float(prices(1.0, 1.0, 1.0, 0.2, rate, dividend, sign))
    assert early == pytest.approx(0, abs=1e-12) if european else early > 1e-4


def test_options_in_chunks_are_those_of_all_at_once_in_their_order() -> None:
    book, scenarios = random_book(60, 4, 7)
    parts = chunks(book, 9)
    assert sorted(option for part in parts for option in part) == list(range(60))
    assert all(len(part) <= 9 for part in parts)
    found = assembled(4, 60, {part: american_values(book, scenarios, part) for part in parts})
    assert np.array_equal(found.values, american_values(book, scenarios))
    assert found.missing == 0 and np.array_equal(found.totals(book.quantity), found.values @ book.quantity)
    with pytest.raises(InputError):
        chunks(book, 0)


def test_a_partial_result_says_what_is_missing_and_is_no_total() -> None:
    book, scenarios = random_book(20, 4, 3)
    wrong = InputError("option 7 has no strike", field="strike[7]", value="nan", rule="positive and finite")
    ours = tuple(option for option in range(20) if option not in (5, 7))
    found = assembled(4, 20, {ours: american_values(book, scenarios, ours), (5, 7): wrong})
    assert found.missing == 0.1 and found.failed[0].options == (5, 7) and np.isnan(found.values[:, [5, 7]]).all()
    with pytest.raises(Unavailable, match="10.0% of the options have no value: option 7 has no strike") as caught:
        found.totals(book.quantity)
    assert caught.value.field == "strike[7]" and "5, 7" in str(caught.value.rule)
    totals, missing = found.known_totals(book.quantity)
    assert missing == 0.1 and totals == pytest.approx(found.values[:, list(ours)] @ book.quantity[list(ours)])


@pytest.mark.parametrize(
    ("of", "name", "value", "field"),
    [
        ("scenarios", "spot", float("nan"), "spot[2, 0]"),
        ("scenarios", "volatility", 0.0, "volatility[2, 0]"),
        ("scenarios", "rate", float("inf"), "rate[2]"),
        ("book", "years", 0.0, "years[2]"),
        ("book", "strike", float("nan"), "strike[2]"),
        ("book", "dividend", float("nan"), "dividend[2]"),
        ("book", "sign", 0.5, "sign[2]"),
        ("book", "underlying", 5, "underlying[2]"),
    ],
)
def test_an_option_that_can_not_be_revalued_is_named(of: str, name: str, value: float, field: str) -> None:
    book, scenarios = random_book(6, 4, 1)
    array = getattr(book if of == "book" else scenarios, name)
    array[(2, *((0,) * (array.ndim - 1)))] = value
    with pytest.raises(InputError) as caught:
        american_values(book, scenarios)
    assert caught.value.field == field and caught.value.message.startswith("option ") and caught.value.rule


def test_implied_volatilities_give_the_prices_of_american_options_back() -> None:
    market = Market(date=TODAY, spot=100.0, volatility=0.27, rate=0.05, dividend=0.02)
    contract = American(right=Right.PUT, strike=105.0, expiry=TODAY + datetime.timedelta(days=200))
    quoted = price(contract, market)
    assert implied_volatility(contract, dataclasses.replace(market, volatility=0.5), quoted) == pytest.approx(0.27)
    with pytest.raises(InputError) as caught:
        implied_volatility(contract, market, 4.0)  # less than exercise pays
    assert caught.value.field == "quoted"
