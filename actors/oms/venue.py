"""The door through which exchanges and brokers come, simulated ones and real ones.

A partition holds one session with a venue. Reports are numbered from 1 within the session and never lost: a session
that comes back gets everything after the last report that it has on record. Sending an order twice is harmless.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol

import msgspec

from actors.errors import AlphaMindError
from actors.messages import (
    ExecutionReport,
    Message,
    OrderType,
    TimeInForce,
    VenueCancel,
    VenueOrder,
    VenueReplace,
)

FENCED = "SESSION_FENCED"
"""Code of the refusal of a session that a newer epoch holds."""

VenueMessage = VenueOrder | VenueReplace | VenueCancel
"""What goes to a venue."""


class Capabilities(Message, frozen=True, kw_only=True):
    """What a venue does natively; the OMS does the rest itself and says so on the order.

    Attributes:
        order_types: Order types that it takes.
        times_in_force: Times in force that it takes.
        replaces: Whether it changes an order in place (``VenueReplace``).
        post_only: Whether it keeps an order from trading at once.
        display_quantity: Whether it hides part of an order.
    """

    order_types: tuple[OrderType, ...] = (OrderType.MARKET, OrderType.LIMIT)
    times_in_force: tuple[TimeInForce, ...] = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
    replaces: bool = False
    post_only: bool = False
    display_quantity: bool = False


PLAIN = Capabilities()
"""What every venue can do."""


def native_kinds(capabilities: Capabilities) -> frozenset[tuple[OrderType, TimeInForce]]:
    """Return the pairs of order type and time in force that a venue takes."""
    return frozenset(itertools.product(capabilities.order_types, capabilities.times_in_force))


class StandingOrder(msgspec.Struct, frozen=True):
    """An order that can still trade, as the venue sees it; quantities in increments, ``quantity`` 0 where not told."""

    order_id: str
    status: str
    filled_quantity: int
    quantity: int = 0


class VenueListener(Protocol):
    """Who holds the session: it is told what the venue says, in order."""

    @property
    def last_report(self) -> int:
        """Sequence of the newest report on record; the session goes on behind it."""

    def take_report(self, report: ExecutionReport) -> None:
        """Take one report; ``Venue.acknowledge`` follows once it is on record.

        Raises:
            Unavailable: It can't be taken now or one before it is missing: the session has to be opened again.
        """

    def reports_taken(self) -> None:
        """Hear that all reports of one arrival have been given: what they cause may leave now, together."""

    def session_opened(self, standing: Sequence[StandingOrder]) -> None:
        """Reconcile: every report so far has been taken, and ``standing`` are all orders that can still trade there."""

    def request_failed(self, message: VenueMessage, error: AlphaMindError) -> None:
        """Hear that the venue refused to take a message at all (not a rejection, which is a report)."""

    def fenced(self, error: AlphaMindError) -> None:
        """Hear that a newer epoch holds the session: this process is a stale copy."""


class Venue(Protocol):
    """One session with a venue."""

    @property
    def is_open(self) -> bool:
        """True while the session is open and reconciled; what is sent before goes nowhere."""

    def start(self, session: str, epoch: int, listener: VenueListener) -> None:
        """Open the session and keep it open until ``close``.

        Args:
            session: The partition's name, for instance ``p03``.
            epoch: The lease's epoch; the venue refuses what carries an older one than it has seen.
            listener: Who is told.
        """

    def send(self, message: VenueMessage) -> None:
        """Send an order, a replacement or a cancel; does nothing while the session is not open."""

    def acknowledge(self, sequence: int) -> None:
        """Say that all reports up to ``sequence`` are on record here."""

    async def close(self) -> None:
        """Close the session for good."""
