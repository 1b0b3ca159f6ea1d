"""Open orders of one instrument in price-time priority."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from actors.messages import OrderStatus, OrderType, Side, TimeInForce, VenueOrder

_BEFORE_EVERY_PRICE = -(2**63)


class RestingOrder:
    """One order at the exchange.

    Attributes:
        session: The order entry session that it came from.
        order: As it came.
        number: Its place in the exchange's order of arrival.
        accepted_at: Trading clock at arrival, UTC nanoseconds: nothing older fills it.
        expires_at: First instant of the trading clock at which it has expired, or ``None``.
        leaves: Quantity still to be filled, in increments; 0 once the order is closed.
        filled: Quantity filled so far, in increments.
        status: Its state.
        rested: Whether it has stood in the book through an earlier event of its instrument.
    """

    __slots__ = (
        "session",
        "order",
        "number",
        "accepted_at",
        "expires_at",
        "leaves",
        "filled",
        "status",
        "rested",
        "priority",
    )

    def __init__(
        self, session: str, order: VenueOrder, number: int, accepted_at: int, expires_at: int | None = None
    ) -> None:
        self.session = session
        self.order = order
        self.number = number
        self.accepted_at = accepted_at
        self.expires_at = expires_at
        self.leaves = order.quantity
        self.filled = 0
        self.status = OrderStatus.NEW
        self.rested = False
        price = _BEFORE_EVERY_PRICE if order.limit_price is None else -order.side.sign * order.limit_price
        self.priority = (price, number)

    @property
    def is_immediate(self) -> bool:
        """Whether it must trade at the first opportunity or not at all (IOC, FOK)."""
        return self.order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)

    @property
    def is_market(self) -> bool:
        """Whether it takes any price."""
        return self.order.type is OrderType.MARKET

    def accepts(self, price: int) -> bool:
        """Return whether ``price``, in increments, is no worse than the limit."""
        limit = self.order.limit_price
        return limit is None or (price - limit) * self.order.side.sign <= 0

    def fill(self, quantity: int) -> None:
        """Book an execution of ``quantity`` increments."""
        self.leaves -= quantity
        self.filled += quantity
        self.status = OrderStatus.PARTIALLY_FILLED if self.leaves else OrderStatus.FILLED

    def close(self, status: OrderStatus) -> None:
        """End the order without a further fill."""
        self.leaves = 0
        self.status = status


class RestingOrders:
    """The open orders of one instrument: best price first, then first come, on each side."""

    def __init__(self) -> None:
        self._sides: dict[Side, list[tuple[tuple[int, int], RestingOrder]]] = {Side.BUY: [], Side.SELL: []}

    def __len__(self) -> int:
        return sum(len(side) for side in self._sides.values())

    def add(self, order: RestingOrder) -> None:
        """Put an order in its place."""
        bisect.insort(self._sides[order.order.side], (order.priority, order))

    def remove(self, order: RestingOrder) -> None:
        """Take an order out."""
        side = self._sides[order.order.side]
        del side[bisect.bisect_left(side, order.priority, key=lambda entry: entry[0])]

    def side(self, side: Side) -> list[RestingOrder]:
        """Return the orders of one side, by priority."""
        return [order for _, order in self._sides[side]]

    def in_turn(self) -> Iterator[RestingOrder]:
        """Yield both sides' orders: price-time within a side, the earlier arrival between the heads of the two."""
        buys, sells = self.side(Side.BUY), self.side(Side.SELL)
        first, second = 0, 0
        while first < len(buys) or second < len(sells):
            take_buy = second == len(sells) or (first < len(buys) and buys[first].number < sells[second].number)
            if take_buy:
                yield buys[first]
                first += 1
            else:
                yield sells[second]
                second += 1

    def by_arrival(self) -> list[RestingOrder]:
        """Return all orders, the first come first."""
        return sorted((*self.side(Side.BUY), *self.side(Side.SELL)), key=lambda order: order.number)
