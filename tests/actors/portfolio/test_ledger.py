from __future__ import annotations

import pytest

from actors.errors import NotFound
from actors.messages import StateEvent, TradingState
from actors.portfolio.ledger import Ledger
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event


def ledger() -> Ledger:
    return Ledger(INSTRUMENTS, {"main": "USD"})


def test_events_build_the_books() -> None:
    copy = ledger()
    assert copy.apply(cash_event(1, money(1000)))
    assert copy.apply(order_event(2))
    assert copy.apply(order_event(3, fill(10, 1000)))
    books = copy.books("main")
    assert (books.cash("USD"), books.position(0)) == (money(900), 10)
    assert copy.sequences == {0: 3}


def test_a_repeated_event_is_applied_once() -> None:
    copy = ledger()
    for _ in range(2):
        assert copy.apply(cash_event(1, money(5)))
    assert copy.books("main").cash("USD") == money(5)


def test_a_gap_changes_nothing_and_is_told() -> None:
    copy = ledger()
    assert not copy.apply(cash_event(2, money(5)))
    assert copy.books("main").cash("USD") == 0
    assert copy.sequences == {}


def test_partitions_count_for_themselves() -> None:
    copy = ledger()
    assert copy.apply(cash_event(1, 1, partition=3, account="other"))
    assert copy.apply(cash_event(1, 2))
    assert copy.sequences == {3: 1, 0: 1}


def test_accounts_that_only_events_name_are_known_from_then_on() -> None:
    copy = ledger()
    copy.apply(order_event(1, fill(1, 100, instrument=3, account="euro")))
    copy.apply(cash_event(2, 7, account="yen", currency="JPY"))
    assert copy.accounts() == ["main", "euro", "yen"]
    assert (copy.currency("euro"), copy.currency("yen")) == ("EUR", "JPY")
    with pytest.raises(NotFound, match="no account 'nobody'"):
        copy.books("nobody")


def test_other_events_only_count() -> None:
    copy = ledger()
    halt = StateEvent(
        partition=0, sequence=1, time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"
    )
    assert copy.apply(halt)
    assert copy.sequences == {0: 1}
