"""Starts a service again that has ended by itself, as whoever operates it would."""

from __future__ import annotations

import asyncio
import collections

from actors.errors import AlphaMindError
from actors.service import socket_path
from tests.faults.report import Report
from tests.faults.services import Services, ask

_LOOK_SECONDS = 0.1
_ANSWER_SECONDS = 10.0


class Supervisor:
    """Watches OMS and venue: an asynchronous context manager.

    Args:
        services: Their processes.
        report: Gets the number of restarts of each, and the first words of every reason once.

    Attributes:
        restarts: How often each was started again.
    """

    def __init__(self, services: Services, report: Report) -> None:
        self.restarts: collections.Counter[str] = collections.Counter()
        self._reasons: set[str] = set()
        self._services = services
        self._report = report
        self._answered: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Supervisor:
        self._tasks = [asyncio.create_task(self._watch(name)) for name in ("venue", "oms-0")]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            while not task.done():  # what is asked just now may take a cancellation for an answer that did not come
                task.cancel()
                await asyncio.wait([task], timeout=1.0)
            if not task.cancelled():
                task.result()

    async def _watch(self, name: str) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            reason = await self._ended(name)
            if reason is not None:
                self.restarts[name] += 1
                self._report.counts[f"restarts_of_{name}"] += 1
                self._reasons.add(f"{name}: {reason.partition(':')[0]}")
                self._report.notes["restarted_because"] = sorted(self._reasons)
                await self._services.kill(name)
                await self._services.start(name)

    async def _ended(self, name: str) -> str | None:
        """Return why a service has ended, ``None`` while it has not."""
        if self._services.has_ended(name):
            return "its process ended"
        pid = self._services.pid(name)
        if not await self._listens(name):
            # One that never answered is still starting: that takes as long as it takes.
            return "it listens no more" if self._answered.get(name) == pid else None
        try:
            report = await ask(self._services.directory, name, "status", patience=_ANSWER_SECONDS)
        except (TimeoutError, AlphaMindError):
            return "it does not answer" if self._answered.get(name) == pid else None
        self._answered[name] = pid
        failure: str | None = report["failure"]
        return failure

    async def _listens(self, name: str) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(str(socket_path(self._services.directory, name)))
        except OSError:
            return False
        writer.close()
        return True
