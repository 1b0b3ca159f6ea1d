"""What orders get from one quote: the opposite side at its price, up to its size.

The size is consumed until the next quote of the instrument: an order that comes later waits for that one, so nothing of
a quote is kept but the last one of a session, for orders for the close. A limit order that has stood in the book and is
met at its very price makes liquidity; any other fill takes.
"""

from __future__ import annotations

import fractions

from actors.messages import Side
from env.exchange.allocation import Execution, allocate
from env.exchange.market_event import MarketEvent
from env.exchange.resting import RestingOrder, RestingOrders


class QuoteEvent(MarketEvent):
    """A quote; prices and sizes in increments, an empty side has price 0 and gives nothing.

    Args:
        row: The row of kind QUOTE.
        participation: Of no use here: our orders may take all that is offered.
    """

    __slots__ = ("_bid", "_ask", "_bid_size", "_ask_size")

    def __init__(self, row: tuple[int, ...], participation: fractions.Fraction) -> None:
        super().__init__(row[5], row[6])
        self._bid, self._ask, self._bid_size, self._ask_size = row[8:12]

    def takes_part(self, order: RestingOrder) -> bool:
        """Return whether the quote became known after the order's arrival."""
        return order.accepted_at < self.known_time

    def would_take(self, order: RestingOrder) -> bool:
        """Return whether the other side's price satisfies the order."""
        price = self._ask if order.order.side is Side.BUY else self._bid
        return price > 0 and order.accepts(price)

    def match(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions of the buys at the ask, then of the sells at the bid."""
        executions: list[Execution] = []
        if self._ask > 0:
            executions, self._ask_size = allocate(
                filter(self.takes_part, orders.buys(self._ask)), self._ask_size, self._ask, came=False
            )
        if self._bid > 0:
            sold, self._bid_size = allocate(
                filter(self.takes_part, orders.sells(self._bid)), self._bid_size, self._bid, came=False
            )
            executions += sold
        return executions

    def close(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions against what standing orders have left: a close has no other price for either side."""
        return self.match(orders)
