"""Copies of the books of all accounts, rebuilt from their owner's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.errors import NotFound
from actors.messages import AccountEvent, BookingEvent, CashEvent, Instrument, OmsEvent, OrderEvent
from actors.portfolio.books import Books


class Ledger:
    """The books of every account as the OMS's events tell them.

    Each partition counts its events from 1 without gaps; what is applied twice is applied once, and what is missing is
    told, never guessed over.

    Args:
        instruments: The instrument master.
        currencies: Currency by account, for the accounts that are known from the start.

    Attributes:
        sequences: Sequence of the newest event applied, by partition.
    """

    def __init__(self, instruments: Sequence[Instrument], currencies: Mapping[str, str]) -> None:
        self.sequences: dict[int, int] = {}
        self._instruments = instruments
        self._currencies = dict(currencies)
        self._books = {account: Books(account, instruments, currency) for account, currency in currencies.items()}

    def apply(self, event: OmsEvent) -> bool:
        """Apply one event; False where one before it is missing (nothing is changed then)."""
        known = self.sequences.get(event.partition, 0)
        if event.sequence > known + 1:
            return False
        if event.sequence <= known:
            return True
        if isinstance(event, OrderEvent):
            if event.fill is not None:
                books = self._account(event.fill.account)
                books.book(event.fill)
                self._currencies.setdefault(event.fill.account, books.currencies()[0])
        elif isinstance(event, CashEvent):
            self._currencies.setdefault(event.account, event.currency)
            self._account(event.account).deposit(event.currency, event.amount)
        elif isinstance(event, BookingEvent):
            self._account(event.account).enter(event.entry)
        elif isinstance(event, AccountEvent):
            self._currencies[event.account] = event.currency
            self._account(event.account).begin(event.currency, event.lots)
        self.sequences[event.partition] = event.sequence
        return True

    def accounts(self) -> list[str]:
        """Return the known accounts, the configured ones first."""
        return list(self._books)

    def books(self, account: str) -> Books:
        """Return the books of ``account``.

        Raises:
            NotFound: There is no such account.
        """
        books = self._books.get(account)
        if books is None:
            known = ", ".join(sorted(self._books)[:10])
            raise NotFound(f"no account {account!r}", field="account", value=account, rule=f"a known account: {known}")
        return books

    def currency(self, account: str) -> str:
        """Return the account's own currency."""
        return self._currencies[account]

    def _account(self, account: str) -> Books:
        books = self._books.get(account)
        if books is None:
            currency = self._currencies.get(account, "")
            books = self._books[account] = Books(account, self._instruments, currency)
        return books
