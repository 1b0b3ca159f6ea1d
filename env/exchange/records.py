"""What the exchange puts on record, and the words of its order entry protocol."""

from __future__ import annotations

import enum

import msgspec

from actors.messages import Instrument, Message, VenueOrder


class RecordKind(enum.IntEnum):
    """Kinds of the exchange's journal; a slice is recorded as ``actors.market.ticks.MarketSlice``."""

    RULES = 1
    SESSION = 2
    ORDER = 3
    CANCEL = 4
    SLICE = 5


class ExchangeRules(Message, frozen=True, kw_only=True):
    """What fills depend on beside orders and data: on record, so that a replay fills as the exchange did then.

    Attributes:
        instruments: The instrument master.
        maker_fee_bps, taker_fee_bps: Fees in basis points of notional, as decimal strings.
        participation: Largest share of a volume that our orders together may take, as a decimal string.
        shards: Number of market shards: instrument ``i`` comes from shard ``i % shards``.
    """

    instruments: tuple[Instrument, ...]
    maker_fee_bps: str
    taker_fee_bps: str
    participation: str
    shards: int


class SessionOpened(Message, frozen=True):
    """A session was opened by a newer owner; older epochs are refused from here on."""

    session: str
    epoch: int


class OrderEntered(Message, frozen=True):
    """An order came in."""

    session: str
    order: VenueOrder


class CancelEntered(Message, frozen=True):
    """A cancel came in."""

    session: str
    order_id: str
    time: int


class SessionRequest(msgspec.Struct, frozen=True):
    """Body of ``session``: who opens it, under which lease, and the last report it has on record."""

    session: str
    epoch: int
    last_report: int


class OrderRequest(msgspec.Struct, frozen=True):
    """Body of ``order``."""

    session: str
    epoch: int
    order: VenueOrder


class CancelRequest(msgspec.Struct, frozen=True):
    """Body of ``cancel``; ``time`` is the sender's trading clock."""

    session: str
    epoch: int
    order_id: str
    time: int


class ReportAck(msgspec.Struct, frozen=True):
    """Body of ``report_ack``: everything up to ``sequence`` is on record at the session's owner."""

    session: str
    sequence: int


class OpenOrdersRequest(msgspec.Struct, frozen=True):
    """Body of ``open_orders``."""

    session: str


class OrderState(msgspec.Struct, frozen=True):
    """One order in the answer to ``open_orders``: its state and what it has filled, in increments."""

    order_id: str
    status: str
    filled_quantity: int
