"""Splits, dividends, renames and delistings from factor and map files, and the entries that books take for them.

A factor file (``date,price factor,split factor,reference price``) tells by what prices up to and including a date are
to be multiplied to be comparable with today's; the step from one row to the next is what happened at the next session's
open. A map file (``date,ticker,exchange``) tells until when a security bore which ticker.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import itertools
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from actors.entries import CashDividend, Entry, Rename, Split, Termination
from actors.errors import InputError, NotFound
from actors.instruments import InstrumentMaster
from actors.messages import MONEY_UNIT, Message

LISTED_UNTIL = datetime.date(2050, 12, 31)
"""Date of the last row while nothing more is known."""
_FACTOR_ERROR = decimal.Decimal("1e-7")
"""Factors have seven decimals."""
_LARGEST_PART = 10_000
_NOISE = fractions.Fraction(2, 1_000)
"""The files' split factors are products of rounded ones: a split of 1:4 is found as 0.2496."""
_NO_PLAIN_SPLIT = fractions.Fraction(1, 100)
"""Nearer to 1 than this, noise and ratio can't be told apart, and the ratio is taken as it is."""


class _Factors(NamedTuple):
    date: datetime.date
    price: decimal.Decimal
    split: decimal.Decimal
    reference: decimal.Decimal


class CorporateAction(Message, frozen=True):
    """What happened to a security.

    Attributes:
        symbol: Its ticker in upper case.
        last: Last date before it.
        kind: What happened.
        ratio: Shares afterwards for each one before, as numerator and denominator; of a split.
        amount: Money for one share, 1e-8 units; of a dividend.
        into: The new ticker; of a rename.
    """

    symbol: str
    last: datetime.date
    kind: Literal["split", "dividend", "rename", "delisting"]
    ratio: tuple[int, int] = (1, 1)
    amount: int = 0
    into: str = ""

    @property
    def key(self) -> str:
        """The key under which it is booked once."""
        return f"{self.kind}:{self.symbol}:{self.last:%Y-%m-%d}"


def read_factor_file(path: pathlib.Path) -> list[CorporateAction]:
    """Return the splits and dividends of a factor file, oldest first.

    A split that comes with a dividend stands before it. Amounts are told to the cent where the file's seven decimals
    allow that, else to the tenth, the hundredth of a cent.

    Raises:
        InputError: A line is unreadable, or the factors are not what they should be.
        NotFound: No such file.
    """
    rows = [_factors(path, line, cells) for line, cells in _lines(path, 4)]
    found: list[CorporateAction] = []
    for (date, price, split, reference), (_, next_price, next_split, _) in itertools.pairwise(rows):
        symbol = path.stem.upper()
        if split != next_split:
            ratio = _simplest(next_split / split)
            found.append(CorporateAction(symbol, date, "split", (ratio.numerator, ratio.denominator)))
        if price != next_price:
            if price > next_price:
                raise InputError(
                    f"{path.name}: the price factor falls", field=f"{date}", value=str(price), rule="it never falls"
                )
            # Source: price factor before = (1 - dividend / reference price) x price factor after.
            amount = _rounded(reference * (1 - price / next_price), reference * _FACTOR_ERROR * 2)
            if amount:
                found.append(CorporateAction(symbol, date, "dividend", amount=int(amount * MONEY_UNIT)))
    return found


def read_map_file(path: pathlib.Path) -> list[CorporateAction]:
    """Return the renames of a map file, oldest first, and the delisting at its end where there is one.

    Raises:
        InputError: A line is unreadable.
        NotFound: No such file.
    """
    rows = [(_date(path, line, cells), cells[1].strip().upper()) for line, cells in _lines(path, 2)]
    found = [
        CorporateAction(symbol, date, "rename", into=after)
        for (date, symbol), (_, after) in itertools.pairwise(rows)
        if symbol != after
    ]
    if rows and rows[-1][0] < LISTED_UNTIL:
        found.append(CorporateAction(rows[-1][1], rows[-1][0], "delisting"))
    return found


