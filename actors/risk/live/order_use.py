"""What the open orders of one account use of its limits, kept up with each order and each price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.messages import MONEY_UNIT, Instrument, Order
from actors.risk.live.largest import Largest


class OrderUse:
    """The largest open order by quantity, by value and by its reach through the market, as ``limits.limit_use`` counts.

    Args:
        instruments: The instrument master.
        prices: Last price in increments by instrument id, which whoever owns them keeps up.

    Attributes:
        quantities: What is left of each order, 1e-8 units, by order id.
        notionals: Its value at its limit price or else the last price, 1e-8 currency units.
        collars: How far its limit price lies beyond the last price, as a fraction of that, 1e-8.
    """

    __slots__ = ("quantities", "notionals", "collars", "_instruments", "_prices", "_orders", "_instrument_of")

    def __init__(self, instruments: Sequence[Instrument], prices: Mapping[int, int]) -> None:
        self.quantities: Largest[str] = Largest()
        self.notionals: Largest[str] = Largest()
        self.collars: Largest[str] = Largest()
        self._instruments = instruments
        self._prices = prices
        self._orders: dict[int, dict[str, Order]] = {}
        self._instrument_of: dict[str, int] = {}

    def take(self, order: Order) -> None:
        """Take the newest state of an order; one that is no longer open uses nothing."""
        if order.status.is_open:
            self._orders.setdefault(order.instrument, {})[order.order_id] = order
            self._instrument_of[order.order_id] = order.instrument
            self._measure(order)
        elif self._instrument_of.pop(order.order_id, None) is not None:
            orders = self._orders[order.instrument]
            del orders[order.order_id]
            if not orders:
                del self._orders[order.instrument]
            for values in (self.quantities, self.notionals, self.collars):
                values.set(order.order_id, 0)

    def tick(self, instrument: int) -> None:
        """Measure the open orders of an instrument at its new price."""
        for order in self._orders.get(instrument, {}).values():
            self._measure(order)

    def has(self, instrument: int) -> bool:
        """Return whether there is an open order in an instrument."""
        return instrument in self._orders

    def instruments(self) -> list[int]:
        """Return the instruments with open orders."""
        return list(self._orders)

    def symbol(self, values: Largest[str]) -> str:
        """Return the symbol of the order that is the largest of ``values``; empty where there is none."""
        key = values.key
        return "" if key is None else self._instruments[self._instrument_of[key]].symbol

    def _measure(self, order: Order) -> None:
        instrument, market = self._instruments[order.instrument], self._prices.get(order.instrument, 0)
        price = order.limit_price or market
        self.quantities.set(order.order_id, order.leaves_quantity * instrument.quantity_increment)
        self.notionals.set(order.order_id, instrument.notional(price, order.leaves_quantity))
        through = 0
        if order.limit_price is not None and market:
            through = max(0, order.side.sign * (order.limit_price - market)) * MONEY_UNIT // market
        self.collars.set(order.order_id, through)
