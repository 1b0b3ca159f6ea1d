"""What the books of one account say: cash, positions, profit, what they are worth at given prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from actors.entries import LotMethod
from actors.errors import InputError, NotFound
from actors.messages import Instrument
from actors.portfolio.books_view import Position
from actors.portfolio.currency_pool import CurrencyPool
from actors.portfolio.holding import Holding
from actors.portfolio.steps import Transfer


class BooksFigures:
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
        touched: Strategy and instrument of every position that the newest booking changed.
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
        self.touched: list[tuple[str, int]] = []
        self._instruments = instruments
        self._cash: defaultdict[str, int] = defaultdict(int)
        self._deposits: defaultdict[str, int] = defaultdict(int)
        self._charges: defaultdict[str, int] = defaultdict(int)
        self._conversions: defaultdict[str, int] = defaultdict(int)
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._net: defaultdict[int, int] = defaultdict(int)
        self._owed: defaultdict[str, int] = defaultdict(int)

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
        stake = self.pools[currency].imbalance if currency in self.pools else 0
        profit = self.realised(currency) + self.income(currency) - self.fees(currency)
        paid = self.cost(currency) - self.owed(currency)
        return self.cash(currency) + paid - profit - self.deposits(currency) + stake

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

    def find(self, strategy: str, instrument: int) -> Holding | None:
        """Return a strategy's position, ``None`` where there never was one."""
        return self._holdings.get((strategy, instrument))

    def holders(self, instrument: int) -> list[tuple[str, Holding]]:
        """Return the strategies that ever held an instrument, and the positions: flat ones have a past to be told."""
        return [(key[0], one) for key, one in self._holdings.items() if key[1] == instrument]

    def knows(self, currency: str) -> bool:
        """Return whether anything here is in a currency: the account, an instrument, cash, or a rate."""
        known = currency in (self.own_currency, *self._cash, *self.pools)
        return known or any(instrument.currency == currency for instrument in self._instruments)

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
