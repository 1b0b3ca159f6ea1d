"""Brings the strategies' orders to the OMS and waits until each one is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from actors.errors import AlphaMindError, Unavailable
from actors.messages import CancelOrder, Order, OrderEvent, OrderStatus, SubmitOrder, decoder, encode
from actors.oms.routing import shard_of
from actors.strategy.context import Command, unconfirmed
from actors.wire import WireClient

decode_order: Callable[[bytes], Order] = decoder(Order)
log = structlog.get_logger()

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.05


class Submission:
    """Sends orders and cancellations in order, as often as it takes: the OMS takes each client order id once.

    Args:
        clients: Connection to each OMS shard, in the order of the shards.
        partitions: Number of partitions over which accounts are hashed.
    """

    def __init__(self, clients: Sequence[WireClient], partitions: int) -> None:
        self._clients = clients
        self._partitions = partitions
        self._waiting: dict[tuple[str, str], asyncio.Future[None]] = {}

    def confirm(self, event: OrderEvent) -> None:
        """Take note of an order's state; to be called with every event as it arrives."""
        if event.order.status not in (OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL):
            waiting = self._waiting.get((event.order.account, event.order.client_order_id))
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    async def deliver(self, commands: Sequence[Command], time: int) -> list[Order]:
        """Send what the strategies placed and return once the venue or the gate has answered each of them.

        Waits for an OMS that is away.

        Args:
            commands: Orders and cancellations, sent in this order.
            time: The trading clock, for orders that are refused.

        Returns:
            Orders that the OMS would not take at all (as rejected orders, which no event tells of), in their order.
        """
        orders = [command for command in commands if isinstance(command, SubmitOrder)]
        refused = await asyncio.gather(*(self._submit(order, time) for order in orders))
        await asyncio.gather(*(self._cancel(command) for command in commands if isinstance(command, CancelOrder)))
        return [order for order in refused if order is not None]

    async def _submit(self, command: SubmitOrder, time: int) -> Order | None:
        with _Confirmation(self._waiting, command) as confirmed:
            try:
                order = await self._ask("submit", command)
            except AlphaMindError as error:
                log.warning("order refused", client_order_id=command.client_order_id, problem=str(error))
                return unconfirmed(command, time, OrderStatus.REJECTED, error.code, str(error))
            if order.status is OrderStatus.PENDING_NEW:
                await self._patiently(confirmed, command)
        return None

    async def _cancel(self, command: CancelOrder) -> None:
        with _Confirmation(self._waiting, command) as confirmed:
            try:
                order = await self._ask("cancel", command)
            except AlphaMindError as error:
                log.warning("cancellation refused", client_order_id=command.client_order_id, problem=str(error))
                return
            if order.status is OrderStatus.PENDING_CANCEL:
                await self._patiently(confirmed, command)

    async def _ask(self, method: str, command: Command) -> Order:
        client = self._clients[shard_of(command.account, self._partitions, len(self._clients))]
        body = encode(command)
        while True:
            await client.connected.wait()
            try:
                return decode_order(await client.request(method, body))
            except Unavailable as error:
                log.info(
                    "asking the OMS again", method=method, client_order_id=command.client_order_id, because=error.code
                )
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _patiently(self, confirmed: asyncio.Future[None], command: Command) -> None:
        while not confirmed.done():
            await asyncio.wait((confirmed,), timeout=_PATIENCE_SECONDS)
            if not confirmed.done():
                log.warning("order not confirmed yet", client_order_id=command.client_order_id)


class _Confirmation:
    """Registers who waits for news of one order, before it is sent."""

    def __init__(self, waiting: dict[tuple[str, str], asyncio.Future[None]], command: Command) -> None:
        self._waiting = waiting
        self._key = (command.account, command.client_order_id)

    def __enter__(self) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[self._key] = future
        return future

    def __exit__(self, *_: object) -> None:
        self._waiting.pop(self._key, None)
