"""The books of one account: cash, positions by lots, income, realised profit and fees, in exact integers.

Every booking is a set of postings that sum to zero by construction, as cash is reckoned from what changed:

    cash + position cost + fees - realised profit - income = 0       (a fill, a split, a dividend ...)
    cash - deposits = 0                                              (a deposit)

so ``imbalance`` is 0 at all times. Positions are kept by strategy and instrument; the account holds their sum. Of a
margined instrument only gains and losses are paid: its cost is owed, and no part of cash. Executions that are taken
back or corrected, however long ago, leave the books as though the right ones had come in the first place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from actors.entries import Entry, LotMethod
from actors.errors import InputError
from actors.messages import MONEY_UNIT, Fill, Instrument, Side, round_half_even
from actors.portfolio import entering
from actors.portfolio.books_figures import BooksFigures
from actors.portfolio.books_view import BooksState, BooksView, Position
from actors.portfolio.currency_pool import CurrencyPool
from actors.portfolio.holding import Holding

__all__ = ["LARGEST_AMOUNT", "Books", "BooksState", "BooksView", "Position"]

LARGEST_AMOUNT = 2**63 - 1
_BUY = Side.BUY


class Books(BooksFigures):
    """Cash, positions, realised profit, income and fees of one account, and how they are booked.

    Args and attributes are those of ``BooksFigures``.
    """

    @classmethod
    def from_view(cls, view: BooksView, instruments: Sequence[Instrument], currency: str = "") -> Books:
        """Return the books that ``view`` shows; turnover, lots and history begin there."""
        books = cls(view.account, instruments, currency)
        books._take_view(view)
        for position in view.positions:
            holding = books.holding(position.strategy, position.instrument)
            figures = (position.quantity, position.cost, position.realised, position.fees, position.income)
            holding.begin(*figures)
            books._owed[holding.instrument.currency] += holding.owed
            books._net[position.instrument] += position.quantity
            books._deposits[holding.instrument.currency] -= holding.cash
        return books

    def state(self) -> BooksState:
        """Return everything that these books hold."""
        return BooksState(
            self.view(0, with_positions=False),
            self.own_currency,
            self.lots,
            [holding.state() for holding in self._holdings.values()],
            dict(self.transfers),
            dict(self._deposits),
            dict(self.turnover),
            self.bookings,
        )

    @classmethod
    def from_state(cls, state: BooksState, instruments: Sequence[Instrument]) -> Books:
        """Return the books that ``state`` described, with nothing left out."""
        books = cls(state.view.account, instruments, state.currency, state.lots)
        books._take_view(state.view)
        books.transfers.update(state.transfers)
        for saved in state.holdings:
            holding = books.holding(saved.strategy, saved.instrument)
            holding.restore(saved)
            books._net[saved.instrument] += holding.quantity
            books._owed[holding.instrument.currency] += holding.owed
        books._deposits = defaultdict(int, state.deposits)
        books.turnover = defaultdict(int, state.turnover)
        books.bookings = state.bookings
        return books

    def deposit(self, currency: str, amount: int) -> None:
        """Book money that came (positive) or left (negative) other than by a fill, in 1e-8 units.

        Raises:
            InputError: The cash would leave the range in which amounts travel, about 92 billion on either side of 0.
        """
        self.check_amount(currency, amount)
        self._cash[currency] += amount
        self._deposits[currency] += amount
        self._translate(currency, amount, contributed=True)
        self.bookings += 1

    def book(self, fill: Fill) -> None:
        """Book one execution.

        What closes a position releases the cost of its lots, a share of it rounded half-even and all of it with the
        last one, so that a closed position leaves no residue. A fill that turns a position around is a close and an
        opening at one price. One that takes another back, or stands in its place, restates the position.

        Raises:
            InputError: The fill is of another account, or its quantity is not positive.
            NotFound: Its instrument is not in the master.
        """
        if fill.account != self.account:
            raise InputError("fill of another account", field="account", value=fill.account, rule=self.account)
        quantity = fill.quantity
        if quantity <= 0:
            raise InputError("fill of no quantity", field="quantity", value=quantity, rule="positive")
        key = (fill.strategy, fill.instrument)
        holding = self._holdings.get(key)
        if holding is None:
            holding = Holding(fill.strategy, self.instrument(fill.instrument), self.lots, self.transfers)
        self.touched = []
        if (fill.reverses or fill.corrects) and self._restate(holding, fill):
            return
        self.touched.append(key)

        sign = 1 if fill.side is _BUY else -1
        realised, instrument, fee = holding.realised, holding.instrument, fill.fee
        notional = holding.fill(sign, quantity, fill.price, fee, fill.execution_id)
        self._holdings[key] = holding
        currency = instrument.currency
        if instrument.settlement == "cash":
            self._cash[currency] -= sign * notional + fee
        else:  # what is not realised is owed, as before
            gain = holding.realised - realised
            self._cash[currency] += gain - fee
            self._owed[currency] += sign * notional + gain
        self.turnover[currency] += notional
        self._net[fill.instrument] += sign * quantity
        if currency != self.own_currency:
            self._translate(currency, holding.realised - realised - fee)
        self.bookings += 1

    def enter(self, entry: Entry) -> None:
        """Book a corporate action, income, a charge, an exercise, a rate, or a choice of lots.

        Raises:
            InputError: The entry does not fit the books, which are as before.
            NotFound: Its instrument is not in the master.
        """
        self.touched = []
        entering.enter(self, entry)
        self.bookings += 1

    def check(self, entry: Entry) -> None:
        """Raise what ``enter`` would raise, and change nothing."""
        entering.check(self, entry)

    def view(self, sequence: int, with_positions: bool = True) -> BooksView:
        """Return the books as they travel, up to the partition's event ``sequence``."""
        return BooksView(
            self.account,
            sequence,
            dict(self._cash),
            self.positions() if with_positions else [],
            dict(self._charges),
            dict(self._conversions),
            {currency: pool.copy() for currency, pool in self.pools.items()},
        )

    # What ``entering`` uses:

    def check_amount(self, currency: str, amount: int) -> None:
        """Refuse money that would leave the range in which amounts travel."""
        if abs(self._cash.get(currency, 0) + amount) > LARGEST_AMOUNT:
            raise InputError(
                "more cash than can be kept", field="amount", value=amount, rule=f"at most {LARGEST_AMOUNT} in all"
            )

    def holding(self, strategy: str, instrument: int) -> Holding:
        """Return a strategy's position, a new one where there was none."""
        found = self._holdings.get((strategy, instrument))
        if found is None:
            found = Holding(strategy, self.instrument(instrument), self.lots, self.transfers)
            self._holdings[strategy, instrument] = found
        return found

    def begin(self, currency: str, lots: LotMethod) -> None:
        """Set currency and lot method of books in which nothing is yet.

        Raises:
            InputError: Something was booked already.
        """
        if self.bookings:
            raise InputError("the books have begun", field="lots", value=lots.value, rule=self.lots.value)
        self.own_currency, self.lots = currency, lots

    def post(self, holding: Holding, before: tuple[int, int, int, int]) -> None:
        """Move cash, net position and stake by what changed in a position since ``before`` (its ``standing`` then)."""
        quantity, cash, result, owed = before
        currency = holding.instrument.currency
        self._net[holding.instrument.id] += holding.quantity - quantity
        self.touched.append((holding.strategy, holding.instrument.id))
        self._cash[currency] += holding.cash - cash
        self._owed[currency] += holding.owed - owed
        self._translate(currency, holding.result - result)

    def charge(self, currency: str, amount: int) -> None:
        """Book income of the account as a whole; negative where it pays."""
        self._cash[currency] += amount
        self._charges[currency] += amount
        self._translate(currency, amount)

    def convert(self, sold: str, sold_amount: int, bought: str, bought_amount: int) -> None:
        """Book both sides of a conversion; what a foreign currency is worth is told by the other side."""
        for currency, amount in ((sold, -sold_amount), (bought, bought_amount)):
            self._cash[currency] += amount
            self._conversions[currency] += amount
        if self.own_currency == bought:
            self._translate(sold, -sold_amount, -bought_amount, contributed=True)
        elif self.own_currency:
            rate = self.pools.setdefault(sold, CurrencyPool()).rate if sold != self.own_currency else MONEY_UNIT
            value = round_half_even(sold_amount * rate, MONEY_UNIT) or None
            self._translate(sold, -sold_amount, None if value is None else -value, contributed=True)
            self._translate(bought, bought_amount, value, contributed=True)

    def _restate(self, holding: Holding, fill: Fill) -> bool:
        """Build a position again without an execution, or with another in its place; False where it is unknown."""
        before = holding.standing
        signed = fill.quantity if fill.side is _BUY else -fill.quantity
        notional = holding.instrument.notional(fill.price, fill.quantity)
        if fill.reverses:
            known = holding.recall(fill.reverses)
            if known is None or known != (-signed, fill.price, -fill.fee):
                return False
            holding.take_back(fill.reverses)
            notional = -notional
        elif not holding.replace(fill.corrects, signed, fill.price, fill.fee, fill.execution_id):
            return False
        self.post(holding, before)
        self.turnover[holding.instrument.currency] += notional
        entering.follow_transfers(self, holding)
        self.bookings += 1
        return True

    def _take_view(self, view: BooksView) -> None:
        self._cash.update(view.cash)
        self._charges.update(view.charges)
        self._conversions.update(view.conversions)
        self.pools.update({currency: pool.copy() for currency, pool in view.currencies.items()})
        self._deposits.update(
            {
                currency: cash - view.charges.get(currency, 0) - view.conversions.get(currency, 0)
                for currency, cash in view.cash.items()
            }
        )

    def _translate(self, currency: str, amount: int, value: int | None = None, contributed: bool = False) -> None:
        if amount and currency != self.own_currency and self.own_currency:
            self.pools.setdefault(currency, CurrencyPool()).book(amount, value, contributed)
