from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entries import (
    CashDividend,
    Charge,
    Conversion,
    Entry,
    ExchangeRate,
    Exercise,
    LotMethod,
    Rename,
    Split,
    Termination,
    VariationMargin,
    stock_dividend,
)
from actors.errors import InputError, NotFound
from actors.messages import MONEY_UNIT, Instrument, OptionTerms
from actors.portfolio.books import Books
from actors.portfolio.valuation import margin
from tests.actors.portfolio.samples import fill, money
from tests.actors.portfolio.test_lots import bust_of, named

STOCK = Instrument(id=0, symbol="AAA")
NEW = Instrument(id=1, symbol="AAN")
FOREIGN = Instrument(id=2, symbol="EEE", currency="EUR")
FUTURE = Instrument(id=3, symbol="FUT", multiplier=50, price_increment=25_000_000, settlement="margined",
                    initial_margin=money(12_000), maintenance_margin=money(10_000))  # fmt: skip
CALL = Instrument(id=4, symbol="AAA C100", multiplier=100,
                  option=OptionTerms(underlying=0, right="call", strike=money(100), expiry=10**18))  # fmt: skip
PUT = Instrument(id=5, symbol="AAA P100", multiplier=100,
                 option=OptionTerms(underlying=0, right="put", strike=money(100), expiry=10**18))  # fmt: skip
ON_FUTURE = Instrument(id=6, symbol="FUT C4000",
                       option=OptionTerms(underlying=3, right="call", strike=money(4000), expiry=10**18))  # fmt: skip
INDEX = Instrument(id=7, symbol="IDX C1",
                   option=OptionTerms(underlying=0, right="call", strike=1, expiry=1, settlement="cash"))  # fmt: skip
ODD = Instrument(id=8, symbol="AAA MINI",
                 option=OptionTerms(underlying=9, right="call", strike=money(1), expiry=1))  # fmt: skip
WIDE = Instrument(id=9, symbol="WIDE", quantity_increment=10 * MONEY_UNIT)
MASTER = (STOCK, NEW, FOREIGN, FUTURE, CALL, PUT, ON_FUTURE, INDEX, ODD, WIDE)


def books_with(*fills: object, lots: LotMethod = LotMethod.AVERAGE) -> Books:
    books = Books("main", MASTER, "USD", lots)
    for one in fills:
        books.book(one)
    return books


def one_position(books: Books, instrument: int = 0) -> tuple[int, float, float, float]:
    (found,) = [one for one in books.positions() if one.instrument == instrument]
    return found.quantity, found.cost / MONEY_UNIT, found.realised / MONEY_UNIT, found.income / MONEY_UNIT


# Fills of AAA as (lots, cents), entry -> (lots, cost, realised, income), cash.
CASES: dict[str, tuple[list, Entry, tuple, float]] = {
    "a split 2:1": ([(100, 1000)], Split(instrument=0, numerator=2, denominator=1), (200, 1000, 0, 0), -1000),
    "a split 7:1 of a short": ([(-10, 1000)], Split(instrument=0, numerator=7, denominator=1), (-70, -100, 0, 0), 100),
    "a reverse split that divides": (
        [(100, 1000)], Split(instrument=0, numerator=1, denominator=10), (10, 1000, 0, 0), -1000,
    ),
    "a reverse split with half a lot for money": (
        [(15, 1000)], Split(instrument=0, numerator=1, denominator=10, price=money(120)), (1, 100, 10, 0), -90,
    ),
    "a reverse split that leaves nothing": (
        [(3, 1000)], Split(instrument=0, numerator=1, denominator=10, price=money(100)), (0, 0, 0, 0), 0,
    ),
    "a reverse split of a short with a rest": (
        [(-15, 1000)], Split(instrument=0, numerator=1, denominator=10, price=money(120)), (-1, -100, -10, 0), 90,
    ),
    "a stock dividend of 5%": ([(100, 1050)], stock_dividend(0, 1, 20), (105, 1050, 0, 0), -1050),
    "a cash dividend": ([(100, 1000)], CashDividend(instrument=0, amount=money(0.25)), (100, 1000, 0, 25), -975),
    "a dividend that a short pays": (
        [(-100, 1000)], CashDividend(instrument=0, amount=money(0.25)), (-100, -1000, 0, -25), 975,
    ),
    "a delisting at nothing": (
        [(100, 1000)], Termination(instrument=0, price=0, kind="delisting"), (0, 0, -1000, 0), -1000,
    ),
    "a delisting at a price, short": (
        [(-100, 1000)], Termination(instrument=0, price=money(4), kind="delisting"), (0, 0, 600, 0), 600,
    ),
    "borrow cost of a position": (
        [(-100, 1000)],
        Charge(kind="borrow", currency="USD", amount=-money(3), strategy="trend", instrument=0),
        (-100, -1000, 0, -3), 997,
    ),
    "interest of the account": (
        [(100, 1000)], Charge(kind="interest", currency="USD", amount=money(2)), (100, 1000, 0, 0), -998,
    ),
}  # fmt: skip


