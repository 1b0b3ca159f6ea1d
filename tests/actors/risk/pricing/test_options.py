"""Values of options: published ones, laws, and what is refused."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import math

import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errors import InputError
from actors.risk.pricing import (
    American,
    Asian,
    Average,
    Barrier,
    BarrierKind,
    Basket,
    BasketKind,
    Contract,
    Digital,
    European,
    Market,
    Right,
    greeks,
    price,
)
from actors.risk.pricing.greeks import bumped
from actors.risk.pricing.quantlib_session import valuation_on
from actors.risk.pricing.unit_option import Method, UnitOption

TODAY = datetime.date(2024, 1, 2)
MARKET = Market(date=TODAY, spot=100.0, volatility=0.2, rate=0.05, dividend=0.02)
Day = datetime.date
CALL, PUT = Right.CALL, Right.PUT


def after(days: int) -> datetime.date:
    """A day so many days from today."""
    return TODAY + datetime.timedelta(days=days)


def market(spot: float, volatility: float, rate: float, dividend: float = 0.0) -> Market:
    return Market(date=TODAY, spot=spot, volatility=volatility, rate=rate, dividend=dividend)


# J. Hull (2018), "Options, Futures, and Other Derivatives", 10th edition: example 15.6, and chapter 21 for the American
# put; E. Haug (2007), "The Complete Guide to Option Pricing Formulas", 2nd edition: sections 4.17.1, 4.19.1 and 5.2.
# Their half years have 182.5 days, ours 182 or 183.
HALF = 182
PUBLISHED = {
    "Hull, European call": (European(right=CALL, strike=40, expiry=after(HALF)), market(42, 0.2, 0.1), 4.76),
    "Hull, European put": (European(right=PUT, strike=40, expiry=after(HALF)), market(42, 0.2, 0.1), 0.81),
    "Hull, American put": (American(right=PUT, strike=50, expiry=after(152)), market(50, 0.4, 0.1), 4.278),
    "Haug, down-and-out call": (
        Barrier(
            right=CALL, strike=90, expiry=after(HALF), kind=BarrierKind.DOWN_OUT, barrier=95, rebate=3
        ),
        market(100, 0.25, 0.08, 0.04),
        9.0246,
    ),
    "Haug, cash-or-nothing put": (
        Digital(right=PUT, strike=80, expiry=after(274), payout=10), market(100, 0.35, 0.06, 0.06), 2.6710,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values_are_met(name: str) -> None:
    contract, given_market, value = PUBLISHED[name]
    assert price(contract, given_market) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize(("kind", "value"), [(BasketKind.MAXIMUM, 8.0701), (BasketKind.MINIMUM, 2.9340)])
def test_the_published_options_on_two_assets_are_met(kind: BasketKind, value: float) -> None:
    first, second = market(100, 0.11, 0.05, 0.06), market(105, 0.16, 0.05, 0.09)
    contract = Basket(right=CALL, strike=98, expiry=after(HALF), kind=kind)
    assert price(contract, first, second, 0.63) == pytest.approx(value, abs=0.01)


spots = st.floats(20, 300)
numbers = {
    "spot": spots, "strike": st.floats(30, 250), "days": st.integers(2, 1_500), "volatility": st.floats(0.05, 1.0),
    "rate": st.floats(-0.02, 0.15), "dividend": st.floats(0, 0.1),
}  # fmt: skip


@given(**numbers)
def test_calls_and_puts_are_at_parity(
    spot: float, strike: float, days: int, volatility: float, rate: float, dividend: float
) -> None:
    here, years = market(spot, volatility, rate, dividend), days / 365
    call, put = (price(European(right=right, strike=strike, expiry=after(days)), here) for right in Right)
    forward = spot * math.exp(-dividend * years) - strike * math.exp(-rate * years)
    assert call - put == pytest.approx(forward, abs=1e-9 * (spot + strike))


@settings(max_examples=25, deadline=None)
@given(**numbers, right=st.sampled_from(Right))
def test_an_american_option_is_worth_no_less_than_a_european_one_or_its_exercise(
    spot: float, strike: float, days: int, volatility: float, rate: float, dividend: float, right: Right
) -> None:
    here = market(spot, volatility, rate, dividend)
    american = price(American(right=right, strike=strike, expiry=after(days)), here)
    european = price(European(right=right, strike=strike, expiry=after(days)), here)
    slack = 2e-3 * (spot + strike)
    assert american >= european - slack and american >= right.sign * (spot - strike) - slack
    if right is CALL and dividend <= 0 <= rate:
        assert american == pytest.approx(european, abs=slack)


@settings(max_examples=40, deadline=None)
@given(barrier=st.floats(60, 99), right=st.sampled_from(Right), strike=st.floats(70, 130))
def test_a_barrier_that_begins_and_one_that_ends_make_a_european_option(
    barrier: float, right: Right, strike: float
) -> None:
    terms = {"right": right, "strike": strike, "expiry": after(200), "barrier": barrier}
    both = sum(price(Barrier(**terms, kind=kind), MARKET) for kind in (BarrierKind.DOWN_IN, BarrierKind.DOWN_OUT))
    assert both == pytest.approx(price(European(right=right, strike=strike, expiry=after(200)), MARKET), abs=1e-6)


@pytest.mark.parametrize("right", list(Right))
def test_digitals_of_both_rights_pay_for_certain(right: Right) -> None:
    both = sum(price(Digital(right=one, strike=105, expiry=after(365), payout=7), MARKET) for one in Right)
    assert both == pytest.approx(7 * 2.718281828459045**-0.05)


def test_averages_are_worth_less_than_their_last_day_and_geometric_ones_less_than_arithmetic_ones() -> None:
    fixings = tuple(after(30 * month) for month in range(1, 13))
    terms = {"right": CALL, "strike": 100.0, "expiry": after(365), "fixings": fixings}
    arithmetic, geometric = (price(Asian(**terms, average=average), MARKET) for average in Average)
    assert geometric < arithmetic < price(European(right=CALL, strike=100, expiry=after(365)), MARKET)
    certain = dataclasses.replace(MARKET, volatility=1e-4)
    past = Asian(
        right=CALL, strike=100, expiry=after(365), average=Average.ARITHMETIC, fixings=fixings[-1:], past=(150.0,)
    )
    grown = 100 * 2.718281828459045 ** (0.03 * 360 / 365)
    expected = ((150 + grown) / 2 - 100) * 2.718281828459045**-0.05
    assert price(past, certain) == pytest.approx(expected, abs=1e-3)


CONTRACTS: list[Contract] = [
    American(right=PUT, strike=100, expiry=after(200)),
    Digital(right=CALL, strike=100, expiry=after(200), payout=10),
    Barrier(right=CALL, strike=100, expiry=after(200), kind=BarrierKind.UP_OUT, barrier=140),
    Asian(right=PUT, strike=100, expiry=after(200), average=Average.GEOMETRIC, fixings=(after(100), after(200))),
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: type(one).__name__)
def test_greeks_are_how_the_value_moves(contract: Contract) -> None:
    found = greeks(contract, MARKET)
    for name, greek, move in (("spot", found.delta, 0.1), ("volatility", found.vega, 1e-3), ("rate", found.rho, 1e-3)):
        up, down = (
            price(contract, dataclasses.replace(MARKET, **{name: getattr(MARKET, name) + step}))
            for step in (move, -move)
        )
        assert (up - down) / (2 * move) == pytest.approx(greek, rel=0.05, abs=0.02)


def test_closed_form_greeks_are_those_of_revaluation() -> None:
    contract = European(right=CALL, strike=95, expiry=after(300))
    exact, found = greeks(contract, MARKET), bumped(contract, MARKET)
    for name in ("price", "delta", "gamma", "vega", "rho"):
        assert getattr(found, name) == pytest.approx(getattr(exact, name), rel=2e-3)
    assert found.theta == pytest.approx(exact.theta, rel=0.01)


def test_a_market_that_was_seen_on_its_day_has_the_same_greeks() -> None:
    assert greeks(CONTRACTS[0], dataclasses.replace(MARKET, observed=TODAY)) == greeks(CONTRACTS[0], MARKET)


def test_on_the_last_day_but_one_no_day_can_pass() -> None:
    assert greeks(Digital(right=PUT, strike=100, expiry=after(1), payout=1), MARKET).theta is None


@pytest.mark.parametrize("days", [1, 2, 10, 200])
@pytest.mark.parametrize("strike", [98.0, 100.0, 101.0])
def test_greeks_are_european_ones_where_early_exercise_is_worthless(days: int, strike: float) -> None:
    here = market(100, 0.2, 0.05)  # R. Merton (1973): a call without dividends
    european = greeks(European(right=CALL, strike=strike, expiry=after(days)), here)
    found = greeks(American(right=CALL, strike=strike, expiry=after(days)), here)
    for name, number in dataclasses.asdict(european).items():
        assert getattr(found, name) == pytest.approx(number, rel=2e-3, abs=2e-4), name


@pytest.mark.parametrize("days", [1, 30, 380])
def test_an_american_put_obeys_the_differential_equation_where_it_is_held(days: int) -> None:
    here = market(100, 0.2, 0.05, 0.02)
    found = greeks(American(right=PUT, strike=100, expiry=after(days)), here)
    assert found.theta is not None
    drift = 0.05 * found.price - 0.03 * 100 * found.delta - 0.5 * 0.04 * 1e4 * found.gamma
    assert found.theta == pytest.approx(drift, rel=2e-3)


def test_an_american_put_is_that_of_the_precise_boundary_and_of_a_fine_grid() -> None:
    here = market(100, 0.2, 0.05, 0.02)
    found = price(American(right=PUT, strike=100, expiry=after(381)), here)
    years = 381 / 365
    precise = 100 * UnitOption(Method.BOUNDARY).put(1.0, years, 0.2, 0.05, 0.02)
    fine = 100 * UnitOption(Method.DIFFERENCES, 2000).put(1.0, years, 0.2, 0.05, 0.02)
    assert found == pytest.approx(precise, abs=1e-6) and found == pytest.approx(fine, abs=1e-3)
    other_way = American(right=CALL, strike=100, expiry=after(381))
    assert price(other_way, market(100, 0.2, 0.02, 0.05)) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(("rate", "dividend", "right"), [(-0.02, -0.05, PUT), (-0.05, -0.02, CALL), (0.0, 0.0, PUT)])
def test_an_american_option_has_a_price_and_greeks_at_any_rates(rate: float, dividend: float, right: Right) -> None:
    here = market(100, 0.2, rate, dividend)
    found = greeks(American(right=right, strike=100, expiry=after(200)), here)
    european = greeks(European(right=right, strike=100, expiry=after(200)), here)
    assert found.price >= european.price and found.gamma == pytest.approx(european.gamma, rel=0.15)


@pytest.mark.parametrize("kind", [American, European, Digital, Barrier, Asian])
@pytest.mark.parametrize(
    ("changes", "field"),
    [({"expiry": Day(2999, 1, 1)}, "expiry"), ({"date": Day(1899, 1, 1)}, "date"), ({"spot": 1e300}, "spot"),
     ({"rate": 1e4}, "rate"), ({"dividend": -1e4}, "dividend"), ({"volatility": 1e200}, "volatility")],
)  # fmt: skip
def test_what_a_model_can_not_take_is_named(kind: type[Contract], changes: dict[str, object], field: str) -> None:
    terms: dict[str, object] = {"right": CALL, "strike": 100.0, "expiry": changes.get("expiry", after(200))}
    terms |= {"payout": 1.0} if kind is Digital else {}
    terms |= {"barrier": 1e-3, "kind": BarrierKind.DOWN_OUT} if kind is Barrier else {}
    terms |= {"average": Average.ARITHMETIC, "fixings": (after(100),)} if kind is Asian else {}
    market_of = {key: value for key, value in changes.items() if key != "expiry"}
    try:
        found = greeks(kind(**terms), dataclasses.replace(MARKET, **market_of))  # type: ignore[arg-type]
    except InputError as error:
        assert error.field == field and error.rule
    else:
        assert (field not in ("expiry", "date") or kind is European) and math.isfinite(found.price)


def test_pricings_in_many_threads_do_not_disturb_each_other() -> None:
    contract = American(right=PUT, strike=100, expiry=after(400))
    markets = [dataclasses.replace(MARKET, date=after(day)) for day in range(0, 300, 25)]
    alone = [price(contract, one) for one in markets]
    before = ql.Settings.instance().evaluationDate
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(lambda one: price(contract, one), markets)) == alone
    assert ql.Settings.instance().evaluationDate == before


def test_the_date_is_put_back_also_after_an_error_and_within_another() -> None:
    with valuation_on(after(5)):
        price(CONTRACTS[0], MARKET)
        assert ql.Settings.instance().evaluationDate == ql.Date(7, 1, 2024)
        with pytest.raises(RuntimeError), valuation_on(after(9)):
            raise RuntimeError
        assert ql.Settings.instance().evaluationDate == ql.Date(7, 1, 2024)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unheard(Contract):
    """A contract without a model."""


BASKET = Basket(right=CALL, strike=100, expiry=after(9), kind=BasketKind.MAXIMUM)


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (lambda: market(float("nan"), 0.2, 0.05), "spot"),
        (lambda: market(-1, 0.2, 0.05), "spot"),
        (lambda: market(None, 0.2, 0.05), "spot"),  # type: ignore[arg-type]
        (lambda: market(100, "0.2", 0.05), "volatility"),  # type: ignore[arg-type]
        (lambda: dataclasses.replace(MARKET, observed=after(-1)), "observed"),
        (lambda: market(100, 0.0, 0.05), "volatility"),
        (lambda: market(100, float("inf"), 0.05), "volatility"),
        (lambda: market(100, 0.2, float("nan")), "rate"),
        (lambda: market(100, 0.2, 0.05, float("inf")), "dividend"),
        (lambda: European(right=CALL, strike=0, expiry=TODAY), "strike"),
        (lambda: Digital(right=CALL, strike=1, expiry=TODAY, payout=-1), "payout"),
        (lambda: Barrier(right=CALL, strike=1, expiry=TODAY, kind=BarrierKind.UP_IN, barrier=0), "barrier"),
        (lambda: Barrier(right=CALL, strike=1, expiry=TODAY, kind=BarrierKind.UP_IN, barrier=2, rebate=-1), "rebate"),
        (lambda: Asian(right=CALL, strike=1, expiry=TODAY, average=Average.GEOMETRIC, fixings=()), "fixings"),
        (
            lambda: Asian(right=CALL, strike=1, expiry=TODAY, average=Average.GEOMETRIC, fixings=(TODAY,), past=(0.0,)),
            "past",
        ),
        (lambda: price(European(right=CALL, strike=1, expiry=TODAY), MARKET), "expiry"),
        (lambda: price(American(right=CALL, strike=1, expiry=after(-3)), MARKET), "expiry"),
        (lambda: price(Unheard(right=CALL, strike=1, expiry=after(3)), MARKET), "contract"),
        (lambda: price(CONTRACTS[0], MARKET, MARKET), "other"),
        (lambda: price(BASKET, MARKET), "other"),
        (lambda: price(BASKET, MARKET, MARKET), "other"),
        (lambda: price(BASKET, MARKET, dataclasses.replace(MARKET, rate=0.1), 0.5), "other"),
        (lambda: price(BASKET, MARKET, MARKET, 1.5), "correlation"),
        (lambda: greeks(BASKET, MARKET), "contract"),
        (lambda: price(dataclasses.replace(CONTRACTS[2], barrier=100.0), MARKET), "barrier"),
        (lambda: price(dataclasses.replace(CONTRACTS[3], fixings=(TODAY, after(9))), MARKET), "fixings[0]"),
    ],
)
def test_what_can_not_be_priced_is_refused_with_its_field(attempt: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        attempt()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule is not None
