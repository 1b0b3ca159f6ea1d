"""When open orders expire: by moment, then first come."""

from __future__ import annotations

import heapq

from env.exchange.resting import RestingOrder


class Expiries:
    """Open orders by the moment at which they expire; an order that has closed is forgotten at once."""

    __slots__ = ("_moments", "_orders")

    def __init__(self) -> None:
        self._moments: list[int] = []
        self._orders: dict[int, dict[RestingOrder, None]] = {}

    def add(self, order: RestingOrder) -> None:
        """Note when an order expires, where it does."""
        moment = order.expires_at
        if moment is None:
            return
        if moment not in self._orders:
            self._orders[moment] = {}
            heapq.heappush(self._moments, moment)
        self._orders[moment][order] = None

    def discard(self, order: RestingOrder) -> None:
        """Forget an order that has closed."""
        if order.expires_at is not None:
            self._orders.get(order.expires_at, {}).pop(order, None)

    def due(self, time: int) -> list[RestingOrder]:
        """Return the orders that have expired at ``time``, and forget them."""
        expired: list[RestingOrder] = []
        while self._moments and self._moments[0] <= time:
            expired += self._orders.pop(heapq.heappop(self._moments))
        return expired