@pytest.mark.parametrize("lots", [LotMethod.AVERAGE, LotMethod.FIFO])
@pytest.mark.parametrize("case", CASES)
def test_what_an_entry_does_to_a_position(case: str, lots: LotMethod) -> None:
    fills, entry, position, cash = CASES[case]
    books = books_with(*(fill(count, price) for count, price in fills), lots=lots)
    books.enter(entry)
    assert one_position(books) == position
    assert books.cash("USD") == money(cash)
    assert books.position(0) == position[0]
    assert books.imbalance("USD") == 0


def test_a_split_is_reckoned_for_the_account_and_strategies_share_its_whole_lots() -> None:
    books = books_with(fill(3, 1000, strategy="one"), fill(3, 1000, strategy="two"), fill(-1, 1000, strategy="three"))
    books.enter(Split(instrument=0, numerator=1, denominator=2, price=money(20)))
    held = {one.strategy: one.quantity for one in books.positions()}
    assert sum(held.values()) == books.position(0) == 2
    assert sorted(held.values()) in ([-1, 1, 2], [0, 1, 1])
    assert books.cash("USD") == money(-50 + 10)
    assert books.imbalance("USD") == 0


def test_a_split_scales_every_lot() -> None:
    books = books_with(named("a", 3, 1000), named("b", 4, 2000), lots=LotMethod.FIFO)
    books.enter(Split(instrument=0, numerator=3, denominator=2, price=money(10)))
    lots = books.open_lots("trend", 0)
    assert [(count, opened) for count, _, opened in lots] == [(4, "a"), (6, "b")]
    assert sum(cost for _, cost, _ in lots) == books.cost()


def test_a_part_of_a_lot_without_a_price_is_refused() -> None:
    books = books_with(fill(15, 1000))
    with pytest.raises(InputError, match="1.5 lots of AAA, or a strategy's part of them, do not divide"):
        books.enter(Split(instrument=0, numerator=1, denominator=10))
    assert books.position(0) == 15


def test_a_rename_moves_lots_and_cost_and_leaves_what_was_earned_where_it_was() -> None:
    books = books_with(named("a", 10, 1000), named("b", 10, 1500), named("s", -5, 2000), lots=LotMethod.FIFO)
    books.enter(Rename(instrument=0, into=1))
    assert one_position(books) == (0, 0, 50, 0)
    assert one_position(books, 1) == (15, 200, 0, 0)
    assert [opened for _, _, opened in books.open_lots("trend", 1)] == ["a", "b"]
    assert books.net_positions() == {1: 15}
    assert books.imbalance("USD") == 0


def test_a_bust_from_before_a_rename_reaches_the_new_name() -> None:
    first = named("a", 10, 1000)
    books = books_with(first, named("b", 10, 1500))
    books.enter(Rename(instrument=0, into=1))
    books.book(named("s", -10, 2000, instrument=1))
    books.book(bust_of(first))
    assert one_position(books, 1) == (0, 0, 50, 0)
    assert books.net_positions() == {}
    assert books.cash("USD") == money(50)
    assert books.imbalance("USD") == 0


