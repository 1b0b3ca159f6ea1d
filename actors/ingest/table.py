"""Rows of market data as read from files: columns of one length, before calendars and instruments are applied."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from actors.errors import DataError, InputError
from actors.market.ticks import Kind

Number = TypeVar("Number", bound=np.generic)
Integers = npt.NDArray[np.int64]
MISSING_TIME = int(np.iinfo(np.int64).min)
PRICE_COLUMNS = {Kind.BAR: 4, Kind.QUOTE: 2, Kind.TRADE: 1, Kind.BOOK: 1}


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of one or several files, in the order of the files.

    Attributes:
        kind: What every row is.
        symbols: Symbol by code.
        codes: Code of each row's symbol.
        stamps: Start of a bar's interval, otherwise the row's instant; UTC nanoseconds. With ``daily``: midnight UTC of
            the session's date. ``MISSING_TIME`` where it could not be read.
        rows: Number of each row in its file, as an editor counts lines (from 1 in Parquet).
        values: Shape (rows, 5): prices and sizes as received, in the order of ``RAW``; NaN where missing or unreadable.
        reference: Nominal length of the bar in nanoseconds, or the order id.
        daily: Whether the stamps are dates.
        sides: Sign of the side, for kinds that have one.
        actions: Action on the book, for rows of kind BOOK.
    """

    kind: Kind
    symbols: tuple[str, ...]
    codes: npt.NDArray[np.int32]
    stamps: Integers
    rows: Integers
    values: npt.NDArray[np.float64]
    reference: Integers
    daily: bool = False
    sides: npt.NDArray[np.int8] | None = None
    actions: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.codes)

    def take(self, chosen: npt.NDArray[np.bool_] | Integers) -> Table:
        """Return the rows that a mask or an array of positions chooses."""
        return dataclasses.replace(
            self,
            codes=self.codes[chosen],
            stamps=self.stamps[chosen],
            rows=self.rows[chosen],
            values=self.values[chosen],
            reference=self.reference[chosen],
            sides=None if self.sides is None else self.sides[chosen],
            actions=None if self.actions is None else self.actions[chosen],
        )

    def of_symbols(self, wanted: Sequence[str]) -> Table:
        """Return only the rows of some symbols; all rows where ``wanted`` is empty.

        Raises:
            InputError: A symbol is not in the data.
        """
        if not wanted:
            return self
        for symbol in wanted:
            if symbol not in self.symbols:
                near = difflib.get_close_matches(symbol, self.symbols, n=3)
                raise InputError(
                    f"the data hold no symbol {symbol!r}",
                    field="feed.symbols",
                    value=symbol,
                    rule=f"one of {', '.join(self.symbols[:40])}{' ...' if len(self.symbols) > 40 else ''}",
                    remedy=f"did you mean {', '.join(near)}?" if near else None,
                )
        kept = tuple(symbol for symbol in self.symbols if symbol in set(wanted))
        new_code = np.array([kept.index(symbol) if symbol in kept else -1 for symbol in self.symbols], np.int32)
        recoded = dataclasses.replace(self, codes=new_code[self.codes], symbols=kept)
        return recoded.take(recoded.codes >= 0)


def concatenate(tables: Sequence[Table], name: str) -> Table:
    """Return the rows of several tables as one.

    Raises:
        DataError: The tables are not of one kind, or daily and intraday bars are mixed.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables:
        if (table.kind, table.daily) != (first.kind, first.daily):
            raise DataError(
                f"{name} mixes {_what(first)} ({first.symbols[0]}) and {_what(table)} ({table.symbols[0]})",
                field="feed.data",
                value=name,
                rule="rows of one kind",
                remedy="name one file, or put each kind into a folder of its own",
            )
    symbols = tuple(dict.fromkeys(symbol for table in tables for symbol in table.symbols))
    code = {symbol: index for index, symbol in enumerate(symbols)}
    codes = [np.array([code[symbol] for symbol in table.symbols], np.int32)[table.codes] for table in tables]
    return Table(
        kind=first.kind,
        symbols=symbols,
        codes=np.concatenate(codes),
        stamps=np.concatenate([table.stamps for table in tables]),
        rows=np.concatenate([table.rows for table in tables]),
        values=np.concatenate([table.values for table in tables]),
        reference=np.concatenate([table.reference for table in tables]),
        daily=first.daily,
        sides=_joined([table.sides for table in tables]),
        actions=_joined([table.actions for table in tables]),
    )


def _joined(parts: Sequence[npt.NDArray[Number] | None]) -> npt.NDArray[Number] | None:
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if len(present) == len(parts) else None


def _what(table: Table) -> str:
    if table.kind is Kind.BAR:
        return "daily bars" if table.daily else "intraday bars"
    return f"{table.kind.name.lower()} rows"
