"""Forwards and futures: published prices, parity, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from actors.risk.pricing import European, Market, Right, price
from actors.risk.pricing.curves import flat_curve
from actors.risk.pricing.forwards import Forward, ForwardMarket, ForwardRateAgreement, Future
from actors.risk.pricing.rates_contracts import Side
from actors.risk.pricing.rates_market import RatesMarket
from actors.risk.pricing.valuation import valuation, value

TODAY = datetime.date(2023, 1, 2)


def after(years: float) -> datetime.date:
    return TODAY + datetime.timedelta(days=round(365 * years))


# J. Hull (2018), "Options, Futures, and Other Derivatives", 10th edition, chapter 5; days of ours are a little off his
# months. Examples 5.1 (a bond without coupons, 4 months), 5.2 (a share, dividends of 0.75 after 3, 6 and 9 months, 10
# months), 5.5 (an index with a yield, 3 months) and 5.6 (Australian dollars, 2 years).
PUBLISHED = {
    "bond": (ForwardMarket(spot=930, discount=flat_curve(TODAY, 0.06)), 4 / 12, 948.79),
    "share": (
        ForwardMarket(
            spot=50, discount=flat_curve(TODAY, 0.08), income=tuple((after(month / 12), 0.75) for month in (3, 6, 9))
        ),
        10 / 12,
        51.14,
    ),
    "index": (
        ForwardMarket(spot=1_300, discount=flat_curve(TODAY, 0.05), carry=flat_curve(TODAY, 0.01)), 3 / 12, 1_313.07,
    ),
    "currency": (
        ForwardMarket(spot=0.75, discount=flat_curve(TODAY, 0.01), carry=flat_curve(TODAY, 0.03)), 2.0, 0.7206,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_forward_prices_are_met(name: str) -> None:
    market, years, expected = PUBLISHED[name]
    found = valuation(Forward(delivery=after(years), price=0.0), market)
    assert found.measures["fair_price"] == pytest.approx(expected, rel=2e-4)


@given(
    spot=st.floats(0.5, 200), strike=st.floats(0.5, 200), years=st.floats(0.1, 5), rate=st.floats(-0.02, 0.1),
    other=st.floats(-0.02, 0.1),
)  # fmt: skip
def test_a_call_less_a_put_is_a_forward(spot: float, strike: float, years: float, rate: float, other: float) -> None:
    curves = {"discount": flat_curve(TODAY, rate), "carry": flat_curve(TODAY, other)}
    forward = value(Forward(delivery=after(years), price=strike), ForwardMarket(spot=spot, **curves))
    market = Market(date=TODAY, spot=spot, volatility=0.3, rate=rate, dividend=other)
    call, put = (price(European(right=right, strike=strike, expiry=after(years)), market) for right in Right)
    assert forward == pytest.approx(call - put, abs=1e-8 * (spot + strike))


def test_a_currency_forward_borrowed_and_lent_gains_nothing() -> None:
    market = ForwardMarket(spot=1.1, discount=flat_curve(TODAY, 0.05), carry=flat_curve(TODAY, 0.03))
    fair = valuation(Forward(delivery=after(1), price=1.0), market).measures["fair_price"]
    assert math.exp(0.03) / 1.1 * fair == pytest.approx(math.exp(0.05))


def test_a_future_is_worth_its_move_and_a_forward_the_same_discounted() -> None:
    market = ForwardMarket(spot=100, discount=flat_curve(TODAY, 0.05))
    forward = valuation(Forward(delivery=after(1), price=100), market)
    future = valuation(Future(delivery=after(1), price=100, multiplier=50), market)
    assert future.value == pytest.approx(50 * forward.value * math.exp(0.05))
    assert forward.delta == pytest.approx(1) and future.delta == pytest.approx(50 * math.exp(0.05))
    assert forward.dv01 == pytest.approx(
        -100 * math.exp(-0.05) * 1e-4, rel=1e-4
    )  # the price that is owed is worth less
    assert sum(part for _, part in forward.key_rates) == pytest.approx(forward.dv01, rel=1e-4)


def test_a_forward_rate_agreement_at_the_forward_rate_is_worth_nothing() -> None:
    market = RatesMarket(discount=flat_curve(TODAY, 0.05))
    agreement = ForwardRateAgreement(start=after(0.5), maturity=after(0.75), side=Side.PAYER, rate=0.04, notional=1e6)
    found = valuation(agreement, market)
    fair = dataclasses.replace(agreement, rate=found.measures["fair_rate"])
    assert value(fair, market) == pytest.approx(0, abs=1e-9) and found.value > 0
    assert value(dataclasses.replace(agreement, side=Side.RECEIVER), market) == pytest.approx(-found.value)
    start, end = (market.discount.discount(day) for day in (agreement.start, agreement.maturity))
    paid = 1e6 * (start - end) - 1e6 * 0.04 * (agreement.maturity - agreement.start).days / 360 * end
    assert found.value == pytest.approx(paid)


CURVE = flat_curve(TODAY, 0.05)


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (lambda: Forward(delivery=TODAY, price=math.nan), "price"),
        (lambda: Future(delivery=TODAY, price=1.0, multiplier=0.0), "multiplier"),
        (lambda: ForwardMarket(spot=math.nan, discount=CURVE), "spot"),
        (lambda: ForwardMarket(spot=0.0, discount=CURVE), "spot"),
        (lambda: ForwardMarket(spot=1.0, discount=CURVE, observed=datetime.date(2022, 12, 30)), "observed"),
        (lambda: ForwardMarket(spot=1.0, discount=CURVE, income=((TODAY, math.inf),)), "income[2023-01-02]"),
        (lambda: ForwardMarket(spot=1.0, discount=CURVE, carry=flat_curve(after(1), 0.01)), "carry.date"),
        (lambda: value(Forward(delivery=TODAY, price=1.0), ForwardMarket(spot=1.0, discount=CURVE)), "delivery"),
        (lambda: value(Forward(delivery=after(70), price=1.0), ForwardMarket(spot=1.0, discount=CURVE)), "day"),
    ],
)
def test_what_can_not_be_delivered_is_refused_with_its_field(attempt: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        attempt()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
