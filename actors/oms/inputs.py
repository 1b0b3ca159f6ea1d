"""The inputs of a partition, as they are journaled: each with what was looked at, so that a replay needs no more.

What somebody asked for names who that is, as whoever sent it said (``principal``), and says over which authenticated
connection it came (``via``): ``unix:USER`` of this node, ``tls:NAME`` of a certificate, or ``ray:cluster``. It is empty
where the OMS itself was the cause.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from actors.errors import JournalCorrupt
from actors.journal.journal import Record
from actors.journal.losses import LOSS_KIND, Loss
from actors.messages import (
    CancelOrder,
    CancelOrders,
    Entry,
    ExecutionReport,
    Instrument,
    LotMethod,
    Message,
    ReplaceOrder,
    SubmitList,
    SubmitOrder,
    TradingState,
    decoder,
)
from actors.oms.venue import PLAIN, Capabilities

SCHEMA_VERSION = 5
"""Version that is written. Older ones lack fields at the end of what they had: defaults.

Version 2 has no ``via``, version 3 no ``sessions``, version 4 neither ``lots`` nor the kind ``Booking``.
"""


class Terms(Message, frozen=True, kw_only=True):
    """What decisions rest on beside orders and limits. The first record; another one where they change.

    Attributes:
        time: The trading clock, UTC nanoseconds (so in all inputs).
        instruments: The instrument master; an id means the same instrument for ever, new ones may be added.
        fee_rate: Expected fee as a fraction of the notional, in 1e-8.
        capabilities: What the venue does natively.
    """

    time: int
    instruments: tuple[Instrument, ...]
    fee_rate: int
    capabilities: Capabilities = PLAIN


class AccountOpening(Message, frozen=True, kw_only=True):
    """An account begins; its limits and cash are in ``currency``, its lots are closed as ``lots`` says."""

    time: int
    account: str
    currency: str
    lots: LotMethod = LotMethod.AVERAGE


class Look(Message, frozen=True, kw_only=True):
    """What was looked at for one order beside the state of the partition.

    Attributes:
        market_sequence: The newest market slice that the OMS had seen.
        price: The instrument's last price, in increments; 0 where there was none (so in all prices).
        bid, ask: The newest quote.
        volatility: Standard deviation of recent price changes as a fraction of the price, in 1e-8; 0 where unknown.
        received: The wall clock at arrival, UTC nanoseconds: what rates of orders are measured by.
        session_open, session_close: The session under way or the next one, UTC nanoseconds of the trading clock;
            zeros where the market never closes or nobody looked.
    """

    market_sequence: int = 0
    price: int = 0
    bid: int = 0
    ask: int = 0
    volatility: int = 0
    received: int = 0
    session_open: int = 0
    session_close: int = 0


class Submission(Message, frozen=True, kw_only=True):
    """A client submitted an order.

    Attributes:
        market_sequence, reference_price: ``look.market_sequence`` and ``look.price``, where version 1 had them.
        look: What was looked at; ``None`` in version 1.
    """

    time: int
    market_sequence: int
    reference_price: int
    order: SubmitOrder
    look: Look | None = None
    via: str = ""


class ListSubmission(Message, frozen=True, kw_only=True):
    """A client submitted orders that depend on one another; ``looks`` has one entry an order."""

    time: int
    orders: SubmitList
    looks: tuple[Look, ...]
    via: str = ""


class Replacement(Message, frozen=True, kw_only=True):
    """A client asked for an order to be changed."""

    time: int
    replace: ReplaceOrder
    look: Look
    via: str = ""


class MassCancellation(Message, frozen=True, kw_only=True):
    """Somebody asked for all orders that fit to be taken back; ``received`` is the wall clock at arrival."""

    time: int
    cancel: CancelOrders
    received: int = 0
    via: str = ""


class Price(Message, frozen=True):
    """What one market slice said of one instrument, in increments; 0 where it said nothing.

    Attributes:
        instrument: Instrument id.
        low, high, last: Lowest, highest and newest price of the slice.
        bid, ask: The newest quote.
    """

    instrument: int
    low: int
    high: int
    last: int
    bid: int
    ask: int


class Observation(Message, frozen=True, kw_only=True):
    """The market moved where an order watches it: only prices that change or trigger something are on record."""

    time: int
    shard: int
    sequence: int
    prices: tuple[Price, ...]


class TimeReached(Message, frozen=True, kw_only=True):
    """The trading clock reached a moment at which an order expires or is due to be sent."""

    time: int


class Cancellation(Message, frozen=True, kw_only=True):
    """A client asked for a cancel; ``received`` is the wall clock at arrival."""

    time: int
    cancel: CancelOrder
    received: int = 0
    via: str = ""


class SessionLook(Message, frozen=True):
    """The session that an order would belong to were it held no longer; as of ``Look``, zeros where nobody knows it."""

    order_id: str
    session_open: int
    session_close: int


class VenueReport(Message, frozen=True, kw_only=True):
    """The venue reported.

    Attributes:
        sessions: Of the orders that the report may release, where what becomes of them depends on their session.
    """

    time: int
    report: ExecutionReport
    sessions: tuple[SessionLook, ...] = ()


class Deposit(Message, frozen=True, kw_only=True):
    """Money came (or left, where negative) other than by a fill; booked once for each ``key`` of an account."""

    time: int
    account: str
    currency: str
    amount: int
    reason: str
    key: str
    via: str = ""


class Booking(Message, frozen=True, kw_only=True):
    """The books of an account take an entry; booked once for each ``key`` of it."""

    time: int
    account: str
    entry: Entry
    reason: str
    key: str
    via: str = ""


class LimitsChange(Message, frozen=True, kw_only=True):
    """The limits of a scope were replaced; ``limits`` is its whole new set by name."""

    time: int
    limits: dict[str, int]
    version: int
    principal: str
    reason: str
    scope: str = "firm"
    via: str = ""


class StateChange(Message, frozen=True, kw_only=True):
    """The kill switch was moved.

    Attributes:
        takes_back: Whether orders that may go no further, and that the venue has not confirmed, are taken back with
            it: they would be sent again later. Not so before version 3.
    """

    time: int
    scope: str
    state: TradingState
    principal: str
    reason: str
    via: str = ""
    takes_back: bool = False


class BudgetGrant(Message, frozen=True, kw_only=True):
    """The risk service granted the partition its share of the firm's limits; ``amounts`` is all of it by limit's name.

    Attributes:
        number: Counts the grants to this partition; one that is not newer than the last changes nothing.
        currency: The currency that amounts of money are in.
    """

    time: int
    number: int
    amounts: dict[str, int]
    currency: str


class Discrepancy(Message, frozen=True, kw_only=True):
    """What the venue and this partition know of an order differs, or the venue would not take it.

    Attributes:
        closes: Whether the order can't trade any more as far as anyone knows, and is closed here.
        refused: Which request the venue does not take at all and never will: ``order``, ``replace`` or ``cancel``.
        revision: Of a replacement that it does not take.
        expected: Whether that is how things go and no alarm is raised: an order that never reached the venue and is
            not sent any more.
        epoch: The lease's epoch where it shows that records of this partition are lost: the order has an id of ours,
            and there is no such order. Else 0, as in all that was written before there was the field.
    """

    time: int
    code: str
    order_id: str
    text: str
    closes: bool = False
    refused: str = ""
    revision: int = 0
    expected: bool = False
    epoch: int = 0


Input = (
    Terms
    | AccountOpening
    | Submission
    | Cancellation
    | VenueReport
    | Deposit
    | Booking
    | LimitsChange
    | StateChange
    | Discrepancy
    | ListSubmission
    | Replacement
    | MassCancellation
    | Observation
    | TimeReached
    | BudgetGrant
    | Loss
)


class Kind(enum.IntEnum):
    """The journal's kinds; the first is its own word."""

    LOSS = LOSS_KIND
    TERMS = 1
    ACCOUNT_OPENING = 2
    SUBMISSION = 3
    CANCELLATION = 4
    VENUE_REPORT = 5
    DEPOSIT = 6
    LIMITS_CHANGE = 7
    STATE_CHANGE = 8
    DISCREPANCY = 9
    LIST_SUBMISSION = 10
    REPLACEMENT = 11
    MASS_CANCELLATION = 12
    OBSERVATION = 13
    TIME_REACHED = 14
    BUDGET_GRANT = 15
    BOOKING = 16


