"""How what is there to trade is shared out among our own orders."""

from __future__ import annotations

import fractions
from collections.abc import Iterable
from typing import NamedTuple

from actors.messages import TimeInForce
from env.exchange.resting import RestingOrder

MAKER = "maker"
TAKER = "taker"


class Execution(NamedTuple):
    """One fill to be: price and quantity in increments, ``liquidity`` is ``maker`` or ``taker``."""

    order: RestingOrder
    price: int
    quantity: int
    liquidity: str


def participate(volume: int, participation: fractions.Fraction) -> int:
    """Return how much of a traded ``volume`` our orders may take: the share rounded down, but one lot of any volume."""
    return max(1, volume * participation.numerator // participation.denominator) if volume > 0 else 0


def allocate(
    orders: Iterable[RestingOrder], available: int, price: int | None, *, came: bool
) -> tuple[list[Execution], int]:
    """Share ``available`` increments out among ``orders``, all of which accept the price, in the order given.

    Args:
        orders: Whose turn it is, in order.
        available: What may be traded in all.
        price: The market's price; ``None`` where each order trades at its own limit. An order that may only make trades
            at its limit in any case: it stood there before the market went through it.
        came: Whether the market came to the orders. Where it did not, only those that stood there before make.

    Returns:
        The executions, and what is left. A fill-or-kill order that does not fit whole is passed over.
    """
    executions: list[Execution] = []
    for order in orders:
        if available <= 0:
            break
        quantity = order.leaves
        if quantity > available:
            if order.order.time_in_force is TimeInForce.FOK:
                continue
            quantity = available
        available -= quantity
        limit = order.limit_price
        paid = limit if price is None or order.is_post_only else price
        assert paid is not None, "only a limit order trades at its limit"
        # A fill better than the limit is charged as taking: a standing order gets its own price and no improvement.
        makes = paid == limit and not order.is_immediate and (came or order.rested)
        executions.append(Execution(order, paid, quantity, MAKER if makes else TAKER))
    return executions, available
