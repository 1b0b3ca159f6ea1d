from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError, NotFound
from actors.messages import decoder, encode
from actors.portfolio.books import Books, BooksView, Position
from tests.actors.portfolio.samples import COIN, INSTRUMENTS, STOCK, fill, money

# Fills as (lots, price in cents, fee in money), then quantity, cost, realised, fees and cash in dollars.
CASES = {
    "a long": ([(100, 1000, 1)], 100, 1000, 0, 1, -1001),
    "two purchases at different prices": ([(100, 1000, 0), (50, 1300, 0)], 150, 1650, 0, 0, -1650),
    "a partial close at a profit": ([(100, 1000, 0), (-40, 1500, 0)], 60, 600, 200, 0, -400),
    "a close at a loss": ([(100, 1000, 0), (-100, 900, 0)], 0, 0, -100, 0, -100),
    "a short": ([(-100, 1000, 1)], -100, -1000, 0, 1, 999),
    "a short covered at a profit": ([(-100, 1000, 0), (100, 800, 0)], 0, 0, 200, 0, 200),
    "a short covered in part at a loss": ([(-100, 1000, 0), (25, 1200, 0)], -75, -750, -50, 0, 700),
    "a flip from long to short": ([(100, 1000, 0), (-150, 1200, 0)], -50, -600, 200, 0, 800),
    "a flip from short to long": ([(-100, 1000, 0), (150, 900, 0)], 50, 450, 100, 0, -350),
    "a rebate": ([(100, 1000, -2)], 100, 1000, 0, -2, -998),
    "fees on both sides": ([(10, 1000, 1), (-10, 1100, 1)], 0, 0, 10, 2, 8),
    "a position opened again after it was closed": ([(10, 1000, 0), (-10, 1100, 0), (5, 2000, 0)], 5, 100, 10, 0, -90),
}


@pytest.mark.parametrize("case", CASES)
def test_books_are_kept_at_average_cost(case: str) -> None:
    fills, quantity, cost, realised, fees, cash = CASES[case]
    books = Books("main", INSTRUMENTS)
    for lots, price, fee in fills:
        books.book(fill(lots, price, money(fee)))
    assert books.positions() == [Position(0, "trend", quantity, money(cost), money(realised), money(fees))]
    assert books.cash("USD") == money(cash)
    assert books.position(0) == books.strategy_position("trend", 0) == quantity


def test_cost_that_does_not_divide_is_released_half_even_and_leaves_no_residue() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(3, 100_000_000, instrument=2))
    books.book(fill(4, 25_000_000, instrument=2))
    assert books.cost() == 4
    costs = []
    for _ in range(7):
        books.book(fill(-1, 100_000_000, instrument=2))
        costs.append(books.cost())
    assert costs == [3, 3, 2, 2, 1, 1, 0]
    assert books.realised() == 3
    assert books.cash("USD") == 3


def test_strategies_keep_their_own_positions_and_the_account_their_sum() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(100, 1000, strategy="trend"))
    books.book(fill(-30, 1100, strategy="revert"))
    assert (books.strategy_position("trend", 0), books.strategy_position("revert", 0)) == (100, -30)
    assert books.position(0) == 70
    assert books.realised() == 0
    assert books.net_positions() == {0: 70}
    assert books.equity({0: 1000}) == money(30)


def test_a_multiplier_counts_in_every_amount() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(2, 4 * 4000, instrument=4))
    books.book(fill(-2, 4 * 4010, instrument=4))
    assert books.realised() == money(2 * 50 * 10)
    assert books.turnover["USD"] == money(2 * 50 * 8010)


def test_currencies_are_kept_apart() -> None:
    books = Books("main", INSTRUMENTS)
    books.deposit("USD", money(1000))
    books.book(fill(10, 500, money(1), instrument=3))
    assert (books.cash("USD"), books.cash("EUR"), books.cash("JPY")) == (money(1000), money(-51), 0)
    assert books.currencies() == ["EUR", "USD"]
    assert books.equity({3: 600}, "EUR") == money(9)
    assert books.equity({3: 600}, "USD") == money(1000)
    with pytest.raises(InputError, match="several currencies"):
        books.equity({3: 600})


def test_a_position_without_a_price_counts_at_its_cost_and_is_named() -> None:
    books = Books("main", INSTRUMENTS)
    books.book(fill(10, 1000))
    books.book(fill(10, 2000, instrument=1))
    assert books.unpriced({1: 2100}) == [0]
    assert books.unrealised({1: 2100}) == money(10)


def test_empty_books_are_worth_nothing() -> None:
    books = Books("main", INSTRUMENTS)
    assert books.equity({}) == books.unrealised({}) == books.fees() == books.position(0) == 0
    assert books.strategy_position("trend", 0) == 0


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        (fill(1, 1, account="other"), InputError, "account"),
        (fill(1, 1, instrument=99), NotFound, "instrument"),
        (fill(1, 1, instrument=-1), NotFound, "instrument"),
    ],
)
def test_a_fill_that_does_not_belong_here_changes_nothing(wrong: object, error: type, field: str) -> None:
    books = Books("main", INSTRUMENTS)
    with pytest.raises(error) as caught:
        books.book(wrong)
    assert caught.value.field == field
    assert books.positions() == [] and books.currencies() == []


