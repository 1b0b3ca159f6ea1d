"""The exposures of one account, kept up one instrument at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from actors.messages import MONEY_UNIT, Instrument, round_half_even
from actors.portfolio.attribution import market_values
from actors.portfolio.books import LARGEST_AMOUNT, Books, Position
from actors.portfolio.marks import Marks
from actors.risk.limits import FLAG, LimitUse
from actors.risk.live.largest import Largest
from actors.risk.live.oldest import OldestPrices
from actors.risk.live.order_use import OrderUse
from actors.risk.live.totals import Totals


class AccountBook:
    """What an account holds, at the last prices: always what ``valuation.exposures`` and ``limits.limit_use`` say.

    Args:
        books: The account's books, which the ledger keeps up.
        currency: The account's own currency.
        marks: The last prices, which the read model keeps up.
        instruments: The instrument master.

    Attributes:
        by_currency: Exposures by currency; ``own`` are those in the account's.
        foreign: Those in other currencies, translated to the account's at the books' rates; without a rate, left out.
        units: Size of each position with a price in the account's currency, 1e-8 units.
        orders: What the open orders use of the limits.
        prices: The oldest prices of what is held.
        counted: Cash and deposits in the own currency that the firm's sum contains.
        by_strategy: Gross and net exposure in the account's currency by strategy; parts sum to the account's net.
    """

    def __init__(self, books: Books, currency: str, marks: Marks, instruments: Sequence[Instrument]) -> None:
        self.books = books
        self.currency = currency
        self.by_currency: defaultdict[str, Totals] = defaultdict(Totals)
        self.own = self.by_currency[currency]
        self.foreign = Totals()
        self.units: Largest[int] = Largest()
        self.orders = OrderUse(instruments, marks.prices)
        self.prices = OldestPrices(instruments, marks.times)
        self.by_strategy: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.counted = (0, 0)
        self._largest_positions = {
            "maximum_position_notional": (self.own.largest, self.foreign.largest),
            "maximum_position_quantity": (self.units,),
        }
        self._largest_orders = {
            "maximum_order_quantity": self.orders.quantities,
            "maximum_order_notional": self.orders.notionals,
            "price_collar": self.orders.collars,
        }
        self._parts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        self._marks = marks
        self._instruments = instruments

    def trade(self, instrument: int, strategy: str, now: int) -> int:
        """Take note that a strategy's position has changed; return the change of value in the own currency."""
        self._parts[instrument].setdefault(strategy, 0)
        change = self.revalue(instrument)
        if self.holds(instrument):
            self.prices.hold(instrument, now)
        return change

    def holds(self, instrument: int) -> bool:
        """Return whether there is a position in an instrument, net over strategies."""
        return instrument in self.by_currency[self._instruments[instrument].currency].values

    def follows(self, instrument: int) -> bool:
        """Return whether any strategy has a position in an instrument, be it that others hold the opposite."""
        return any(self.books.strategy_position(strategy, instrument) for strategy in self._parts[instrument])

    def reread(self, now: int) -> set[int]:
        """Return the instruments of all positions ever held, after taking note of them; they are to be revalued."""
        for position in self.books.positions():
            self._parts[position.instrument].setdefault(position.strategy, 0)
            self.prices.hold(position.instrument, now)
        return set(self._parts)

    def revalue(self, instrument_id: int) -> int:
        """Value one position anew at the last price; return the change of value in the account's currency."""
        instrument, price = self._instruments[instrument_id], self._marks.prices.get(instrument_id)
        parts = self._parts[instrument_id]
        value: int | None = None
        if price is None:
            held = self._unpriced(instrument_id)
            if any(position.quantity for position in held):
                value = sum(position.cost for position in held if position.quantity)
        elif quantity := self.books.position(instrument_id):
            value = instrument.notional(price, quantity)
        if value is None:  # legs that cancel out count at their costs until there is a price
            self.prices.release(instrument_id)
        own = instrument.currency == self.currency
        if not own:
            self.by_currency[instrument.currency].set(instrument_id, value)
            rate = self._rate(instrument.currency)
            translated = None if value is None or not rate else round_half_even(value * rate, MONEY_UNIT)
            return self.foreign.set(instrument_id, translated)
        change = self.own.set(instrument_id, value)
        if len(parts) == 1:
            for strategy in parts:
                self._attribute(parts, strategy, value or 0)
        else:
            if price is not None:
                held = self._priced(instrument_id)
            for position, part in zip(held, market_values(held, price, instrument), strict=True):
                self._attribute(parts, position.strategy, part)
        if price and value:
            # 1e-16 currency units a lot at this price, as ``limits.limit_use`` counts lots back from the value
            a_lot = price * instrument.price_increment * instrument.quantity_increment * instrument.multiplier
            lots = round_half_even(abs(value) * MONEY_UNIT, a_lot)
            self.units.set(instrument_id, lots * instrument.quantity_increment)
        else:
            self.units.set(instrument_id, 0)
        return change

    @property
    def gross(self) -> int:
        """Gross exposure in all currencies whose rate is known, 1e-8 units of the account's."""
        return self.own.gross + self.foreign.gross

    @property
    def net(self) -> int:
        """Net exposure, the same way."""
        return self.own.net + self.foreign.net

    @property
    def largest(self) -> int:
        """Value of the largest position, the same way."""
        return max(self.own.largest.value, self.foreign.largest.value)

    @property
    def cash(self) -> int:
        """Cash of the account's currency, and all that it has in others whose rate is known: cash and positions."""
        books, cash = self.books, self.books.cash(self.currency) - self.books.owed(self.currency)
        for currency, pool in books.pools.items():
            if pool.rate and currency != self.currency:
                held = books.cash(currency) - books.owed(currency) + self._net(currency)
                cash += round_half_even(held * pool.rate, MONEY_UNIT)
        return cash

    @property
    def deposits(self) -> int:
        """Money that came in; that of other currencies, where their rate is known, at the rate of its time."""
        deposits = self.books.deposits(self.currency)
        for currency, pool in self.books.pools.items():
            if pool.rate and currency != self.currency:
                deposits += pool.contributed
        return deposits

    @property
    def equity(self) -> int:
        """Cash plus net exposure, 1e-8 units of the account's currency."""
        return self.cash + self.own.net

    @property
    def profit(self) -> int:
        """Equity less deposits."""
        return self.equity - self.deposits

    @property
    def leverage(self) -> int:
        """Gross exposure over equity, 1e-8."""
        return fraction(self.gross, self.equity)

    @property
    def concentration(self) -> int:
        """Value of the largest position over equity, 1e-8."""
        return fraction(self.largest, self.equity)

    def untranslated(self) -> dict[str, int]:
        """Return what there is in currencies without a rate, 1e-8 units of each: gross exposure, or equity if more."""
        found = {}
        for currency in sorted({*self.books.currencies(), *self.by_currency}):
            if currency != self.currency and not self._rate(currency):
                totals = self.by_currency.get(currency)
                equity = self.books.cash(currency) - self.books.owed(currency) + self._net(currency)
                if amount := max(abs(equity), 0 if totals is None else totals.gross):
                    found[currency] = amount
        return found

    def limit_use(self, limits: Mapping[str, int]) -> dict[str, LimitUse]:
        """Return the use of every limit that positions and open orders show, as ``limits.limit_use`` does."""
        return {name: self.use_of(name, limit) for name, limit in limits.items()}

    def use_of(self, name: str, limit: int) -> LimitUse:
        """Return the use of one limit."""
        positions = self._largest_positions.get(name)
        if positions is not None:
            largest = max(positions, key=lambda one: one.value)
            return LimitUse(limit, largest.value, self._symbol(largest.key))
        orders = self._largest_orders.get(name)
        if orders is not None:
            return LimitUse(limit, orders.value, self.orders.symbol(orders))
        own = self.own
        if name == FLAG:
            return LimitUse(limit, len(own.shorts), self._symbol(next(iter(own.shorts), None)))
        return LimitUse(limit, self.gross if name == "maximum_gross_exposure" else abs(self.net), "")

    def _rate(self, currency: str) -> int:
        pool = self.books.pools.get(currency)
        return 0 if pool is None else pool.rate

    def _net(self, currency: str) -> int:
        totals = self.by_currency.get(currency)
        return 0 if totals is None else totals.net

    def _unpriced(self, instrument: int) -> list[Position]:
        held = self._priced(instrument)
        return [
            (
                Position(
                    instrument, one.strategy, one.quantity, self.books.holding(one.strategy, instrument).cost, 0, 0
                )
                if one.quantity  # so that looking does not make a position
                else one
            )
            for one in held
        ]

    def _priced(self, instrument: int) -> list[Position]:
        quantity = self.books.strategy_position
        return [
            Position(instrument, strategy, quantity(strategy, instrument), 0, 0, 0)
            for strategy in self._parts[instrument]
        ]

    def _attribute(self, parts: dict[str, int], strategy: str, value: int) -> None:
        before = parts[strategy]
        if value != before:
            sums = self.by_strategy[strategy]
            sums[0] += abs(value) - abs(before)
            sums[1] += value - before
            parts[strategy] = value

    def _symbol(self, instrument: int | None) -> str:
        return "" if instrument is None else self._instruments[instrument].symbol


def fraction(numerator: int, equity: int) -> int:
    """Return a share of the equity, 1e-8; beyond all bounds where there is no equity to have a share of."""
    if not numerator:
        return 0
    return numerator * MONEY_UNIT // equity if equity > 0 else LARGEST_AMOUNT
