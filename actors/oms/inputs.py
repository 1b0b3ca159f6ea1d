"""The inputs of a partition, as they are journaled: each with what was looked at, so that a replay needs no more."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from actors.errors import JournalCorrupt
from actors.journal.journal import Record
from actors.messages import CancelOrder, ExecutionReport, Instrument, Message, SubmitOrder, TradingState, decoder

SCHEMA_VERSION = 1


class Terms(Message, frozen=True, kw_only=True):
    """What decisions rest on beside orders and limits. The first record; another one where they change.

    Attributes:
        time: The trading clock, UTC nanoseconds (so in all inputs).
        instruments: The instrument master; an id means the same instrument for ever, new ones may be added.
        fee_rate: Expected fee as a fraction of the notional, in 1e-8.
    """

    time: int
    instruments: tuple[Instrument, ...]
    fee_rate: int


class AccountOpening(Message, frozen=True, kw_only=True):
    """An account begins; its limits and cash are in ``currency``."""

    time: int
    account: str
    currency: str


class Submission(Message, frozen=True, kw_only=True):
    """A client submitted an order.

    Attributes:
        market_sequence: The newest market slice that the OMS had seen.
        reference_price: The instrument's market price then, in increments; 0 where there was none.
    """

    time: int
    market_sequence: int
    reference_price: int
    order: SubmitOrder


class Cancellation(Message, frozen=True, kw_only=True):
    """A client asked for a cancel."""

    time: int
    cancel: CancelOrder


class VenueReport(Message, frozen=True, kw_only=True):
    """The venue reported."""

    time: int
    report: ExecutionReport


class Deposit(Message, frozen=True, kw_only=True):
    """Money came (or left, where negative) other than by a fill; booked once for each ``key`` of an account."""

    time: int
    account: str
    currency: str
    amount: int
    reason: str
    key: str


class LimitsChange(Message, frozen=True, kw_only=True):
    """The limits were replaced; ``limits`` is the whole new set by name."""

    time: int
    limits: dict[str, int]
    version: int
    principal: str
    reason: str


class StateChange(Message, frozen=True, kw_only=True):
    """The kill switch was moved."""

    time: int
    scope: str
    state: TradingState
    principal: str
    reason: str


class Discrepancy(Message, frozen=True, kw_only=True):
    """What the venue and this partition know of an order differs, or the venue would not take it."""

    time: int
    code: str
    order_id: str
    text: str


Input = (
    Terms
    | AccountOpening
    | Submission
    | Cancellation
    | VenueReport
    | Deposit
    | LimitsChange
    | StateChange
    | Discrepancy
)


class Kind(enum.IntEnum):
    """The journal's kinds."""

    TERMS = 1
    ACCOUNT_OPENING = 2
    SUBMISSION = 3
    CANCELLATION = 4
    VENUE_REPORT = 5
    DEPOSIT = 6
    LIMITS_CHANGE = 7
    STATE_CHANGE = 8
    DISCREPANCY = 9


_TYPES: dict[int, Any] = {
    Kind.TERMS: Terms,
    Kind.ACCOUNT_OPENING: AccountOpening,
    Kind.SUBMISSION: Submission,
    Kind.CANCELLATION: Cancellation,
    Kind.VENUE_REPORT: VenueReport,
    Kind.DEPOSIT: Deposit,
    Kind.LIMITS_CHANGE: LimitsChange,
    Kind.STATE_CHANGE: StateChange,
    Kind.DISCREPANCY: Discrepancy,
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
    if decode is None or record.version != SCHEMA_VERSION:
        raise JournalCorrupt(
            "a record that this version of the OMS does not know",
            field="record",
            value=record.sequence,
            rule=f"kinds 1 to {max(_DECODERS)} of version {SCHEMA_VERSION}, not {record.kind} of {record.version}",
            remedy="run the version that wrote it",
        )
    return decode(record.payload)
