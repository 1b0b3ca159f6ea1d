"""Volatility surfaces: quotes with arbitrage are refused by strike and expiry, what is fitted has none anywhere."""

from __future__ import annotations

import datetime
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.encoding import decoder, encode
from actors.errors import InputError
from actors.risk.pricing import European, Right, price
from actors.risk.pricing.black_scholes import prices
from actors.risk.pricing.smiles import Smile, check_quotes, smile_of_prices
from actors.risk.pricing.surface_fit import fit_surface
from actors.risk.pricing.volatility_surface import VolatilitySurface

TODAY = datetime.date(2024, 1, 2)
DAYS = 30, 91, 182, 365, 730
EXPIRIES = tuple(TODAY + datetime.timedelta(days=days) for days in DAYS)
YEARS = tuple(days / 365 for days in DAYS)
STRIKES = tuple(float(strike) for strike in range(70, 135, 5))


def surface(rho: float = -0.6, eta: float = 1.1, gamma: float = 0.42, rise: float = 0.02) -> VolatilitySurface:
    """A surface of five expiries."""
    return VolatilitySurface(
        TODAY, 100.0, EXPIRIES, tuple(100 * math.exp(0.03 * years) for years in YEARS),
        tuple(math.exp(-0.04 * years) for years in YEARS),
        tuple((0.2 + rise * years) ** 2 * years for years in YEARS), rho, eta, gamma,
    )  # fmt: skip


def smiles(of: VolatilitySurface, noise: float = 0.0) -> list[Smile]:
    """What it would be quoted at."""
    chance = np.random.default_rng(5)
    return [
        Smile(
            expiry, forward, discount, STRIKES,
            tuple((of.volatility(STRIKES, expiry) + noise * chance.standard_normal(len(STRIKES))).tolist()),
        )
        for expiry, forward, discount in zip(of.expiries, of.forwards, of.discounts, strict=True)
    ]  # fmt: skip


def assert_without_arbitrage(of: VolatilitySurface) -> None:
    """On a dense grid: no negative density, a mass of 1 whose mean is the forward, variances that never fall."""
    k = np.linspace(-4, 4, 4_001)
    before = np.zeros(len(k))
    for days in range(5, 731, 29):
        day = TODAY + datetime.timedelta(days=days)
        forward, discount, theta = of.at(day)
        strikes = forward * np.exp(k)
        density = of.density(strikes, day)
        assert density.min() >= 0
        calls = of.price(strikes, day, Right.CALL) / discount
        slopes = np.diff(calls) / np.diff(strikes)
        assert (slopes <= 1e-12).all() and (slopes >= -1 - 1e-9).all() and (np.diff(slopes) >= -1e-9).all()
        variances = of.total_variance(k, theta)
        assert (variances >= before - 1e-14).all()
        before = variances
    wide = forward * np.exp(np.linspace(-12, 12, 40_001))
    assert np.trapezoid(of.density(wide, day), wide) == pytest.approx(1, abs=2e-3)


@settings(max_examples=30, deadline=None)
@given(rho=st.floats(-0.95, 0.95), share=st.floats(0.05, 1.0), gamma=st.floats(0.05, 0.5), rise=st.floats(0, 0.2))
def test_a_surface_has_no_arbitrage_on_any_day(rho: float, share: float, gamma: float, rise: float) -> None:
    assert_without_arbitrage(surface(rho, share * 2 / (1 + abs(rho)), gamma, rise))


def test_the_density_is_the_second_derivative_of_calls() -> None:
    of, day, step = surface(), TODAY + datetime.timedelta(days=200), 0.01
    strikes = np.linspace(60, 160, 101)
    up, here, down = (of.price(strikes + move, day, Right.CALL) for move in (step, 0, -step))
    second = (up - 2 * here + down) / step**2 / of.at(day)[1]
    assert of.density(strikes, day) == pytest.approx(second, abs=1e-6)


