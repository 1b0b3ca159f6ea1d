from __future__ import annotations

from actors.portfolio.books import Books
from actors.portfolio.valuation import exposures, position_rows, total, value
from tests.actors.portfolio.samples import INSTRUMENTS, fill, money


def books() -> Books:
    kept = Books("main", INSTRUMENTS)
    kept.deposit("USD", money(10_000))
    kept.book(fill(100, 1000, money(1)))
    kept.book(fill(-30, 1100, money(1), strategy="revert"))
    kept.book(fill(-50, 2000, instrument=1))
    return kept


def test_an_account_is_valued_in_exact_integers() -> None:
    figures = value(books(), {0: 1200, 1: 1900}, INSTRUMENTS, "USD")
    assert figures.cash == money(10_000 - 1000 + 330 + 1000 - 2)
    assert figures.net_exposure == money(70 * 12 - 50 * 19)
    assert figures.gross_exposure == money(70 * 12 + 50 * 19)
    assert figures.equity == figures.cash + figures.net_exposure
    assert figures.unrealised == money(200 - 30 + 50)
    assert (figures.realised, figures.fees, figures.deposits) == (0, money(2), money(10_000))
    text = figures.text()
    assert text["currency"] == "USD"
    assert text["profit"] == "218.00"
    assert text["equity"] == "10218.00"


def test_a_position_without_a_price_counts_at_its_cost() -> None:
    assert exposures(books(), {1: 1900}, INSTRUMENTS, "USD") == {1: money(-950), 0: money(1000 - 330)}


def test_figures_of_accounts_add_up() -> None:
    one = value(books(), {0: 1200, 1: 1900}, INSTRUMENTS, "USD")
    both = total([one, one])
    assert both.equity == 2 * one.equity and both.currency == "USD"


def test_position_rows_net_over_strategies_and_show_their_parts() -> None:
    rows = position_rows(books(), {0: 1200}, {0: 9}, INSTRUMENTS, {"USD": money(10_000)})
    first, second = rows
    assert first["symbol"] == "AAA"
    assert (first["quantity"], first["price"], first["price_time"]) == ("70", "12.00", 9)
    assert (first["market_value"], first["cost"], first["average_cost"]) == ("840.00", "670.00", "9.57142857")
    assert (first["unrealised"], first["fees"], first["weight"]) == ("170.00", "2.00", "0.084")
    assert [part["quantity"] for part in first["strategies"]] == ["100", "-30"]
    assert second["quantity"] == "-50" and second["average_cost"] == "20"
    assert second["price"] is None and second["market_value"] is None and second["weight"] is None


def test_closed_positions_are_shown_on_demand() -> None:
    kept = Books("main", INSTRUMENTS)
    kept.book(fill(10, 1000))
    kept.book(fill(-10, 1100))
    assert position_rows(kept, {0: 1}, {}, INSTRUMENTS, {"USD": 0}) == []
    (row,) = position_rows(kept, {0: 1}, {}, INSTRUMENTS, {"USD": 0}, include_closed=True)
    assert (row["quantity"], row["realised"], row["average_cost"], row["weight"]) == ("0", "10.00", None, None)
    assert row["strategies"][0]["realised"] == "10.00"