def test_a_bust_from_before_a_split_takes_back_what_became_of_it() -> None:
    first = named("a", 10, 1000)
    books = books_with(first, named("b", 10, 2000))
    books.enter(Split(instrument=0, numerator=2, denominator=1))
    books.enter(CashDividend(instrument=0, amount=money(1)))
    books.book(bust_of(first))
    assert one_position(books) == (20, 200, 0, 20)
    assert books.cash("USD") == money(-200 + 20)


# Option fills (lots, cents of premium), the exercise, then (underlying lots, cost), option realised, cash.
EXERCISES = {
    "a long call": (CALL, 2, 300, 200, 20_600),
    "a short call that is assigned": (CALL, -2, 300, -200, -20_600),
    "a long put": (PUT, 2, 300, -200, -19_400),
    "a short put that is assigned": (PUT, -2, 300, 200, 19_400),
}


@pytest.mark.parametrize("case", EXERCISES)
def test_an_exercise_delivers_at_the_strike_and_carries_the_premium_along(case: str) -> None:
    option, lots, premium, delivered, cost = EXERCISES[case]
    books = books_with(fill(lots, premium, instrument=option.id))
    books.enter(Exercise(instrument=option.id, strategy="trend", quantity=abs(lots)))
    assert one_position(books, option.id) == (0, 0, 0, 0)
    assert one_position(books) == (delivered, cost, 0, 0)
    assert books.cash("USD") == -money(cost)
    assert books.imbalance("USD") == 0


def test_a_covered_call_that_is_assigned_sells_the_shares_with_the_premium() -> None:
    books = books_with(fill(150, 9_000), fill(-1, 500, instrument=CALL.id))
    books.enter(Exercise(instrument=CALL.id, strategy="trend", quantity=1))
    assert one_position(books) == (50, 4_500, 10_500 - 9_000, 0)
    assert books.net_positions() == {0: 50}


def test_an_exercise_on_a_margined_underlying_realises_the_premium() -> None:
    books = books_with(fill(1, 5_000, instrument=ON_FUTURE.id))
    books.enter(Exercise(instrument=ON_FUTURE.id, strategy="trend", quantity=1))
    assert one_position(books, ON_FUTURE.id) == (0, 0, -50, 0)
    assert one_position(books, FUTURE.id) == (1, 200_000, 0, 0)
    assert books.cash("USD") == money(-50)
    assert books.equity({3: 4 * 4001}, "USD") == money(-50 + 50)


def test_an_option_that_expires_worthless_loses_its_premium() -> None:
    books = books_with(fill(1, 500, instrument=CALL.id))
    books.enter(Termination(instrument=CALL.id, price=0, kind="expiry"))
    assert one_position(books, CALL.id) == (0, 0, -500, 0)


def test_of_a_future_only_gains_and_losses_are_paid() -> None:
    books = books_with(fill(2, 4 * 4000, fee=money(4), instrument=FUTURE.id))
    assert books.cash("USD") == -money(4)
    assert margin(books, MASTER, "USD") == money(24_000)
    assert margin(books, MASTER, "USD", maintenance=True) == money(20_000)
    assert margin(books, MASTER, "EUR") == 0
    assert books.equity({3: 4 * 4010}, "USD") == money(2 * 50 * 10 - 4)
    books.enter(VariationMargin(instrument=3, price=money(4010)))
    assert books.cash("USD") == money(1000 - 4)
    assert books.equity({3: 4 * 4010}, "USD") == money(1000 - 4)
    books.book(fill(-2, 4 * 4005, instrument=FUTURE.id))
    assert books.cash("USD") == books.equity({}, "USD") == money(500 - 4)
    assert books.imbalance("USD") == 0


def foreign(lots: int, cents: int, fee: int = 0) -> object:
    return fill(lots, cents, fee, instrument=FOREIGN.id)


