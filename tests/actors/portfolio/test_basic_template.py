"""LEAN's BasicTemplateAlgorithm: all in SPY on the first minute of 2013-10-07, held to 2013-10-11."""

from __future__ import annotations

import decimal
import pathlib
import zipfile

import msgspec
import pytest

from actors.decimals import money_text
from actors.messages import MONEY_UNIT, Instrument
from actors.portfolio.books import Books
from tests.actors.portfolio.samples import fill, money
from tests.data import real_data

SPY = Instrument(id=0, symbol="SPY", price_increment=1)
FACTOR = decimal.Decimal("0.8646266")
OPEN, CLOSE = 34_200_000, 57_600_000
BUFFER = decimal.Decimal("0.0025")
FEE_A_SHARE = decimal.Decimal("0.005")


def buy_and_hold(ask: decimal.Decimal, last: decimal.Decimal) -> Books:
    """All in at the ask of the first minute, as LEAN sizes and charges it; prices are adjusted ones."""
    books = Books("main", [SPY], "USD")
    books.deposit("USD", money(100_000))
    shares = int(100_000 * (1 - BUFFER) / (ask + FEE_A_SHARE))
    fee = int(shares * FEE_A_SHARE * MONEY_UNIT)
    bought = msgspec.structs.replace(fill(shares, 1, fee), price=round(ask * MONEY_UNIT))
    books.book(bought)
    assert books.imbalance("USD") == 0
    return books


def minutes(folder: pathlib.Path, name: str) -> list[list[str]]:
    """The rows of the regular session."""
    with zipfile.ZipFile(folder / name) as archive:
        rows = [line.split(",") for line in archive.read(archive.namelist()[0]).decode().split()]
    return [row for row in rows if OPEN <= int(row[0]) < CLOSE]


def test_leans_first_algorithm_ends_with_its_equity_to_the_cent() -> None:
    folder = real_data("lean", "equity", "usa", "minute", "spy")
    ask = decimal.Decimal(minutes(folder, "20131007_quote.zip")[0][9]) / 10_000 * FACTOR
    last = decimal.Decimal(minutes(folder, "20131011_trade.zip")[-1][4]) / 10_000 * FACTOR
    books = buy_and_hold(ask, last)
    assert books.position(0) == 688
    assert money_text(books.fees()) == "3.44"
    equity = books.equity({0: round(last * MONEY_UNIT)})
    assert (decimal.Decimal(equity) / MONEY_UNIT).quantize(decimal.Decimal("0.01")) == decimal.Decimal("101691.92")


@pytest.mark.parametrize(
    ("ask", "last", "shares", "equity"), [("100", "101", 997, "100992.015"), ("3", "2", 33194, "66640.03")]
)
def test_the_same_on_made_up_prices(ask: str, last: str, shares: int, equity: str) -> None:
    books = buy_and_hold(decimal.Decimal(ask), decimal.Decimal(last))
    assert books.position(0) == shares
    assert books.equity({0: int(last) * MONEY_UNIT}) == int(decimal.Decimal(equity) * MONEY_UNIT)