def entry_of(action: CorporateAction, master: InstrumentMaster, at_time: int, price: int | None = None) -> Entry:
    """Return what books take for an action.

    Args:
        action: It.
        master: Tells the instruments.
        at_time: When, UTC nanoseconds: who bore the symbol then.
        price: Money for one unit, 1e-8: what is paid for a part of a lot after a split, or at a delisting (there it has
            to be given; 0 where nothing was).

    Raises:
        NotFound: No instrument bears the symbol then.
        InputError: A delisting without a price.
    """
    instrument = master.by_symbol(action.symbol, at_time).id
    if action.kind == "split":
        return Split(instrument=instrument, numerator=action.ratio[0], denominator=action.ratio[1], price=price)
    if action.kind == "dividend":
        return CashDividend(instrument=instrument, amount=action.amount)
    if action.kind == "rename":
        return Rename(instrument=instrument, into=master.by_symbol(action.into).id)
    if price is None:
        raise InputError(
            f"{action.symbol} was delisted, and there is no price for it",
            field="price",
            rule="what was paid for a share; 0 where nothing was",
        )
    return Termination(instrument=instrument, price=price, kind="delisting")


def between(actions: Iterable[CorporateAction], first: datetime.date, last: datetime.date) -> list[CorporateAction]:
    """Return the actions whose last date before is in ``first`` to ``last``, in the order in which they are booked.

    On one day a split comes before a dividend, whose amount is of the shares after it, and renames come last.
    """
    order = ["split", "dividend", "rename", "delisting"]
    chosen = [action for action in actions if first <= action.last <= last]
    return sorted(chosen, key=lambda action: (action.last, order.index(action.kind), action.symbol))


def by_symbol(actions: Iterable[CorporateAction]) -> Mapping[str, Sequence[CorporateAction]]:
    """Return the actions of each symbol, in their order."""
    found: dict[str, list[CorporateAction]] = {}
    for action in actions:
        found.setdefault(action.symbol, []).append(action)
    return found


def _lines(path: pathlib.Path, cells: int) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise NotFound(f"can't read {path}: {error.strerror}", field="file", value=path) from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not text", field="file", value=path.name, rule="a CSV file") from None
    rows = [(number, line.split(",")) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for number, row in rows:
        if len(row) < cells:
            raise InputError(
                f"{path.name}: a line of {len(row)} cells", field=f"line {number}", value=",".join(row), rule=f"{cells}"
            )
    return rows


def _date(path: pathlib.Path, line: int, cells: Sequence[str]) -> datetime.date:
    try:
        return datetime.datetime.strptime(cells[0].strip(), "%Y%m%d").date()
    except ValueError:
        raise InputError(f"{path.name}: not a date", field=f"line {line}", value=cells[0], rule="YYYYMMDD") from None


def _factors(path: pathlib.Path, line: int, cells: Sequence[str]) -> _Factors:
    numbers: list[decimal.Decimal] = []
    for cell in cells[1:4]:
        try:
            number = decimal.Decimal(cell.strip())
        except decimal.InvalidOperation:
            number = decimal.Decimal("NaN")
        if not number.is_finite() or number < 0 or (number == 0 and len(numbers) < 2):
            raise InputError(
                f"{path.name}: not a factor or price", field=f"line {line}", value=cell, rule="a positive number"
            )
        numbers.append(number)
    return _Factors(_date(path, line, cells), *numbers)


def _simplest(ratio: decimal.Decimal) -> fractions.Fraction:
    """Return a ratio as the split that it is: of small whole numbers where the files' noise allows, else as it is."""
    exact = fractions.Fraction(ratio)
    plain = exact.limit_denominator(100)
    if abs(exact - 1) > _NO_PLAIN_SPLIT and abs(plain / exact - 1) <= _NOISE:
        for denominator in range(1, plain.denominator + 1):
            smaller = fractions.Fraction(round(exact * denominator), denominator)
            if abs(smaller / exact - 1) <= _NOISE:
                return smaller
    return exact.limit_denominator(_LARGEST_PART)


def _rounded(amount: decimal.Decimal, error: decimal.Decimal) -> decimal.Decimal:
    for step in ("0.01", "0.001"):
        rounded = amount.quantize(decimal.Decimal(step))
        if abs(rounded - amount) <= error:
            return rounded
    return amount.quantize(decimal.Decimal("0.0001"))
