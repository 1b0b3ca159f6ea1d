"""What orders get from one bar.

First come those that the open satisfies: market orders, and limit orders that are no worse than the open; they trade at
the open. Then those whose limit the bar's range reached, at their limit. All share one part of the bar's volume. What
is left of an order waits for the next bar; an immediate order has this one bar only, an order for the open its open.
Orders for the close come last and trade at the close of the bar that reaches it.
"""

from __future__ import annotations

import fractions

from actors.messages import TimeInForce
from env.exchange.allocation import Execution, allocate, participate
from env.exchange.market_event import MarketEvent
from env.exchange.resting import RestingOrder, RestingOrders
from env.exchange.trading_days import TradingDay


class BarEvent(MarketEvent):
    """A bar; prices in increments.

    Args:
        row: The row of kind BAR.
        participation: Largest share of its volume that our orders may take.
    """

    __slots__ = ("_open", "_high", "_low", "_close", "_left")

    def __init__(self, row: tuple[int, ...], participation: fractions.Fraction) -> None:
        super().__init__(row[5], row[6])
        self._open, self._high, self._low, self._close = row[8:12]
        self._left = participate(row[12], participation)

    def takes_part(self, order: RestingOrder) -> bool:
        """Return whether the bar began at or after the order's arrival and became known after it."""
        return order.accepted_at <= self.event_time and order.accepted_at < self.known_time

    def is_chance(self, order: RestingOrder) -> bool:
        """Return whether it took part, or was for an open that this bar, begun before it came, has hidden."""
        for_open = order.order.time_in_force is TimeInForce.AT_OPEN and order.accepted_at < self.known_time
        return for_open or self.takes_part(order)

    def would_take(self, order: RestingOrder) -> bool:
        """Return whether the open satisfies the order."""
        return order.accepts(self._open)

    def match(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions at the open, then those within the range."""
        opening, left = allocate(
            filter(self.takes_part, orders.in_turn(self._open, self._open)), self._left, self._open, came=False
        )
        later, self._left = allocate(
            filter(self._is_reached, orders.in_turn(self._low, self._high)), left, None, came=True
        )
        return opening + later

    def _is_reached(self, order: RestingOrder) -> bool:
        for_open = order.order.time_in_force is TimeInForce.AT_OPEN
        return self.takes_part(order) and not for_open and not order.accepts(self._open)

    def close(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions at the close, of orders that came before the bar was known."""
        turn = (order for order in orders.in_turn(self._close, self._close) if order.accepted_at < self.known_time)
        executions, self._left = allocate(turn, self._left, self._close, came=False)
        return executions

    def is_after_open(self, day: TradingDay) -> bool:
        """Return whether it ends after the open and is not of the session before: one that spans the open has it."""
        return self.event_time >= day.closed_before and self.known_time > day.opens_at

    def is_within(self, day: TradingDay) -> bool:
        """Return whether it is of the session: the first one that closes after the bar begins."""
        return self.is_after_open(day) and self.event_time < day.closes_at

    def is_at_close(self, day: TradingDay) -> bool:
        """Return whether it reaches the close."""
        return self.known_time >= day.closes_at
