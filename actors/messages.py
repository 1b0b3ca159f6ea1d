"""What actors say to one another: frozen structs with one meaning each.

Units, everywhere below the edges:

* prices are whole numbers of the instrument's ``price_increment``;
* quantities are whole numbers of its ``quantity_increment``;
* money is a whole number of 1e-8 currency units (``MONEY_UNIT``);
* times are UTC nanoseconds.

``encode`` and ``decoder`` give the one wire and journal form (MessagePack arrays, a tag first where a union needs it).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import msgspec

MONEY_UNIT = 100_000_000

_encoder = msgspec.msgpack.Encoder()
encode: Callable[[Any], bytes] = _encoder.encode


def decoder(kind: Any) -> Callable[[bytes | memoryview], Any]:
    """Return a function that decodes and validates bytes as ``kind``."""
    return msgspec.msgpack.Decoder(kind).decode


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all messages: immutable, compared by value, encoded as an array."""


class Word(str, enum.Enum):
    """Base of the enumerations that travel as their lower-case names."""

    def __str__(self) -> str:
        """Return the name as it travels."""
        return str(self.value)


class Side(Word):
    """Side of an order or a fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1


class OrderType(Word):
    """How an order is priced."""

    MARKET = "market"
    LIMIT = "limit"


class TimeInForce(Word):
    """How long an order stands."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class OrderStatus(Word):
    """State of an order, named after FIX 4.4 ``OrdStatus``."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """True while the order can still trade."""
        return self in _OPEN


_OPEN = {OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL}


class TradingState(Word):
    """The kill switch: ``reduce_only`` lets positions shrink, ``halted`` lets nothing through but cancels."""

    ACTIVE = "active"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


class Instrument(Message, kw_only=True, frozen=True):
    """One tradable thing for as long as its identifiers are valid.

    Attributes:
        id: Dense index into the instrument master.
        symbol: The ticker, unique at any one time.
        exchange: Market identifier code (ISO 10383), for instance ``XNYS``.
        calendar: Trading calendar's name, as ``exchange_calendars`` spells it, or ``24/7``.
        currency: ISO 4217 code.
        price_increment: One price step in 1e-8 currency units.
        quantity_increment: One lot in 1e-8 units of the instrument.
        multiplier: Units of currency per unit of price and of the instrument (1 for stocks).
        valid_from: First instant at which the identifiers hold.
        valid_to: First instant at which they no longer hold; a large number while open.
        identifiers: Other names, for instance ``{"isin": "US0378331005"}``.
    """

    id: int
    symbol: str
    exchange: str = "XNYS"
    calendar: str = "XNYS"
    currency: str = "USD"
    price_increment: int = 1_000_000
    quantity_increment: int = MONEY_UNIT
    multiplier: int = 1
    valid_from: int = 0
    valid_to: int = 2**63 - 1
    identifiers: dict[str, str] = {}

    def notional(self, price: int, quantity: int) -> int:
        """Return price times quantity as money (1e-8 units), rounded half-even."""
        return round_half_even(
            price * self.price_increment * quantity * self.quantity_increment * self.multiplier, MONEY_UNIT
        )


def round_half_even(numerator: int, denominator: int) -> int:
    """Divide two integers exactly and round half to even; ``denominator`` is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        quotient += 1
    return quotient


class Bar(Message, frozen=True):
    """A bar of one instrument, known at its close.

    Attributes:
        instrument: Instrument id.
        event_time: Start of the interval.
        known_time: End of the interval: the first moment at which the bar may be used.
        open, high, low, close: Prices in increments.
        volume: Traded quantity in increments.
        period: Nominal length in nanoseconds.
    """

    instrument: int
    event_time: int
    known_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    period: int


class Quote(Message, frozen=True):
    """Best bid and ask of one instrument; a side that is empty has price 0 and size 0."""

    instrument: int
    event_time: int
    known_time: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int


class Trade(Message, frozen=True):
    """A public trade; ``side`` is the aggressor's sign (+1 buy, -1 sell, 0 unknown)."""

    instrument: int
    event_time: int
    known_time: int
    price: int
    size: int
    side: int


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

    @property
    def leaves_quantity(self) -> int:
        """What can still be filled; 0 once the order is closed."""
        return self.quantity - self.filled_quantity if self.status.is_open else 0


class Fill(Message, kw_only=True, frozen=True):
    """One execution. ``execution_id`` is unique at its venue; a fill is booked once however often it is reported.

    Attributes:
        quantity: Executed quantity in increments, positive.
        price: Execution price in increments.
        fee: Money paid (negative for a rebate), 1e-8 units of the instrument's currency.
        liquidity: ``maker`` or ``taker``.
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


class ReportType(Word):
    """What a venue says about an order, named after FIX 4.4 ``ExecType``."""

    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCEL_REJECTED = "cancel_rejected"


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


class ExecutionReport(Message, kw_only=True, frozen=True):
    """A venue's word on one order; ``sequence`` counts the reports of one session from 1 without gaps."""

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


class OrderEvent(Message, tag="order", kw_only=True, frozen=True):
    """An order changed. ``order`` is its new state; ``fill`` is set where a fill was the cause.

    ``sequence`` counts the events of one partition from 1 without gaps.
    """

    partition: int
    sequence: int
    time: int
    order: Order
    fill: Fill | None = None


class CashEvent(Message, tag="cash", kw_only=True, frozen=True):
    """Money came to or left an account other than by a fill; ``amount`` in 1e-8 units."""

    partition: int
    sequence: int
    time: int
    account: str
    currency: str
    amount: int
    reason: str


class StateEvent(Message, tag="state", kw_only=True, frozen=True):
    """The kill switch was moved for ``scope`` (``firm``, ``account:ID``, ``strategy:NAME``)."""

    partition: int
    sequence: int
    time: int
    scope: str
    state: TradingState
    principal: str
    reason: str


class LimitsEvent(Message, tag="limits", kw_only=True, frozen=True):
    """The limits that the gate checks were replaced; ``limits`` is the new set by name."""

    partition: int
    sequence: int
    time: int
    limits: dict[str, int]
    version: int
    principal: str
    reason: str


OmsEvent = OrderEvent | CashEvent | StateEvent | LimitsEvent


class RealizedVariance(Message, frozen=True):
    """Realised variance of one instrument over one period: an input of volatility forecasts.

    Attributes:
        instrument: Instrument id.
        period_start, known_time: The period's bounds; usable from ``known_time`` on.
        variance: Sum of squared log returns (or a range estimate from one bar), dimensionless, per period.
    """

    instrument: int
    period_start: int
    known_time: int
    variance: float


class Prediction(Message, kw_only=True, frozen=True):
    """A forecast as it was used.

    Attributes:
        model: Model id; ``version`` its version.
        instrument: Instrument id.
        made_from: Known time of the newest input.
        horizons: Steps ahead, in periods.
        quantiles: Quantile levels, ascending.
        values: One row per horizon, one value per quantile, in ``unit``.
    """

    model: str
    version: str
    instrument: int
    made_from: int
    unit: str
    horizons: tuple[int, ...]
    quantiles: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
