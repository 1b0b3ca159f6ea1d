"""How what is there to trade is shared out among our own orders."""

from __future__ import annotations

import fractions
from collections.abc import Callable, Iterable
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


def at(price: int) -> Callable[[RestingOrder], int | None]:
    """Return the pricing of a market at one ``price``: that price for every order that accepts it."""
    return lambda order: price if order.accepts(price) else None


def allocate(
    orders: Iterable[RestingOrder],
    available: int,
    price_for: Callable[[RestingOrder], int | None],
    passive: Callable[[RestingOrder], bool],
) -> tuple[list[Execution], int]:
    """Share ``available`` increments out among ``orders``, in the order given.

    Args:
        orders: Whose turn it is, in order.
        available: What may be traded in all.
        price_for: The price at which an order would trade, or ``None``.
        passive: Whether an order that trades at its very limit was standing there when the market came to it.

    Returns:
        The executions, and what is left. A fill-or-kill order that does not fit whole is passed over.
    """
    executions = []
    for order in orders:
        if available <= 0:
            break
        price = price_for(order)
        if price is None:
            continue
        if order.order.time_in_force is TimeInForce.FOK and order.leaves > available:
            continue
        quantity = min(order.leaves, available)
        available -= quantity
        # A fill better than the limit is charged as taking: a standing order gets its own price and no improvement.
        makes = price == order.order.limit_price and not order.is_immediate and passive(order)
        executions.append(Execution(order, price, quantity, MAKER if makes else TAKER))
    return executions, available
