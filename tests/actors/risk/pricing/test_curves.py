"""Curves: they give their quotes back, move as they are told, and name the quote that is wrong."""

from __future__ import annotations

import calendar
import csv
import dataclasses
import datetime
import gzip
import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.encoding import decoder, encode
from actors.errors import InputError
from actors.risk.pricing.bootstrap import bootstrap, par_curve
from actors.risk.pricing.conventions import Index
from actors.risk.pricing.curve_quotes import (
    DepositQuote,
    ForwardRateQuote,
    FutureQuote,
    ParYieldQuote,
    Quote,
    SwapQuote,
    convexity_adjustment,
)
from actors.risk.pricing.curves import KEY_TENORS, Curve, flat_curve
from actors.risk.pricing.rates_contracts import InterestRateSwap, Side
from actors.risk.pricing.rates_market import RatesMarket
from actors.risk.pricing.swaps import swap_value
from tests.data import real_data

TODAY = datetime.date(2024, 1, 2)
SPOT = datetime.date(2024, 1, 4)
SOFR: list[Quote] = [
    DepositQuote(tenor="1D", rate=0.0531),
    SwapQuote(tenor="1M", rate=0.0533),
    SwapQuote(tenor="3M", rate=0.0532),
    FutureQuote(year=2024, month=6, price=95.2),
    FutureQuote(year=2024, month=9, price=95.6, convexity=0.0001),
    *(SwapQuote(tenor=f"{y}Y", rate=r) for y, r in ((2, 0.041), (5, 0.036), (10, 0.0355), (30, 0.034))),
]
ESTR: list[Quote] = [
    *(SwapQuote(tenor=t, rate=r) for t, r in (("1M", 0.039), ("1Y", 0.033), ("5Y", 0.0235), ("10Y", 0.0245))),
    SwapQuote(tenor="30Y", rate=0.0235),
]
EURIBOR: list[Quote] = [
    DepositQuote(tenor="6M", rate=0.0386),
    ForwardRateQuote(starts=3, rate=0.037),
    FutureQuote(year=2024, month=9, price=96.9),
    *(SwapQuote(tenor=f"{y}Y", rate=r) for y, r in ((2, 0.028), (5, 0.0245), (10, 0.0255), (30, 0.0244))),
]
MONTHS = {
    "1month": 1, "3month": 3, "6month": 6, "1year": 12, "2year": 24, "3year": 36, "5year": 60, "7year": 84,
    "10year": 120, "20year": 240, "30year": 360,
}  # fmt: skip


def years_after(day: datetime.date, years: int) -> datetime.date:
    return day.replace(year=day.year + years)


@pytest.mark.parametrize("years", [2, 5, 10, 30])
def test_swaps_at_their_quoted_rates_are_worth_nothing(years: int) -> None:
    estr = bootstrap(TODAY, Index.ESTR, ESTR)
    euribor = bootstrap(TODAY, Index.EURIBOR_6M, EURIBOR, estr)
    for index, market, quotes in (
        (Index.SOFR, RatesMarket(discount=bootstrap(TODAY, Index.SOFR, SOFR)), SOFR),
        (Index.EURIBOR_6M, RatesMarket(discount=estr, forecast=euribor), EURIBOR),
    ):
        (rate,) = (one.rate for one in quotes if isinstance(one, SwapQuote) and one.tenor == f"{years}Y")
        terms = {"start": SPOT, "maturity": years_after(SPOT, years), "side": Side.PAYER, "rate": rate}
        worth, fair = swap_value(InterestRateSwap(index=index, notional=1.0, **terms), market)
        assert worth == pytest.approx(0, abs=1e-9) and fair == pytest.approx(rate, abs=1e-10)


