"""Brings what strategies ask to the OMS and waits until each order is confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import msgspec
import structlog

from actors.errors import AlphaMindError, Unavailable
from actors.messages import (
    CancelOrder,
    Order,
    OrderEvent,
    OrderStatus,
    ReplaceOrder,
    SubmitList,
    SubmitOrder,
    decoder,
    encode,
)
from actors.oms.routing import shard_of
from actors.strategy.commands import Command, orders_of, unconfirmed, unconfirmed_list
from actors.wire import WireClient

_METHODS: dict[type, str] = {
    SubmitOrder: "submit",
    SubmitList: "submit_list",
    ReplaceOrder: "replace",
    CancelOrder: "cancel",
}
_PENDING = (OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.05

_decode_order: Callable[[bytes], Order] = decoder(Order)
_decode_orders: Callable[[bytes], list[Order]] = decoder(list[Order])
log = structlog.get_logger()


class Submission:
    """Sends commands in order, as often as it takes: the OMS takes each of them once by its id.

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
        if event.order.status not in _PENDING:
            waiting = self._waiting.get((event.order.account, event.order.client_order_id))
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    async def deliver(self, commands: Sequence[Command], time: int) -> list[Order]:
        """Send what the strategies placed and return once the venue, the gate or the OMS has answered each of them.

        Waits for an OMS that is away.

        Args:
            commands: Orders, lists, replacements and cancellations, sent in this order.
            time: The trading clock, for orders that are refused.

        Returns:
            What no event tells of, in the order of the commands: orders that the OMS would not take at all, as rejected
            ones; and orders whose replacement was refused, as they are, with the refusal as reason and text.
        """
        refused: list[Order] = []
        for wave in _waves(commands):
            for orders in await asyncio.gather(*(self._deliver(command, time) for command in wave)):
                refused += orders
        return refused

    async def _deliver(self, command: Command, time: int) -> list[Order]:
        with _Confirmations(self._waiting, command) as confirmed:
            try:
                orders = await self._ask(command)
            except AlphaMindError as error:
                log.warning("refused", method=_METHODS[type(command)], orders=orders_of(command), problem=str(error))
                return await self._refused(command, time, error)
            for order in orders:
                if order.status in _PENDING:
                    await _patiently(confirmed[order.client_order_id], order.client_order_id)
        return []

    async def _refused(self, command: Command, time: int, error: AlphaMindError) -> list[Order]:
        reason, text = error.code, str(error)
        if isinstance(command, SubmitOrder):
            return [unconfirmed(command, time, OrderStatus.REJECTED, reason, text)]
        if isinstance(command, SubmitList):
            return unconfirmed_list(command, time, OrderStatus.REJECTED, reason, text)
        if isinstance(command, CancelOrder):
            return []  # the event that closed the order tells of it
        try:
            body = encode({"account": command.account, "client_order_id": command.client_order_id})
            order = _decode_order(await self._request(command, "order", body))
        except AlphaMindError:
            return []
        return [msgspec.structs.replace(order, reason=reason, text=text)]

    async def _ask(self, command: Command) -> list[Order]:
        answer = await self._request(command, _METHODS[type(command)], encode(command))
        return _decode_orders(answer) if isinstance(command, SubmitList) else [_decode_order(answer)]

    async def _request(self, command: Command, method: str, body: bytes) -> bytes:
        client = self._clients[shard_of(command.account, self._partitions, len(self._clients))]
        while True:
            await client.connected.wait()
            try:
                return await client.request(method, body)
            except Unavailable as error:
                log.info("asking the OMS again", method=method, orders=orders_of(command), because=error.code)
                await asyncio.sleep(_PAUSE_SECONDS)


def _waves(commands: Sequence[Command]) -> Iterator[list[Command]]:
    """Yield the commands in parts that are under way together: two that concern one order are never in one part."""
    wave: list[Command] = []
    touched: set[tuple[str, str]] = set()
    for command in commands:
        keys = {(command.account, one) for one in orders_of(command)}
        if keys & touched:
            yield wave
            wave, touched = [], set()
        wave.append(command)
        touched |= keys
    if wave:
        yield wave


async def _patiently(confirmed: asyncio.Future[None], client_order_id: str) -> None:
    while not confirmed.done():
        await asyncio.wait((confirmed,), timeout=_PATIENCE_SECONDS)
        if not confirmed.done():
            log.warning("order not confirmed yet", client_order_id=client_order_id)


class _Confirmations:
    """Registers who waits for news of the orders of a command, before it is sent."""

    def __init__(self, waiting: dict[tuple[str, str], asyncio.Future[None]], command: Command) -> None:
        self._waiting = waiting
        self._account = command.account
        self._orders = orders_of(command)

    def __enter__(self) -> dict[str, asyncio.Future[None]]:
        loop = asyncio.get_running_loop()
        futures: dict[str, asyncio.Future[None]] = {one: loop.create_future() for one in self._orders}
        self._waiting.update(((self._account, one), future) for one, future in futures.items())
        return futures

    def __exit__(self, *_: object) -> None:
        for one in self._orders:
            self._waiting.pop((self._account, one), None)
