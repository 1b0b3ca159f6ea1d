from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entries import CashDividend, LotMethod, LotSelection, Split
from actors.errors import InputError
from actors.messages import Side, decoder, encode
from actors.portfolio.books import Books, BooksState
from tests.actors.portfolio.samples import INSTRUMENTS, fill, money

# (name, lots, price in cents); prices in whole dollars below.
BUYS = [("a", 10, 1000), ("b", 10, 2000), ("c", 10, 3000)]

# Method -> realised profit after selling 15 at 4000 cents, and the lots left as (lots, cost in dollars, opened by).
CASES = {
    LotMethod.AVERAGE: (300, [(15, 300, "")]),
    LotMethod.FIFO: (400, [(5, 100, "b"), (10, 300, "c")]),
    LotMethod.LIFO: (200, [(10, 100, "a"), (5, 100, "b")]),
    LotMethod.SPECIFIC: (400, [(5, 100, "b"), (10, 300, "c")]),
}


def named(name: str, lots: int, price: int, fee: int = 0, instrument: int = 0, **more: object) -> object:
    return msgspec.structs.replace(fill(lots, price, fee, instrument=instrument), execution_id=name, **more)


def bust_of(one: object) -> object:
    return msgspec.structs.replace(
        one,
        side=Side.SELL if one.side is Side.BUY else Side.BUY,
        fee=-one.fee,
        execution_id=f"{one.execution_id}~bust",
        reverses=one.execution_id,
    )


def books_of(method: LotMethod, *fills: object) -> Books:
    books = Books("main", INSTRUMENTS, "USD", method)
    for one in fills:
        books.book(one)
    return books


def figures(books: Books) -> object:
    return books.positions(), books.net_positions(), books.cash("USD"), dict(books.turnover)


@pytest.mark.parametrize("method", LotMethod)
def test_a_sale_closes_the_lots_that_the_method_says(method: LotMethod) -> None:
    books = books_of(method, *(named(*buy) for buy in BUYS), named("s", -15, 4000))
    realised, lots = CASES[method]
    assert books.realised() == money(realised)
    assert books.open_lots("trend", 0) == [(count, money(cost), opened) for count, cost, opened in lots]


@pytest.mark.parametrize("method", LotMethod)
def test_a_short_is_covered_by_the_same_method(method: LotMethod) -> None:
    books = books_of(method, *(named(name, -lots, price) for name, lots, price in BUYS), named("c1", 15, 500))
    realised, lots = CASES[method]
    paid = {300: 225, 400: 125, 200: 325}[realised]
    assert books.realised() == money(paid)
    assert [count for count, _, _ in books.open_lots("trend", 0)] == [-count for count, _, _ in lots]


def test_a_flip_closes_every_lot_and_opens_one() -> None:
    books = books_of(LotMethod.FIFO, named("a", 10, 1000), named("b", 5, 2000), named("s", -20, 1500))
    assert books.open_lots("trend", 0) == [(-5, -money(75), "s")]
    assert books.realised() == money(25)


def test_named_lots_are_closed_instead_of_the_oldest() -> None:
    books = books_of(LotMethod.SPECIFIC, *(named(*buy) for buy in BUYS), named("s", -15, 4000))
    chosen = LotSelection(instrument=0, strategy="trend", execution_id="s", lots=(("c", 10), ("a", 2)))
    books.enter(chosen)
    assert books.realised() == money(100 + 60 + 3 * 30)
    assert books.open_lots("trend", 0) == [(5, money(50), "a"), (10, money(200), "b")]
    assert books.imbalance("USD") == 0


@pytest.mark.parametrize(
    ("lots", "text"),
    [
        ((("z", 1),), "no 1 open lots of execution 'z'"),
        ((("a", 11),), "no 11 open lots of execution 'a'"),
        ((("a", 10), ("b", 6)), "more lots are named than were closed"),
        ((("a", 0),), "lots is not positive"),
    ],
)
def test_lots_that_were_not_there_are_refused_and_nothing_changes(lots: tuple, text: str) -> None:
    books = books_of(LotMethod.SPECIFIC, *(named(*buy) for buy in BUYS), named("s", -15, 4000))
    before = figures(books)
    with pytest.raises(InputError, match=text):
        books.enter(LotSelection(instrument=0, strategy="trend", execution_id="s", lots=lots))
    assert figures(books) == before


def test_lots_are_chosen_only_where_the_account_says_so_and_for_executions_that_were() -> None:
    selection = LotSelection(instrument=0, strategy="trend", execution_id="no", lots=(("a", 1),))
    with pytest.raises(InputError, match="lots are not chosen in account main"):
        books_of(LotMethod.FIFO, named("a", 1, 1)).enter(selection)
    with pytest.raises(InputError, match="no execution 'no'"):
        books_of(LotMethod.SPECIFIC, named("a", 1, 1)).enter(selection)


def test_a_choice_survives_that_a_lot_it_named_is_taken_back() -> None:
    first = named("a", 10, 1000)
    books = books_of(LotMethod.SPECIFIC, first, named("b", 10, 2000), named("s", -5, 3000))
    books.enter(LotSelection(instrument=0, strategy="trend", execution_id="s", lots=(("a", 5),)))
    assert books.realised() == money(100)
    books.book(bust_of(first))
    assert books.realised() == money(50)
    assert books.open_lots("trend", 0) == [(5, money(100), "b")]


