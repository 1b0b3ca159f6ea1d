"""What the open orders of one account may still do: quantities to buy and to sell, and the cash set aside for buys."""

from __future__ import annotations

from collections import defaultdict

from actors.messages import MONEY_UNIT, Instrument, Side

_BUY = Side.BUY


def buying_cost(instrument: Instrument, price: int, quantity: int, fee_rate: int) -> int:
    """Return the money that buying may take: the notional and the expected fee, rounded up.

    Args:
        instrument: What is bought.
        price: Highest price, in increments.
        quantity: Lots.
        fee_rate: Expected fee as a fraction of the notional, in 1e-8.
    """
    notional = instrument.notional(price, quantity)
    return notional - (-notional * fee_rate // MONEY_UNIT)


class Exposure:
    """Open quantities by side and instrument, for the account and for each strategy; reserved cash by currency.

    Where somebody follows it, every change is noted in a set as account, strategy and instrument.
    """

    def __init__(self) -> None:
        self._name = ""
        self._changed: set[tuple[str, str, int]] | None = None
        self._buys: dict[int, int] = {}
        self._sales: dict[int, int] = {}
        self._strategy: defaultdict[tuple[str, int, Side], int] = defaultdict(int)
        self._reserved: dict[str, int] = {}

    def add(self, strategy: str, instrument: int, side: Side, quantity: int) -> None:
        """Add lots that may still trade; negative where some traded or were given up."""
        account = self._buys if side is _BUY else self._sales
        account[instrument] = account.get(instrument, 0) + quantity
        self._strategy[strategy, instrument, side] += quantity
        if self._changed is not None:
            self._changed.add((self._name, strategy, instrument))

    def booked(self, strategy: str, instrument: int) -> None:
        """Take note that a fill, or one that was taken back, changed a position."""
        if self._changed is not None:
            self._changed.add((self._name, strategy, instrument))

    def follow(self, name: str, changed: set[tuple[str, str, int]] | None) -> None:
        """Note changes in ``changed`` under the account's ``name`` from now on, or nowhere."""
        self._name, self._changed = name, changed

    def reserve(self, currency: str, amount: int) -> None:
        """Set cash aside; negative to release it."""
        self._reserved[currency] = self._reserved.get(currency, 0) + amount

    def open_quantity(self, instrument: int, side: Side) -> int:
        """Return the lots that the account's open orders may still trade on one side."""
        return (self._buys if side is _BUY else self._sales).get(instrument, 0)

    def strategy_open_quantity(self, strategy: str, instrument: int, side: Side) -> int:
        """Return the lots that one strategy's open orders may still trade on one side."""
        return self._strategy.get((strategy, instrument, side), 0)

    def open_instruments(self) -> set[tuple[str, int]]:
        """Return strategy and instrument of every open order."""
        return {(strategy, instrument) for (strategy, instrument, _), lots in self._strategy.items() if lots}

    def reserved(self, currency: str) -> int:
        """Return the cash set aside for open buys, 1e-8 units."""
        return self._reserved.get(currency, 0)
