"""Starts a service again that has ended by itself, as whoever operates it would."""

from __future__ import annotations

import asyncio
import collections
import contextlib

from actors.errors import AlphaMindError
from tests.faults.services import Services, ask

_LOOK_SECONDS = 0.1
_START_SECONDS, _ANSWER_SECONDS = 15.0, 1.0


class Supervisor:
    """Watches OMS and venue: an asynchronous context manager.

    Args:
        services: Their processes.

    Attributes:
        restarts: How often each was started again.
        reasons: Why, the first words of each reason once.
    """

    def __init__(self, services: Services) -> None:
        self.restarts: collections.Counter[str] = collections.Counter()
        self.reasons: set[str] = set()
        self._services = services
        self._answered: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Supervisor:
        self._tasks = [asyncio.create_task(self._watch(name)) for name in ("venue", "oms-0")]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self, name: str) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            reason = await self._ended(name)
            if reason is not None:
                self.restarts[name] += 1
                self.reasons.add(f"{name}: {reason.partition(':')[0]}")
                await self._services.kill(name)
                await self._services.start(name)

    async def _ended(self, name: str) -> str | None:
        """Return why a service has ended, ``None`` while it has not."""
        if self._services.has_ended(name):
            return "its process ended"
        pid = self._services.pid(name)
        patience = _ANSWER_SECONDS if self._answered.get(name) == pid else _START_SECONDS
        try:
            report = await ask(self._services.directory, name, "status", patience=patience)
        except (TimeoutError, AlphaMindError):
            return "its process ended" if self._services.has_ended(name) else "it does not answer"
        self._answered[name] = pid
        failure: str | None = report["failure"]
        return failure
