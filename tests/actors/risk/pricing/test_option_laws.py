"""Laws of European options, digitals and barriers that hold whatever the model's numbers."""

from __future__ import annotations

import dataclasses
import datetime
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.risk.pricing import Barrier, BarrierKind, Digital, European, Market, Right, price

TODAY = datetime.date(2024, 1, 2)
numbers = {
    "spot": st.floats(50, 200), "strike": st.floats(60, 180), "days": st.integers(5, 1_000),
    "volatility": st.floats(0.05, 0.8), "rate": st.floats(-0.02, 0.12), "dividend": st.floats(0, 0.08),
}  # fmt: skip


def given_market(spot: float, volatility: float, rate: float, dividend: float) -> Market:
    return Market(date=TODAY, spot=spot, volatility=volatility, rate=rate, dividend=dividend)


@given(**numbers)
def test_european_options_keep_their_bounds_and_rise_with_spot_and_volatility(
    spot: float, strike: float, days: int, volatility: float, rate: float, dividend: float
) -> None:
    market, years = given_market(spot, volatility, rate, dividend), days / 365
    carried, discounted = spot * math.exp(-dividend * years), strike * math.exp(-rate * years)
    for right in Right:
        contract = European(right=right, strike=strike, expiry=TODAY + datetime.timedelta(days=days))
        here, slack = price(contract, market), 1e-9 * (spot + strike)
        assert max(right.sign * (carried - discounted), 0) - slack <= here
        assert here <= (carried if right is Right.CALL else discounted) + slack
        dearer = price(contract, dataclasses.replace(market, spot=spot * 1.01))
        assert right.sign * (dearer - here) >= -slack
        assert price(contract, dataclasses.replace(market, volatility=volatility * 1.01)) >= here - slack


@given(**{name: one for name, one in numbers.items() if name not in ("rate", "dividend")}, rate=st.floats(0, 0.12))
def test_a_call_without_dividends_rises_with_time(
    spot: float, strike: float, days: int, volatility: float, rate: float
) -> None:
    market = given_market(spot, volatility, rate, 0.0)
    sooner, later = (
        price(European(right=Right.CALL, strike=strike, expiry=TODAY + datetime.timedelta(days=days + more)), market)
        for more in (0, 30)
    )
    assert later >= sooner - 1e-9 * (spot + strike)


@settings(deadline=None)
@given(**numbers, right=st.sampled_from(Right))
def test_a_digital_is_how_a_vanilla_option_falls_with_its_strike(
    spot: float, strike: float, days: int, volatility: float, rate: float, dividend: float, right: Right
) -> None:
    market, expiry = given_market(spot, volatility, rate, dividend), TODAY + datetime.timedelta(days=days)
    step = 1e-4 * strike * volatility * math.sqrt(days / 365)
    up, down = (price(European(right=right, strike=strike + move, expiry=expiry), market) for move in (step, -step))
    digital = price(Digital(right=right, strike=strike, expiry=expiry, payout=1.0), market)
    assert digital == pytest.approx(-right.sign * (up - down) / (2 * step), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(barrier=st.floats(101, 160), right=st.sampled_from(Right), strike=st.floats(70, 130))
def test_barriers_from_below_that_begin_and_end_make_a_european_option(
    barrier: float, right: Right, strike: float
) -> None:
    market = given_market(100.0, 0.2, 0.05, 0.02)
    terms = {"right": right, "strike": strike, "expiry": TODAY + datetime.timedelta(days=200)}
    both = sum(
        price(Barrier(**terms, kind=kind, barrier=barrier), market) for kind in (BarrierKind.UP_IN, BarrierKind.UP_OUT)
    )
    assert both == pytest.approx(price(European(**terms), market), abs=1e-6)


# E. Haug (2007), 2nd edition, table 4-13: down-and-out and up-and-out calls and puts, spot 100, rebate 3, half a year,
# rate 8%, cost of carry 4%, volatility 25%; barriers 95 from above and 105 from below.
HAUG = [
    (BarrierKind.DOWN_OUT, Right.CALL, 90, 95, 9.0246), (BarrierKind.DOWN_OUT, Right.CALL, 100, 95, 6.7924),
    (BarrierKind.DOWN_OUT, Right.CALL, 110, 95, 4.8759), (BarrierKind.UP_OUT, Right.CALL, 90, 105, 2.6789),
    (BarrierKind.UP_OUT, Right.CALL, 100, 105, 2.3580), (BarrierKind.UP_OUT, Right.CALL, 110, 105, 2.3453),
    (BarrierKind.DOWN_IN, Right.CALL, 90, 95, 7.7627), (BarrierKind.DOWN_IN, Right.CALL, 100, 95, 4.0109),
    (BarrierKind.UP_IN, Right.CALL, 90, 105, 14.1112), (BarrierKind.UP_IN, Right.CALL, 100, 105, 8.4482),
    (BarrierKind.DOWN_OUT, Right.PUT, 90, 95, 2.2798), (BarrierKind.UP_OUT, Right.PUT, 90, 105, 3.7760),
    (BarrierKind.DOWN_IN, Right.PUT, 90, 95, 2.9586), (BarrierKind.UP_IN, Right.PUT, 90, 105, 1.4653),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "right", "strike", "barrier", "value"), HAUG)
def test_the_published_barrier_options_are_met(
    kind: BarrierKind, right: Right, strike: float, barrier: float, value: float
) -> None:
    terms = {"kind": kind, "right": right, "strike": strike, "barrier": barrier, "rebate": 3.0}
    values = [
        price(Barrier(**terms, expiry=TODAY + datetime.timedelta(days=days)), given_market(100, 0.25, 0.08, 0.04))
        for days in (182, 183)  # half a year lies between
    ]
    assert min(values) - 2e-3 <= value <= max(values) + 2e-3