def test_quotes_of_a_surface_give_it_back() -> None:
    fit = fit_surface(TODAY, 100.0, smiles(surface()))
    assert fit.largest < 1e-8 and fit.surface.rho == pytest.approx(-0.6, abs=1e-5)
    assert decoder(VolatilitySurface)(encode(fit.surface)) == fit.surface


def test_noisy_quotes_give_a_surface_without_arbitrage_that_tells_how_near_it_is() -> None:
    noisy = smiles(surface(), noise=0.004)
    with pytest.raises(InputError, match="arbitrage"):
        fit_surface(TODAY, 100.0, noisy)
    fit = fit_surface(TODAY, 100.0, noisy, tolerance=0.01)
    assert_without_arbitrage(fit.surface)
    assert 0.001 < fit.mean < 0.006 and fit.mean < fit.largest < 0.02
    with pytest.raises(InputError) as caught:
        fit_surface(TODAY, 100.0, noisy, tolerance=0.01, largest=0.002)
    assert caught.value.field == f"smiles[{fit.expiry.isoformat()}].volatilities[{fit.strike:g}]"


def test_moved_surfaces_have_no_arbitrage_either() -> None:
    of = surface()
    day = EXPIRIES[2]
    up, skewed = of.parallel(0.05), of.skewed(-0.15)
    front = of.by_expiry({EXPIRIES[0]: 0.03})
    for moved in (up, of.parallel(-0.05), skewed, front):
        assert_without_arbitrage(moved)
    forward = of.at(day)[0]
    assert up.volatility(forward, day) - of.volatility(forward, day) == pytest.approx(0.05)
    assert skewed.volatility(forward, day) == pytest.approx(of.volatility(forward, day))
    assert skewed.volatility(80.0, day) > of.volatility(80.0, day)
    assert front.volatility(100.0, day) == pytest.approx(of.volatility(100.0, day))


def test_an_option_is_priced_in_the_market_of_the_surface() -> None:
    of, expiry = surface(), TODAY + datetime.timedelta(days=300)
    for strike in (80.0, 120.0):
        found = price(European(right=Right.PUT, strike=strike, expiry=expiry), of.market(strike, expiry))
        assert found == pytest.approx(float(of.price(strike, expiry, Right.PUT)))


def test_prices_make_a_smile() -> None:
    of = surface()
    expiry, forward, discount = EXPIRIES[2], of.forwards[2], of.discounts[2]
    quotes = [
        (strike, right, float(of.price(strike, expiry, right)))
        for strike, right in ((90.0, Right.PUT), (100.0, Right.CALL), (110.0, Right.CALL))
    ]
    found = smile_of_prices(TODAY, expiry, forward, discount, quotes)
    assert found.volatilities == pytest.approx(of.volatility((90.0, 100.0, 110.0), expiry), abs=1e-9)
    with pytest.raises(InputError) as caught:
        smile_of_prices(TODAY, expiry, forward, discount, [(90.0, Right.CALL, 1.0)])
    assert caught.value.field == f"smiles[{expiry.isoformat()}].prices[90]"


def changed(at: int, strike: float, move: float) -> list[Smile]:
    """Quotes of which one is wrong."""
    found = smiles(surface())
    volatilities = list(found[at].volatilities)
    volatilities[STRIKES.index(strike)] += move
    found[at] = msgspec.structs.replace(found[at], volatilities=tuple(volatilities))
    return found


@pytest.mark.parametrize("strike", STRIKES[2:-2])
@pytest.mark.parametrize(("at", "move"), [(0, 0.12), (2, 0.03), (4, 0.03)])
def test_one_volatility_that_is_too_high_is_arbitrage_of_that_strike(at: int, move: float, strike: float) -> None:
    with pytest.raises(InputError) as caught:
        check_quotes(TODAY, changed(at, strike, move)[at : at + 1])
    days = EXPIRIES[at].isoformat()
    near = [f"smiles[{days}].volatilities[{one:g}]" for one in (strike - 5, strike, strike + 5)]
    assert caught.value.field in near and "arbitrage" in caught.value.message


