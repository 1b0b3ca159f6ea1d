import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.market.book import Book
from actors.market.ticks import BookAction

ADD, REDUCE, DELETE, EXECUTE = BookAction.ADD, BookAction.REDUCE, BookAction.DELETE, BookAction.EXECUTE
HIDDEN, HALT = BookAction.EXECUTE_HIDDEN, BookAction.HALT
BUY, SELL = 1, -1


@pytest.mark.parametrize(
    ("messages", "top"),
    [
        ([], (0, 0, 0, 0)),
        ([(ADD, 1, BUY, 99, 5)], (99, 0, 5, 0)),
        ([(ADD, 1, BUY, 99, 5), (ADD, 2, SELL, 101, 7)], (99, 101, 5, 7)),
        ([(ADD, 1, BUY, 99, 5), (ADD, 2, BUY, 99, 3)], (99, 0, 8, 0)),
        ([(ADD, 1, BUY, 99, 5), (ADD, 2, BUY, 98, 3)], (99, 0, 5, 0)),
        ([(ADD, 1, SELL, 101, 5), (ADD, 2, SELL, 100, 3)], (0, 100, 0, 3)),
        ([(ADD, 1, BUY, 99, 5), (REDUCE, 1, BUY, 99, 2)], (99, 0, 3, 0)),
        ([(ADD, 1, BUY, 99, 5), (ADD, 2, BUY, 98, 3), (DELETE, 1, BUY, 99, 5)], (98, 0, 3, 0)),
        ([(ADD, 1, BUY, 99, 5), (ADD, 2, BUY, 98, 3), (DELETE, 2, BUY, 98, 3)], (99, 0, 5, 0)),
        ([(ADD, 1, SELL, 101, 5), (EXECUTE, 1, SELL, 101, 2)], (0, 101, 0, 3)),
        ([(ADD, 1, SELL, 101, 5), (EXECUTE, 1, SELL, 101, 5)], (0, 0, 0, 0)),
        ([(ADD, 1, SELL, 101, 5), (EXECUTE, 1, SELL, 101, 9)], (0, 0, 0, 0)),
        ([(ADD, 1, SELL, 101, 5), (HIDDEN, 0, SELL, 100, 2)], (0, 101, 0, 5)),
        ([(ADD, 1, SELL, 101, 5), (HALT, 0, BUY, 0, 0)], (0, 101, 0, 5)),
        ([(ADD, 1, SELL, 101, 0)], (0, 0, 0, 0)),
    ],
)
def test_the_top_of_the_book_follows_the_messages(messages, top):
    book = Book()
    for message in messages:
        book.apply(*message)
    assert book.top == top
    assert (book.unknown_orders, book.repeated_orders, book.stale_orders) == (0, 0, 0)


def test_messages_on_unknown_orders_are_counted_and_change_nothing():
    book = Book()
    book.apply(ADD, 1, BUY, 99, 5)
    for action in (REDUCE, DELETE, EXECUTE):
        assert book.apply(action, 2, BUY, 99, 5) == (99, 0, 5, 0)
    assert book.unknown_orders == 3


def test_a_repeated_order_id_replaces_the_order_and_is_counted():
    book = Book()
    book.apply(ADD, 1, BUY, 99, 5)
    assert book.apply(ADD, 1, SELL, 101, 2) == (0, 101, 0, 2)
    assert (book.repeated_orders, len(book)) == (1, 1)


def test_an_order_that_crosses_the_book_proves_the_orders_that_it_crosses_stale():
    book = Book()
    for number, price in enumerate((100, 101, 102)):
        book.apply(ADD, number, SELL, price, 5)
    assert book.apply(ADD, 9, BUY, 101, 1) == (101, 102, 1, 5)
    assert (book.stale_orders, len(book)) == (2, 2)


def test_an_execution_behind_better_orders_proves_them_stale():
    book = Book()
    for number, price in enumerate((98, 99, 100)):
        book.apply(ADD, number, BUY, price, 5)
    assert book.apply(EXECUTE, 1, BUY, 99, 2) == (99, 0, 3, 0)
    assert book.stale_orders == 1


def test_halts_are_counted():
    book = Book()
    book.apply(HALT, 0, BUY, 0, 0)
    assert book.halts == 1


MESSAGES = st.lists(
    st.tuples(
        st.sampled_from([ADD, ADD, ADD, REDUCE, DELETE, EXECUTE, HIDDEN, HALT]),
        st.integers(1, 12),
        st.sampled_from([BUY, SELL]),
        st.integers(90, 110),
        st.integers(0, 9),
    ),
    max_size=80,
)


@given(MESSAGES)
def test_the_book_is_never_crossed_and_sizes_are_positive_where_there_is_a_price(messages):
    book = Book()
    for message in messages:
        bid, ask, bid_size, ask_size = book.apply(*message)
        assert not (bid and ask) or bid < ask
        assert (bid > 0) == (bid_size > 0) and (ask > 0) == (ask_size > 0)


@given(MESSAGES)
def test_the_top_is_that_of_the_orders_which_are_left(messages):
    book, orders = Book(), {}
    for action, order, side, price, size in messages:
        top = book.apply(action, order, side, price, size)
        if action == ADD:
            orders.pop(order, None)
            orders = {
                key: each for key, each in orders.items() if each[0] == side or (each[1] - price) * side > 0
            }  # fmt: skip
            if size:
                orders[order] = (side, price, size)
        elif action in (REDUCE, EXECUTE, DELETE) and order in orders:
            held, level, left = orders.pop(order)
            if action == EXECUTE:
                orders = {
                    key: each for key, each in orders.items() if each[0] != held or (each[1] - level) * held <= 0
                }  # fmt: skip
            if action != DELETE and left > size:
                orders[order] = (held, level, left - size)
        sizes = collections.Counter()
        for held, level, left in orders.values():
            sizes[held, level] += left
        bid = max((level for held, level in sizes if held == BUY), default=0)
        ask = min((level for held, level in sizes if held == SELL), default=0)
        assert top == (bid, ask, sizes[BUY, bid], sizes[SELL, ask])
        assert len(book) == len(orders)


@given(MESSAGES)
def test_deleting_every_order_empties_the_book(messages):
    book = Book()
    for message in messages:
        book.apply(*message)
    for order in range(1, 13):
        book.apply(DELETE, order, BUY, 0, 0)
    assert (book.top, len(book)) == ((0, 0, 0, 0), 0)
