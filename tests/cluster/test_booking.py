from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest
from typer.testing import CliRunner

from actors.entries import (
    CashDividend,
    Charge,
    Conversion,
    Entry,
    ExchangeRate,
    Exercise,
    LotMethod,
    LotSelection,
    Rename,
    Split,
    Termination,
    VariationMargin,
)
from actors.errors import AlphaMindError, InputError, NotFound
from actors.instruments import InstrumentMaster
from actors.portfolio.books import Books, BooksView
from cluster import booking
from cluster.cli import app
from configs.schema import Configuration
from tests.actors.portfolio.samples import fill, money
from tests.actors.portfolio.test_entries import MASTER
from tests.actors.ingest.test_corporate_actions import FACTORS

INSTRUMENTS = {instrument.symbol: instrument for instrument in MASTER}


class FakeClient:
    """A run whose accounts are books here."""

    def __init__(self) -> None:
        self.master = InstrumentMaster(MASTER)
        self.instruments = INSTRUMENTS
        self.accounts = {name: Books(name, MASTER, "USD", LotMethod.SPECIFIC) for name in ("main", "other")}
        self.configuration = Configuration.model_validate({"accounts": [{"id": "main"}, {"id": "other"}]})
        self.keys: set[tuple[str, str]] = set()

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def books(self, account: str) -> BooksView:
        return self.accounts[account].view(0)

    def prices(self, account: str) -> dict[int, int]:
        return {0: 10_000}

    def book(self, entry: Entry, *, key: str, reason: str, account: str) -> list[str]:
        took = []
        for name in [account] if account else list(self.accounts):
            if (name, key) not in self.keys:
                self.accounts[name].enter(entry)
                self.keys.add((name, key))
                took.append(name)
        return took


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    found = FakeClient()
    monkeypatch.setattr("actors.client.connect", lambda run=None: found)
    return found


# What a file says, and the entry that it means.
WORDS: list[tuple[dict[str, Any], Entry]] = [
    ({"entry": "split", "symbol": "AAA", "numerator": 2, "denominator": 1},
     Split(instrument=0, numerator=2, denominator=1)),
    ({"entry": "split", "symbol": "AAA", "numerator": 1, "denominator": 10, "price": 12.5},
     Split(instrument=0, numerator=1, denominator=10, price=money(12.5))),
    ({"entry": "dividend", "symbol": "AAA", "amount": "0.25"}, CashDividend(instrument=0, amount=money(0.25))),
    ({"entry": "rename", "symbol": "AAA", "into": "AAN"}, Rename(instrument=0, into=1)),
    ({"entry": "termination", "symbol": "AAA", "price": 0, "kind": "delisting"},
     Termination(instrument=0, price=0, kind="delisting")),
    ({"entry": "variation", "symbol": "FUT", "price": "4000.25"}, VariationMargin(instrument=3, price=money(4000.25))),
    ({"entry": "exercise", "symbol": "AAA C100", "strategy": "trend", "quantity": 2},
     Exercise(instrument=4, strategy="trend", quantity=2)),
    ({"entry": "charge", "kind": "interest", "currency": "USD", "amount": "-1.5"},
     Charge(kind="interest", currency="USD", amount=-money(1.5))),
    ({"entry": "charge", "kind": "borrow", "currency": "USD", "amount": "-1", "symbol": "AAA", "strategy": "trend"},
     Charge(kind="borrow", currency="USD", amount=-money(1), instrument=0, strategy="trend")),
    ({"entry": "conversion", "sold": "USD", "sold_amount": 110, "bought": "EUR", "bought_amount": "100"},
     Conversion(sold="USD", sold_amount=money(110), bought="EUR", bought_amount=money(100))),
    ({"entry": "rate", "currency": "EUR", "rate": "1.1"}, ExchangeRate(currency="EUR", rate=money(1.1))),
    ({"entry": "lots", "symbol": "AAA", "strategy": "trend", "execution_id": "s", "lots": {"a": 5}},
     LotSelection(instrument=0, strategy="trend", execution_id="s", lots=(("a", 5),))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "entry"), WORDS)
def test_entries_are_read_from_words(tmp_path: pathlib.Path, words: dict, entry: Entry) -> None:
    path = tmp_path / "entries.yaml"
    path.write_text(json.dumps([{**words, "key": "k", "account": "main"}]))
    (wanted,) = booking.read_entries(path, INSTRUMENTS)
    assert wanted == booking.Wanted("main", entry, words["entry"], "k")


