"""What clients ask of their orders: submit, replace, cancel, look up."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from actors.clock import DataClock
from actors.errors import OrderRejected
from actors.messages import (
    CancelOrder,
    CancelOrders,
    Order,
    ReplaceOrder,
    SubmitList,
    SubmitOrder,
    decoder,
    encode,
)
from actors.metrics import Metrics
from actors.oms.admission import (
    ListOutline,
    check_list_length,
    repeated,
    repeated_list,
    repeated_replacement,
    to_be_canceled,
)
from actors.oms.canceling import cancelable, fits
from actors.oms.client_text import check_client_order_id, check_line, check_order_text
from actors.oms.effects import Effects
from actors.oms.gathering import Gathering
from actors.oms.hosting import HostedPartitions
from actors.oms.inputs import Cancellation, ListSubmission, Look, MassCancellation, Replacement, Submission
from actors.oms.reading import reader
from actors.oms.reference_prices import ReferencePrices
from actors.oms.requests import OrderRequest, OrdersRequest, PositionsRequest, check_rows
from actors.oms.sessions import SessionTimes
from actors.wire import Handler, Request

_decode_submit = reader(SubmitOrder)
_decode_list = reader(SubmitList)
_decode_outline = decoder(ListOutline)
_decode_replace = reader(ReplaceOrder)
_decode_cancel = reader(CancelOrder)
_decode_cancel_all = reader(CancelOrders)
_decode_order = decoder(OrderRequest)
_decode_orders = decoder(OrdersRequest)
_decode_positions = decoder(PositionsRequest)

_LARGE_LIST = 1 << 16
"""Bytes beyond which a list is not read before its orders are counted: nothing else is done meanwhile."""


class OrderMethods:
    """Answers what clients ask of their orders, single ones and lists, and of their positions."""

    def __init__(
        self,
        hosted: HostedPartitions,
        clock: DataClock,
        prices: ReferencePrices,
        sessions: SessionTimes,
        metrics: Metrics,
        log: Any,
    ) -> None:
        self._hosted = hosted
        self._clock = clock
        self._prices = prices
        self._sessions = sessions
        self._metrics = metrics
        self._log = log

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {
            "submit": self.submit,
            "submit_list": self.submit_list,
            "replace": self.replace,
            "cancel": self.cancel,
            "cancel_all": self.cancel_all,
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
            host.after_commit(functools.partial(_reply, request, before))
            return
        record = Submission(
            time=self._clock.now(),
            market_sequence=0,
            reference_price=0,
            order=submitted,
            look=self._look(submitted),
            via=request.connection.principal,
        )
        host.execute(record, functools.partial(self._submitted, request, started))

    def _look(self, order: SubmitOrder) -> Look:
        look = self._prices.look(order.instrument)
        if self._sessions.concerns(order):
            opens, closes = self._sessions.of(order, self._clock.now())
            return msgspec.structs.replace(look, session_open=opens, session_close=closes)
        return look

    def _submitted(self, request: Request, started: int, effects: Effects) -> None:
        order = effects.order
        request.reply(encode(order))
        self._metrics.count("orders_total")
        if effects.messages:
            self._metrics.observe("submit_seconds", time.perf_counter_ns() - started)
        elif order is not None and order.reason:
            self._metrics.count("rejected_total")
            self._log.debug("order refused", order=order.order_id, account=order.account, reason=order.reason)

    def submit_list(self, request: Request) -> None:
        """Take orders that depend on one another; answered with them, also where they were refused.

        Raises what ``submit`` raises.
        """
        if len(request.body) > _LARGE_LIST:
            check_list_length(_decode_outline(request.body))
        submitted: SubmitList = _decode_list(request.body)
        check_list_length(submitted)
        check_client_order_id("list_id", submitted.list_id)
        check_line("principal", submitted.principal)
        for order in submitted.orders:
            check_order_text(order)
        host = self._hosted.of_account(submitted.account)
        before = repeated_list(host.partition, submitted)
        if before is not None:
            host.after_commit(functools.partial(_reply, request, before))
            return
        looks = tuple(self._look(order) for order in submitted.orders)
        via = request.connection.principal
        record = ListSubmission(time=self._clock.now(), orders=submitted, looks=looks, via=via)
        host.execute(record, functools.partial(self._list_submitted, request))

    def _list_submitted(self, request: Request, effects: Effects) -> None:
        request.reply(encode(effects.orders))
        self._metrics.count("orders_total", len(effects.orders))
        refused = [order for order in effects.orders if order.reason]
        if refused:
            self._metrics.count("rejected_total", len(refused))
            self._log.debug("list refused", list=refused[0].list_id, account=refused[0].account)

    def replace(self, request: Request) -> None:
        """Take a wish to change an order; answered with the order, which is ``pending_replace`` until the venue agrees.

        Raises:
            OrderRejected: The gate refuses the change (its code); the order stays as it was.
            NotFound: No such account or order.
            Conflict: The order can't be changed now, or the replacement's id is used already.
            Unavailable: The journal can't take it; nothing was changed.
        """
        wish: ReplaceOrder = _decode_replace(request.body)
        check_client_order_id("replacement_id", wish.replacement_id)
        check_line("principal", wish.principal)
        host = self._hosted.of_account(wish.account)
        before = repeated_replacement(host.partition, wish)
        if before is not None:
            refusal = (before.reason, before.text) if before.reason else None
            host.after_commit(functools.partial(_reply_replaced, request, before.order.order, refusal))
            return
        look = self._look(host.partition.find(wish.account, wish.client_order_id).submitted)
        record = Replacement(time=self._clock.now(), replace=wish, look=look, via=request.connection.principal)
        host.execute(record, lambda effects: _reply_replaced(request, effects.order, effects.refusal))
        self._metrics.count("replacements_total")

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
        if to_be_canceled(host.partition, cancel):
            via = request.connection.principal
            record = Cancellation(time=self._clock.now(), cancel=cancel, received=time.time_ns(), via=via)
            host.execute(record, lambda effects: request.reply(encode(effects.order)))
            self._metrics.count("cancels_total")
        else:
            order = host.partition.order(cancel.account, cancel.client_order_id)
            host.after_commit(functools.partial(_reply, request, order))

    def cancel_all(self, request: Request) -> None:
        """Take back every open order that fits; answered with the ids of those that were asked to be canceled now.

        Raises:
            NotFound: No such account.
            Unavailable: A partition could not take it; the same request again reaches what is left.
        """
        wish: CancelOrders = _decode_cancel_all(request.body)
        check_line("principal", wish.principal)
        if wish.reason:
            check_line("reason", wish.reason)
        self._hosted.check_alive()
        every = list(self._hosted.hosts.values())
        hosts = every if wish.account is None else [self._hosted.of_account(wish.account)]
        via = request.connection.principal
        record = MassCancellation(time=self._clock.now(), cancel=wish, received=time.time_ns(), via=via)
        concerned = [
            host
            for host in hosts
            if any(fits(wish, one.order) and cancelable(one) for one in host.partition.standing.values())
        ]
        gathered = Gathering(lambda effects: _reply_canceled(request, effects))
        gathered.execute([(host, record) for host in concerned])
        self._metrics.count("mass_cancels_total")

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


def _reply(request: Request, answer: Order | list[Order]) -> None:
    request.reply(encode(answer))


def _reply_replaced(request: Request, order: Order | None, refusal: tuple[str, str] | None) -> None:
    if refusal is None:
        request.reply(encode(order))
    else:
        request.fail(OrderRejected(refusal[1], field="replacement_id", code=refusal[0]))


def _reply_canceled(request: Request, effects: Sequence[Effects]) -> None:
    request.reply(encode({"canceled": [order.order_id for each in effects for order in each.orders]}))