def test_an_expiry_that_is_too_cheap_is_a_calendar_spread() -> None:
    found = smiles(surface())
    found[2] = msgspec.structs.replace(found[2], volatilities=tuple(one - 0.08 for one in found[2].volatilities))
    with pytest.raises(InputError) as caught:
        check_quotes(TODAY, found)
    assert "calendar" in caught.value.message and str(EXPIRIES[2]) in caught.value.field
    assert str(EXPIRIES[1]) in str(caught.value.rule)


def test_a_smile_so_steep_that_calls_rise_with_the_strike_is_a_call_spread() -> None:
    steep = Smile(EXPIRIES[2], 100.0, 0.98, (100.0, 105.0), (0.1, 0.4))
    with pytest.raises(InputError, match="call spread that costs nothing") as caught:
        check_quotes(TODAY, [steep])
    assert caught.value.field == f"smiles[{EXPIRIES[2].isoformat()}].volatilities[105]" or "105" in caught.value.field
    skewed = Smile(EXPIRIES[2], 100.0, 0.98, (95.0, 100.0), (0.6, 0.1))
    with pytest.raises(InputError, match="dearer than it can pay"):
        check_quotes(TODAY, [skewed])


FIRST = smiles(surface())[0]
YESTERDAY = TODAY - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (lambda: Smile(EXPIRIES[0], math.nan, 1.0, (1.0,), (0.2,)), "smiles[2024-02-01].forward"),
        (lambda: Smile(EXPIRIES[0], 100.0, 0.0, (1.0,), (0.2,)), "smiles[2024-02-01].discount"),
        (lambda: Smile(EXPIRIES[0], 100.0, 1.0, (90.0,), (math.nan,)), "smiles[2024-02-01].volatilities[90]"),
        (lambda: Smile(EXPIRIES[0], 100.0, 1.0, (90.0, 90.0), (0.2, 0.2)), "smiles[2024-02-01].strikes"),
        (lambda: Smile(EXPIRIES[0], 100.0, 1.0, (90.0,), ()), "smiles[2024-02-01].volatilities"),
        (lambda: check_quotes(TODAY, []), "smiles"),
        (lambda: check_quotes(EXPIRIES[0], [FIRST]), "smiles.expiry"),
        (lambda: check_quotes(TODAY, [FIRST, FIRST]), "smiles.expiry"),
        (
            lambda: check_quotes(TODAY, [msgspec.structs.replace(FIRST, observed=YESTERDAY)]),
            "smiles[2024-02-01].observed",
        ),
        (lambda: fit_surface(TODAY, math.nan, [FIRST]), "spot"),
        (lambda: surface(rho=-0.9, eta=1.5), "rho"),
        (lambda: surface(rho=1.0), "rho"),
        (lambda: surface(gamma=0.7), "gamma"),
        (lambda: surface(eta=math.nan), "eta"),
        (lambda: surface().skewed(-0.5), "rho"),
        (lambda: surface().parallel(-0.5), "volatility[2024-02-01]"),
        (lambda: surface().by_expiry({EXPIRIES[1]: 0.2}), "variances[2024-07-02]"),
        (lambda: surface().by_expiry({TODAY: 0.2}), "shifts"),
        (lambda: surface().volatility(100.0, TODAY), "expiry"),
        (lambda: surface().volatility(100.0, TODAY + datetime.timedelta(days=900)), "expiry"),
        (lambda: msgspec.structs.replace(surface(), expiries=EXPIRIES[:2]), "expiries"),
        (lambda: msgspec.structs.replace(surface(), expiries=EXPIRIES[::-1]), "expiries"),
    ],
)
def test_what_makes_no_surface_is_refused_with_its_expiry(attempt: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        attempt()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule


def test_implied_volatilities_are_those_of_the_prices() -> None:
    of, day = surface(), EXPIRIES[3]
    sigma = of.volatility(np.array(STRIKES), day)
    forward, discount, _ = of.at(day)
    expected = discount * prices(forward, np.array(STRIKES), YEARS[3], sigma, 0, 0, -1)
    assert of.price(np.array(STRIKES), day, Right.PUT) == pytest.approx(expected)