def test_a_fill_of_no_quantity_is_refused() -> None:
    with pytest.raises(InputError, match="no quantity"):
        Books("main", INSTRUMENTS).book(fill(0, 1))


def lists_of_fills(most_lots: int, most_price: int) -> st.SearchStrategy[list]:
    return st.lists(
        st.builds(
            fill,
            st.integers(-most_lots, most_lots).filter(bool),
            st.integers(1, most_price),
            st.integers(-(10**6), 10**6),
            st.sampled_from(["trend", "revert"]),
            st.sampled_from([0, 1, 2, 4]),
        ),
        max_size=30,
    )


trades = lists_of_fills(10**6, 10**9)
travelling = lists_of_fills(10**3, 10**5)


@pytest.mark.parametrize("amount", [2**63, -(2**63)])
def test_more_cash_than_can_travel_is_refused(amount: int) -> None:
    books = Books("main", INSTRUMENTS)
    with pytest.raises(InputError, match="more cash"):
        books.deposit("USD", amount)
    assert books.cash("USD") == 0


@given(trades, st.integers(-(10**15), 10**15))
def test_the_postings_always_sum_to_zero(fills: list, opening: int) -> None:
    books = Books("main", INSTRUMENTS)
    books.deposit("USD", opening)
    for one in fills:
        books.book(one)
        assert books.imbalance("USD") == 0


@given(trades)
def test_closing_everything_leaves_no_residue(fills: list) -> None:
    books = Books("main", INSTRUMENTS)
    for one in fills:
        books.book(one)
    for position in books.positions():
        if position.quantity:
            books.book(fill(-position.quantity, 777, 0, position.strategy, position.instrument))
    assert all(position.quantity == 0 and position.cost == 0 for position in books.positions())
    assert books.cash("USD") == books.realised("USD") - books.fees("USD")
    assert books.net_positions() == {}


@given(trades, st.lists(st.integers(1, 10**9), min_size=5, max_size=5))
def test_equity_is_cash_plus_position_times_price(fills: list, closes: list) -> None:
    books = Books("main", INSTRUMENTS)
    for one in fills:
        books.book(one)
    prices = dict(enumerate(closes))
    expected = books.cash("USD") + sum(
        INSTRUMENTS[one].notional(prices[one], quantity) for one, quantity in books.net_positions().items()
    )
    assert books.equity(prices, "USD") == expected
    profit = books.unrealised(prices, "USD") + books.realised("USD") - books.fees("USD")
    assert expected == profit


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 10**6)), min_size=1, max_size=8), st.randoms())
def test_the_order_of_fills_on_one_side_changes_neither_cash_nor_cost(parts: list, random: object) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    first, second = Books("main", INSTRUMENTS), Books("main", INSTRUMENTS)
    for (lots, price), (other_lots, other_price) in zip(parts, shuffled, strict=True):
        first.book(fill(lots, price))
        second.book(fill(other_lots, other_price))
    assert first.view(0) == second.view(0)


@given(trades)
def test_a_flip_is_a_close_and_an_opening_at_one_price(fills: list) -> None:
    whole, split = Books("main", INSTRUMENTS), Books("main", INSTRUMENTS)
    for one in fills:
        whole.book(one)
        held = split.strategy_position(one.strategy, one.instrument)
        lots = one.side.sign * one.quantity
        exact = INSTRUMENTS[one.instrument] is not COIN
        if exact and held * lots < 0 and abs(lots) > abs(held):
            split.book(fill(-held, one.price, one.fee, one.strategy, one.instrument))
            split.book(fill(lots + held, one.price, 0, one.strategy, one.instrument))
        else:
            split.book(one)
    assert whole.positions() == split.positions()
    assert whole.cash("USD") == split.cash("USD")


@given(travelling, travelling)
def test_books_go_on_from_a_view_as_if_nothing_had_happened(before: list, after: list) -> None:
    books = Books("main", INSTRUMENTS)
    books.deposit("USD", 10**12)
    for one in before:
        books.book(one)
    view = decoder(BooksView)(encode(books.view(7)))
    restored = Books.from_view(view, INSTRUMENTS)
    assert view.sequence == 7
    for one in after:
        books.book(one)
        restored.book(one)
    assert restored.view(8) == books.view(8)
    assert restored.imbalance("USD") == 0
    assert restored.net_positions() == books.net_positions()
    assert restored.deposits("USD") == books.deposits("USD")


def test_money_of_a_stock_is_exact() -> None:
    assert STOCK.notional(12345, 7) == money(123.45) * 7
