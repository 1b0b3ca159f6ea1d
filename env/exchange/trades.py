"""What orders get from one public trade: a part of its size at its price.

A limit order trades when the public trade is at its limit or through it. A market order trades only with a public trade
of its own direction (or of unknown direction): a buyer can't count on the price that a seller was glad to get.
"""

from __future__ import annotations

from actors.messages import Trade
from env.exchange.allocation import Execution, allocate, at
from env.exchange.resting import RestingOrder, RestingOrders


def takes_part(order: RestingOrder, trade: Trade) -> bool:
    """Return whether the trade happened at or after the order's arrival, became known after it and is of use to it."""
    if order.is_market and trade.side == -order.order.side.sign:
        return False
    return order.accepted_at <= trade.event_time and order.accepted_at < trade.known_time


def match_trade(orders: RestingOrders, trade: Trade, available: int) -> list[Execution]:
    """Return the executions of ``orders`` against ``trade``, at most ``available`` increments in all."""
    turn = (order for order in orders.in_turn() if takes_part(order, trade))
    return allocate(turn, available, at(trade.price), lambda order: True)[0]
