"""The exposures of all accounts and of the firm, which follow each fill and each price.

What a fill or a price costs depends on who holds the instrument, never on how many positions there are beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from actors.messages import CashEvent, Instrument, LimitsEvent, OmsEvent, Order, OrderEvent, StateEvent
from actors.oms.touched import touched_by
from actors.portfolio.ledger import Ledger
from actors.portfolio.marks import Marks
from actors.risk.live.account_book import AccountBook
from actors.risk.live.oldest import OldestPrices
from actors.risk.live.totals import Totals


class FirmBook:
    """The sum of all accounts that are kept in one currency, 1e-8 units.

    Attributes:
        netted: Exposures after netting over the accounts.
        foreign: Those in other currencies, as the accounts translate them, the same way.
        gross: Sum of the accounts' gross exposures, before it.
        accounts: The accounts.
        cash: Their cash, and all that they have in other currencies.
        deposits: Money that came in.
    """

    def __init__(self) -> None:
        self.netted = Totals()
        self.foreign = Totals()
        self.gross = 0
        self.accounts: list[AccountBook] = []
        self.cash = 0
        self.deposits = 0

    @property
    def net(self) -> int:
        """Net exposure."""
        return self.netted.net + self.foreign.net

    @property
    def largest(self) -> int:
        """Value of the largest position."""
        return max(self.netted.largest.value, self.foreign.largest.value)

    @property
    def equity(self) -> int:
        """Cash plus net exposure."""
        return self.cash + self.netted.net

    @property
    def profit(self) -> int:
        """Equity less deposits."""
        return self.equity - self.deposits


class ExposureBook:
    """The exposures of every account of a ledger.

    Args:
        ledger: The books, which are brought up to an event before it is handed in here.
        marks: The last prices; the same holds for them.
        instruments: The instrument master.

    Attributes:
        firm: The sums over accounts by their currency.
        prices: The oldest prices of what any account holds.
    """

    def __init__(self, ledger: Ledger, marks: Marks, instruments: Sequence[Instrument]) -> None:
        self.firm: defaultdict[str, FirmBook] = defaultdict(FirmBook)
        self.prices = OldestPrices(instruments, marks.times)
        self._ledger = ledger
        self._marks = marks
        self._instruments = instruments
        self._accounts: dict[str, AccountBook] = {}
        self._holders: defaultdict[int, dict[str, AccountBook]] = defaultdict(dict)
        self._ordering: defaultdict[int, dict[str, AccountBook]] = defaultdict(dict)
        self._early: defaultdict[str, list[Order]] = defaultdict(list)
        for name in ledger.accounts():
            self.account(name)

    def account(self, name: str) -> AccountBook:
        """Return an account's exposures.

        Raises:
            NotFound: There is no such account.
        """
        found = self._accounts.get(name)
        if found is None:
            books, currency = self._ledger.books(name), self._ledger.currency(name)
            found = self._accounts[name] = AccountBook(books, currency, self._marks, self._instruments)
            self.firm[currency].accounts.append(found)
            for order in self._early.pop(name, ()):
                self._order(found, order)
        return found

    def accounts(self) -> list[str]:
        """Return the known accounts."""
        return list(self._accounts)

    def take(self, event: OmsEvent, now: int) -> str | None:
        """Follow an event that the ledger has taken; return the account that it changed.

        Args:
            event: The event.
            now: Market time, UTC nanoseconds.
        """
        if isinstance(event, OrderEvent):
            order, fill = event.order, event.fill
            if fill is None and order.account not in self._accounts:
                self._early[order.account].append(order)  # the account has no books before it has money
                return None
            book = self.account(order.account)
            self._order(book, order)
            if fill is not None:
                for strategy, instrument in touched_by(book.books, fill):
                    self._trade(order.account, book, instrument, strategy, now)
            return order.account
        if isinstance(event, CashEvent):
            self._count_cash(self.account(event.account))
            return event.account
        if isinstance(event, (StateEvent, LimitsEvent)):
            return None
        account: str | None = getattr(event, "account", None)
        self.reread(self.accounts() if account is None else [account], now)
        return account

    def tick(self, instruments: Iterable[int]) -> set[str]:
        """Follow new prices; return the accounts that hold one of the instruments or have an order in it."""
        touched: set[str] = set()
        for instrument in instruments:
            holders = self._holders.get(instrument)
            if holders:
                for name, book in holders.items():
                    self._revalue(book, instrument)
                    touched.add(name)
                    if not book.holds(instrument):
                        self._let_go(instrument)
            ordering = self._ordering.get(instrument)
            if ordering:
                for name, book in ordering.items():
                    book.orders.tick(instrument)
                    touched.add(name)
        return touched

    def reread(self, accounts: Iterable[str], now: int) -> None:
        """Read whole accounts anew, as where prices or positions changed in another way than one at a time."""
        for name in accounts:
            book = self.account(name)
            book.books = self._ledger.books(name)
            for instrument in book.reread(now):
                self._revalue(book, instrument)
                self._hold(name, book, instrument, now)
            for instrument in book.orders.instruments():
                book.orders.tick(instrument)
            self._count_cash(book)

    def _order(self, book: AccountBook, order: Order) -> None:
        book.orders.take(order)
        if order.status.is_open:
            self._ordering[order.instrument][order.account] = book
        elif order.instrument in self._ordering and not book.orders.has(order.instrument):
            self._ordering[order.instrument].pop(order.account, None)

    def _trade(self, name: str, book: AccountBook, instrument: int, strategy: str, now: int) -> None:
        gross = book.gross
        self._sum(book, instrument, book.trade(instrument, strategy, now), gross)
        self._hold(name, book, instrument, now)
        self._count_cash(book)

    def _revalue(self, book: AccountBook, instrument: int) -> None:
        gross = book.gross
        if self._sum(book, instrument, book.revalue(instrument), gross):
            self._count_cash(book)

    def _sum(self, book: AccountBook, instrument: int, change: int, gross: int) -> bool:
        """Add a change of one value to the firm's sums; return whether it is in a foreign currency."""
        firm, foreign = self.firm[book.currency], self._instruments[instrument].currency != book.currency
        (firm.foreign if foreign else firm.netted).add(instrument, change)
        firm.gross += book.gross - gross
        return foreign

    def _hold(self, name: str, book: AccountBook, instrument: int, now: int) -> None:
        if book.follows(instrument):
            self._holders[instrument][name] = book
        else:
            self._holders[instrument].pop(name, None)
        if book.holds(instrument):
            self.prices.hold(instrument, now)
        else:
            self._let_go(instrument)

    def _let_go(self, instrument: int) -> None:
        if not any(book.holds(instrument) for book in self._holders[instrument].values()):
            self.prices.release(instrument)

    def _count_cash(self, book: AccountBook) -> None:
        counted, cash, deposits = book.counted, book.cash, book.deposits
        if (cash, deposits) != counted:
            firm = self.firm[book.currency]
            firm.cash += cash - counted[0]
            firm.deposits += deposits - counted[1]
            book.counted = (cash, deposits)
