"""What orders get from one quote: the opposite side at its price, up to its size.

The size is consumed until the next quote of the instrument: an order that comes later waits for that one, so nothing of
a quote is kept. A limit order that has stood in the book and is met at its very price makes liquidity; any other fill
takes.
"""

from __future__ import annotations

from actors.messages import Quote, Side
from env.exchange.allocation import Execution, allocate, at
from env.exchange.resting import RestingOrder, RestingOrders


def takes_part(order: RestingOrder, quote: Quote) -> bool:
    """Return whether the quote became known after the order's arrival."""
    return order.accepted_at < quote.known_time


def match_quote(orders: RestingOrders, quote: Quote) -> list[Execution]:
    """Return the executions of ``orders`` against both sides of ``quote``; an empty side (price 0) gives none."""
    executions: list[Execution] = []
    for side, price, size in ((Side.BUY, quote.ask, quote.ask_size), (Side.SELL, quote.bid, quote.bid_size)):
        if price > 0:
            turn = (order for order in orders.side(side) if takes_part(order, quote))
            executions += allocate(
                turn,
                size,
                at(price),
                lambda order: order.rested,
            )[0]
    return executions
