"""The words of the order entry protocol, beside the orders themselves."""

from __future__ import annotations

import msgspec

from actors.messages import VenueOrder, VenueReplace


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


class ReplaceRequest(msgspec.Struct, frozen=True):
    """Body of ``replace``."""

    session: str
    epoch: int
    replace: VenueReplace


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
