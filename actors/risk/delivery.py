"""Brings what the risk service decided to the OMS shards: at once where they are there, else when they are back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from actors.errors import AlphaMindError, Unavailable
from actors.messages import encode
from actors.portfolio.oms_follower import OmsFollower
from actors.risk.controls import Controls, LimitsChange, StateChange
from actors.wire import Request

Change = LimitsChange | StateChange


class Delivery:
    """Sends limits and states to every OMS shard.

    A shard that is away gets limits and stricter states when it is back. A looser state it does not get then: whoever
    resumes trading asks again, knowing what has happened meanwhile.

    Args:
        oms: The shards.
        controls: What was decided.
        log: The service's log.
        patience: Seconds to wait for the shards before a change is answered with those still pending.
    """

    def __init__(self, oms: OmsFollower, controls: Controls, log: Any, patience: float) -> None:
        self._oms = oms
        self._controls = controls
        self._log = log
        self._patience = patience
        self._locks = {shard: asyncio.Lock() for shard in oms.clients}
        self._tasks: set[asyncio.Task[None]] = set()

    def pending(self) -> list[str]:
        """Return the shards that are away or lack something."""
        return [
            shard
            for shard in self._oms.clients
            if not self._oms.is_current(shard) or self._controls.outstanding(self._oms.partitions[shard])
        ]

    def push(self, shard: str) -> None:
        """Send a shard what it lacks, in the background."""
        self.spawn(self._push(shard))

    def change(self, request: Request, answer: Callable[[], dict[str, Any]], release: StateChange | None) -> None:
        """Send a change to all shards and answer the request with ``answer`` and who has it.

        Args:
            request: The request.
            answer: Called for the rest of the answer once the shards have taken it, or too long did not.
            release: A state that may be looser than what a shard has: it is sent once, to the shards that are there.
        """
        self.spawn(self._change(request, answer, release))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that ends with the service."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """Give up on what is still to be sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _push(self, shard: str, release: StateChange | None = None) -> None:
        asked = time.time_ns()
        if release is not None and not self._oms.is_current(shard):
            release = None
        try:
            async with self._locks[shard]:
                await self._oms.current(shard)
                partitions = self._oms.partitions[shard]
                if release is not None and self._controls.states.get(release.scope) is release:
                    await self._send(shard, release, asked)
                while changes := self._controls.outstanding(partitions):
                    await self._send(shard, changes[0], asked)
        except Unavailable:
            self._log.warning("controls not sent yet", shard=shard)

    async def _send(self, shard: str, change: Change, asked: int) -> None:
        terms: dict[str, Any]
        if isinstance(change, LimitsChange):
            method, terms = "set_limits", {"scope": change.scope, "limits": change.limits, "whole": True}
        else:
            method, terms = "set_state", {"scope": change.scope, "state": change.state, "asked": asked}
        body = encode({**terms, "principal": change.principal, "reason": change.reason})
        await self._oms.clients[shard].request(method, body)
        self._controls.confirm(self._oms.partitions[shard], change)

    async def _change(
        self, request: Request, answer: Callable[[], dict[str, Any]], release: StateChange | None
    ) -> None:
        tasks = {self.spawn(self._push(shard, release)): shard for shard in self._oms.clients}
        done, late = await asyncio.wait(tasks, timeout=self._patience)
        for task in done:
            error = task.exception()
            if isinstance(error, AlphaMindError):
                request.fail(error)
                return
            if error is not None:
                self._log.error("change not sent", problem=repr(error))
                request.fail(AlphaMindError("the change is on record but an OMS shard did not take it; see the log"))
                return
        pending = sorted({*self.pending(), *(tasks[task] for task in late)})
        accepted = [shard for shard in self._oms.clients if shard not in pending]
        request.reply(encode({**answer(), "accepted_by": accepted, "pending": pending}))
