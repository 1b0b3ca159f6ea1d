"""Bonds, swaps, caps, swaptions and forward rate agreements: published values, laws, and what is refused."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import math

import pytest
import QuantLib as ql
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from actors.errors import InputError
from actors.risk.pricing.bonds import bond_at_price, bond_at_yield, bond_value
from actors.risk.pricing.conventions import DayCount, Frequency, Holidays, Index, Roll
from actors.risk.pricing.curves import Curve, flat_curve
from actors.risk.pricing.forwards import Forward, ForwardRateAgreement
from actors.risk.pricing.quantlib_conventions import ql_index
from actors.risk.pricing.quantlib_session import fixings_of, valuation_on
from actors.risk.pricing.rates_contracts import (
    Cap,
    CapKind,
    FixedBond,
    FloatingBond,
    InterestRateSwap,
    Side,
    Swaption,
)
from actors.risk.pricing.rates_market import RatesMarket, VolatilityModel
from actors.risk.pricing.valuation import valuation, value

Day = datetime.date
TODAY = Day(2023, 1, 3)
CURVE = Curve(
    TODAY,
    tuple(Day(2023 + years, 1, 3) for years in (1, 2, 5, 10, 30)),
    tuple(math.exp(-rate * years) for years, rate in ((1, 0.045), (2, 0.042), (5, 0.038), (10, 0.037), (30, 0.035))),
)
MARKET = RatesMarket(discount=CURVE, volatility=0.01, model=VolatilityModel.NORMAL)
BOND = FixedBond(start=Day(2020, 5, 15), maturity=Day(2030, 5, 15), coupon=0.03)
FLOATER = FloatingBond(start=Day(2023, 1, 5), maturity=Day(2028, 1, 5), index=Index.EURIBOR_6M)
SWAP = InterestRateSwap(
    start=Day(2023, 1, 5), maturity=Day(2033, 1, 5), index=Index.EURIBOR_6M, side=Side.PAYER, rate=0.035, notional=1e6
)
LATER = dataclasses.replace(SWAP, start=Day(2024, 1, 5), maturity=Day(2029, 1, 5))
SWAPTION = Swaption(swap=LATER, expiry=Day(2024, 1, 3))
CAP = Cap(
    start=Day(2023, 1, 5), maturity=Day(2028, 1, 5), index=Index.EURIBOR_3M, kind=CapKind.CAP, strike=0.04, notional=1e6
)
AGREEMENT = ForwardRateAgreement(
    start=Day(2023, 7, 3), maturity=Day(2023, 10, 3), side=Side.PAYER, rate=0.04, notional=1e6
)
CONTRACTS = [BOND, FLOATER, SWAP, dataclasses.replace(SWAP, index=Index.SOFR), SWAPTION, CAP, AGREEMENT]


def zero_curve(date: datetime.date, zeros: dict[Day, tuple[float, float]]) -> Curve:
    """A curve of continuous rates, each for so many years as its source counts."""
    return Curve(date, tuple(zeros), tuple(math.exp(-rate * years) for years, rate in zeros.values()))


def test_hulls_bond_prices_yields_and_durations_are_met() -> None:
    # J. Hull (2018), 10th edition, section 4.6: zero rates of table 4.2; 98.39, and 6.76% continuously compounded.
    start = Day(2021, 1, 1)
    curve = zero_curve(
        start,
        {Day(2021, 7, 1): (0.5, 0.05), Day(2022, 1, 1): (1, 0.058), Day(2022, 7, 1): (1.5, 0.064),
         Day(2023, 1, 1): (2, 0.068)},
    )  # fmt: skip
    terms = {"settlement_days": 0, "day_count": DayCount.THIRTY_360, "roll": Roll.UNADJUSTED}
    bond = FixedBond(start=start, maturity=Day(2023, 1, 1), coupon=0.06, **terms)
    worth, found = bond_value(bond, RatesMarket(discount=curve))
    assert worth == pytest.approx(98.39, abs=0.005)
    assert 2 * math.log(1 + found.yield_to_maturity / 2) == pytest.approx(0.0676, abs=5e-5)
    # Section 4.10, table 4.6: three years, 10%, yield 12% continuously compounded: 94.213, duration 2.653 years.
    bond = FixedBond(start=start, maturity=Day(2024, 1, 1), coupon=0.10, **terms)
    found = bond_at_yield(bond, start, 2 * (math.exp(0.06) - 1))
    assert found.dirty == pytest.approx(94.213, abs=5e-4)
    assert found.macaulay_duration == pytest.approx(2.653, abs=5e-4)


def test_the_cached_bond_of_quantlib_is_met() -> None:
    # QuantLib, test-suite/bonds.cpp, testCachedFixed: 3%, continuous, actual/360; 99.298100.
    today = Day(2004, 11, 22)
    bond = FixedBond(
        start=Day(2004, 11, 30), maturity=Day(2008, 11, 30), coupon=0.02875, holidays=Holidays.NEW_YORK,
        roll=Roll.MODIFIED_FOLLOWING,
    )  # fmt: skip
    _, found = bond_value(bond, RatesMarket(discount=flat_curve(today, 0.03 * 365 / 360)))
    assert found.clean == pytest.approx(99.2981, abs=2e-6)


def test_hulls_caplet_is_met() -> None:
    # J. Hull (2018), 10th edition, example 29.3: 8% for three months in a year, flat 7% compounded quarterly,
    # volatility 20%, on 10,000: 5.162. A period of 90 days counts as his quarter; the rate is set two days before it.
    curve = flat_curve(Day(2021, 12, 1), math.log(1.0175) * 365 / 90)
    market = RatesMarket(discount=curve, volatility=0.2, model=VolatilityModel.LOGNORMAL)
    cap = Cap(
        start=Day(2022, 12, 1), maturity=Day(2023, 3, 1), index=Index.TERM_SOFR_3M, kind=CapKind.CAP, strike=0.08,
        notional=10_000,
    )  # fmt: skip
    assert value(cap, market) == pytest.approx(5.162, abs=0.05)


@pytest.mark.parametrize(("kind", "strike", "cached"), [(CapKind.CAP, 0.07, 6.8757), (CapKind.FLOOR, 0.03, 2.65813)])
def test_the_cached_cap_and_floor_of_quantlib_are_met(kind: CapKind, strike: float, cached: float) -> None:
    # QuantLib, test-suite/capfloor.cpp, testCachedValue: 20 years, volatility 20%, flat 5%, actual/360, on 100.
    # Its curve begins two business days after the valuation.
    curve = flat_curve(Day(2002, 3, 14), 0.05 * 365 / 360)
    market = RatesMarket(discount=curve, volatility=0.2, model=VolatilityModel.LOGNORMAL)
    cap = Cap(start=Day(2002, 3, 18), maturity=Day(2022, 3, 18), index=Index.EURIBOR_6M, kind=kind, strike=strike,
              notional=100)  # fmt: skip
    grown = value(cap, market) / curve.discount(Day(2002, 3, 18))
    assert grown == pytest.approx(cached, rel=1e-3)


def test_the_cached_swaption_of_quantlib_is_met() -> None:
    # QuantLib, test-suite/swaption.cpp, testCachedValue: 5 years into 10, 6%, volatility 20%, flat 5%: 0.036418.
    curve = flat_curve(Day(2002, 3, 13), 0.05)
    market = RatesMarket(discount=curve, volatility=0.2, model=VolatilityModel.LOGNORMAL)
    swap = InterestRateSwap(
        start=Day(2007, 3, 19), maturity=Day(2017, 3, 19), index=Index.EURIBOR_6M, side=Side.PAYER, rate=0.06,
        notional=1,
    )  # fmt: skip
    grown = value(Swaption(swap=swap, expiry=Day(2007, 3, 15)), market) / curve.discount(Day(2002, 3, 15))
    assert grown == pytest.approx(0.036418, rel=2e-3)


@settings(max_examples=40, deadline=None)
@given(coupon=st.floats(0, 0.12), rate=st.floats(-0.01, 0.15))
def test_prices_and_yields_are_each_others(coupon: float, rate: float) -> None:
    bond = dataclasses.replace(BOND, coupon=coupon)
    there = bond_at_yield(bond, TODAY, rate)
    back = bond_at_price(bond, TODAY, there.clean)
    assert back.yield_to_maturity == pytest.approx(rate, abs=1e-9)
    assert there.dirty == pytest.approx(there.clean + there.accrued)
    step = 1e-5
    up, down = (bond_at_yield(bond, TODAY, rate + move).dirty for move in (step, -step))
    assert there.modified_duration == pytest.approx((down - up) / (2 * step * there.dirty), rel=1e-5)
    assert there.convexity == pytest.approx((up - 2 * there.dirty + down) / (step**2 * there.dirty), rel=1e-2)


def test_a_floating_bond_of_its_own_curve_is_worth_its_face_on_its_first_day() -> None:
    floater = dataclasses.replace(FLOATER, settlement_days=0)
    grown = value(floater, MARKET) / CURVE.discount(FLOATER.start)
    assert grown == pytest.approx(100, abs=0.02)
    worth = value(dataclasses.replace(floater, spread=0.01), MARKET)
    assert worth > value(floater, MARKET) + 4


@pytest.mark.parametrize("index", list(Index))
def test_the_two_sides_of_a_swap_are_worth_nothing_together(index: Index) -> None:
    payer = dataclasses.replace(SWAP, index=index)
    found = valuation(payer, MARKET)
    assert found.value + value(dataclasses.replace(payer, side=Side.RECEIVER), MARKET) == pytest.approx(0, abs=1e-6)
    fair = dataclasses.replace(payer, rate=found.measures["fair_rate"])
    assert value(fair, MARKET) == pytest.approx(0, abs=1e-6)
    assert found.dv01 < 0


@settings(max_examples=25, deadline=None)
@given(strike=st.floats(0.01, 0.08), volatility=st.floats(0.002, 0.02))
def test_payer_less_receiver_is_the_swap_and_cap_less_floor_too(strike: float, volatility: float) -> None:
    market = dataclasses.replace(MARKET, volatility=volatility)
    swap = dataclasses.replace(LATER, rate=strike)
    payer = value(Swaption(swap=swap, expiry=SWAPTION.expiry), market)
    receiver = value(Swaption(swap=dataclasses.replace(swap, side=Side.RECEIVER), expiry=SWAPTION.expiry), market)
    assert payer - receiver == pytest.approx(value(swap, market), abs=1e-4)
    cap, floor = (value(dataclasses.replace(CAP, kind=kind, strike=strike), market) for kind in CapKind)
    other_strike, other = strike + 0.01, dataclasses.replace(CAP, strike=strike + 0.01)
    farther = value(dataclasses.replace(other, kind=CapKind.FLOOR), market)
    annuity = ((cap - floor) - (value(other, market) - farther)) / (other_strike - strike)
    assert 4e6 < annuity < 5.1e6  # five years of a million, discounted
    assert cap >= value(other, market) and floor <= farther


def test_a_swaption_is_blacks_and_bacheliers_formula_on_its_swaps_rate() -> None:
    found = valuation(SWAPTION, MARKET)
    rate, expiry = found.measures["fair_rate"], 365 / 365
    annuity = value(LATER, MARKET) / (rate - LATER.rate)
    deviation = 0.01 * math.sqrt(expiry)
    d = (rate - LATER.rate) / deviation
    bachelier = annuity * ((rate - LATER.rate) * norm.cdf(d) + deviation * norm.pdf(d))
    assert found.value == pytest.approx(bachelier, rel=1e-8)
    market = dataclasses.replace(MARKET, volatility=0.25, model=VolatilityModel.LOGNORMAL, displacement=0.01)
    forward, strike, total = rate + 0.01, LATER.rate + 0.01, 0.25
    d1 = math.log(forward / strike) / total + total / 2
    black = annuity * (forward * norm.cdf(d1) - strike * norm.cdf(d1 - total))
    assert value(SWAPTION, market) == pytest.approx(black, rel=1e-8)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: f"{type(one).__name__} {getattr(one, 'index', '')}")
def test_key_rates_add_up_and_are_how_the_value_moves(contract: object) -> None:
    found = valuation(contract, MARKET)  # type: ignore[arg-type]
    tolerance = 1e-4 * abs(found.dv01) + 1e-9
    assert sum(part for _, part in found.key_rates) == pytest.approx(found.dv01, abs=tolerance)
    moved = MARKET.moved(lambda curve: curve.parallel(1e-5))
    fall = (found.value - value(contract, moved)) * 10  # type: ignore[arg-type]
    assert fall == pytest.approx(found.dv01, rel=0.02)


def test_a_bonds_dv01_is_its_duration() -> None:
    found = valuation(dataclasses.replace(BOND, settlement_days=0), MARKET)
    continuous = found.measures["macaulay_duration"] * found.value * 1e-4
    assert found.dv01 == pytest.approx(continuous, rel=2e-3)
    assert found.vega is None and found.delta is None


def test_options_on_rates_gain_by_volatility() -> None:
    for contract in (SWAPTION, CAP):
        found = valuation(contract, MARKET)
        dearer = value(contract, dataclasses.replace(MARKET, volatility=0.0101))
        assert found.vega == pytest.approx(dearer - found.value, rel=0.02) and found.vega > 0


def test_pricings_with_two_dates_and_two_pasts_do_not_disturb_each_other() -> None:
    markets = [
        RatesMarket(
            discount=flat_curve(Day(2023, month, 1), 0.03), fixings=((Day(2023, 7, 3 + past), 0.02 + past / 100),)
        )
        for month in (9, 10, 11)
        for past in (0, 1)
    ]
    jobs = [
        (
            dataclasses.replace(FLOATER, start=Day(2023, 7, 5 + number % 2), maturity=Day(2028, 1, 5 + number % 2)),
            market,
        )
        for number, market in enumerate(markets)
    ]
    alone = [value(*job) for job in jobs]
    assert len(set(alone)) == len(alone)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda job: value(*job), jobs)) == alone
    assert not ql_index(Index.EURIBOR_6M).timeSeries().dates()


def test_rates_that_quantlib_knew_before_are_known_again() -> None:
    index = ql.Euribor6M()
    with valuation_on(TODAY):
        index.addFixing(ql.Date(2, 1, 2023), 0.027)
        try:
            with fixings_of(ql.Euribor6M(), [(Day(2023, 1, 2), 0.01)]):
                assert index.fixing(ql.Date(2, 1, 2023)) == 0.01
            assert index.fixing(ql.Date(2, 1, 2023)) == 0.027
        finally:
            index.clearFixings()


START = {"start": Day(2023, 7, 3), "maturity": Day(2023, 7, 3)}


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (lambda: dataclasses.replace(BOND, coupon=math.nan), "coupon"),
        (lambda: dataclasses.replace(BOND, face=0.0), "face"),
        (lambda: dataclasses.replace(BOND, settlement_days=-1), "settlement_days"),
        (lambda: dataclasses.replace(BOND, maturity=BOND.start), "maturity"),
        (lambda: dataclasses.replace(FLOATER, index=Index.SOFR), "index"),
        (lambda: dataclasses.replace(FLOATER, spread=math.inf), "spread"),
        (lambda: dataclasses.replace(SWAP, rate=math.nan), "rate"),
        (lambda: dataclasses.replace(SWAP, notional=-1.0), "notional"),
        (lambda: dataclasses.replace(CAP, index=Index.ESTR), "index"),
        (lambda: dataclasses.replace(CAP, strike=math.nan), "strike"),
        (lambda: dataclasses.replace(SWAPTION, expiry=Day(2024, 1, 8)), "expiry"),
        (lambda: dataclasses.replace(AGREEMENT, rate=math.nan), "rate"),
        (lambda: RatesMarket(discount=CURVE, volatility=0.0, model=VolatilityModel.NORMAL), "volatility"),
        (lambda: RatesMarket(discount=CURVE, volatility=0.01), "model"),
        (lambda: RatesMarket(discount=CURVE, displacement=-0.01), "displacement"),
        (lambda: RatesMarket(discount=CURVE, forecast=flat_curve(Day(2023, 1, 4), 0.03)), "forecast.date"),
        (lambda: RatesMarket(discount=CURVE, fixings=((TODAY, math.nan),)), "fixings[2023-01-03]"),
        (lambda: value(dataclasses.replace(BOND, maturity=Day(2023, 1, 4)), MARKET), "maturity"),
        (lambda: value(dataclasses.replace(SWAP, start=Day(2020, 1, 6), maturity=TODAY), MARKET), "maturity"),
        (lambda: value(dataclasses.replace(SWAPTION, expiry=TODAY), MARKET), "expiry"),
        (lambda: value(dataclasses.replace(AGREEMENT, start=TODAY), MARKET), "start"),
        (lambda: value(CAP, RatesMarket(discount=CURVE)), "volatility"),
        (lambda: value(SWAPTION, RatesMarket(discount=CURVE)), "volatility"),
        (lambda: value(dataclasses.replace(SWAP, maturity=Day(2063, 1, 5)), MARKET), "contract"),
        (lambda: value(dataclasses.replace(AGREEMENT, maturity=Day(2063, 1, 5)), MARKET), "day"),
        (lambda: value(dataclasses.replace(FLOATER, start=Day(2022, 8, 5)), MARKET), "contract"),
        (
            lambda: value(FLOATER, dataclasses.replace(MARKET, fixings=((Day(2022, 12, 31), 0.03),))),
            "fixings",
        ),
        (lambda: value(Forward(delivery=Day(2024, 1, 1), price=1.0), MARKET), "contract"),
        (lambda: bond_at_price(BOND, TODAY, -1e9), "clean"),
    ],
)  # fmt: skip
def test_what_can_not_be_valued_is_refused_with_its_field(attempt: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        attempt()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule


def test_bonds_of_all_conventions_have_a_price() -> None:
    for frequency in Frequency:
        for count in DayCount:
            bond = dataclasses.replace(BOND, frequency=frequency, day_count=count, holidays=Holidays.TARGET)
            assert 80 < bond_value(bond, MARKET)[1].clean < 110
