"""What the open orders of one account may still do: quantities to buy and to sell, and the cash set aside for buys."""

from __future__ import annotations

from collections import defaultdict

from actors.messages import MONEY_UNIT, Instrument, Side


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
    """Open quantities by side and instrument, for the account and for each strategy; reserved cash by currency."""

    def __init__(self) -> None:
        self._account: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._strategy: defaultdict[tuple[str, int, int], int] = defaultdict(int)
        self._reserved: defaultdict[str, int] = defaultdict(int)

    def add(self, strategy: str, instrument: int, side: Side, quantity: int) -> None:
        """Add lots that may still trade; negative where some traded or were given up."""
        self._account[instrument, side.sign] += quantity
        self._strategy[strategy, instrument, side.sign] += quantity

    def reserve(self, currency: str, amount: int) -> None:
        """Set cash aside; negative to release it."""
        self._reserved[currency] += amount

    def open_quantity(self, instrument: int, side: Side) -> int:
        """Return the lots that the account's open orders may still trade on one side."""
        return self._account.get((instrument, side.sign), 0)

    def strategy_open_quantity(self, strategy: str, instrument: int, side: Side) -> int:
        """Return the lots that one strategy's open orders may still trade on one side."""
        return self._strategy.get((strategy, instrument, side.sign), 0)

    def reserved(self, currency: str) -> int:
        """Return the cash set aside for open buys, 1e-8 units."""
        return self._reserved.get(currency, 0)