def test_exchange_effects_are_told_apart_from_the_price() -> None:
    books = books_with()
    books.deposit("USD", money(10_000))
    books.enter(ExchangeRate(currency="EUR", rate=money(1.10)))
    books.enter(Conversion(sold="USD", sold_amount=money(1_100), bought="EUR", bought_amount=money(1_000)))
    books.book(foreign(100, 1000))
    books.enter(ExchangeRate(currency="EUR", rate=money(1.20)))
    books.book(foreign(-100, 1500))  # 500 EUR gained, worth 600 USD now
    pool = books.pools["EUR"]
    assert (pool.balance, pool.cost, pool.realised) == (money(1_500), money(1_100 + 600), 0)
    assert pool.unrealised == money(1_000 * 0.10)
    books.enter(Conversion(sold="EUR", sold_amount=money(1_500), bought="USD", bought_amount=money(1_800)))
    assert (pool.balance, pool.cost, pool.unrealised) == (0, 0, 0)
    assert pool.realised == money(100)
    assert books.cash("USD") == money(10_000 + 700) and books.cash("EUR") == 0
    assert books.imbalance("USD") == books.imbalance("EUR") == 0


def test_a_security_bought_with_borrowed_money_of_its_currency_has_no_exchange_effect_but_on_its_profit() -> None:
    books = books_with()
    books.enter(ExchangeRate(currency="EUR", rate=money(1.10)))
    books.book(foreign(100, 1000))
    books.enter(ExchangeRate(currency="EUR", rate=money(2)))
    assert books.pools["EUR"].unrealised == 0
    assert books.cash("EUR") == money(-1000)


def test_what_came_in_before_a_rate_was_known_is_told_and_translated_by_the_first_one() -> None:
    books = books_with(foreign(10, 1000), foreign(-10, 1100))
    assert books.pools["EUR"].untranslated == money(10)
    books.enter(ExchangeRate(currency="EUR", rate=money(1.5)))
    assert (books.pools["EUR"].untranslated, books.pools["EUR"].cost) == (0, money(15))


