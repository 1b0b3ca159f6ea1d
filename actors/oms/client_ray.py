"""Orders by Ray calls, in batches: for whoever is in the Ray cluster and has no connection to a partition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import ray

from actors.errors import AlphaMindError, PeerLost, Unavailable, from_description
from actors.messages import CancelOrder, Order, SubmitOrder, decoder, encode
from actors.oms.routing import shard_of
from actors.wire.batch import decode_answers, encode_requests
from configs.schema import Configuration

_decode_order: Callable[[bytes], Order] = decoder(Order)


class RayOrders:
    """Sends orders to the OMS by one Ray call a shard; Ray repeats none of them.

    Args:
        configuration: The run's configuration.
        seconds: Time to wait for the answers to a batch.
    """

    def __init__(self, configuration: Configuration, seconds: float = 15.0) -> None:
        self._namespace = configuration.ray.namespace
        self._oms = configuration.oms
        self._seconds = seconds
        self._handles: dict[int, Any] = {}

    def submit(self, orders: Sequence[SubmitOrder]) -> list[Order | AlphaMindError]:
        """Send orders; return for each, in their order, the order on record or the error that kept it out.

        After ``PeerLost`` an order may be on record or not: send it again under the same ``client_order_id``.
        """
        return self._send("submit", orders)

    def cancel(self, cancels: Sequence[CancelOrder]) -> list[Order | AlphaMindError]:
        """Ask for orders to be taken back; return for each the order as it is then, or the error."""
        return self._send("cancel", cancels)

    def _send(self, method: str, commands: Sequence[SubmitOrder | CancelOrder]) -> list[Order | AlphaMindError]:
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for number, command in enumerate(commands):
            numbers[shard_of(command.account, self._oms.partitions, self._oms.shards)].append(number)
        calls = {
            shard: self._call(shard, [(method, encode(commands[number])) for number in own])
            for shard, own in numbers.items()
        }
        found: dict[int, Order | AlphaMindError] = {}
        for shard, own in numbers.items():
            found.update(zip(own, self._answers(shard, calls[shard], len(own)), strict=True))
        return [found[number] for number in range(len(commands))]

    def _call(self, shard: int, requests: list[tuple[str, bytes]]) -> Any:
        """Begin a call; return its future answer, or the error where there is nobody to call."""
        try:
            if shard not in self._handles:  # finding an actor costs more than calling it
                self._handles[shard] = ray.get_actor(f"oms-{shard}", self._namespace)
        except ValueError as error:
            return Unavailable(f"oms-{shard} is not there: {str(error).splitlines()[0]}", remedy="alphamind status")
        return self._handles[shard].ask.remote(encode_requests(requests))

    def _answers(self, shard: int, call: Any, size: int) -> list[Order | AlphaMindError]:
        if isinstance(call, AlphaMindError):
            return [call] * size
        try:
            answers = decode_answers(ray.get(call, timeout=self._seconds))
        except (ray.exceptions.RayError, TimeoutError) as error:
            if isinstance(error, ray.exceptions.RayTaskError) and isinstance(error.cause, AlphaMindError):
                return [error.cause] * size
            if isinstance(error, ray.exceptions.ActorDiedError):
                self._handles.pop(shard, None)  # one that Ray restarts keeps its handle
            lost = PeerLost(
                f"oms-{shard} did not answer: {str(error).splitlines()[0]}",
                remedy="send the same orders again under the same client_order_id",
            )
            return [lost] * size
        return [from_description(answer) if isinstance(answer, dict) else _decode_order(answer) for answer in answers]
