"""What orders get from one public trade: a part of its size at its price.

A limit order trades when the public trade is at its limit or through it. A market order trades only with a public trade
of its own direction (or of unknown direction): a buyer can't count on the price that a seller was glad to get. The last
trade of a session is its close, which is one price for both sides.
"""

from __future__ import annotations

import fractions

from env.exchange.allocation import Execution, allocate, participate
from env.exchange.market_event import MarketEvent
from env.exchange.resting import RestingOrder, RestingOrders


class TradeEvent(MarketEvent):
    """A public trade; its price in increments.

    Args:
        row: The row of kind TRADE.
        participation: Largest share of its size that our orders may take.
    """

    __slots__ = ("_price", "_side", "_left")

    def __init__(self, row: tuple[int, ...], participation: fractions.Fraction) -> None:
        super().__init__(row[5], row[6])
        self._price, self._side = row[8], row[2]
        self._left = participate(row[9], participation)

    def takes_part(self, order: RestingOrder) -> bool:
        """Return whether the trade happened at or after the order's arrival, became known after it and is of use."""
        if order.is_market and self._side == -order.order.side.sign:
            return False
        return self._is_new(order)

    def _is_new(self, order: RestingOrder) -> bool:
        return order.accepted_at <= self.event_time and order.accepted_at < self.known_time

    def would_take(self, order: RestingOrder) -> bool:
        """Return whether the trade went through the order's limit."""
        return self._price != order.limit_price and order.accepts(self._price)

    def match(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions of the orders that accept the price."""
        turn = filter(self.takes_part, orders.in_turn(self._price, self._price))
        executions, self._left = allocate(turn, self._left, self._price, came=True)
        return executions

    def close(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions of both sides at the price, whichever side was the aggressor."""
        turn = filter(self._is_new, orders.in_turn(self._price, self._price))
        executions, self._left = allocate(turn, self._left, self._price, came=True)
        return executions
