"""What is said about orders: by clients, by their owner the OMS, and between the OMS and a venue.

Units as in ``actors.messages``.
"""

from __future__ import annotations

from actors.encoding import Message
from actors.vocabulary import (
    Contingency,
    OrderStatus,
    OrderType,
    PegReference,
    ReportType,
    Side,
    Stage,
    TimeInForce,
)


class Conditions(Message, kw_only=True, frozen=True):
    """What makes an order more than a plain market or limit order; plain orders carry none.

    Attributes:
        stop_price: Price that the market has to reach, in increments: for stops and *if touched* orders.
        trail_amount: Distance of a trailing stop from the best price since, in increments.
        trail_rate: The same as a fraction of that price, in 1e-8; one of the two.
        display_quantity: Lots that others may see at a time (iceberg).
        peg: What a pegged order's limit follows.
        peg_offset: Added to it, in increments; negative lowers the price on either side.
        expire_time: First instant at which a ``gtd`` order has expired, UTC nanoseconds of the trading clock.
        post_only: Whether it may only rest: it is refused where it would trade at once.
        reduce_only: Whether it may only shrink the account's position.
    """

    stop_price: int | None = None
    trail_amount: int | None = None
    trail_rate: int | None = None
    display_quantity: int | None = None
    peg: PegReference | None = None
    peg_offset: int = 0
    expire_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False


class SubmitOrder(Message, kw_only=True, frozen=True):
    """A client's wish to trade. ``client_order_id`` is the key under which it is idempotent within its account."""

    client_order_id: str
    account: str
    instrument: int
    side: Side
    quantity: int
    type: OrderType = OrderType.MARKET
    limit_price: int | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    strategy: str = "manual"
    principal: str = "system"
    conditions: Conditions | None = None


class SubmitList(Message, kw_only=True, frozen=True):
    """Orders of one account that depend on one another; taken or refused as a whole.

    ``list_id`` is the key under which it is idempotent. Of an ``oto`` or ``bracket`` the first order is the one that
    triggers the others.
    """

    list_id: str
    account: str
    contingency: Contingency
    orders: tuple[SubmitOrder, ...]
    principal: str = "system"


class ReplaceOrder(Message, kw_only=True, frozen=True):
    """A client's wish to change an order; what is ``None`` stays.

    ``replacement_id`` is the key under which the wish is idempotent; once it is granted the order is found under it,
    too. ``quantity`` is the whole new quantity, what is filled already included (FIX ``OrderQty``).
    """

    account: str
    client_order_id: str
    replacement_id: str
    quantity: int | None = None
    limit_price: int | None = None
    stop_price: int | None = None
    trail_amount: int | None = None
    trail_rate: int | None = None
    display_quantity: int | None = None
    expire_time: int | None = None
    principal: str = "system"


class CancelOrders(Message, kw_only=True, frozen=True):
    """A wish to take back every open order that fits: of an account, a strategy, an instrument, a side; else all."""

    account: str | None = None
    strategy: str | None = None
    instrument: int | None = None
    side: Side | None = None
    principal: str = "system"
    reason: str = ""


class CancelOrder(Message, kw_only=True, frozen=True):
    """A client's wish to take an order back."""

    account: str
    client_order_id: str
    principal: str = "system"