WRONG = {
    "an unknown instrument": (CashDividend(instrument=99, amount=1), NotFound, "unknown instrument"),
    "a dividend of nothing": (CashDividend(instrument=0, amount=0), InputError, "amount is not positive"),
    "a split to nothing": (Split(instrument=0, numerator=0, denominator=1), InputError, "numerator is not positive"),
    "a price below 0": (Termination(instrument=0, price=-1, kind="expiry"), InputError, "a price below 0"),
    "variation of a stock": (VariationMargin(instrument=0, price=1), InputError, "AAA is paid in full"),
    "another currency's name": (Rename(instrument=0, into=2), InputError, "another currency"),
    "its own name": (Rename(instrument=0, into=0), InputError, "is what it is called"),
    "an exercise of a stock": (Exercise(instrument=0, strategy="trend", quantity=1), InputError, "is not an option"),
    "an exercise for cash": (Exercise(instrument=7, strategy="trend", quantity=1), InputError, "settled in cash"),
    "an exercise of more than is held": (
        Exercise(instrument=4, strategy="trend", quantity=2), InputError, "trend holds 1 lots of AAA C100",
    ),
    "an exercise for a part of a lot": (
        Exercise(instrument=8, strategy="trend", quantity=1), InputError, "delivers a part of a lot of WIDE",
    ),
    "a conversion into itself": (
        Conversion(sold="USD", sold_amount=1, bought="USD", bought_amount=1), InputError, "in one currency",
    ),
    "a conversion of nothing": (
        Conversion(sold="USD", sold_amount=0, bought="EUR", bought_amount=1), InputError, "sold_amount is not positive",
    ),
    "too much money": (Charge(kind="fee", currency="USD", amount=2**64), InputError, "more cash than can be kept"),
    "a charge in another currency": (
        Charge(kind="fee", currency="EUR", amount=1, strategy="trend", instrument=0), InputError, "a charge for AAA",
    ),
    "a charge of nobody": (Charge(kind="fee", currency="USD", amount=1, instrument=0), InputError, "no strategy"),
    "a rate of the own currency": (ExchangeRate(currency="USD", rate=1), InputError, "USD is not translated here"),
    "a rate of nothing": (ExchangeRate(currency="EUR", rate=0), InputError, "rate is not positive"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_entry_that_does_not_fit_is_refused_and_changes_nothing(case: str) -> None:
    entry, error, text = WRONG[case]
    books = books_with(fill(10, 1000), fill(1, 500, instrument=4), fill(1, 500, instrument=8))
    before = books.state()
    with pytest.raises(error, match=text):
        books.enter(entry)
    assert books.state() == before


happenings = st.lists(
    st.one_of(
        st.builds(fill, st.integers(-300, 300).filter(bool), st.integers(1, 9_999), st.integers(-99, 99),
                  st.sampled_from(["trend", "revert"]), st.sampled_from([0, 1, 2, 3, 4, 5])),
        st.builds(Split, instrument=st.sampled_from([0, 2]), numerator=st.integers(1, 5), denominator=st.integers(1, 5),
                  price=st.integers(0, 10**10)),
        st.builds(CashDividend, instrument=st.sampled_from([0, 2]), amount=st.integers(1, 10**9)),
        st.just(Rename(instrument=0, into=1)),
        st.just(Rename(instrument=1, into=0)),
        st.builds(Termination, instrument=st.integers(0, 5), price=st.integers(0, 10**10), kind=st.just("expiry")),
        st.builds(VariationMargin, instrument=st.just(3), price=st.integers(1, 10**12)),
        st.builds(Exercise, instrument=st.sampled_from([4, 5]), strategy=st.just("trend"), quantity=st.integers(1, 9)),
        st.builds(Conversion, sold=st.just("USD"), sold_amount=st.integers(1, 10**12), bought=st.just("EUR"),
                  bought_amount=st.integers(1, 10**12)),
        st.builds(Conversion, sold=st.just("EUR"), sold_amount=st.integers(1, 10**12), bought=st.just("JPY"),
                  bought_amount=st.integers(1, 10**12)),
        st.builds(ExchangeRate, currency=st.sampled_from(["EUR", "JPY"]), rate=st.integers(1, 10**10)),
    ),
    max_size=30,
)  # fmt: skip


def named_apart(happened: list) -> list:
    return [
        msgspec.structs.replace(one, execution_id=f"h{number}") if hasattr(one, "execution_id") else one
        for number, one in enumerate(happened)
    ]


def take(books: Books, one: object) -> None:
    if hasattr(one, "execution_id"):
        books.book(one)
        return
    try:
        books.enter(one)
    except InputError:
        pass


def check(books: Books) -> None:
    for currency in ("USD", "EUR", "JPY"):
        assert books.imbalance(currency) == 0
    sums: dict[int, int] = {}
    for position in books.positions():
        sums[position.instrument] = sums.get(position.instrument, 0) + position.quantity
        lots = books.open_lots(position.strategy, position.instrument)
        assert sum(lot[0] for lot in lots) == position.quantity
        assert sum(lot[1] for lot in lots) == position.cost
    assert {instrument: quantity for instrument, quantity in sums.items() if quantity} == books.net_positions()


@given(happenings, st.sampled_from(list(LotMethod)))
def test_whatever_happens_the_books_balance(happened: list, lots: LotMethod) -> None:
    books = books_with(lots=lots)
    for one in named_apart(happened):
        take(books, one)
        check(books)


@given(happenings, st.sampled_from(list(LotMethod)), st.data())
def test_whatever_is_taken_back_later_the_books_balance(happened: list, lots: LotMethod, data: object) -> None:
    books, told = books_with(lots=lots), named_apart(happened)
    for one in told:
        take(books, one)
    fills = [one for one in told if hasattr(one, "execution_id")]
    for one in data.draw(st.lists(st.sampled_from(fills), unique_by=id, max_size=4)) if fills else []:
        books.book(bust_of(one))
        check(books)
