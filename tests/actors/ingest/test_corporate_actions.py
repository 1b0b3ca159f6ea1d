from __future__ import annotations

import csv
import datetime
import io
import pathlib
import zipfile

import pytest

from actors.entries import CashDividend, Rename, Split, Termination
from actors.errors import InputError, NotFound
from actors.ingest.corporate_actions import (
    CorporateAction,
    between,
    by_symbol,
    entry_of,
    read_factor_file,
    read_map_file,
)
from actors.instruments import InstrumentMaster
from actors.messages import MONEY_UNIT, Instrument
from actors.portfolio.books import Books
from tests.actors.portfolio.samples import fill, money
from tests.data import real_data

MASTER = InstrumentMaster([Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB")])
FACTORS = """20000103,0.9552001,0.1666667,1
20000601,0.9552001,0.1666667,60.00
20010601,0.9552001,0.5,25.12
20020603,0.9750000,0.5,40.00
20501231,1,1,0
"""


def written(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_factor_file_tells_splits_and_dividends(tmp_path: pathlib.Path) -> None:
    found = read_factor_file(written(tmp_path, "aaa.csv", FACTORS))
    assert [(one.kind, str(one.last), one.ratio, one.amount) for one in found] == [
        ("split", "2000-06-01", (3, 1), 0),
        ("dividend", "2001-06-01", (1, 1), money(0.5101)),
        ("split", "2002-06-03", (2, 1), 0),
        ("dividend", "2002-06-03", (1, 1), money(1)),
    ]
    assert [one.key for one in between(found, datetime.date(2002, 1, 1), datetime.date(2002, 12, 31))] == [
        "split:AAA:2002-06-03",
        "dividend:AAA:2002-06-03",
    ]


def test_a_map_file_tells_renames_and_the_end(tmp_path: pathlib.Path) -> None:
    found = read_map_file(written(tmp_path, "bbb.csv", "20000103,aaa,Q\n20030303,aaa,Q\n20050505,bbb,Q\n"))
    assert [(one.kind, str(one.last), one.symbol, one.into) for one in found] == [
        ("rename", "2003-03-03", "AAA", "BBB"),
        ("delisting", "2005-05-05", "BBB", ""),
    ]
    assert list(by_symbol(found)) == ["AAA", "BBB"]


def test_actions_become_entries() -> None:
    day = datetime.date(2020, 1, 1)
    split = CorporateAction("AAA", day, "split", (2, 1))
    assert entry_of(split, MASTER, 0) == Split(instrument=0, numerator=2, denominator=1)
    dividend = CorporateAction("AAA", day, "dividend", amount=7)
    assert entry_of(dividend, MASTER, 0) == CashDividend(instrument=0, amount=7)
    assert entry_of(CorporateAction("AAA", day, "rename", into="BBB"), MASTER, 0) == Rename(instrument=0, into=1)
    gone = CorporateAction("BBB", day, "delisting")
    assert entry_of(gone, MASTER, 0, 0) == Termination(instrument=1, price=0, kind="delisting")
    with pytest.raises(InputError, match="BBB was delisted, and there is no price"):
        entry_of(gone, MASTER, 0)
    with pytest.raises(NotFound):
        entry_of(CorporateAction("ZZZ", day, "dividend", amount=7), MASTER, 0)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("20000103,1\n", "line 1"),
        ("soon,1,1,1\n", "line 1"),
        ("20000103,1,1,1\n20000104,nan,1,1\n", "line 2"),
        ("20000103,0,1,1\n", "line 1"),
        ("20000103,1,-1,1\n", "line 1"),
        ("20000103,1,1,10\n20501231,0.9,1,0\n", "2000-01-03"),
    ],
)
def test_a_wrong_factor_file_is_refused_with_the_line(tmp_path: pathlib.Path, text: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        read_factor_file(written(tmp_path, "aaa.csv", text))
    assert caught.value.field == field


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotFound, match=r"none\.csv"):
        read_map_file(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not text"):
        read_map_file(tmp_path / "bytes.csv")


def daily_closes(path: pathlib.Path) -> dict[datetime.date, int]:
    """Unadjusted closes in cents; the file's prices are times 10,000."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = csv.reader(io.StringIO(text))
    return {datetime.datetime.strptime(row[0][:8], "%Y%m%d").date(): round(int(row[4]) / 100) for row in rows}


@pytest.mark.parametrize("symbol", ["aapl", "ibm", "bac", "spy", "aig"])
def test_a_holder_earns_over_every_real_action_what_adjusted_prices_say(symbol: str) -> None:
    folder = real_data("lean", "equity", "usa")
    closes = daily_closes(folder / "daily" / f"{symbol}.zip")
    actions = read_factor_file(folder / "factor_files" / f"{symbol}.csv")
    days = sorted(closes)
    books = Books("main", [Instrument(id=0, symbol=symbol.upper())], "USD")
    books.deposit("USD", money(10_000_000))
    shares = 300_000
    books.book(fill(shares, closes[days[0]], instrument=0))
    compared = 0
    for before, after in zip(days, days[1:]):
        todays = between(actions, before, after - datetime.timedelta(days=1))
        equity, held = books.equity({0: closes[before]}), books.position(0)
        for action in todays:
            books.enter(
                entry_of(action, InstrumentMaster([Instrument(id=0, symbol=symbol.upper())]), 0, closes[after] * 10**6)
            )
        assert books.imbalance("USD") == 0
        splits = [action.ratio for action in todays if action.kind == "split"]
        paid = sum(action.amount for action in todays if action.kind == "dividend")
        factor = 1.0
        for up, down in splits:
            factor *= up / down
        gained = (books.equity({0: closes[after]}) - equity) / MONEY_UNIT
        expected = held * (factor * (closes[after] / 100 + paid / MONEY_UNIT) - closes[before] / 100)
        assert gained == pytest.approx(expected, abs=5.0)
        compared += len(todays)
    assert compared > 10
    growth = 1.0
    for action in between(actions, days[0], days[-1] - datetime.timedelta(days=1)):
        growth *= action.ratio[0] / action.ratio[1]
    assert books.position(0) == pytest.approx(shares * growth, rel=1e-3)
    assert books.income("USD") > 0
