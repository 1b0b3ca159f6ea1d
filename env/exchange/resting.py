"""An open order at the exchange, and the orders of one instrument in price-time priority."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from actors.messages import OrderStatus, OrderType, Side, TimeInForce, VenueOrder
from env.exchange.trading_days import TradingDay

_BEFORE_EVERY_PRICE = -(2**63)
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


class RestingOrder:
    """One order at the exchange.

    Attributes:
        session: The order entry session that it came from.
        order: As it came.
        number: Its place in the exchange's order of arrival; a new one with a replacement that costs it its place.
        accepted_at: Trading clock when it got its number, UTC nanoseconds: nothing older fills it.
        expires_at: First instant of the trading clock at which it has expired, or ``None``.
        day: The session whose open or close it is for; ``None`` for an order that is for neither.
        quantity: Its whole quantity now, in increments.
        limit_price: Its limit now, in increments, or ``None``.
        leaves: Quantity still to be filled, in increments; 0 once the order is closed.
        filled: Quantity filled so far, in increments.
        status: Its state.
        rested: Whether it has stood in the book through an earlier event of its instrument.
        revision: The newest replacement that was granted or refused.
        is_immediate: Whether it has one opportunity to trade and is canceled after it.
        is_post_only: Whether it may only make liquidity.
    """

    __slots__ = (
        "session",
        "order",
        "number",
        "accepted_at",
        "expires_at",
        "day",
        "quantity",
        "limit_price",
        "leaves",
        "filled",
        "status",
        "rested",
        "revision",
        "is_immediate",
        "is_post_only",
    )

    def __init__(
        self,
        session: str,
        order: VenueOrder,
        number: int,
        accepted_at: int,
        expires_at: int | None = None,
        day: TradingDay | None = None,
    ) -> None:
        self.session = session
        self.order = order
        self.number = number
        self.accepted_at = accepted_at
        self.expires_at = expires_at
        self.day = day
        self.quantity = self.leaves = order.quantity
        self.limit_price = order.limit_price
        self.filled = 0
        self.status = OrderStatus.NEW
        self.rested = False
        self.revision = 0
        self.is_immediate = order.time_in_force in _IMMEDIATE
        self.is_post_only = order.conditions is not None and order.conditions.post_only

    @property
    def is_market(self) -> bool:
        """Whether it takes any price."""
        return self.order.type is OrderType.MARKET

    @property
    def rank(self) -> int:
        """What orders of one side are sorted by: the lower, the better the price for the other side."""
        limit = self.limit_price
        return _BEFORE_EVERY_PRICE if limit is None else -limit if self.order.side is Side.BUY else limit

    def accepts(self, price: int) -> bool:
        """Return whether ``price``, in increments, is no worse than the limit."""
        limit = self.limit_price
        return limit is None or (price <= limit if self.order.side is Side.BUY else price >= limit)

    def fill(self, quantity: int) -> None:
        """Book an execution of ``quantity`` increments."""
        self.leaves -= quantity
        self.filled += quantity
        self.status = OrderStatus.PARTIALLY_FILLED if self.leaves else OrderStatus.FILLED

    def resize(self, quantity: int) -> None:
        """Change the whole quantity; an order of which that much is filled already is filled."""
        self.quantity = quantity
        self.leaves = quantity - self.filled
        if not self.leaves:
            self.status = OrderStatus.FILLED

    def requeue(self, number: int, accepted_at: int, limit_price: int | None) -> None:
        """Take a new place in line, as if it had come just now at ``limit_price``."""
        self.number, self.accepted_at, self.limit_price = number, accepted_at, limit_price
        self.rested = False

    def close(self, status: OrderStatus) -> None:
        """End the order without a further fill."""
        self.leaves = 0
        self.status = status


class RestingOrders:
    """Orders of one instrument: best price first, then first come, on each side."""

    __slots__ = ("_buys", "_sells")

    def __init__(self) -> None:
        self._buys: list[tuple[int, int, RestingOrder]] = []
        self._sells: list[tuple[int, int, RestingOrder]] = []

    def __len__(self) -> int:
        return len(self._buys) + len(self._sells)

    def _side(self, side: Side) -> list[tuple[int, int, RestingOrder]]:
        return self._buys if side is Side.BUY else self._sells

    def add(self, order: RestingOrder) -> None:
        """Put an order in its place."""
        bisect.insort(self._side(order.order.side), (order.rank, order.number, order))

    def remove(self, order: RestingOrder) -> None:
        """Take an order out; its limit and number are those that it was added with."""
        side = self._side(order.order.side)
        del side[bisect.bisect_left(side, (order.rank, order.number))]

    def buys(self, price: int) -> Iterator[RestingOrder]:
        """Yield the buys that accept ``price``, by priority."""
        for rank, _, order in self._buys:
            if rank > -price:
                return
            yield order

    def sells(self, price: int) -> Iterator[RestingOrder]:
        """Yield the sells that accept ``price``, by priority."""
        for rank, _, order in self._sells:
            if rank > price:
                return
            yield order

    def in_turn(self, buying_price: int, selling_price: int) -> Iterator[RestingOrder]:
        """Yield both sides' willing orders: price-time within a side, the earlier arrival between the two heads."""
        buys, sells = self.buys(buying_price), self.sells(selling_price)
        buy, sell = next(buys, None), next(sells, None)
        while buy is not None or sell is not None:
            if sell is None or (buy is not None and buy.number < sell.number):
                assert buy is not None
                yield buy
                buy = next(buys, None)
            else:
                yield sell
                sell = next(sells, None)

    def by_arrival(self) -> list[RestingOrder]:
        """Return all orders, the first come first."""
        return sorted((entry[2] for entry in (*self._buys, *self._sells)), key=lambda order: order.number)
