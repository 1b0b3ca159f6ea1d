"""What orders get from one bar.

First come those that the open satisfies: market orders, and limit orders that are no worse than the open; they trade at
the open. Then those whose limit the bar's range reached, at their limit. All share one part of the bar's volume. What
is left of an order waits for the next bar; an immediate order has this one bar only.
"""

from __future__ import annotations

from actors.messages import Bar, Side
from env.exchange.allocation import Execution, allocate, at
from env.exchange.resting import RestingOrder, RestingOrders


def takes_part(order: RestingOrder, bar: Bar) -> bool:
    """Return whether the bar began at or after the order's arrival and became known after it."""
    return order.accepted_at <= bar.event_time and order.accepted_at < bar.known_time


def match_bar(orders: RestingOrders, bar: Bar, available: int) -> list[Execution]:
    """Return the executions of ``orders`` against ``bar``, at most ``available`` increments in all."""

    def within(order: RestingOrder) -> int | None:
        limit = order.order.limit_price
        extreme = bar.low if order.order.side is Side.BUY else bar.high
        return limit if order.accepts(extreme) and not order.accepts(bar.open) else None

    turn = [order for order in orders.in_turn() if takes_part(order, bar)]
    opening, left = allocate(turn, available, at(bar.open), lambda order: order.rested)
    later, _ = allocate(turn, left, within, lambda order: True)
    return opening + later
