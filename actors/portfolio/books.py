"""The books of one account: cash, positions at average cost, realised profit and fees, in exact integers.

Every booking is a set of postings that sum to zero by construction, as realised profit is what is left over:

    cash + position cost + fees - realised profit = 0        (a fill)
    cash - deposits = 0                                      (a deposit)

so ``imbalance`` is 0 at all times. Positions are kept by strategy and instrument; the account holds their sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from actors.errors import InputError, NotFound
from actors.messages import Fill, Instrument, Message, Side, round_half_even

LARGEST_AMOUNT = 2**63 - 1


class Position(Message, frozen=True):
    """What one strategy holds of one instrument in one account, and what came of it so far.

    Attributes:
        instrument: Instrument id.
        strategy: Name of the strategy.
        quantity: Lots, negative when short.
        cost: Money paid for the open quantity, fees excluded; negative when short (money received).
        realised: Profit of what was closed, before fees.
        fees: Fees paid since the beginning, rebates deducted.
    """

    instrument: int
    strategy: str
    quantity: int
    cost: int
    realised: int
    fees: int


class BooksView(Message, frozen=True):
    """The books of one account at one moment, as they travel.

    Attributes:
        account: Its key.
        sequence: Sequence of the newest event of the account's partition that is booked here.
        cash: Money by currency.
        positions: Every position ever held, flat ones too (they carry realised profit and fees).
    """

    account: str
    sequence: int
    cash: dict[str, int]
    positions: list[Position]


class BooksState(Message, frozen=True):
    """The books of one account whole, as a snapshot keeps them.

    Attributes:
        view: Cash and positions.
        deposits: Money that came in other than by fills, by currency.
        turnover: Value of all fills, by currency.
        bookings: Number of bookings.
    """

    view: BooksView
    deposits: dict[str, int]
    turnover: dict[str, int]
    bookings: int


class _Holding:
    """The mutable twin of ``Position``, without its key."""

    __slots__ = ("quantity", "cost", "realised", "fees")

    def __init__(self, quantity: int = 0, cost: int = 0, realised: int = 0, fees: int = 0) -> None:
        self.quantity = quantity
        self.cost = cost
        self.realised = realised
        self.fees = fees


class Books:
    """Cash, positions, realised profit and fees of one account.

    Args:
        account: Its key.
        instruments: The instrument master; an instrument's ``id`` is its index.

    Attributes:
        turnover: Value of all fills so far (bought and sold), by currency.
        bookings: Number of deposits and fills booked here: whoever keeps what was reckoned sees whether it still holds.
    """

    def __init__(self, account: str, instruments: Sequence[Instrument]) -> None:
        self.account = account
        self.turnover: defaultdict[str, int] = defaultdict(int)
        self.bookings = 0
        self._instruments = instruments
        self._cash: defaultdict[str, int] = defaultdict(int)
        self._deposits: defaultdict[str, int] = defaultdict(int)
        self._holdings: dict[tuple[str, int], _Holding] = {}
        self._net: defaultdict[int, int] = defaultdict(int)

    @classmethod
    def from_view(cls, view: BooksView, instruments: Sequence[Instrument]) -> Books:
        """Return the books that ``view`` shows; ``turnover`` counts from there."""
        books = cls(view.account, instruments)
        books._cash.update(view.cash)
        books._deposits.update(view.cash)
        for position in view.positions:
            currency = books._instrument(position.instrument).currency
            books._deposits[currency] += position.cost + position.fees - position.realised
            books._net[position.instrument] += position.quantity
            books._holdings[position.strategy, position.instrument] = _Holding(
                position.quantity, position.cost, position.realised, position.fees
            )
        return books

    def state(self) -> BooksState:
        """Return everything that these books hold."""
        return BooksState(self.view(0), dict(self._deposits), dict(self.turnover), self.bookings)

    @classmethod
    def from_state(cls, state: BooksState, instruments: Sequence[Instrument]) -> Books:
        """Return the books that ``state`` described, with nothing left out."""
        books = cls.from_view(state.view, instruments)
        books._deposits = defaultdict(int, state.deposits)
        books.turnover = defaultdict(int, state.turnover)
        books.bookings = state.bookings
        return books

    def deposit(self, currency: str, amount: int) -> None:
        """Book money that came (positive) or left (negative) other than by a fill, in 1e-8 units.

        Raises:
            InputError: The cash would leave the range in which amounts travel, about 92 billion on either side of 0.
        """
        if abs(self._cash.get(currency, 0) + amount) > LARGEST_AMOUNT:
            raise InputError(
                "more cash than can be kept", field="amount", value=amount, rule=f"at most {LARGEST_AMOUNT} in all"
            )
        self._cash[currency] += amount
        self._deposits[currency] += amount
        self.bookings += 1

    def book(self, fill: Fill) -> None:
        """Book one execution at average cost.

        What closes a position releases its share of the cost, rounded half-even, and all of it with the last lot, so a
        closed position leaves no residue. A fill that turns a position around is a close and an opening at one price.

        Raises:
            InputError: The fill is of another account, or its quantity is not positive.
            NotFound: Its instrument is not in the master.
        """
        if fill.account != self.account:
            raise InputError("fill of another account", field="account", value=fill.account, rule=self.account)
        quantity = fill.quantity
        if quantity <= 0:
            raise InputError("fill of no quantity", field="quantity", value=quantity, rule="positive")
        instrument = self._instrument(fill.instrument)
        key = (fill.strategy, fill.instrument)
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = _Holding()

        sign = 1 if fill.side is Side.BUY else -1
        notional = instrument.notional(fill.price, quantity)
        held = holding.quantity
        if held * sign >= 0:
            cost = sign * notional
        elif quantity < abs(held):
            cost = -round_half_even(holding.cost * quantity, abs(held))
        elif quantity == abs(held):
            cost = -holding.cost
        else:
            cost = -holding.cost + sign * (notional - instrument.notional(fill.price, abs(held)))
        cash = -sign * notional - fill.fee

        self._cash[instrument.currency] += cash
        self.turnover[instrument.currency] += notional
        self._net[fill.instrument] += sign * quantity
        holding.quantity = held + sign * quantity
        holding.cost += cost
        holding.fees += fill.fee
        holding.realised += cash + cost + fill.fee
        self.bookings += 1

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
        """Return the money that came in other than by fills, less what left."""
        return self._deposits.get(currency, 0)

    def currencies(self) -> list[str]:
        """Return the currencies that were ever held, in alphabetical order."""
        return sorted(self._cash)

    def positions(self) -> list[Position]:
        """Return every position ever held, flat ones too, in the order of their first fill."""
        return [
            Position(instrument, strategy, holding.quantity, holding.cost, holding.realised, holding.fees)
            for (strategy, instrument), holding in self._holdings.items()
        ]

    def net_positions(self) -> dict[int, int]:
        """Return the open lots by instrument, net over strategies."""
        return {instrument: quantity for instrument, quantity in self._net.items() if quantity}

    def view(self, sequence: int) -> BooksView:
        """Return the books as they travel, up to the partition's event ``sequence``."""
        return BooksView(self.account, sequence, dict(self._cash), self.positions())

    def realised(self, currency: str | None = None) -> int:
        """Return the realised profit before fees, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.realised for _, holding in self._of(self._currency(currency)))

    def fees(self, currency: str | None = None) -> int:
        """Return the fees paid, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.fees for _, holding in self._of(self._currency(currency)))

    def cost(self, currency: str | None = None) -> int:
        """Return the cost of all open positions, in ``currency`` (which may be left out where there is one)."""
        return sum(holding.cost for _, holding in self._of(self._currency(currency)))

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
        """Return cash plus the market value of all positions; arguments as of ``unrealised``."""
        currency = self._currency(currency)
        return self.cash(currency) + self.market_value(prices, currency)

    def unpriced(self, prices: Mapping[int, int]) -> list[int]:
        """Return the ids of instruments with an open position and no price."""
        return sorted(instrument for instrument in self.net_positions() if instrument not in prices)

    def imbalance(self, currency: str) -> int:
        """Return by how much the postings fail to sum to zero: 0, always."""
        return (
            self.cash(currency)
            + self.cost(currency)
            + self.fees(currency)
            - self.realised(currency)
            - self.deposits(currency)
        )

    def _of(self, currency: str) -> Iterator[tuple[tuple[str, int], _Holding]]:
        for key, holding in self._holdings.items():
            if self._instruments[key[1]].currency == currency:
                yield key, holding

    def _currency(self, currency: str | None) -> str:
        if currency is not None:
            return currency
        if len(self._cash) > 1:
            raise InputError(
                "the account holds several currencies", field="currency", rule=", ".join(self.currencies())
            )
        return next(iter(self._cash), "")

    def _instrument(self, instrument: int) -> Instrument:
        if not 0 <= instrument < len(self._instruments) or self._instruments[instrument].id != instrument:
            raise NotFound(
                "unknown instrument", field="instrument", value=instrument, rule="an id of the instrument master"
            )
        return self._instruments[instrument]
