"""One order entry session as the core knows it: its orders by id, and its reports by number."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from actors.messages import ExecutionReport, OrderStatus, ReportType, VenueOrder
from env.exchange.resting import RestingOrder


class SessionReport(NamedTuple):
    """A report and the order entry session that it goes to."""

    session: str
    report: ExecutionReport


class EndedOrder(msgspec.Struct, gc=False):
    """What is kept of an order that has closed: enough to know it again, and little, as it is kept for ever.

    Attributes:
        order: As it came.
        status: How it ended.
        revision: The newest replacement that was granted or refused.
    """

    order: VenueOrder
    status: OrderStatus
    revision: int


class SessionOrders:
    """The orders and reports of one session.

    Attributes:
        name: The session's name.
        last_report: Sequence of its newest report.
        open: Orders that can still trade by id, the first come first.
        ended: All others by id.
    """

    __slots__ = ("name", "last_report", "open", "ended")

    def __init__(self, name: str) -> None:
        self.name = name
        self.last_report = 0
        self.open: dict[str, RestingOrder] = {}
        self.ended: dict[str, EndedOrder] = {}

    def find(self, order_id: str) -> RestingOrder | EndedOrder | None:
        """Return an order, ``None`` where none came under the id."""
        return self.open.get(order_id) or self.ended.get(order_id)

    def end(self, resting: RestingOrder) -> None:
        """Move an order that has closed from the open ones to the others."""
        order = resting.order
        self.open.pop(order.order_id, None)
        self.ended[order.order_id] = EndedOrder(order, resting.status, resting.revision)

    def report(self, order_id: str, kind: ReportType, time: int, **details: Any) -> SessionReport:
        """Return the next report."""
        self.last_report += 1
        report = ExecutionReport(sequence=self.last_report, order_id=order_id, type=kind, time=time, **details)
        return SessionReport(self.name, report)
