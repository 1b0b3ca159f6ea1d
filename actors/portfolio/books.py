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
from collections.abc import Iterator, Mapping, Sequence

from actors.entries import Entry, LotMethod
from actors.errors import InputError, NotFound
from actors.messages import MONEY_UNIT, Fill, Instrument, Side, round_half_even
from actors.portfolio import entering
from actors.portfolio.books_view import BooksState, BooksView, Position
from actors.portfolio.currency_pool import CurrencyPool
from actors.portfolio.holding import Holding
from actors.portfolio.steps import Transfer

__all__ = ["LARGEST_AMOUNT", "Books", "BooksState", "BooksView", "Position"]

LARGEST_AMOUNT = 2**63 - 1
_BUY = Side.BUY


class Books:
    """Cash, positions, realised profit, income and fees of one account.

    Args:
        account: Its key.
        instruments: The instrument master; an instrument's ``id`` is its index.
        currency: The account's own currency: what the others are translated to. Empty: none is.
        lots: Which lots a closing trade takes.

    Attributes:
        turnover: Value of all fills so far (bought and sold), by currency.
        bookings: Number of bookings here: whoever keeps what was reckoned sees whether it still holds.
        transfers: What moved between holdings, by number.
        pools: The stake in every foreign currency.
    """

    def __init__(
        self,
        account: str,
        instruments: Sequence[Instrument],
        currency: str = "",
        lots: LotMethod = LotMethod.AVERAGE,
    ) -> None:
        self.account = account
        self.own_currency = currency
        self.lots = lots
        self.turnover: defaultdict[str, int] = defaultdict(int)
        self.bookings = 0
        self.transfers: dict[int, Transfer] = {}
        self.pools: dict[str, CurrencyPool] = {}
        self._instruments = instruments
        self._cash: defaultdict[str, int] = defaultdict(int)
        self._deposits: defaultdict[str, int] = defaultdict(int)
        self._charges: defaultdict[str, int] = defaultdict(int)
        self._conversions: defaultdict[str, int] = defaultdict(int)
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._net: defaultdict[int, int] = defaultdict(int)
        self._owed: defaultdict[str, int] = defaultdict(int)

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
            [holding.state(strategy) for (strategy, _), holding in self._holdings.items()],
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
        holding = self._holdings.get((fill.strategy, fill.instrument))
        if holding is None:
            holding = self.holding(fill.strategy, fill.instrument)
        if (fill.reverses or fill.corrects) and self._restate(holding, fill):
            return

        sign = 1 if fill.side is _BUY else -1
        cash, result, owed = holding.cash, holding.result, holding.owed
        notional = holding.fill(sign, quantity, fill.price, fill.fee, fill.execution_id)
        currency = holding.instrument.currency
        self._cash[currency] += holding.cash - cash
        self.turnover[currency] += notional
        self._net[fill.instrument] += sign * quantity
        if holding.instrument.margined:
            self._owed[currency] += holding.owed - owed
        if currency != self.own_currency:
            self._translate(currency, holding.result - result)
        self.bookings += 1

    def enter(self, entry: Entry) -> None:
        """Book a corporate action, income, a charge, an exercise, a rate, or a choice of lots.

        Raises:
            InputError: The entry does not fit the books, which are as before.
            NotFound: Its instrument is not in the master.
        """
        entering.enter(self, entry)
        self.bookings += 1

    def check(self, entry: Entry) -> None:
        """Raise what ``enter`` would raise, and change nothing."""
        entering.check(self, entry)

    def position(self, instrument: int) -> int:
        """Return the lots held of ``instrument``, net over strategies."""
        return self._net.get(instrument, 0)

    def strategy_position(self, strategy: str, instrument: int) -> int:
        """Return the lots that ``strategy`` holds of ``instrument``."""
        holding = self._holdings.get((strategy, instrument))
        return 0 if holding is None else holding.quantity

    def cash(self, currency: str) -> int:
        """Return the money held in ``currency``."""
        return self._cash.get(currency, 0)

    def deposits(self, currency: str) -> int:
        """Return the money that came in other than by trading, less what left; conversions are among it."""
        return self._deposits.get(currency, 0) + self._conversions.get(currency, 0)

    def currencies(self) -> list[str]:
        """Return the currencies that were ever held, in alphabetical order."""
        return sorted(self._cash)

    def positions(self) -> list[Position]:
        """Return every position ever held, flat ones too, in the order of their first fill."""
        return [
            Position(instrument, strategy, one.quantity, one.cost, one.realised, one.fees, one.income)
            for (strategy, instrument), one in self._holdings.items()
        ]

    def net_positions(self) -> dict[int, int]:
        """Return the open lots by instrument, net over strategies."""
        return {instrument: quantity for instrument, quantity in self._net.items() if quantity}

    def open_lots(self, strategy: str, instrument: int) -> list[tuple[int, int, str]]:
        """Return the open lots of a position, their cost and the execution that opened them, oldest first."""
        holding = self._holdings.get((strategy, instrument))
        if holding is None or not holding.quantity:
            return []
        return list(holding.lots) or [(holding.quantity, holding.cost, "")]

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

    def realised(self, currency: str | None = None) -> int:
        """Return the realised profit before fees, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.realised for _, holding in self._of(self._currency(currency)))

    def fees(self, currency: str | None = None) -> int:
        """Return the fees paid, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.fees for _, holding in self._of(self._currency(currency)))

    def income(self, currency: str | None = None) -> int:
        """Return dividends and charges received, in ``currency`` (which may be left out where there is one)."""
        currency = self._currency(currency)
        return sum(holding.income for _, holding in self._of(currency)) + self._charges.get(currency, 0)

    def charges(self, currency: str) -> int:
        """Return the part of ``income`` that belongs to no position."""
        return self._charges.get(currency, 0)

    def cost(self, currency: str | None = None) -> int:
        """Return the cost of all open positions, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.cost for _, holding in self._of(self._currency(currency)))

    def owed(self, currency: str) -> int:
        """Return the cost of the margined positions, which was not paid."""
        return self._owed.get(currency, 0)

    def unrealised(self, prices: Mapping[int, int], currency: str | None = None) -> int:
        """Return the market value of all open positions less their cost.

        Args:
            prices: Last price in increments by instrument id. A position without one counts at its cost; ``unpriced``
                tells which.
            currency: May be left out where there is only one.

        Raises:
            InputError: ``currency`` is left out and there are several.
        """
        return self.market_value(prices, currency) - self.cost(currency)

    def market_value(self, prices: Mapping[int, int], currency: str | None = None) -> int:
        """Return the value of all net positions at the last prices; arguments as of ``unrealised``."""
        currency = self._currency(currency)
        value = sum(holding.cost for (_, instrument), holding in self._of(currency) if instrument not in prices)
        for instrument, quantity in self._net.items():
            if quantity and instrument in prices and self._instruments[instrument].currency == currency:
                value += self._instruments[instrument].notional(prices[instrument], quantity)
        return value

    def equity(self, prices: Mapping[int, int], currency: str | None = None) -> int:
        """Return cash plus what all positions would bring; arguments as of ``unrealised``."""
        currency = self._currency(currency)
        return self.cash(currency) + self.market_value(prices, currency) - self.owed(currency)

    def unpriced(self, prices: Mapping[int, int]) -> list[int]:
        """Return the ids of instruments with an open position and no price."""
        return sorted(instrument for instrument in self.net_positions() if instrument not in prices)

    def imbalance(self, currency: str) -> int:
        """Return by how much the postings fail to sum to zero: 0, always."""
        carried = sum(holding.carried for _, holding in self._of(currency) if not holding.instrument.margined)
        stake = self.pools[currency].imbalance if currency in self.pools else 0
        profit = self.realised(currency) + self.income(currency) - self.fees(currency)
        paid = self.cost(currency) - self.owed(currency) - carried
        return self.cash(currency) + paid - profit - self.deposits(currency) + stake

    # What ``entering`` uses:

    def check_amount(self, currency: str, amount: int) -> None:
        """Refuse money that would leave the range in which amounts travel."""
        if abs(self._cash.get(currency, 0) + amount) > LARGEST_AMOUNT:
            raise InputError(
                "more cash than can be kept", field="amount", value=amount, rule=f"at most {LARGEST_AMOUNT} in all"
            )

    def instrument(self, instrument: int) -> Instrument:
        """Return an instrument.

        Raises:
            NotFound: It is not in the master.
        """
        if not 0 <= instrument < len(self._instruments) or self._instruments[instrument].id != instrument:
            raise NotFound(
                "unknown instrument", field="instrument", value=instrument, rule="an id of the instrument master"
            )
        return self._instruments[instrument]

    def holding(self, strategy: str, instrument: int) -> Holding:
        """Return a strategy's position, a new one where there was none."""
        found = self._holdings.get((strategy, instrument))
        if found is None:
            found = Holding(self.instrument(instrument), self.lots, self.transfers)
            self._holdings[strategy, instrument] = found
        return found

    def holders(self, instrument: int) -> list[tuple[str, Holding]]:
        """Return the strategies with an open position in an instrument, and the positions."""
        return [(key[0], one) for key, one in self._holdings.items() if key[1] == instrument and one.quantity]

    def post(self, holding: Holding, before: tuple[int, int, int, int]) -> None:
        """Move cash, net position and stake by what changed in a position since ``before`` (its ``standing`` then)."""
        quantity, cash, result, owed = before
        currency = holding.instrument.currency
        self._net[holding.instrument.id] += holding.quantity - quantity
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

    def _of(self, currency: str) -> Iterator[tuple[tuple[str, int], Holding]]:
        for key, holding in self._holdings.items():
            if holding.instrument.currency == currency:
                yield key, holding

    def _currency(self, currency: str | None) -> str:
        if currency is not None:
            return currency
        if len(self._cash) > 1:
            raise InputError(
                "the account holds several currencies", field="currency", rule=", ".join(self.currencies())
            )
        return next(iter(self._cash), "")