WRONG = {
    "no list": ("split", "file"),
    "no such entry": ('[{"entry": "merger", "key": "k"}]', "entries[0].entry"),
    "no key": ('[{"entry": "rate", "currency": "EUR", "rate": 1}]', "entries[0].key"),
    "a missing field": ('[{"entry": "dividend", "symbol": "AAA", "key": "k"}]', "entries[0].amount"),
    "an unknown field": ('[{"entry": "rate", "currency": "EUR", "rate": 1, "key": "k", "x": 1}]', "entries[0].x"),
    "no number": ('[{"entry": "dividend", "symbol": "AAA", "amount": "nan", "key": "k"}]', "entries[0].amount"),
    "an entry that is a list": ('[{"entry": ["split"], "key": "k"}]', "entries[0].entry"),
    "another kind of value": (
        '[{"entry": "split", "symbol": "AAA", "numerator": "two", "denominator": 1, "key": "k"}]', "entries[0]",
    ),
    "another kind of charge": (
        '[{"entry": "charge", "kind": "bribe", "currency": "USD", "amount": 1, "key": "k"}]', "entries[0]",
    ),
    "lots that are none": (
        '[{"entry": "lots", "symbol": "AAA", "strategy": "t", "execution_id": "s", "lots": [1], "key": "k"}]',
        "entries[0].lots",
    ),
    "no such instrument": ('[{"entry": "dividend", "symbol": "ZZZ", "amount": 1, "key": "k"}]', "symbol"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_with_the_field(tmp_path: pathlib.Path, case: str) -> None:
    text, field = WRONG[case]
    path = tmp_path / "entries.yaml"
    path.write_text(text)
    with pytest.raises(AlphaMindError) as caught:
        booking.read_entries(path, INSTRUMENTS)
    assert caught.value.field == field


def test_files_that_are_missing_or_unreadable_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotFound):
        booking.read_entries(tmp_path / "none.yaml", INSTRUMENTS)
    with pytest.raises(NotFound):
        booking.read_financing(tmp_path / "none.yaml", INSTRUMENTS)
    with pytest.raises(NotFound, match="no corporate actions"):
        booking.read_actions(tmp_path, ["AAA"])
    (tmp_path / "bad.yaml").write_text("{")
    for read in (booking.read_entries, booking.read_financing):
        with pytest.raises(InputError):
            read(tmp_path / "bad.yaml", INSTRUMENTS)
    for text in ("interest: {USD: 1}", "credit: 5", "credit: {USD: much}", "year: 364", "[1]"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(InputError):
            booking.read_financing(tmp_path / "bad.yaml", INSTRUMENTS)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["books", *arguments], env={"COLUMNS": "200"})


def test_a_file_is_booked_once_however_often_it_is_given(client: FakeClient, tmp_path: pathlib.Path) -> None:
    for name, books in client.accounts.items():
        books.book(fill(100, 1000, account=name))
    path = tmp_path / "entries.yaml"
    path.write_text("- {entry: dividend, symbol: AAA, amount: 0.5, key: d1, reason: a dividend}\n")
    assert invoke("enter", str(path), "--dry-run").exit_code == 0
    assert client.accounts["main"].income("USD") == 0
    first, again = invoke("enter", str(path)), invoke("enter", str(path), "--json")
    assert "main, other" in first.stdout and json.loads(again.stdout)[0]["booked"] == []
    assert client.accounts["main"].income("USD") == client.accounts["other"].income("USD") == money(50)


def test_corporate_actions_of_a_folder_are_booked_for_the_dates(client: FakeClient, tmp_path: pathlib.Path) -> None:
    client.accounts["main"].book(fill(100, 1000))
    for name in ("factor_files", "map_files"):
        (tmp_path / name).mkdir()
    (tmp_path / "factor_files" / "aaa.csv").write_text(FACTORS)
    (tmp_path / "map_files" / "aaa.csv").write_text("20000103,aaa,Q\n20030303,aaa,Q\n20041231,aan,Q\n")
    done = invoke("corporate-actions", str(tmp_path), "--from", "2000-01-01", "--to", "2003-12-31", "--json")
    rows = json.loads(done.stdout)
    assert [row["key"] for row in rows] == [
        "split:AAA:2000-06-01", "dividend:AAA:2001-06-01", "split:AAA:2002-06-03", "dividend:AAA:2002-06-03",
        "rename:AAA:2003-03-03",
    ]  # fmt: skip
    assert client.accounts["main"].net_positions() == {1: 600}
    assert client.accounts["main"].income("USD") == money(300 * 0.5101 + 600)
    refused = invoke("corporate-actions", str(tmp_path), "--from", "yesterday")
    assert isinstance(refused.exception, InputError) and refused.exception.field == "from"


def test_the_end_of_a_listing_needs_a_price(client: FakeClient, tmp_path: pathlib.Path) -> None:
    client.accounts["main"].book(fill(10, 1000, instrument=1))
    (tmp_path / "map_files").mkdir()
    (tmp_path / "map_files" / "aan.csv").write_text("20000103,aan,Q\n20041231,aan,Q\n")
    day = datetime.date(2004, 12, 31)
    with pytest.raises(InputError, match="AAN was delisted"):
        booking.actions_between(tmp_path, client.master, day, day, {})
    done = invoke("corporate-actions", str(tmp_path), "--from", "2004-12-31", "--price", "AAN=4")
    assert done.exit_code == 0 and client.accounts["main"].realised("USD") == -money(60)
    refused = invoke("corporate-actions", str(tmp_path), "--from", "2004-12-31", "--price", "AAN")
    assert isinstance(refused.exception, InputError) and refused.exception.field == "price"


def test_a_night_is_charged_once(client: FakeClient, tmp_path: pathlib.Path) -> None:
    books = client.accounts["main"]
    books.deposit("USD", money(1_000))
    books.book(fill(-10, 10_000))
    rates = tmp_path / "rates.yaml"
    rates.write_text("credit: {USD: 0.036}\nborrow: {AAA: 0.18, otherwise: 0.01}\n")
    for _ in range(2):
        done = invoke("financing", str(rates), "--date", "2026-01-02", "--nights", "3", "--account", "main")
        assert done.exit_code == 0
    assert books.income("USD") == money(0.6 - 1.5)
    everyone = invoke("financing", str(rates), "--date", "2026-01-05", "--json")
    assert {row["account"] for row in json.loads(everyone.stdout)} == {"main"}
