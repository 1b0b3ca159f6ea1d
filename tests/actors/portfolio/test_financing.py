from __future__ import annotations

import datetime

import pytest

from actors.errors import InputError
from actors.portfolio.books import Books
from actors.portfolio.financing import FinancingTerms, accrue, key_of, rate
from tests.actors.portfolio.samples import fill, money
from tests.actors.portfolio.test_entries import MASTER

TERMS = FinancingTerms(
    credit={"USD": rate("0.036")},
    debit={"USD": rate("0.072"), "EUR": rate("0.036")},
    borrow={0: rate("0.18")},
    borrow_otherwise=rate("0.0036"),
    rebate={"USD": rate("0.018")},
    financing={3: rate("0.036")},
)


def charges_of(books: Books, prices: dict[int, int], days: int = 1) -> dict[tuple[str, str, int], int]:
    found = accrue(books, prices, MASTER, TERMS, days)
    for charge in found:
        books.enter(charge)
    assert books.imbalance("USD") == 0
    return {(charge.kind, charge.currency, charge.instrument): charge.amount for charge in found}


def test_cash_earns_and_borrowed_cash_costs() -> None:
    books = Books("main", MASTER, "USD")
    books.deposit("USD", money(1_000))
    books.book(fill(10, 10_000, instrument=2))  # 1,000 EUR that were not there
    assert charges_of(books, {2: 10_000}) == {
        ("interest", "USD", -1): money(0.1),
        ("interest", "EUR", -1): -money(0.1),
    }


def test_a_short_pays_borrow_and_gets_a_rebate_over_a_weekend() -> None:
    books = Books("main", MASTER, "USD")
    books.book(fill(-10, 10_000))
    books.book(fill(-10, 10_000, instrument=1))
    assert charges_of(books, {0: 10_000, 1: 10_000}, days=3) == {
        ("interest", "USD", -1): money(0.6),
        ("borrow", "USD", 0): -money(1.5),
        ("rebate", "USD", 0): money(0.15),
        ("borrow", "USD", 1): -money(0.03),
        ("rebate", "USD", 1): money(0.15),
    }


def test_a_margined_position_is_financed() -> None:
    books = Books("main", MASTER, "USD")
    books.book(fill(1, 4 * 4_000, instrument=3))
    assert charges_of(books, {3: 4 * 4_000}) == {("financing", "USD", 3): -money(20)}


def test_longs_and_flat_positions_cost_nothing() -> None:
    books = Books("main", MASTER, "USD")
    for one in (fill(10, 10_000), fill(-10, 10_000), fill(5, 100, instrument=1)):
        books.book(one)
    books.deposit("USD", money(5))
    assert charges_of(books, {}) == {}


def test_a_position_without_a_price_and_no_nights_are_refused() -> None:
    books = Books("main", MASTER, "USD")
    books.book(fill(-1, 10_000))
    with pytest.raises(InputError, match="no price of AAA"):
        accrue(books, {}, MASTER, TERMS, 1)
    with pytest.raises(InputError, match="no nights"):
        accrue(books, {0: 1}, MASTER, TERMS, 0)


@pytest.mark.parametrize("text", ["much", "NaN", "11", "1e-13"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="borrow is not a rate"):
        rate(text, "borrow")


def test_keys_tell_day_and_position_apart() -> None:
    books = Books("main", MASTER, "USD")
    books.book(fill(-1, 10_000))
    keys = [key_of(one, datetime.date(2026, 1, 2)) for one in accrue(books, {0: 10_000}, MASTER, TERMS, 1)]
    assert keys == ["interest:USD:2026-01-02", "borrow:USD:trend:0:2026-01-02", "rebate:USD:trend:0:2026-01-02"]
