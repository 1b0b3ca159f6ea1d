"""Executions that are taken back or changed after other things happened: the books are as if they had been right."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entries import (
    CashDividend,
    Charge,
    Conversion,
    ExchangeRate,
    Exercise,
    LotMethod,
    LotSelection,
    Rename,
    Split,
    Termination,
    VariationMargin,
)
from actors.errors import InputError
from actors.messages import AccountEvent, Instrument, OptionTerms
from actors.portfolio.books import Books
from actors.portfolio.holding import EVERY
from actors.portfolio.ledger import Ledger
from tests.actors.portfolio.samples import cash_event, fill, money, order_event
from tests.actors.portfolio.test_entries import CALL, FUTURE, MASTER, books_with, one_position, take
from tests.actors.portfolio.test_lots import bust_of, named

ERROR = named("wrong", -10, 1_000)


@pytest.mark.parametrize("lots", LotMethod)
@pytest.mark.parametrize(
    ("entries", "position"),
    [
        ([Split(instrument=0, numerator=2, denominator=1), CashDividend(instrument=0, amount=money(1))],
         (20, 100, 0, 20)),
        ([Termination(instrument=0, price=money(12), kind="delisting")], (0, 0, 20, 0)),
    ],
)  # fmt: skip
def test_what_happened_while_the_position_was_flat_by_mistake_is_made_up_for(
    lots: LotMethod, entries: list, position: tuple
) -> None:
    books = books_with(named("right", 10, 1_000), ERROR, lots=lots)
    for entry in entries:
        books.enter(entry)
    books.book(bust_of(ERROR))
    assert one_position(books) == position
    assert books.imbalance("USD") == 0


def test_a_position_that_was_flat_by_mistake_at_a_rename_has_the_new_name() -> None:
    books = books_with(named("right", 10, 1_000), ERROR)
    books.enter(Rename(instrument=0, into=1))
    books.book(bust_of(ERROR))
    assert books.net_positions() == {1: 10} and ("trend", 1) in books.touched


def test_variation_margin_reaches_a_future_that_was_flat_by_mistake() -> None:
    opened, closed = named("o", 1, 4 * 4_000, instrument=3), named("c", -1, 4 * 4_000, instrument=3)
    books = books_with(opened, closed)
    books.enter(VariationMargin(instrument=3, price=money(4_010)))
    books.book(bust_of(closed))
    assert books.cash("USD") == money(500) and books.equity({3: 4 * 4_010}, "USD") == money(500)


def test_money_for_a_part_of_a_share_is_reckoned_anew() -> None:
    wrong = named("wrong", 1, 1_000)
    books = books_with(named("right", 14, 1_000), wrong)
    books.enter(Split(instrument=0, numerator=1, denominator=10, price=money(100)))
    books.book(bust_of(wrong))
    assert one_position(books) == (1, 100, 0, 0)
    assert books.cash("USD") == money(-140 + 40)


@given(
    st.lists(st.tuples(st.integers(-40, 40).filter(bool), st.integers(1, 5_000)), min_size=1, max_size=8),
    st.integers(0, 7),
    st.integers(0, 8),
    st.sampled_from(list(LotMethod)),
    st.sampled_from(
        [
            Split(instrument=0, numerator=1, denominator=3, price=money(7)),
            Split(instrument=0, numerator=7, denominator=2, price=money(3)),
            CashDividend(instrument=0, amount=money(0.37)),
            Termination(instrument=0, price=money(11), kind="redemption"),
        ]
    ),
)
def test_a_bust_before_an_entry_is_the_history_without_it(
    history: list, gone: int, at: int, lots: LotMethod, entry: object
) -> None:
    fills = [named(f"n{number}", quantity, price) for number, (quantity, price) in enumerate(history)]
    gone, at = gone % len(fills), at % (len(fills) + 1)

    def told(leave_out: int | None) -> Books:
        books = books_with(lots=lots)
        for number, one in enumerate([*fills, None]):
            if number == at:
                books.enter(entry)
            if one is not None and number != leave_out:
                books.book(one)
        return books

    books, without = told(None), told(gone)
    books.book(bust_of(fills[gone]))
    assert (books.cash("USD"), books.net_positions()) == (without.cash("USD"), without.net_positions())
    assert (books.cost("USD"), books.realised("USD"), books.income("USD")) == (
        without.cost("USD"),
        without.realised("USD"),
        without.income("USD"),
    )
    assert books.open_lots("trend", 0) == without.open_lots("trend", 0)


def test_a_bust_of_an_exercised_option_takes_the_delivery_back() -> None:
    bought = named("b", 2, 300, instrument=CALL.id)
    books = books_with(bought)
    books.enter(Exercise(instrument=CALL.id, strategy="trend", quantity=2))
    books.book(bust_of(bought))
    assert books.net_positions() == {} and books.cash("USD") == 0
    assert sorted(books.touched) == [("trend", 0), ("trend", CALL.id)]


def test_a_long_call_is_never_assigned_because_of_a_bust() -> None:
    bought = named("b", 2, 300, instrument=CALL.id)
    books = books_with(named("short", -1, 400, instrument=CALL.id), bought)
    books.enter(Exercise(instrument=CALL.id, strategy="trend", quantity=1))
    books.book(bust_of(bought))
    assert books.net_positions() == {CALL.id: -1}
    assert books.cash("USD") == money(400) and books.imbalance("USD") == 0


def test_renames_back_and_forth_and_a_bust_come_to_an_end() -> None:
    first = named("a", 10, 1_000)
    books = books_with(first, named("b", 5, 1_000))
    for number in range(2_000):
        books.enter(Rename(instrument=number % 2, into=1 - number % 2))
    books.book(bust_of(first))
    assert books.net_positions() == {0: 5} and books.cost("USD") == money(50)


OPTION = OptionTerms(underlying=0, right="call", strike=money(100), expiry=10**18)
MARGINED_CALL = Instrument(id=10, symbol="M", multiplier=100, settlement="margined", option=OPTION)
EURO_CALL = Instrument(id=10, symbol="E", multiplier=100, currency="EUR", option=OPTION)


def test_a_margined_option_pays_its_premium_when_it_is_exercised() -> None:
    books = Books("main", (*MASTER, MARGINED_CALL), "USD")
    books.deposit("USD", money(100_000))
    books.book(fill(1, 500, instrument=10))
    books.enter(Exercise(instrument=10, strategy="trend", quantity=1))
    assert books.realised("USD") == -money(500)
    assert books.equity({0: 10_500}, "USD") == money(100_000)
    assert books.imbalance("USD") == 0


def test_an_option_in_another_currency_than_its_underlying_is_not_exercised() -> None:
    books = Books("main", (*MASTER, EURO_CALL), "USD")
    books.book(fill(1, 500, instrument=10))
    with pytest.raises(InputError, match="in two currencies"):
        books.enter(Exercise(instrument=10, strategy="trend", quantity=1))


def test_a_correction_of_a_fee_keeps_the_lots_that_were_named() -> None:
    sale = named("s", -10, 2_000, 5)
    books = books_with(named("a", 10, 1_000), named("b", 10, 1_500), sale, lots=LotMethod.SPECIFIC)
    books.enter(LotSelection(instrument=0, strategy="trend", execution_id="s", lots=(("b", 10),)))
    assert books.realised() == money(50)
    books.book(bust_of(sale))
    books.book(msgspec.structs.replace(sale, execution_id="s2", fee=7, corrects="s"))
    assert books.realised() == money(50) and books.fees() == 7
    opening = named("b", 10, 1_500)
    books.book(bust_of(opening))
    books.book(msgspec.structs.replace(opening, execution_id="b2", fee=1, corrects="b"))
    assert books.realised() == money(50)


def test_a_selection_whose_lots_were_busted_does_not_block_another() -> None:
    first = named("a", 10, 1_000)
    books = books_with(
        first, named("b", 10, 1_500), named("c", 10, 1_200), named("s1", -5, 2_000), named("s2", -5, 2_000),
        lots=LotMethod.SPECIFIC,
    )  # fmt: skip
    books.enter(LotSelection(instrument=0, strategy="trend", execution_id="s1", lots=(("a", 5),)))
    books.book(bust_of(first))
    books.enter(LotSelection(instrument=0, strategy="trend", execution_id="s2", lots=(("c", 5),)))
    assert books.realised() == money(5 * 5 + 5 * 8)


@pytest.mark.parametrize("strategy", ["trend", "nobody"])
def test_a_selection_that_closes_nothing_or_is_nobodys_is_refused_without_a_trace(strategy: str) -> None:
    books = books_with(named("a", 10, 1_000), lots=LotMethod.SPECIFIC)
    before = books.state()
    with pytest.raises(InputError):
        books.enter(LotSelection(instrument=0, strategy=strategy, execution_id="a", lots=(("zzz", 99),)))
    with pytest.raises(InputError):
        books.book(named("huge", 1, 2**63, instrument=1))
    assert books.state() == before


TOO_MUCH = [
    [CashDividend(instrument=0, amount=2**63 - 1)],
    [Split(instrument=0, numerator=2**63 - 1, denominator=1)],
    [Termination(instrument=0, price=2**63 - 1, kind="redemption")],
    [VariationMargin(instrument=3, price=2**63 - 1)],
    [ExchangeRate(currency="EUR", rate=2**63 - 1)],
]


@pytest.mark.parametrize("entries", TOO_MUCH)
def test_what_would_take_the_books_beyond_64_bits_is_refused(entries: list) -> None:
    books = books_with(fill(1_000, 1_000), fill(2, 16_000, instrument=3))
    books.enter(ExchangeRate(currency="EUR", rate=money(1)))
    books.enter(Conversion(sold="USD", sold_amount=money(10), bought="EUR", bought_amount=money(10)))
    before = books.state()
    with pytest.raises(InputError, match="beyond what can be kept|more cash"):
        for entry in entries:
            books.enter(entry)
    assert books.state() == before


@pytest.mark.parametrize(
    "entry",
    [
        Charge(kind="fee", currency="usdd", amount=-1),
        Conversion(sold="USD", sold_amount=1, bought="USDD", bought_amount=1),
        Charge(kind="borrow", currency="USD", amount=-1, strategy="trned", instrument=0),
        ExchangeRate(currency="euro", rate=1),
    ],
)
def test_a_currency_or_a_strategy_that_nobody_knows_is_refused(entry: object) -> None:
    books = books_with(fill(1, 1_000))
    before = books.state()
    with pytest.raises(InputError):
        books.enter(entry)
    assert books.state() == before


def test_money_that_was_brought_before_any_rate_is_no_profit() -> None:
    books = Books("main", (*MASTER, Instrument(id=10, symbol="G", currency="GBP")), "USD")
    books.deposit("USD", money(1_000))
    books.enter(Conversion(sold="USD", sold_amount=money(110), bought="EUR", bought_amount=money(100)))
    books.enter(Conversion(sold="EUR", sold_amount=money(50), bought="GBP", bought_amount=money(40)))
    books.enter(ExchangeRate(currency="EUR", rate=money(1.1)))
    books.enter(ExchangeRate(currency="GBP", rate=money(1.375)))
    assert [pool.translated - pool.contributed for pool in books.pools.values()] == [0, 0]
    assert all(books.imbalance(currency) == 0 for currency in ("USD", "EUR", "GBP"))


def test_views_of_margined_positions_and_stakes_go_on_where_they_were() -> None:
    books = books_with(fill(2, 16_000, instrument=3))
    books.enter(ExchangeRate(currency="EUR", rate=money(1)))
    books.enter(Conversion(sold="USD", sold_amount=money(10), bought="EUR", bought_amount=money(10)))
    books.enter(Charge(kind="interest", currency="EUR", amount=money(1)))
    again = Books.from_view(books.view(1), MASTER, "USD")
    assert again.owed("USD") == books.owed("USD") == money(400_000)
    assert again.imbalance("USD") == again.imbalance("EUR") == 0
    assert again.equity({3: 16_000}, "USD") == books.equity({3: 16_000}, "USD")
    assert again.view(1) == books.view(1)
    assert FUTURE.margined


def test_the_lot_method_comes_with_the_opening_and_never_later() -> None:
    ledger = Ledger(MASTER, {"main": "USD"})
    books = ledger.books("main")
    opened = AccountEvent(partition=0, sequence=1, time=0, account="main", currency="USD", lots=LotMethod.FIFO)
    assert ledger.apply(opened)
    assert ledger.books("main") is books and books.lots is LotMethod.FIFO
    ledger.apply(cash_event(2, money(1_000)))
    ledger.apply(order_event(3, fill(10, 1_000)))
    assert [opened for _, _, opened in books.open_lots("trend", 0)] == ["x"]
    with pytest.raises(InputError, match="have begun"):
        books.begin("USD", LotMethod.LIFO)


def test_what_is_remembered_of_a_long_history_is_little_and_recent() -> None:
    books = books_with(*(named(f"n{number}", 1, 1_000 + number % 9) for number in range(40_000)), lots=LotMethod.FIFO)
    holding = books.find("trend", 0)
    assert holding is not None
    steps = [mark[0] for mark in holding.marks]
    assert len(steps) < 12 and 40_000 - steps[-1] <= 2 * EVERY
    assert 40_000 - steps[len(steps) // 2] < 20_000


def test_every_kind_of_entry_touches_what_it_changes() -> None:
    books = books_with(fill(10, 1_000), fill(10, 1_000, strategy="revert"))
    assert books.touched == [("revert", 0)]
    take(books, CashDividend(instrument=0, amount=money(1)))
    assert books.touched == [("trend", 0), ("revert", 0)]
