"""Contributions and effects: by hand, as published, and always whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entries import CashDividend
from actors.errors import InputError
from actors.messages import MONEY_UNIT
from actors.portfolio.attribution import attribute
from actors.portfolio.books import Books
from actors.portfolio.performance.brinson import brinson_fachler
from actors.portfolio.performance.instruments import attribute_to_instruments
from actors.portfolio.performance.linking import contributions
from actors.portfolio.valuation import value
from tests.actors.portfolio.samples import INSTRUMENTS, fill, money

# Bacon (2008), tables 5.1 to 5.4: UK, Japanese and US equities.
BACON = ([[0.4, 0.3, 0.3]], [[0.20, -0.05, 0.06]], [[0.4, 0.2, 0.4]], [[0.10, -0.04, 0.08]])


def test_one_period_is_attributed_as_in_bacon_2008() -> None:
    found = brinson_fachler(*BACON)
    assert (found.portfolio, found.benchmark) == pytest.approx((0.083, 0.064))
    assert found.allocation.tolist() == pytest.approx([0, -0.0104, -0.0016])
    assert found.selection.tolist() == pytest.approx([0.04, -0.002, -0.008])
    assert found.interaction.tolist() == pytest.approx([0, -0.001, 0.002])


@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 5))
def test_effects_of_all_periods_sum_to_the_active_return(seed: int, periods: int, segments: int) -> None:
    chance = np.random.default_rng(seed)
    own, base = (chance.dirichlet(np.ones(segments), periods) for _ in range(2))
    rates, base_rates = chance.uniform(-0.3, 0.3, (2, periods, segments))
    found = brinson_fachler(own, rates, base, base_rates)
    effects = found.allocation.sum() + found.selection.sum() + found.interaction.sum()
    assert effects == pytest.approx(found.active, abs=1e-12)
    assert found.portfolio == pytest.approx(np.prod(1 + (own * rates).sum(axis=1)) - 1)


def test_two_periods_are_linked_by_carino_s_factors() -> None:
    # 100 earns 10 by the first part, then 110 earns 22 by the second: 32 % together.
    found = contributions([[10, 0], [0, 22]], [100, 110])
    scale = math.log(1.32) / 0.32
    assert found.total == pytest.approx(0.32)
    assert found.parts.tolist() == pytest.approx([math.log(1.1) / scale, math.log(1.2) / scale])


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6))
def test_contributions_sum_to_the_linked_return(seed: int, periods: int, parts: int) -> None:
    chance = np.random.default_rng(seed)
    capital = chance.uniform(50, 150, periods)
    profits = chance.uniform(-30, 30, (periods, parts)) / parts
    found = contributions(profits, capital)
    total = np.prod(1 + profits.sum(axis=1) / capital) - 1
    assert found.parts.sum() == pytest.approx(total, abs=1e-13) == found.total
    assert found.by_period.sum(axis=0).tolist() == found.parts.tolist()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-50, 50), st.integers(1, 5000)), min_size=1, max_size=25))
def test_profits_of_instruments_sum_to_the_account_s_to_the_last_unit(trades: list[tuple[int, int, int]]) -> None:
    books = Books("main", INSTRUMENTS)
    books.deposit("USD", money(1_000_000))
    for at, (instrument, quantity, price) in enumerate(trades):
        if quantity:
            books.book(fill(quantity, price, fee=at * 7, strategy=f"s{at % 3}", instrument=instrument))
    prices = {0: 1234, 1: 999}
    found = attribute_to_instruments(books, prices, INSTRUMENTS, "USD")
    whole = value(books, prices, INSTRUMENTS, "USD")
    assert sum(one.profit for one in found) == whole.equity - whole.deposits
    assert sum(one.fees for one in found) == whole.fees
    assert [one.instrument for one in found] == sorted({at for at, quantity, _ in trades if quantity})


def test_a_dividend_counts_to_the_instrument_that_paid_it() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(100, 1000))
    books.enter(CashDividend(instrument=0, amount=money(0.25)))
    (one,) = attribute_to_instruments(books, {0: 1100}, INSTRUMENTS, "USD")
    (strategy,) = attribute(books, {0: 1100}, INSTRUMENTS, "USD")
    whole = value(books, {0: 1100}, INSTRUMENTS, "USD")
    assert one.income == money(25) and one.profit == strategy.profit == whole.equity - whole.deposits == money(125)


def test_an_instrument_is_told_as_text() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(100, 1000, fee=MONEY_UNIT))
    (one,) = attribute_to_instruments(books, {0: 1100}, INSTRUMENTS, "USD")
    assert one.text() == {
        "symbol": "AAA",
        "market_value": "1100.00",
        "unrealised": "100.00",
        "realised": "0.00",
        "fees": "1.00",
        "income": "0.00",
        "profit": "99.00",
    }


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: contributions([[1]], [0]), "capital"),
        (lambda: contributions([[1], [2]], [1]), "capital"),
        (lambda: contributions([[-1]], [1]), "returns[0]"),
        (lambda: contributions([[float("nan")]], [1]), "profits[0][0]"),
        (lambda: brinson_fachler([[0.5]], [[0]], [[1]], [[0]]), "weights[0]"),
        (lambda: brinson_fachler([[1]], [[0]], [[1.1]], [[0]]), "benchmark_weights[0]"),
        (lambda: brinson_fachler([[1]], [[0], [0]], [[1]], [[0]]), "returns"),
        (lambda: brinson_fachler([[1]], [[0]], [[1]], [[0, 1]]), "benchmark_returns"),
    ],
)
def test_wrong_input_is_told_with_its_field(call: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
