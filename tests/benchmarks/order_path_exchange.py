"""A door to an exchange in the OMS's own process: it answers every order, and costs next to nothing itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from actors.messages import MONEY_UNIT, ExecutionReport, OrderType, ReportType, VenueOrder
from actors.oms.venue import StandingOrder, VenueCancel, VenueListener

PRICE = 10_000
"""At which everything trades, in increments: 100.00."""

LARGEST_TRADE = 100
"""Lots; a market order of more is filled in several trades."""

TAKER_FEE = 5_000
"""As a fraction of the notional in 1e-8: half a basis point."""


class InProcessExchange:
    """Confirms every order, fills market orders at once at ``PRICE``, lets limit orders rest and grants every cancel.

    Args:
        defer: Calls a function a little later, for instance ``loop.call_soon``: reports are then delivered by
            themselves. Without it they wait for ``deliver``.
        on_send: Called first thing when an order is sent.

    Attributes:
        orders: Number of orders that were sent.
        trades: Number of trades.
        acknowledged: Sequence of the newest report that is on record at the OMS.
    """

    def __init__(
        self,
        defer: Callable[[Callable[[], None]], object] | None = None,
        on_send: Callable[[], None] | None = None,
    ) -> None:
        self.orders = 0
        self.trades = 0
        self.acknowledged = 0
        self._defer = defer
        self._on_send = on_send
        self._listener: VenueListener | None = None
        self._reports = 0
        self._due: deque[ExecutionReport] = deque()
        self._deferred = False

    @property
    def is_open(self) -> bool:
        """True from ``start`` to ``close``."""
        return self._listener is not None

    def start(self, session: str, epoch: int, listener: VenueListener) -> None:
        """Open the session: it goes on behind the listener's last report, and nothing stands."""
        self._listener = listener
        self._reports = listener.last_report
        standing: Sequence[StandingOrder] = ()
        listener.session_opened(standing)

    def send(self, message: VenueOrder | VenueCancel) -> None:
        """Take an order or a cancel and make the reports that answer it."""
        if isinstance(message, VenueCancel):
            self._report(message, ReportType.CANCELED)
        else:
            if self._on_send is not None:
                self._on_send()
            self.orders += 1
            self._report(message, ReportType.NEW)
            if message.type is OrderType.MARKET:
                self._fill(message)
        if self._defer is not None and not self._deferred:
            self._deferred = True
            self._defer(self.deliver)

    def _fill(self, order: VenueOrder) -> None:
        left = order.quantity
        while left:
            quantity = min(left, LARGEST_TRADE)
            left -= quantity
            self.trades += 1
            self._report(
                order,
                ReportType.TRADE,
                execution_id=f"x{self.trades}",
                quantity=quantity,
                price=PRICE,
                fee=PRICE * quantity * 1_000_000 * TAKER_FEE // MONEY_UNIT,
                liquidity="taker",
            )

    def _report(self, message: VenueOrder | VenueCancel, kind: ReportType, **fields: Any) -> None:
        self._reports += 1
        self._due.append(
            ExecutionReport(sequence=self._reports, order_id=message.order_id, type=kind, time=message.time, **fields)
        )

    def deliver(self) -> None:
        """Hand over all reports that are due, in order."""
        self._deferred = False
        due, listener = self._due, self._listener
        while due and listener is not None:
            listener.take_report(due.popleft())

    def acknowledge(self, sequence: int) -> None:
        """Note how far the OMS has the reports on record."""
        self.acknowledged = sequence

    async def close(self) -> None:
        """Close the session for good."""
        self._listener = None
