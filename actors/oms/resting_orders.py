"""The limit prices at which a partition's own orders rest, so that a new one is not sent to trade against them."""

from __future__ import annotations

import bisect

from actors.messages import Order, OrderType, Side, Stage, TimeInForce

_BUY, _SELL, _WORKING = Side.BUY, Side.SELL, Stage.WORKING
_PEGGED = OrderType.PEGGED
PASSING = (TimeInForce.IOC, TimeInForce.FOK)
"""Times in force with which an order never rests."""


def resting_price(order: Order) -> int:
    """Return the price at which an order rests at the venue or is about to, in increments; 0 where it does not."""
    price = order.limit_price
    if order.type is _PEGGED and order.trigger_price:
        price = order.trigger_price
    if price is None or order.stage is not _WORKING or order.time_in_force in PASSING:
        return 0
    return price if order.leaves_quantity else 0


class RestingOrders:
    """Prices of resting orders by instrument and side, sorted, for each account."""

    def __init__(self) -> None:
        self._prices: dict[tuple[int, Side], dict[str, list[int]]] = {}

    def move(self, account: str, instrument: int, side: Side, before: int, after: int) -> None:
        """Take note that an order rests at another price than before; 0 is no price."""
        if before == after:
            return
        accounts = self._prices.setdefault((instrument, side), {})
        prices = accounts.setdefault(account, [])
        if before:
            prices.pop(bisect.bisect_left(prices, before))
        if after:
            bisect.insort(prices, after)
        if not prices:
            del accounts[account]

    def opposite(self, account: str | None, instrument: int, side: Side) -> int:
        """Return the resting price that an order of ``side`` would meet first, 0 where there is none.

        Args:
            account: Whose orders; ``None`` for those of all accounts.
            instrument: Instrument id.
            side: Side of the order that is to be sent.
        """
        accounts = self._prices.get((instrument, _SELL if side is _BUY else _BUY))
        if not accounts:
            return 0
        at = 0 if side is _BUY else -1
        if account is not None:
            prices = accounts.get(account)
            return prices[at] if prices else 0
        best = [prices[at] for prices in accounts.values()]
        return min(best) if side is _BUY else max(best)

    def view(self) -> list[list[object]]:
        """Return all prices, as plain data."""
        return [
            [instrument, str(side), account, prices]
            for (instrument, side), accounts in sorted(self._prices.items())
            for account, prices in sorted(accounts.items())
        ]