class Order(Message, kw_only=True, frozen=True):
    """An order as its owner sees it: the submission, and what became of it.

    Attributes:
        order_id: The OMS's own key, ``<partition>-<number>``.
        filled_quantity: Cumulative executed quantity in increments.
        filled_value: Sum over fills of price times quantity, in price increments times lots; divided by
            ``filled_quantity`` it is the average price.
        reason: Stable code of the refusal, empty otherwise.
        text: The refusal in words.
        reference_price: Market price that the gate used, in increments; 0 where there was none.
        conditions: As submitted or last replaced.
        stage: Where it is.
        emulated: What the venue cannot do and is done here instead, for instance ``("stop",)``.
        trigger_price: Where a watching order triggers now, in increments (the moving stop of a trailing stop); of a
            pegged order its limit price now.
        list_id: The list that it belongs to, with ``contingency`` saying how; empty where it stands alone.
        replacement_id: Client id of the newest replacement that was granted; empty where there was none.
    """

    order_id: str
    client_order_id: str
    account: str
    strategy: str
    principal: str
    instrument: int
    side: Side
    type: OrderType
    quantity: int
    limit_price: int | None
    time_in_force: TimeInForce
    status: OrderStatus
    submitted_at: int
    updated_at: int
    filled_quantity: int = 0
    filled_value: int = 0
    reference_price: int = 0
    reason: str = ""
    text: str = ""
    conditions: Conditions | None = None
    stage: Stage = Stage.WORKING
    emulated: tuple[str, ...] = ()
    trigger_price: int = 0
    list_id: str = ""
    contingency: Contingency | None = None
    replacement_id: str = ""

    @property
    def leaves_quantity(self) -> int:
        """What can still be filled (FIX ``LeavesQty``); 0 once the order is closed or filled."""
        if not self.status.is_open:
            return 0
        leaves = self.quantity - self.filled_quantity
        return leaves if leaves > 0 else 0


class Fill(Message, kw_only=True, frozen=True):
    """One execution. ``execution_id`` is unique at its venue; a fill is booked once however often it is reported.

    Attributes:
        quantity: Executed quantity in increments, positive.
        price: Execution price in increments.
        fee: Money paid (negative for a rebate), 1e-8 units of the instrument's currency.
        liquidity: ``maker`` or ``taker``.
        reverses: Execution that this one takes back (a bust): the same quantity and price on the other side, the fee
            returned; books are restated as though that one had never been.
        corrects: Execution, taken back just before, in whose place this one stands.
    """

    execution_id: str
    order_id: str
    client_order_id: str
    account: str
    strategy: str
    instrument: int
    side: Side
    quantity: int
    price: int
    fee: int
    liquidity: str
    time: int
    reverses: str = ""
    corrects: str = ""


class VenueOrder(Message, kw_only=True, frozen=True):
    """An order as it goes to a venue; ``order_id`` is the OMS's and the key under which the venue is idempotent."""

    order_id: str
    instrument: int
    side: Side
    type: OrderType
    quantity: int
    limit_price: int | None
    time_in_force: TimeInForce
    time: int
    conditions: Conditions | None = None


class VenueCancel(Message, frozen=True, kw_only=True):
    """A wish to take an order back at a venue; ``time`` is the trading clock at which it was made."""

    order_id: str
    time: int


class VenueReplace(Message, frozen=True, kw_only=True):
    """A wish to change an order at a venue, the same each time it is sent.

    Attributes:
        order_id: The venue order.
        revision: Counts the replacements of this order from 1; the answer carries it.
        quantity: The whole new quantity, what is filled already included.
        limit_price: The new limit price; ``None`` for an order that has none.
        time: The trading clock at which it was made.
        conditions: The new conditions that the venue looks after; ``None`` where it looks after none.
    """

    order_id: str
    revision: int
    quantity: int
    limit_price: int | None
    time: int
    conditions: Conditions | None = None


class ExecutionReport(Message, kw_only=True, frozen=True):
    """A venue's word on one order; ``sequence`` counts the reports of one session from 1 without gaps.

    Attributes:
        quantity, price: Of a trade; of a correction what is right now.
        revision: The replacement that the report answers.
        reference_id: Execution that a correction or bust is about.
        order_quantity, limit_price: New terms of a replaced or restated order; 0 where they stay.
    """

    sequence: int
    order_id: str
    type: ReportType
    time: int
    execution_id: str = ""
    quantity: int = 0
    price: int = 0
    fee: int = 0
    liquidity: str = ""
    reason: str = ""
    text: str = ""
    revision: int = 0
    reference_id: str = ""
    order_quantity: int = 0
    limit_price: int = 0
