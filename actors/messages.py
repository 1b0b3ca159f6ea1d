"""What actors say to one another: frozen structs with one meaning each.

Units, everywhere below the edges:

* prices are whole numbers of the instrument's ``price_increment``;
* quantities are whole numbers of its ``quantity_increment``;
* money is a whole number of 1e-8 currency units (``MONEY_UNIT``);
* times are UTC nanoseconds.

``encode`` and ``decoder`` give the one wire and journal form (MessagePack arrays, a tag first where a union needs it).
"""

from __future__ import annotations

from typing import Literal

from actors.encoding import Message, decoder, encode
from actors.entries import Entry, LotMethod
from actors.orders import (
    CancelOrder,
    CancelOrders,
    Conditions,
    ExecutionReport,
    Fill,
    Order,
    ReplaceOrder,
    SubmitList,
    SubmitOrder,
    VenueCancel,
    VenueOrder,
    VenueReplace,
)
from actors.vocabulary import (
    Contingency,
    OrderStatus,
    OrderType,
    PegReference,
    ReportType,
    Side,
    Stage,
    TimeInForce,
    TradingState,
    Word,
)

__all__ = [
    "AccountEvent", "Bar", "BookingEvent", "CancelOrder", "CancelOrders", "CashEvent", "Conditions", "Contingency",
    "Entry", "ExecutionReport", "Fill", "Instrument", "LimitsEvent", "LotMethod", "MONEY_UNIT", "Message",
    "OmsEvent", "OptionTerms", "Order", "OrderEvent", "OrderStatus", "OrderType", "PegReference", "Prediction",
    "Quote", "RealizedVariance", "ReplaceOrder", "ReportType", "Side", "Stage", "StateEvent", "SubmitList",
    "SubmitOrder", "TimeInForce", "Trade", "TradingState", "VenueCancel", "VenueOrder", "VenueReplace", "Word",
    "decoder", "encode", "round_half_even",
]  # fmt: skip

MONEY_UNIT = 100_000_000


class OptionTerms(Message, kw_only=True, frozen=True):
    """What an option gives a right to.

    Attributes:
        underlying: Instrument id.
        right: To buy or to sell it.
        strike: Price of one unit of the underlying, 1e-8 currency units.
        expiry: When it ends, UTC nanoseconds.
        style: When it can be exercised.
        settlement: What an exercise brings: the underlying, or the difference in cash.
    """

    underlying: int
    right: Literal["call", "put"]
    strike: int
    expiry: int
    style: Literal["european", "american"] = "american"
    settlement: Literal["physical", "cash"] = "physical"


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
        settlement: Whether its whole price is paid (``cash``), or only gains and losses (``margined``: futures,
            contracts for difference, rolling currency pairs).
        initial_margin: Money that one lot ties up when it is opened, 1e-8 currency units; of margined instruments.
        maintenance_margin: Money that one lot ties up while it is held.
        option: What it gives a right to, where it is an option.
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
    settlement: Literal["cash", "margined"] = "cash"
    initial_margin: int = 0
    maintenance_margin: int = 0
    option: OptionTerms | None = None

    @property
    def margined(self) -> bool:
        """Whether only gains and losses are paid."""
        return self.settlement == "margined"

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


class OrderEvent(Message, tag="order", kw_only=True, frozen=True):
    """An order changed. ``order`` is its new state; ``fill`` is set where a fill was the cause.

    A bust comes as a fill that ``reverses`` another; a correction as a bust and a new fill, in two events. ``sequence``
    counts the events of one partition from 1 without gaps.
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


class AccountEvent(Message, tag="account", kw_only=True, frozen=True):
    """An account was opened whose lots are not kept at average cost."""

    partition: int
    sequence: int
    time: int
    account: str
    currency: str
    lots: LotMethod


class BookingEvent(Message, tag="booking", kw_only=True, frozen=True):
    """An account's books took an entry; ``key`` is the one under which it was booked once."""

    partition: int
    sequence: int
    time: int
    account: str
    entry: Entry
    reason: str
    key: str


class StateEvent(Message, tag="state", kw_only=True, frozen=True):
    """The kill switch was moved for ``scope`` (``firm``, ``account:ID``, ``strategy:NAME``, ``instrument:SYMBOL``)."""

    partition: int
    sequence: int
    time: int
    scope: str
    state: TradingState
    principal: str
    reason: str


class LimitsEvent(Message, tag="limits", kw_only=True, frozen=True):
    """The limits that the gate checks were replaced for ``scope``; ``limits`` is the new set by name."""

    partition: int
    sequence: int
    time: int
    limits: dict[str, int]
    version: int
    principal: str
    reason: str
    scope: str = "firm"


OmsEvent = OrderEvent | CashEvent | StateEvent | LimitsEvent | BookingEvent | AccountEvent


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
