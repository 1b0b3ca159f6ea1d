"""What clients ask of their orders: submit, cancel, look up."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Mapping
from typing import Any

from actors.clock import DataClock
from actors.messages import CancelOrder, Order, SubmitOrder, decoder, encode
from actors.metrics import Metrics
from actors.oms.admission import cancelable, repeated
from actors.oms.client_text import check_line, check_order_text
from actors.oms.effects import Effects
from actors.oms.hosting import HostedPartitions
from actors.oms.inputs import Cancellation, Submission
from actors.oms.reference_prices import ReferencePrices
from actors.oms.requests import OrderRequest, OrdersRequest, PositionsRequest, check_rows
from actors.wire import Handler, Request

_decode_submit = decoder(SubmitOrder)
_decode_cancel = decoder(CancelOrder)
_decode_order = decoder(OrderRequest)
_decode_orders = decoder(OrdersRequest)
_decode_positions = decoder(PositionsRequest)


class OrderMethods:
    """Answers ``submit``, ``cancel``, ``order``, ``orders`` and ``positions``."""

    def __init__(
        self, hosted: HostedPartitions, clock: DataClock, prices: ReferencePrices, metrics: Metrics, log: Any
    ) -> None:
        self._hosted = hosted
        self._clock = clock
        self._prices = prices
        self._metrics = metrics
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "submit": self.submit,
            "cancel": self.cancel,
            "order": self.order,
            "orders": self.orders,
            "positions": self.positions,
        }

    def submit(self, request: Request) -> None:
        """Take an order: on record, through the gate, to the venue; answered with the order, also where it was refused.

        The same submission again is answered with that order as it is by then.

        Raises:
            InputError: Text that can't be carried; not on record.
            NotFound: No such account; not on record.
            Conflict: Another order has the client order id.
            Unavailable: The journal can't take it; nothing was changed.
        """
        started = time.perf_counter_ns()
        submitted: SubmitOrder = _decode_submit(request.body)
        check_order_text(submitted)
        host = self._hosted.of_account(submitted.account)
        before = repeated(host.partition, submitted)
        if before is not None:
            host.after_commit(functools.partial(_reply_order, request, before))
            return
        look = self._prices.look(submitted.instrument)
        record = Submission(
            time=self._clock.now(),
            market_sequence=look.market_sequence,
            reference_price=look.price,
            order=submitted,
            look=look,
        )
        host.execute(record, functools.partial(self._submitted, request, started))

    def _submitted(self, request: Request, started: int, effects: Effects) -> None:
        order = effects.order
        request.reply(encode(order))
        self._metrics.count("orders_total")
        if effects.messages:
            self._metrics.observe("submit_seconds", time.perf_counter_ns() - started)
        else:
            self._metrics.count("rejected_total")
            if order is not None:
                self._log.debug("order refused", order=order.order_id, account=order.account, reason=order.reason)

    def cancel(self, request: Request) -> None:
        """Take a cancel; answered with the order, also where it is canceled or being canceled already.

        Raises:
            NotFound: No such account or order.
            Conflict: The order is filled, rejected or expired.
            Unavailable: The journal can't take it; nothing was changed.
        """
        cancel: CancelOrder = _decode_cancel(request.body)
        check_line("principal", cancel.principal)
        host = self._hosted.of_account(cancel.account)
        if cancelable(host.partition, cancel):
            record = Cancellation(time=self._clock.now(), cancel=cancel, received=time.time_ns())
            host.execute(record, lambda effects: request.reply(encode(effects.order)))
            self._metrics.count("cancels_total")
        else:
            order = host.partition.order(cancel.account, cancel.client_order_id)
            host.after_commit(functools.partial(_reply_order, request, order))

    def order(self, request: Request) -> bytes:
        """Answer with one order."""
        wanted: OrderRequest = _decode_order(request.body)
        return encode(self._hosted.of_account(wanted.account).partition.order(wanted.account, wanted.client_order_id))

    def orders(self, request: Request) -> bytes:
        """Answer with the newest orders of an account, the newest first."""
        wanted: OrdersRequest = _decode_orders(request.body)
        check_rows(wanted.limit)
        orders = self._hosted.of_account(wanted.account).partition.account(wanted.account).orders
        found = (working.order for working in reversed(orders.values()))
        kept = (order for order in found if order.status.is_open or not wanted.open_only)
        return encode(list(itertools.islice(kept, wanted.limit)))

    def positions(self, request: Request) -> bytes:
        """Answer with the books of an account."""
        wanted: PositionsRequest = _decode_positions(request.body)
        partition = self._hosted.of_account(wanted.account).partition
        return encode(partition.account(wanted.account).books.view(partition.last_event))


def _reply_order(request: Request, order: Order) -> None:
    request.reply(encode(order))