_TYPES: dict[int, Any] = {
    Kind.LOSS: Loss,
    Kind.TERMS: Terms,
    Kind.ACCOUNT_OPENING: AccountOpening,
    Kind.SUBMISSION: Submission,
    Kind.CANCELLATION: Cancellation,
    Kind.VENUE_REPORT: VenueReport,
    Kind.DEPOSIT: Deposit,
    Kind.LIMITS_CHANGE: LimitsChange,
    Kind.STATE_CHANGE: StateChange,
    Kind.DISCREPANCY: Discrepancy,
    Kind.LIST_SUBMISSION: ListSubmission,
    Kind.REPLACEMENT: Replacement,
    Kind.MASS_CANCELLATION: MassCancellation,
    Kind.OBSERVATION: Observation,
    Kind.TIME_REACHED: TimeReached,
    Kind.BUDGET_GRANT: BudgetGrant,
    Kind.BOOKING: Booking,
}
_DECODERS: dict[int, Callable[[bytes], Input]] = {int(kind): decoder(type_) for kind, type_ in _TYPES.items()}

KIND_OF: dict[type[Message], int] = {type_: int(kind) for kind, type_ in _TYPES.items()}
"""The journal's kind by type of input."""


def decode_input(record: Record) -> Input:
    """Return the input that a record holds.

    Raises:
        JournalCorrupt: Its kind or schema version is not known here.
    """
    decode = _DECODERS.get(record.kind)
    if decode is None or not 1 <= record.version <= SCHEMA_VERSION:
        raise JournalCorrupt(
            "a record that this version of the OMS does not know",
            field="record",
            value=record.sequence,
            rule=f"kinds 1 to {max(_DECODERS)} of version 1 to {SCHEMA_VERSION}, not {record.kind} of {record.version}",
            remedy="run the version that wrote it",
        )
    return decode(record.payload)
