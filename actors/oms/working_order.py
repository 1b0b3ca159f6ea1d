"""An order at work: what others see of it, and what only its partition needs to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.messages import Conditions, Instrument, Order, OrderStatus, ReplaceOrder, Side, SubmitOrder
from actors.oms.exposure import buying_cost
from actors.oms.transitions import shown

if TYPE_CHECKING:
    from actors.oms.account import Account


_BUY = Side.BUY
_LONGEST_NUMBER = 9


class Amendment:
    """A change of an order that the venue has not answered.

    Attributes:
        revision: Counts the changes of the order from 1.
        quantity: The order's whole quantity afterwards.
        limit_price: Its limit price afterwards.
        conditions: Its conditions afterwards.
        request: The client's wish; ``None`` where the OMS itself changes the order (a peg that follows, a list).
        venue_quantity: The whole quantity of the venue order afterwards.
        by_cancel: Whether the venue order is canceled for it, and what is left is sent anew.
        buying_price: Highest price that a buy may cost afterwards, in increments.
        meant: What the client then means an order to fill that excludes others of its list; 0 where that stays.
        time: The trading clock at which it was made.
    """

    __slots__ = (
        "revision", "quantity", "limit_price", "conditions", "request", "venue_quantity", "by_cancel", "buying_price",
        "meant", "time",
    )  # fmt: skip

    def __init__(
        self,
        revision: int,
        quantity: int,
        limit_price: int | None,
        conditions: Conditions | None,
        request: ReplaceOrder | None,
        venue_quantity: int,
        by_cancel: bool,
        buying_price: int,
        meant: int,
        time: int,
    ) -> None:
        self.revision = revision
        self.quantity = quantity
        self.limit_price = limit_price
        self.conditions = conditions
        self.request = request
        self.venue_quantity = venue_quantity
        self.by_cancel = by_cancel
        self.buying_price = buying_price
        self.meant = meant
        self.time = time


class Terms(NamedTuple):
    """Whole quantity, limit price (of the venue order, for a pegged order) and conditions of an order."""

    quantity: int
    limit_price: int | None
    conditions: Conditions | None


class VenueSlice:
    """The venue order that works for an order now: the whole of it, or one slice after another.

    Attributes:
        number: Counts the venue orders of the order from 1.
        quantity: Its quantity.
        limit_price: Its limit price.
        filled: What is filled of it.
        sent_at: The trading clock when it was sent first.
        confirmed: Whether the venue has said that it knows it.
        live: Whether it may still trade.
        ended: Whether the venue has said that it does not trade any more, however much of it is filled.
    """

    __slots__ = ("number", "quantity", "limit_price", "filled", "sent_at", "confirmed", "live", "ended")

    def __init__(self, number: int, quantity: int, limit_price: int | None, sent_at: int) -> None:
        self.number = number
        self.quantity = quantity
        self.limit_price = limit_price
        self.filled = 0
        self.sent_at = sent_at
        self.confirmed = False
        self.live = True
        self.ended = False

    @property
    def left(self) -> int:
        """What is not filled of it, in lots."""
        return self.quantity - self.filled

    def end(self) -> None:
        """Take it that it does not trade any more."""
        self.live, self.ended = False, True


class WorkingOrder:
    """An order and what only its partition needs to know of it.

    Attributes:
        order: The order as others see it.
        submitted: The order as it was submitted: a repetition is compared with it.
        account: Whose it is.
        instrument: Its instrument; ``None`` where it was refused for naming none.
        settled: Its status without the requests that are not answered.
        canceling: Whether a cancel is not answered.
        closing: Why the OMS itself asked for the cancel, as a code; empty where a client did.
        amendments: Changes that are not answered, the oldest first.
        revision: Number of changes so far.
        slice: Its venue order; ``None`` before it was sent for the first time.
        contingent: Whether it waits for another order of its list: it counts nothing until it is let go.
        buying_price: Highest price that a buy may cost, in increments; what cash is set aside at.
        counted: Lots that it adds to the account's exposure now.
        reserved: Cash set aside for it now, 1e-8 units.
        partner: An order of the same list of which only one can fill: what that one counts, this one need not.
        peg_price: Limit price that a pegged order should have now, in increments; 0 for others.
        resting: Price at which others of our own orders would meet it, in increments; 0 where it rests nowhere.
        seen: Newest market slice that had been seen when it came: only later ones can trigger it.
        since: The trading clock when it was held no longer: only later slices can trigger it.
    """

    __slots__ = (
        "order", "submitted", "account", "instrument", "settled", "canceling", "closing", "amendments", "revision",
        "slice", "contingent", "buying_price", "counted", "reserved", "partner", "peg_price", "resting", "seen",
        "since", "_reserved_at",
    )  # fmt: skip

    def __init__(
        self,
        order: Order,
        submitted: SubmitOrder,
        account: Account,
        instrument: Instrument | None,
        buying_price: int,
    ) -> None:
        self.order = order
        self.submitted = submitted
        self.account = account
        self.instrument = instrument
        self.settled = order.status
        self.canceling = False
        self.closing = ""
        self.amendments: tuple[Amendment, ...] = ()
        self.revision = 0
        self.slice: VenueSlice | None = None
        self.contingent = False
        self.buying_price = buying_price
        self.counted = 0
        self.reserved = 0
        self.partner: WorkingOrder | None = None
        self.peg_price = 0
        self.seen = 0
        self.since = -1
        self.resting = 0
        self._reserved_at = (-1, 0)

    @property
    def confirmed(self) -> bool:
        """Whether the venue has said that it knows what works for the order now."""
        return self.slice is not None and self.slice.confirmed

    @property
    def replacing(self) -> bool:
        """Whether a client's replacement is not answered."""
        return any(amendment.request is not None for amendment in self.amendments)

    @property
    def terms(self) -> Terms:
        """What the order is to be once every change that is not answered is granted."""
        if self.amendments:
            newest = self.amendments[-1]
            return Terms(newest.quantity, newest.limit_price, newest.conditions)
        order = self.order
        return Terms(order.quantity, self.peg_price or order.limit_price, order.conditions)

    @property
    def replacing_by_cancel(self) -> bool:
        """Whether a change waits for the venue order to be canceled."""
        return any(amendment.by_cancel for amendment in self.amendments)

    @property
    def status(self) -> OrderStatus:
        """The status that others see."""
        if not (self.canceling or self.amendments):
            return self.settled
        return shown(self.settled, self.canceling, self.replacing)

    @property
    def may_trade(self) -> bool:
        """Whether anything of it may still be filled, also by a change that is not answered or against its own wish."""
        at_venue = self.slice is not None and self.slice.live
        return at_venue or bool(self.amendments) or self.order.leaves_quantity > 0

    @property
    def owed(self) -> bool:
        """Whether the venue owes an answer on it."""
        current = self.slice
        if current is None:
            return False
        return self.canceling or bool(self.amendments) or (current.live and not current.confirmed)

    @property
    def venue_id(self) -> str:
        """The id under which the venue knows what works for the order now; empty before it was sent."""
        if self.slice is None:
            return ""
        return venue_id(self.order.order_id, self.slice.number)

    def expose(self, fee_rate: int) -> None:
        """Bring the account's exposure up to date: the worst that order and unanswered changes may still do."""
        order, instrument, partner = self.order, self.instrument, self.partner
        if instrument is None:
            return
        lots, price, current = order.leaves_quantity, self.buying_price, self.slice
        if self.amendments or self.contingent or (current is not None and current.live and current.left > lots):
            lots, price = self._worst()
        if partner is None and lots == self.counted and (price, fee_rate) == self._reserved_at:
            return
        reserved = buying_cost(instrument, price, lots, fee_rate) if order.side is _BUY and lots else 0
        if partner is not None:
            lots -= min(lots, partner.counted)
            reserved -= min(reserved, partner.reserved)
        exposure = self.account.exposure
        if lots != self.counted:
            exposure.add(order.strategy, order.instrument, order.side, lots - self.counted)
            self.counted = lots
        if reserved != self.reserved:
            exposure.reserve(instrument.currency, reserved - self.reserved)
            self.reserved = reserved
        self._reserved_at = price, fee_rate

    def alone(self, fee_rate: int) -> tuple[int, int]:
        """Return the lots and the cash, 1e-8 units, that it would count if it had no partner."""
        if self.instrument is None:
            return 0, 0
        lots, price = self._worst()
        return lots, buying_cost(self.instrument, price, lots, fee_rate) if self.order.side is _BUY and lots else 0

    def _worst(self) -> tuple[int, int]:
        """Return the most lots that it may still trade, at the highest price of what is outstanding."""
        order, lots, price, current = self.order, self.order.leaves_quantity, self.buying_price, self.slice
        if self.contingent:
            return 0, price
        if current is not None and current.live:
            lots = max(lots, current.left)
        for amendment in self.amendments:
            lots = max(lots, amendment.quantity - order.filled_quantity)
            price = max(price, amendment.buying_price)
        return lots, price


def venue_id(order_id: str, number: int) -> str:
    """Return the id of an order's ``number``-th venue order: its own for the first, ``<id>/<number>`` later."""
    return order_id if number == 1 else f"{order_id}/{number}"


def split_venue_id(venue: str) -> tuple[str, int]:
    """Return the order id and the number of a venue order; what is none of ours is an order id that nobody has."""
    order_id, slash, number = venue.partition("/")
    if slash and number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER:
        return order_id, int(number)
    return venue, 1
