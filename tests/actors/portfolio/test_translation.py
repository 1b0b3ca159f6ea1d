from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.entries import CashDividend, Charge, Conversion, ExchangeRate
from actors.messages import MONEY_UNIT, round_half_even
from actors.portfolio.books import Books
from actors.portfolio.translation import translate, translated_value
from actors.portfolio.valuation import value
from tests.actors.portfolio.samples import fill, money
from tests.actors.portfolio.test_entries import MASTER


def account() -> Books:
    books = Books("main", MASTER, "USD")
    books.deposit("USD", money(10_000))
    return books


def test_price_and_exchange_rate_each_get_their_part() -> None:
    books = account()
    books.enter(ExchangeRate(currency="EUR", rate=money(1.1)))
    books.enter(Conversion(sold="USD", sold_amount=money(1_100), bought="EUR", bought_amount=money(1_000)))
    books.book(fill(100, 1_000, instrument=2))
    books.enter(ExchangeRate(currency="EUR", rate=money(1.2)))
    (effect,) = translate(books, {2: 1_500}, MASTER, "USD").effects
    assert effect.equity == money(1_500 * 1.2)
    assert effect.profit == money(500 * 1.2)
    assert (effect.realised, effect.unrealised) == (0, money(1_000 * 0.1))
    assert translate(books, {2: 1_500}, MASTER, "USD").equity == money(8_900 + 1_800)


def test_a_currency_without_a_rate_is_named_and_left_out() -> None:
    books = account()
    books.book(fill(100, 1_000, instrument=2))
    found = translate(books, {2: 1_500}, MASTER, "USD")
    assert (found.missing, found.equity) == (("EUR",), money(10_000))
    (row,) = found.text()["currencies"]
    assert row == {
        "currency": "EUR", "rate": None, "equity": None, "profit": None, "realised": None, "unrealised": None,
    }  # fmt: skip


def test_an_account_of_one_currency_has_no_effects() -> None:
    found = translate(account(), {}, MASTER, "USD")
    assert found.text() == {"equity": "10000.00", "missing": [], "currencies": []}


steps = st.lists(
    st.one_of(
        st.builds(fill, st.integers(-300, 300).filter(bool), st.integers(1, 9_999), st.integers(-99, 99),
                  instrument=st.just(2)),
        st.builds(CashDividend, instrument=st.just(2), amount=st.integers(1, 10**9)),
        st.builds(Charge, kind=st.just("interest"), currency=st.just("EUR"), amount=st.integers(-(10**9), 10**9)),
        st.builds(Conversion, sold=st.just("USD"), sold_amount=st.integers(1, 10**12), bought=st.just("EUR"),
                  bought_amount=st.integers(1, 10**12)),
        st.builds(Conversion, sold=st.just("EUR"), sold_amount=st.integers(1, 10**12), bought=st.just("USD"),
                  bought_amount=st.integers(1, 10**12)),
        st.builds(ExchangeRate, currency=st.just("EUR"), rate=st.integers(10**7, 10**9)),
    ),
    max_size=20,
)  # fmt: skip


@given(steps, st.integers(1, 9_999))
def test_the_parts_sum_to_what_was_gained(happened: list, price: int) -> None:
    """Of the own currency what was put in, of the others profit, exchange effects and what came in."""
    books = account()
    books.enter(ExchangeRate(currency="EUR", rate=money(1.1)))
    for one in happened:
        if hasattr(one, "execution_id"):
            books.book(one)
        else:
            books.enter(one)
    found = translate(books, {2: price}, MASTER, "USD")
    rate = books.pools["EUR"].rate
    for effect in found.effects:
        whole = effect.profit + effect.realised + effect.unrealised
        assert whole == effect.equity - books.pools[effect.currency].contributed
    own = value(books, {2: price}, MASTER, "USD")
    brought = books.pools["EUR"].contributed  # conversions left the account's own currency for as much
    assert own.equity == money(10_000) - brought
    foreign = value(books, {2: price}, MASTER, "EUR").equity
    assert found.equity == own.equity + round_half_even(foreign * rate, MONEY_UNIT)


@given(steps, st.integers(1, 9_999))
def test_the_whole_account_gains_what_its_parts_gain_and_deposits_are_no_profit(happened: list, price: int) -> None:
    books = account()
    books.enter(ExchangeRate(currency="EUR", rate=money(1.1)))
    for one in happened:
        if hasattr(one, "execution_id"):
            books.book(one)
        else:
            books.enter(one)
    whole, parts = translated_value(books, {2: price}, MASTER, "USD"), translate(books, {2: price}, MASTER, "USD")
    assert whole.equity == parts.equity
    assert whole.deposits == money(10_000)
    own = value(books, {2: price}, MASTER, "USD")
    gained = sum(effect.profit + effect.realised + effect.unrealised for effect in parts.effects)
    assert whole.equity - whole.deposits == own.equity - own.deposits + gained
