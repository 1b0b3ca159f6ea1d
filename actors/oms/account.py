"""One account within its partition, and the working state of its orders."""

from __future__ import annotations

from collections.abc import Sequence

from actors.messages import Instrument, Order, Side
from actors.oms.exposure import Exposure, buying_cost
from actors.oms.inputs import Deposit
from actors.portfolio.books import Books


class WorkingOrder:
    """An order and what only its partition needs to know of it.

    Attributes:
        order: The order as others see it.
        account: Whose it is.
        instrument: Its instrument; ``None`` where it was refused for naming none.
        buying_price: Highest price that a buy may cost, in increments; what cash is set aside at.
        reserved: Cash set aside for it now, 1e-8 units.
        resting: Price at which others of our own orders would meet it, in increments; 0 where it rests nowhere.
        confirmed: Whether the venue has said that it knows the order.
    """

    __slots__ = ("order", "account", "instrument", "buying_price", "reserved", "resting", "confirmed")

    def __init__(self, order: Order, account: Account, instrument: Instrument | None, buying_price: int) -> None:
        self.order = order
        self.account = account
        self.instrument = instrument
        self.buying_price = buying_price
        self.reserved = 0
        self.resting = 0
        self.confirmed = False

    def expose(self, leaves_before: int, fee_rate: int) -> None:
        """Bring the account's exposure up to date with the order, of which ``leaves_before`` lots counted so far."""
        order, exposure = self.order, self.account.exposure
        leaves = order.leaves_quantity
        if leaves == leaves_before or self.instrument is None:
            return
        exposure.add(order.strategy, order.instrument, order.side, leaves - leaves_before)
        if order.side is Side.BUY:
            reserved = buying_cost(self.instrument, self.buying_price, leaves, fee_rate) if leaves else 0
            exposure.reserve(self.instrument.currency, reserved - self.reserved)
            self.reserved = reserved


class Account:
    """One account: its books, its open orders' exposure, its orders by the client's id, its deposits by key."""

    __slots__ = ("id", "currency", "books", "exposure", "orders", "deposits")

    def __init__(self, account: str, currency: str, instruments: Sequence[Instrument]) -> None:
        self.id = account
        self.currency = currency
        self.books = Books(account, instruments)
        self.exposure = Exposure()
        self.orders: dict[str, WorkingOrder] = {}
        self.deposits: dict[str, Deposit] = {}

    def available_cash(self, currency: str) -> int:
        """Return cash less what open buys may cost, 1e-8 units."""
        return self.books.cash(currency) - self.exposure.reserved(currency)
