"""What accounts and strategies hold in all, as far as their open orders could take it, at the last prices on record.

For one instrument with position p, open buys b and open sales s (lots) at price m:

* gross = max(p + b, s - p) * m, the largest value that the position may come to have, long or short;
* long = (p + b) * m and short = (p - s) * m, the bounds of its net value.

Sums over instruments bound what the holder can come to: every set of fills lies between them. The totals are kept only
while a limit needs them, and are made anew from positions and open orders when the first such limit is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from actors.messages import MONEY_UNIT, Instrument, Side
from actors.oms.activity import ALL, Holder
from actors.oms.exposure import Exposure
from actors.portfolio.books import Books


class Value(NamedTuple):
    """Values in 1e-8 currency units: bounds as above, and what the positions are worth without any more fills."""

    gross: int = 0
    long: int = 0
    short: int = 0
    held: int = 0

    def moved(self, before: Value, after: Value) -> Value:
        """Return the sum in which one part changes from ``before`` to ``after``."""
        return Value(
            self.gross + after.gross - before.gross,
            self.long + after.long - before.long,
            self.short + after.short - before.short,
            self.held + after.held - before.held,
        )


NOTHING = Value()


class AccountState(Protocol):
    """What the totals need of an account."""

    @property
    def books(self) -> Books:
        """Return its positions."""

    @property
    def exposure(self) -> Exposure:
        """Return what its open orders may still do."""


def value_of(instrument: Instrument, price: int, position: int, buys: int, sales: int) -> Value:
    """Return the value of one position with its open orders; arguments in increments and lots."""
    unit = price * instrument.price_increment * instrument.quantity_increment * instrument.multiplier
    if unit % MONEY_UNIT == 0:  # a lot is worth a whole number, as nearly always: nothing is rounded
        lot = unit // MONEY_UNIT
        long, short, held = lot * (position + buys), lot * (position - sales), lot * position
    else:
        long, short = instrument.notional(price, position + buys), instrument.notional(price, position - sales)
        held = instrument.notional(price, position)
    return Value(long if long > -short else -short, long, short, held)


class ExposureTotals:
    """Totals of one partition, of its accounts, and of each strategy in an account.

    Args:
        accounts: The partition's accounts by id; read as they are at the time.
        instruments: The instrument master, the same way.

    Attributes:
        kept: Whether a limit needs them.
        marks: The last price on record by instrument, in increments.
    """

    def __init__(self, accounts: Mapping[str, AccountState], instruments: Sequence[Instrument]) -> None:
        self.kept = False
        self.marks: dict[int, int] = {}
        self._accounts = accounts
        self._instruments = instruments
        self._totals: dict[Holder, Value] = {}
        self._cells: dict[tuple[Holder, int], Value] = {}
        self._holders: dict[int, set[Holder]] = {}
        self._marked: set[int] = set()
        self._changed: set[tuple[str, str, int]] = set()

    def keep(self, kept: bool) -> None:
        """Keep totals from now on, or no longer."""
        if kept == self.kept:
            return
        self.kept = kept
        for parts in (self._totals, self._cells, self._holders, self._marked, self._changed):
            parts.clear()
        for name in self._accounts:
            self.follow(name)

    def follow(self, name: str) -> None:
        """Follow an account, which may hold something already."""
        account = self._accounts[name]
        if not self.kept:
            account.exposure.follow(name, None)
            return
        account.exposure.follow(name, self._changed)
        for position in account.books.positions():
            self._changed.add((name, position.strategy, position.instrument))
        for strategy, instrument in account.exposure.open_instruments():
            self._changed.add((name, strategy, instrument))

    def mark(self, instrument: int, price: int) -> None:
        """Take note of a price that is on record; 0 is none, and an instrument that nobody knows has none."""
        if price and self.marks.get(instrument) != price and 0 <= instrument < len(self._instruments):
            self.marks[instrument] = price
            if self.kept:
                self._marked.add(instrument)

    def of(self, holder: Holder) -> Value:
        """Return the totals of a holder as they are now."""
        self._settle()
        return self._totals.get(holder, NOTHING)

    def part(self, holder: Holder, instrument: int) -> Value:
        """Return what one instrument adds to the totals of a holder, as they were last asked for."""
        return self._cells.get((holder, instrument), NOTHING)

    def held(self) -> set[int]:
        """Return every instrument that totals count."""
        self._settle()
        return {instrument for instrument, holders in self._holders.items() if holders}

    def _settle(self) -> None:
        for name, strategy, instrument in self._changed:
            self._value((name, strategy), instrument)
            self._value((name, ""), instrument)
        self._changed.clear()
        for instrument in self._marked:
            for holder in tuple(self._holders.get(instrument, ())):
                self._value(holder, instrument)
        self._marked.clear()

    def _value(self, holder: Holder, instrument: int) -> None:
        name, strategy = holder
        account = self._accounts[name]
        books, exposure = account.books, account.exposure
        if strategy:
            position = books.strategy_position(strategy, instrument)
            buys = exposure.strategy_open_quantity(strategy, instrument, Side.BUY)
            sales = exposure.strategy_open_quantity(strategy, instrument, Side.SELL)
        else:
            position = books.position(instrument)
            buys, sales = exposure.open_quantity(instrument, Side.BUY), exposure.open_quantity(instrument, Side.SELL)
        key = (holder, instrument)
        before = self._cells.get(key, NOTHING)
        if position or buys or sales:
            after = value_of(self._instruments[instrument], self.marks.get(instrument, 0), position, buys, sales)
            self._cells[key] = after
            self._holders.setdefault(instrument, set()).add(holder)
        else:
            after = NOTHING
            self._cells.pop(key, None)
            self._holders.get(instrument, set()).discard(holder)
        if after != before:
            for one in (holder,) if strategy else (holder, ALL):
                self._totals[one] = self._totals.get(one, NOTHING).moved(before, after)