def test_deposits_and_forward_rates_are_given_back() -> None:
    curve = bootstrap(TODAY, Index.EURIBOR_6M, EURIBOR, bootstrap(TODAY, Index.ESTR, ESTR))
    assert curve.forward(SPOT, datetime.date(2024, 7, 4)) == pytest.approx(0.0386, abs=1e-10)
    assert curve.forward(datetime.date(2024, 4, 4), datetime.date(2024, 10, 4)) == pytest.approx(0.037, abs=1e-10)
    assert curve.forward(datetime.date(2024, 9, 18), datetime.date(2025, 3, 18)) == pytest.approx(0.031, abs=1e-10)
    sofr = bootstrap(TODAY, Index.SOFR, SOFR)
    assert sofr.forward(TODAY, datetime.date(2024, 1, 3)) == pytest.approx(0.0531, abs=1e-10)
    compounded = sofr.forward(datetime.date(2024, 6, 19), datetime.date(2024, 9, 18))
    assert compounded == pytest.approx(0.048, abs=1e-10)


def par_quotes(rates: Sequence[float | None]) -> list[ParYieldQuote]:
    found = zip(MONTHS.values(), rates, strict=True)
    return [ParYieldQuote(months=months, rate=rate) for months, rate in found if rate is not None]


def months_after(date: datetime.date, months: int) -> datetime.date:
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(date.day, calendar.monthrange(year, month + 1)[1]))


def check_par(date: datetime.date, quotes: Sequence[ParYieldQuote]) -> None:
    """Bonds with par yields as coupons are worth their face."""
    curve = par_curve(date, quotes)
    for quote in quotes:
        every = min(quote.months, 6)
        paid = [curve.discount(months_after(date, month)) for month in range(every, quote.months + 1, every)]
        assert sum(paid) * quote.rate * every / 12 + paid[-1] == pytest.approx(1, abs=1e-10)


@settings(max_examples=30, deadline=None)
@given(rates=st.lists(st.one_of(st.none(), st.floats(0.001, 0.12)), min_size=11, max_size=11))
def test_par_yields_make_bonds_worth_their_face(rates: list[float | None]) -> None:
    short = [rate for rate in rates if rate is not None]
    if short:
        level = sum(short) / len(short)  # neighbours that are far apart have no curve, as yields never are
        quotes = par_quotes([None if rate is None else level + (rate - level) / 10 for rate in rates])
        check_par(TODAY, quotes)


def test_the_par_yields_of_the_treasury_make_bonds_worth_their_face() -> None:
    with gzip.open(real_data("rates", "treasury_curves.csv.gz"), "rt") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 6_000
    tenors = set()
    for row in rows[::50]:
        date = datetime.date.fromisoformat(row["Time Period"][:10])
        rates = [float(row[name]) if row[name] else None for name in MONTHS]
        quotes = par_quotes(rates)
        if quotes:
            check_par(date, quotes)
            tenors |= {quote.months for quote in quotes}
    assert tenors == set(MONTHS.values())


@settings(max_examples=50)
@given(days=st.integers(1, 30 * 365), shift=st.floats(-0.02, 0.02))
def test_a_parallel_shift_moves_every_key_rate(days: int, shift: float) -> None:
    curve = flat_curve(TODAY, 0.03, 40)
    day = TODAY + datetime.timedelta(days=days)
    assert curve.parallel(shift).zero(day) == pytest.approx(0.03 + shift)
    for place in range(len(KEY_TENORS)):
        curve = curve.key_rate(place, shift)
    key = curve.days[3]
    assert curve.zero(key) == pytest.approx(0.03 + shift) and curve.zero(curve.last) == pytest.approx(0.03 + shift)


@pytest.mark.parametrize("place", range(len(KEY_TENORS)))
def test_a_key_rate_moves_between_its_neighbours_alone(place: int) -> None:
    sofr = bootstrap(TODAY, Index.SOFR, SOFR)
    moved = sofr.key_rate(place, 1e-4)
    for other, tenor in enumerate(KEY_TENORS):
        day = TODAY + datetime.timedelta(days=round(365 * tenor))
        if day <= sofr.last:
            expected = 1e-4 if other == place else 0.0
            assert moved.zero(day) - sofr.zero(day) == pytest.approx(expected, abs=1e-12)


