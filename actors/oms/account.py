"""One account within its partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actors.messages import Contingency, Instrument, LotMethod, ReplaceOrder, SubmitList
from actors.oms.exposure import Exposure
from actors.oms.inputs import Booking, Deposit, Look
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
        looks: What was looked at for each of them.
        orders: Its orders, in that order.
        active: Whether the orders behind the first are held no longer (of ``oco`` they never are).
        meant: How many lots each of the orders of which only one can fill was to fill all by itself, by order id.
        asked: The lowest quantity that the OMS has asked each of them to be reduced to: it does not ask twice; or the
            larger one that it has asked for and not got yet.
    """

    __slots__ = ("submitted", "looks", "orders", "active", "meant", "asked")

    def __init__(self, submitted: SubmitList, looks: Sequence[Look]) -> None:
        self.submitted = submitted
        self.looks = looks
        self.orders: list[WorkingOrder] = []
        self.active = submitted.contingency is Contingency.OCO
        self.meant: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    @property
    def exclusive(self) -> list[WorkingOrder]:
        """The orders of which only one can fill: of ``oco`` all, of a ``bracket`` those behind the first."""
        if self.submitted.contingency is Contingency.OTO:
            return []
        return self.orders if self.submitted.contingency is Contingency.OCO else self.orders[1:]

    @property
    def filled(self) -> int:
        """What is filled of the orders of which only one can fill, together, in lots."""
        return sum(working.order.filled_quantity for working in self.exclusive)

    def target(self, working: WorkingOrder) -> int:
        """Return the whole quantity that one of them may have beside what the others have filled, in lots."""
        wished = next((one.meant for one in reversed(working.amendments) if one.meant), 0)
        meant = wished or self.meant[working.order.order_id]
        return meant - (self.filled - working.order.filled_quantity)

    def wish(self, working: WorkingOrder, quantity: int) -> int:
        """Return what the client means one of them to fill who wants it to have another whole quantity; 0: not one."""
        order_id = working.order.order_id
        if order_id not in self.meant:
            return 0
        self.asked.pop(order_id, None)
        return quantity + self.filled - working.order.filled_quantity


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
        bookings: Entries other than fills and deposits, by key.
    """

    __slots__ = ("id", "currency", "books", "exposure", "orders", "replacements", "lists", "reducing", "deposits",
                 "bookings")  # fmt: skip

    def __init__(
        self,
        account: str,
        currency: str,
        instruments: Sequence[Instrument],
        lots: LotMethod = LotMethod.AVERAGE,
    ) -> None:
        self.id = account
        self.currency = currency
        self.books = Books(account, instruments, currency, lots)
        self.exposure = Exposure()
        self.orders: dict[str, WorkingOrder] = {}
        self.replacements: dict[str, Wish] = {}
        self.lists: dict[str, OrderList] = {}
        self.reducing: dict[str, WorkingOrder] = {}
        self.deposits: dict[str, Deposit] = {}
        self.bookings: dict[str, Booking] = {}

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
