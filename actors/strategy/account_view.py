"""What strategies see of one account: its books, and their own open orders, kept from the OMS's events."""

from __future__ import annotations

from collections.abc import Sequence

from actors.messages import (
    AccountEvent,
    BookingEvent,
    CashEvent,
    Contingency,
    Instrument,
    OmsEvent,
    Order,
    OrderEvent,
    OrderStatus,
    Stage,
)
from actors.portfolio.books import Books


class AccountView:
    """A copy of one account: what the OMS's events say, and what was sent to it and not yet heard of again.

    Args:
        account: The account's key.
        currency: Its currency.
        instruments: The instrument master.

    Attributes:
        books: Cash and positions.
        orders: Open orders by client order id, those included that the OMS has not confirmed yet.
        cancels: Client order ids of open orders whose cancellation was asked for.
    """

    def __init__(self, account: str, currency: str, instruments: Sequence[Instrument]) -> None:
        self.account = account
        self.currency = currency
        self.books = Books(account, instruments, currency)
        self.orders: dict[str, Order] = {}
        self.cancels: set[str] = set()

    def apply(self, event: OmsEvent) -> None:
        """Take one event of this account."""
        if isinstance(event, CashEvent):
            self.books.deposit(event.currency, event.amount)
        elif isinstance(event, BookingEvent):
            self.books.enter(event.entry)
        elif isinstance(event, AccountEvent):
            self.books.begin(event.currency, event.lots)
        elif isinstance(event, OrderEvent):
            if event.fill is not None:
                self.books.book(event.fill)
            self.put(event.order)

    def put(self, order: Order) -> None:
        """Replace an order by its new state; a closed one is forgotten."""
        if order.status.is_open:
            self.orders[order.client_order_id] = order
            if order.status is not OrderStatus.PENDING_CANCEL:
                self.cancels.discard(order.client_order_id)
        else:
            self.forget(order.client_order_id)

    def forget(self, client_order_id: str) -> None:
        """Drop an order."""
        self.orders.pop(client_order_id, None)
        self.cancels.discard(client_order_id)

    def open_orders(self, strategy: str, instrument: int | None = None) -> list[Order]:
        """Return a strategy's open orders, oldest first, of one instrument or of all."""
        return [
            order
            for order in self.orders.values()
            if order.strategy == strategy and instrument in (None, order.instrument)
        ]

    def open_quantity(self, strategy: str, instrument: int) -> int:
        """Return the lots that a strategy's open orders would still add to its position, sells counted negative.

        Orders that wait for another one add nothing yet; of orders that cancel one another the largest counts.
        """
        total = 0
        largest: dict[tuple[str, int], int] = {}
        for order in self.open_orders(strategy, instrument):
            if order.stage is Stage.HELD and order.contingency in (Contingency.OTO, Contingency.BRACKET):
                continue  # an order held for its moment alone does count
            leaves = order.leaves_quantity
            if order.contingency in (Contingency.OCO, Contingency.BRACKET):
                # A bracket's exits work only once its first order is done, so that those at work are of one kind.
                key = order.list_id, order.side.sign
                largest[key] = max(largest.get(key, 0), leaves)
            else:
                total += order.side.sign * leaves
        return total + sum(sign * leaves for (_, sign), leaves in largest.items())


def account_of(event: OmsEvent) -> str | None:
    """Return the account that an event concerns, or ``None`` where it concerns no single one."""
    if isinstance(event, OrderEvent):
        return event.order.account
    return event.account if isinstance(event, CashEvent | BookingEvent | AccountEvent) else None