def test_a_curve_travels_in_messages_and_rolls_into_the_forwards() -> None:
    sofr = bootstrap(TODAY, Index.SOFR, SOFR)
    assert decoder(Curve)(encode(sofr)) == sofr
    later = sofr.rolled(datetime.date(2025, 1, 2))
    start, end = datetime.date(2027, 1, 4), datetime.date(2028, 1, 4)
    assert later.forward(start, end) == pytest.approx(sofr.forward(start, end), abs=1e-12)


def test_the_convexity_of_a_future_is_the_published_one() -> None:
    # J. Hull (2018), 10th edition, example 6.4: 1.2% volatility, 8 and 8.25 years: 0.475%.
    assert convexity_adjustment(0.012, 8, 8.25) == pytest.approx(0.00475, abs=5e-6)


YESTERDAY = TODAY - datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("attempt", "field"),
    [
        (lambda: bootstrap(TODAY, Index.SOFR, [*SOFR, SwapQuote(tenor="12Y", rate=9.0)]), "quotes[swap 12Y]"),
        (lambda: bootstrap(TODAY, Index.SOFR, [*SOFR, SwapQuote(tenor="7Y", rate=-2.0)]), "quotes[swap 7Y]"),
        (lambda: bootstrap(TODAY, Index.SOFR, [*SOFR, SwapQuote(tenor="5Y", rate=0.036)]), "quotes[swap 5Y]"),
        (
            lambda: bootstrap(TODAY, Index.SOFR, [*SOFR, dataclasses.replace(SOFR[1], tenor="6M", observed=YESTERDAY)]),
            "quotes[swap 6M].observed",
        ),
        (
            lambda: bootstrap(TODAY, Index.SOFR, [*SOFR, ForwardRateQuote(starts=3, rate=0.04)]),
            "quotes[forward rate agreement in 3M]",
        ),
        (lambda: bootstrap(TODAY, Index.ESTR, [FutureQuote(year=2024, month=6, price=97)]), "quotes[future 2024-06]"),
        (lambda: bootstrap(TODAY, Index.SOFR, []), "quotes"),
        (lambda: par_curve(TODAY, []), "quotes"),
        (lambda: par_curve(TODAY, par_quotes([0.04] * 8 + [3.0] + [0.04] * 2)), "quotes[par yield 10Y]"),
        (lambda: SwapQuote(tenor="10y", rate=0.03), "tenor"),
        (lambda: SwapQuote(tenor="10Y", rate=float("nan")), "rate"),
        (lambda: DepositQuote(tenor="3M", rate=float("inf")), "rate"),
        (lambda: FutureQuote(year=2024, month=5, price=95), "month"),
        (lambda: FutureQuote(year=2024, month=6, price=float("nan")), "price"),
        (lambda: ForwardRateQuote(starts=0, rate=0.03), "starts"),
        (lambda: ParYieldQuote(months=7, rate=0.03), "months"),
        (lambda: Curve(TODAY, (TODAY,), (1.0,)), "days"),
        (lambda: Curve(TODAY, (SPOT,), (math.nan,)), "discounts[2024-01-04]"),
        (lambda: flat_curve(TODAY, math.nan), "rate"),
        (lambda: flat_curve(TODAY, 0.01, 1).discount(datetime.date(2026, 1, 1)), "day"),
        (lambda: flat_curve(TODAY, 0.01).discount(YESTERDAY), "day"),
        (lambda: flat_curve(TODAY, 0.01).key_rate(99, 1e-4), "place"),
        (lambda: flat_curve(TODAY, 0.01).key_rate(0, 1e-4, (2.0, 1.0)), "tenors"),
    ],
)
def test_what_makes_no_curve_is_refused_with_its_quote(attempt: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        attempt()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule


def test_an_older_quote_counts_where_that_is_said() -> None:
    older = [dataclasses.replace(quote, observed=YESTERDAY) for quote in SOFR]
    assert bootstrap(TODAY, Index.SOFR, older, oldest=1) == bootstrap(TODAY, Index.SOFR, SOFR)
