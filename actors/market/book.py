"""The limit order book of one instrument, order by order, in the terms of LOBSTER's messages.

A book may begin empty in the middle of a day: messages on orders that were placed before are counted and otherwise
ignored. A message stream that leaves out far levels can leave orders behind that are long gone; an order that crosses
them, or an execution behind them, proves it, and they are removed and counted as stale.
"""

from __future__ import annotations

import bisect

from actors.market.ticks import BookAction

Top = tuple[int, int, int, int]
"""Best bid, best ask, size at the bid, size at the ask; prices in increments, 0 where a side is empty."""


class _Side:
    """The orders of one side; ``sign`` +1 for bids, -1 for asks, so that the best level is always the largest key."""

    __slots__ = ("sign", "keys", "sizes")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.sizes: dict[int, int] = {}

    def add(self, price: int, size: int) -> None:
        key = price * self.sign
        if key in self.sizes:
            self.sizes[key] += size
        else:
            self.sizes[key] = size
            bisect.insort(self.keys, key)

    def remove(self, price: int, size: int) -> None:
        key = price * self.sign
        left = self.sizes[key] - size
        if left > 0:
            self.sizes[key] = left
            return
        del self.sizes[key]
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect.bisect_left(self.keys, key)]

    def best(self) -> tuple[int, int]:
        if not self.keys:
            return 0, 0
        key = self.keys[-1]
        return key * self.sign, self.sizes[key]


class Book:
    """A limit order book by order id.

    Attributes:
        unknown_orders: Messages on orders that the book does not hold.
        repeated_orders: Additions under an id that the book already held; the older order is replaced.
        stale_orders: Orders removed because the market proved to be past them.
        halts: Trading-halt messages.
    """

    def __init__(self) -> None:
        self._bids, self._asks = _Side(1), _Side(-1)
        self._orders: dict[int, tuple[int, int, int]] = {}
        self.unknown_orders = 0
        self.repeated_orders = 0
        self.stale_orders = 0
        self.halts = 0

    def __len__(self) -> int:
        """Return the number of orders."""
        return len(self._orders)

    @property
    def top(self) -> Top:
        """Best bid, best ask and their sizes."""
        bid, bid_size = self._bids.best()
        ask, ask_size = self._asks.best()
        return bid, ask, bid_size, ask_size

    def apply(self, action: int, order_id: int, side: int, price: int, size: int) -> Top:
        """Apply one message and return the top of the book after it.

        Args:
            action: ``BookAction``; an execution of a hidden order and a halt leave the book as it is.
            order_id: The resting order.
            side: Positive where it buys, negative (or 0) where it sells.
            price: Its price in increments; used by additions, otherwise the book's own is.
            size: Quantity in increments: placed, withdrawn or executed.
        """
        if action == BookAction.ADD:
            self._add(order_id, 1 if side > 0 else -1, price, size)
        elif action in (BookAction.REDUCE, BookAction.EXECUTE):
            self._reduce(order_id, size, executed=action == BookAction.EXECUTE)
        elif action == BookAction.DELETE:
            self._delete(order_id)
        elif action == BookAction.HALT:
            self.halts += 1
        return self.top

    def _add(self, order_id: int, side: int, price: int, size: int) -> None:
        if order_id in self._orders:
            self.repeated_orders += 1
            self._delete(order_id)
        opposite = self._asks if side > 0 else self._bids
        keys = opposite.keys
        if keys and keys[-1] >= price * opposite.sign:
            self._purge(opposite, price * opposite.sign)
        if size > 0:
            self._orders[order_id] = (side, price, size)
            (self._bids if side > 0 else self._asks).add(price, size)

    def _reduce(self, order_id: int, by: int, executed: bool) -> None:
        order = self._orders.get(order_id)
        if order is None:
            self.unknown_orders += 1
            return
        side, price, size = order
        book = self._bids if side > 0 else self._asks
        if executed and book.keys[-1] > price * side:
            self._purge(book, price * side + 1)
        if by >= size:
            del self._orders[order_id]
            book.remove(price, size)
        else:
            self._orders[order_id] = (side, price, size - by)
            book.remove(price, by)

    def _delete(self, order_id: int) -> None:
        order = self._orders.pop(order_id, None)
        if order is None:
            self.unknown_orders += 1
            return
        side, price, size = order
        (self._bids if side > 0 else self._asks).remove(price, size)

    def _purge(self, book: _Side, from_key: int) -> None:
        """Remove the orders of one side whose key is ``from_key`` or better."""
        sign = book.sign
        stale = [key for key, (side, price, _) in self._orders.items() if side == sign and price * sign >= from_key]
        for order_id in stale:
            _, price, size = self._orders.pop(order_id)
            book.remove(price, size)
        self.stale_orders += len(stale)