numbers = st.tuples(
    st.integers(-500, 500).filter(bool), st.integers(1, 10**5), st.integers(-(10**4), 10**4), st.sampled_from([0, 2, 4])
)
histories = st.lists(numbers, min_size=1, max_size=25)
methods = st.sampled_from(list(LotMethod))


def tell(history: list) -> list:
    return [
        named(f"x{index}", lots, price, fee, instrument) for index, (lots, price, fee, instrument) in enumerate(history)
    ]


@given(histories, methods)
def test_the_lots_sum_to_the_position_and_nothing_is_out_of_balance(history: list, method: LotMethod) -> None:
    books = Books("main", INSTRUMENTS, "USD", method)
    for one in tell(history):
        books.book(one)
        assert books.imbalance("USD") == 0
        for position in books.positions():
            lots = books.open_lots(position.strategy, position.instrument)
            assert sum(count for count, _, _ in lots) == position.quantity
            assert sum(cost for _, cost, _ in lots) == position.cost


@given(histories, methods, st.data())
def test_a_bust_leaves_the_books_as_though_the_fill_had_never_been(
    history: list, method: LotMethod, data: object
) -> None:
    fills = tell(history)
    gone = data.draw(st.integers(0, len(fills) - 1))
    books = books_of(method, *fills, bust_of(fills[gone]))
    without = books_of(method, *fills[:gone], *fills[gone + 1 :])
    held = [one for one in books.positions() if (one.quantity, one.cost, one.realised, one.fees) != (0, 0, 0, 0)]
    wanted = [one for one in without.positions() if (one.quantity, one.cost, one.realised, one.fees) != (0, 0, 0, 0)]
    assert sorted(held, key=repr) == sorted(wanted, key=repr)
    assert (books.cash("USD"), books.net_positions(), books.turnover["USD"]) == (
        without.cash("USD"),
        without.net_positions(),
        without.turnover["USD"],
    )


@given(histories, methods, st.data(), numbers)
def test_a_correction_stands_where_the_wrong_fill_stood(
    history: list, method: LotMethod, data: object, new: tuple
) -> None:
    fills = tell(history)
    wrong = data.draw(st.integers(0, len(fills) - 1))
    lots, price, fee, _ = new
    right = named("right", lots, price, fee, fills[wrong].instrument)
    correction = msgspec.structs.replace(right, corrects=fills[wrong].execution_id)
    books = books_of(method, *fills, bust_of(fills[wrong]), correction)
    without = books_of(method, *fills[:wrong], right, *fills[wrong + 1 :])
    assert figures(books) == figures(without)
    assert books.open_lots("trend", 0) == without.open_lots("trend", 0)


@given(histories, methods, st.randoms(), st.sampled_from([(0, 3, 2), (4, 1, 3)]))
def test_any_order_of_the_same_fills_gives_the_same_cash_and_position(
    history: list, method: LotMethod, random: object, split: tuple
) -> None:
    fills = tell(history)
    shuffled = list(fills)
    random.shuffle(shuffled)
    first, second = books_of(method, *fills), books_of(method, *shuffled)
    assert (first.cash("USD"), first.net_positions()) == (second.cash("USD"), second.net_positions())
    assert first.fees("USD") == second.fees("USD") and first.turnover == second.turnover


@given(histories, methods, st.integers(0, 24), st.integers(0, 24))
def test_books_restored_from_their_state_go_on_and_take_back_alike(
    history: list, method: LotMethod, at: int, gone: int
) -> None:
    fills = tell(history)
    books = Books("main", INSTRUMENTS, "USD", method)
    for one in fills[:at]:
        books.book(one)
    books.enter(Split(instrument=0, numerator=2, denominator=1))
    books.enter(CashDividend(instrument=0, amount=money(1)))
    restored = Books.from_state(decoder(BooksState)(encode(books.state())), INSTRUMENTS)
    for either in (books, restored):
        for one in fills[at:]:
            either.book(one)
        either.book(bust_of(fills[gone % len(fills)]))
    assert restored.state() == books.state()
    assert restored.imbalance("USD") == 0


def test_a_bust_far_back_in_a_long_history_is_found_and_taken_back() -> None:
    fills = [named(f"n{index}", 3 if index % 2 else -2, 1000 + index % 7, 1) for index in range(5_000)]
    for gone in (0, 1_023, 1_024, 2_500, 4_999):
        books = books_of(LotMethod.AVERAGE, *fills, bust_of(fills[gone]))
        without = books_of(LotMethod.AVERAGE, *fills[:gone], *fills[gone + 1 :])
        assert figures(books) == figures(without)


def test_a_number_beyond_64_bits_is_refused_and_nothing_changes() -> None:
    books = books_of(LotMethod.AVERAGE, named("a", 1, 100))
    before = figures(books)
    with pytest.raises(InputError, match="64-bit"):
        books.book(named("b", 1, 2**63))
    assert figures(books) == before
    books.book(named("c", 1, 100))
    assert books.position(0) == 2
