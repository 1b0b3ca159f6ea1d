"""Greeks that follow fills and underlyings are those of the whole book."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import DAY
from actors.messages import MONEY_UNIT, Instrument
from actors.risk.live.greeks_book import GreeksBook, ListedOption, PositionGreeks
from actors.risk.pricing import American, European, Market, Right, greeks

MASTER = (
    Instrument(id=0, symbol="AAA"),
    Instrument(id=1, symbol="BBB"),
    *(Instrument(id=number, symbol=f"O{number}", multiplier=100) for number in range(2, 8)),
)
TODAY = datetime.date(2024, 1, 2)
NOW = (TODAY - datetime.date(1970, 1, 1)).days * DAY


def option(number: int, kind: type = European, days: int = 90) -> ListedOption:
    return ListedOption(
        contract=kind(
            right=Right.CALL if number % 2 else Right.PUT,
            strike=90.0 + 5 * number,
            expiry=TODAY + datetime.timedelta(days=days),
        ),
        underlying=number % 2,
        volatility=0.2 + 0.01 * number,
        rate=0.03,
        dividend=0.01,
    )


OPTIONS = {number: option(number, days=90 if number < 7 else 1) for number in range(2, 8)}


def expected(
    lots: dict[int, int], prices: dict[int, int], date: datetime.date, terms: dict = OPTIONS
) -> PositionGreeks:
    total = PositionGreeks()
    for number, quantity in lots.items():
        one = terms[number]
        if not quantity or one.underlying not in prices or one.contract.expiry <= date:
            continue
        spot = prices[one.underlying] / 100
        found = greeks(one.contract, Market(date=date, spot=spot, volatility=one.volatility, rate=0.03, dividend=0.01))
        parts = (found.delta * spot, found.delta, found.gamma, found.vega, found.theta or 0.0, found.rho)
        total = total.plus(PositionGreeks(*(round(part * quantity * 100 * MONEY_UNIT) for part in parts)))
    return total


steps = st.one_of(
    st.tuples(st.just("hold"), st.integers(0, 7), st.integers(-20, 20)),
    st.tuples(st.just("tick"), st.integers(0, 1), st.integers(8_000, 12_000)),
    st.tuples(st.just("day"), st.just(0), st.just(0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
def test_greeks_are_those_of_every_position_at_the_last_price_of_its_underlying(stream: list) -> None:
    prices: dict[int, int] = {}
    book, lots, date = GreeksBook(OPTIONS, MASTER, prices), {}, TODAY
    book.tick((), NOW)
    for kind, instrument, amount in stream:
        if kind == "hold":
            book.hold("main", instrument, amount)
            if instrument in OPTIONS:
                lots[instrument] = amount
        elif kind == "tick":
            prices[instrument] = amount
            book.tick((instrument,), NOW + (date - TODAY).days * DAY)
        elif (date - TODAY).days < 4:
            date += datetime.timedelta(days=1)
            book.tick((), NOW + (date - TODAY).days * DAY)
        whole = expected(lots, prices, date)
        for mine, theirs in zip(book.totals["main"], whole, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-9, abs=10)
        assert sum(book.by_underlying["main"].values()) == book.totals["main"].delta_exposure
    for instrument in lots:
        book.hold("main", instrument, 0)
    assert book.totals["main"] == PositionGreeks(), "exact: no residue"


def test_a_tick_reckons_the_options_of_its_underlying_and_no_others() -> None:
    prices = {0: 10_000, 1: 10_000}
    book = GreeksBook(OPTIONS, MASTER, prices)
    book.tick((0, 1), NOW)
    for number in range(2, 7):
        book.hold("main", number, 10)
    before = book.refreshed
    prices[1] = 10_100
    book.tick((1,), NOW)
    assert book.refreshed == before + 2, "3 and 5"
    book.tick((5,), NOW)
    assert book.refreshed == before + 2


def test_other_contracts_are_revalued_and_expired_ones_are_named() -> None:
    prices = {0: 10_000, 1: 10_000}
    terms = {2: option(2, American), 7: option(7, days=1)}
    book = GreeksBook(terms, MASTER, prices)
    book.tick((), NOW)
    book.hold("main", 2, 3)
    book.hold("main", 7, 1)
    assert book.unknown("main") == []
    assert book.totals["main"].delta == pytest.approx(expected({2: 3, 7: 1}, prices, TODAY, terms).delta)
    book.tick((), NOW + DAY)
    assert book.unknown("main") == [7] and book.unknown("other") == []
