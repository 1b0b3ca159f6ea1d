"""What subscribers ask: the events of every partition from any point on, and a mark behind all events so far."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from actors.errors import NotFound
from actors.messages import decoder, encode
from actors.oms.hosting import HostedPartitions
from actors.oms.requests import SubscribeRequest
from actors.wire import Handler, Request, ServerConnection

_decode_subscribe = decoder(SubscribeRequest)


class StreamMethods:
    """Answers ``subscribe`` and ``sync``."""

    def __init__(self, hosted: HostedPartitions, log: Any) -> None:
        self._hosted = hosted
        self._log = log
        self._catching_up: dict[ServerConnection, set[asyncio.Task[None]]] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods by name."""
        return {"subscribe": self.subscribe, "sync": self.sync}

    def close(self) -> None:
        """Give up on subscribers that have not caught up."""
        for task in itertools.chain.from_iterable(self._catching_up.values()):
            task.cancel()

    def subscribe(self, request: Request) -> None:
        """Answer with where each partition stands, then send events: those asked for, and each new one.

        Raises:
            NotFound: A partition that is not hosted here (code ``PARTITION_UNKNOWN``).
            InputError: Events that are not on record here (code ``EVENTS_NOT_REACHED``), or can't be made again
                because their causes were deleted (code ``EVENTS_NOT_RETAINED``).
        """
        self._hosted.check_alive()
        wanted = {str(key): sequence for key, sequence in _decode_subscribe(request.body).sequences.items()}
        hosts = {str(index): host for index, host in self._hosted.hosts.items()}
        for key in wanted:
            if key not in hosts:
                raise NotFound(
                    f"{self._hosted.name} does not host this partition",
                    field="from",
                    value=key,
                    rule=f"some of {', '.join(hosts)}",
                    code="PARTITION_UNKNOWN",
                )
        for key, host in hosts.items():
            host.stream.check(wanted.get(key, 1), int(key))
        answer = {
            "partitions": {key: host.stream.last for key, host in hosts.items()},
            "epochs": {key: host.journal.lease.epoch for key, host in hosts.items()},
        }
        request.reply(encode(answer))
        for key, host in hosts.items():
            task = host.stream.attach(request, wanted.get(key, 1))
            if task is not None:
                self._watch(request.connection, task)

    def _watch(self, connection: ServerConnection, task: asyncio.Task[None]) -> None:
        tasks = self._catching_up.setdefault(connection, set())
        tasks.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not tasks:
                self._catching_up.pop(connection, None)
            if not task.cancelled() and task.exception() is not None:
                self._log.error(
                    "a subscriber could not catch up", client=connection.client, problem=str(task.exception())
                )
                connection.close()

        task.add_done_callback(ended)

    def sync(self, request: Request) -> bytes | None:
        """Answer once everything that was emitted before has been sent on this connection."""
        self._hosted.check_alive()
        for host in self._hosted.hosts.values():
            host.commit()
        tasks = self._catching_up.get(request.connection)
        if not tasks:
            return encode({})
        waiting = asyncio.gather(*tasks, return_exceptions=True)
        waiting.add_done_callback(lambda _: request.reply(encode({})))
        return None
