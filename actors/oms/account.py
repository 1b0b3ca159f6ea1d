"""One account within its partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actors.messages import Instrument, ReplaceOrder, SubmitList
from actors.oms.exposure import Exposure
from actors.oms.inputs import Deposit
from actors.oms.working_order import WorkingOrder
from actors.portfolio.books import Books


class Wish(NamedTuple):
    """A replacement that was asked for.

    Attributes:
        request: As it was asked.
        order: The order that it is about.
        reason: Code of the refusal, empty where it was not refused here.
        text: The refusal in words.
    """

    request: ReplaceOrder
    order: WorkingOrder
    reason: str = ""
    text: str = ""


class OrderList:
    """Orders that depend on one another.

    Attributes:
        submitted: As they were submitted.
        orders: Its orders, in that order.
        active: Whether the orders behind the first are held no longer (of ``oco`` they never are).
    """

    __slots__ = ("submitted", "orders", "active")

    def __init__(self, submitted: SubmitList, orders: list[WorkingOrder], active: bool) -> None:
        self.submitted = submitted
        self.orders = orders
        self.active = active


class Account:
    """One account.

    Attributes:
        id: Its key.
        currency: Its currency.
        books: Cash and positions.
        exposure: What its open orders may still do.
        orders: Its orders by the client's id, in the order of submission.
        replacements: What was asked to be replaced, by the client's id of the wish.
        lists: Its lists by the client's id.
        reducing: Its reduce-only orders by order id.
        deposits: Its deposits by key.
    """

    __slots__ = ("id", "currency", "books", "exposure", "orders", "replacements", "lists", "reducing", "deposits")

    def __init__(self, account: str, currency: str, instruments: Sequence[Instrument]) -> None:
        self.id = account
        self.currency = currency
        self.books = Books(account, instruments)
        self.exposure = Exposure()
        self.orders: dict[str, WorkingOrder] = {}
        self.replacements: dict[str, Wish] = {}
        self.lists: dict[str, OrderList] = {}
        self.reducing: dict[str, WorkingOrder] = {}
        self.deposits: dict[str, Deposit] = {}

    def find(self, client_order_id: str) -> WorkingOrder | None:
        """Return the order of that client id, or the one that was to be replaced under it."""
        working = self.orders.get(client_order_id)
        if working is None and client_order_id in self.replacements:
            return self.replacements[client_order_id].order
        return working

    def uses(self, client_order_id: str) -> bool:
        """Return whether the client has used the id."""
        return client_order_id in self.orders or client_order_id in self.replacements

    def available_cash(self, currency: str) -> int:
        """Return cash less what open buys may cost, 1e-8 units."""
        return self.books.cash(currency) - self.exposure.reserved(currency)
