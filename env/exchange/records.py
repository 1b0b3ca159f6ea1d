"""What the exchange puts on record: its inputs, each with a kind of its own."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from actors.errors import JournalCorrupt
from actors.journal import Record
from actors.market.ticks import MarketSlice
from actors.messages import Instrument, Message, VenueOrder, VenueReplace, decoder

SCHEMA_VERSION = 2
"""Version that is written. Version 1 has no replacements, and its orders no conditions."""


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


class ReplaceEntered(Message, frozen=True):
    """A replacement came in."""

    session: str
    replace: VenueReplace


Entry = ExchangeRules | SessionOpened | OrderEntered | CancelEntered | MarketSlice | ReplaceEntered


class RecordKind(enum.IntEnum):
    """Kinds of the exchange's journal; a slice is recorded as ``actors.market.ticks.MarketSlice``."""

    RULES = 1
    SESSION = 2
    ORDER = 3
    CANCEL = 4
    SLICE = 5
    REPLACE = 6


_TYPES: dict[int, Any] = {
    RecordKind.RULES: ExchangeRules,
    RecordKind.SESSION: SessionOpened,
    RecordKind.ORDER: OrderEntered,
    RecordKind.CANCEL: CancelEntered,
    RecordKind.SLICE: MarketSlice,
    RecordKind.REPLACE: ReplaceEntered,
}
_DECODERS: dict[int, Callable[[bytes], Entry]] = {int(kind): decoder(type_) for kind, type_ in _TYPES.items()}

KIND_OF: dict[type[Message], int] = {type_: int(kind) for kind, type_ in _TYPES.items()}
"""The journal's kind by type of entry."""


def decode_entry(record: Record) -> Entry:
    """Return the input that a record holds.

    Raises:
        JournalCorrupt: Its kind or schema version is not known here.
    """
    decode = _DECODERS.get(record.kind)
    if decode is None or not 1 <= record.version <= SCHEMA_VERSION:
        raise JournalCorrupt(
            "a record that this version of the exchange does not know",
            field="record",
            value=record.sequence,
            rule=f"kinds 1 to {max(_DECODERS)} of version 1 to {SCHEMA_VERSION}, not {record.kind} of {record.version}",
            remedy="run the version that wrote it",
        )
    return decode(record.payload)
