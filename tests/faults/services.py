"""The services of one run as processes: started, killed, frozen and woken by a harness."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from actors.errors import Unavailable
from actors.service import socket_path
from actors.wire import WireClient

ROOT = pathlib.Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds within which anything that is waited for has to happen."""
_ATTEMPT_SECONDS = 1.0


class Services:
    """Processes by the name of their service.

    Args:
        directory: The run's directory.
        environment: Variables beside those of this process.
        clock: File of a ``SteppedClock`` that their wall clocks follow.
    """

    def __init__(
        self, directory: pathlib.Path, environment: dict[str, str] | None = None, clock: pathlib.Path | None = None
    ) -> None:
        self.directory = directory
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        self._options = [] if clock is None else ["--clock", str(clock)]
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._frozen: list[asyncio.subprocess.Process] = []

    def pid(self, name: str) -> int:
        """Return the process of a service."""
        return self._running[name].pid

    async def start(self, name: str) -> None:
        """Start a service; it is not waited for."""
        command = [sys.executable, "-m", "tests.faults.process", str(self.directory), name, *self._options]
        output = (self.directory / "logs" / f"{name}.output").open("ab")
        with output:
            self._running[name] = await asyncio.create_subprocess_exec(
                *command, env=self._environment, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, cwd=ROOT
            )

    def has_ended(self, name: str) -> bool:
        """Return whether the process of a service has ended by itself."""
        return self._running[name].returncode is not None

    async def kill(self, name: str) -> None:
        """End a service with SIGKILL."""
        process = self._running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def freeze(self, name: str) -> asyncio.subprocess.Process:
        """Stop a service with SIGSTOP and return its process; the name is free for its replacement."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGSTOP)
        self._frozen.append(process)
        return process

    async def close(self) -> None:
        """Kill whatever still runs."""
        for process in [*self._running.values(), *self._frozen]:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._running.clear()
        self._frozen.clear()

    def output(self, name: str) -> str:
        """Return what a service printed, for people; nothing unless it failed."""
        output = self.directory / "logs" / f"{name}.output"
        return output.read_text()[-2_000:] if output.exists() else ""


async def ask(directory: pathlib.Path, name: str, method: str, body: Any = None, patience: float = PATIENCE) -> Any:
    """Ask a service once, as soon as it listens, and return the decoded answer.

    Raises:
        TimeoutError: It did not answer in time.
        AlphaMindError: Whatever it answered.
    """
    payload = b"" if body is None else msgspec.msgpack.encode(body)
    async with asyncio.timeout(patience):
        while True:
            # A new attempt after a while: a process that is frozen takes connections and never answers.
            with contextlib.suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(_ATTEMPT_SECONDS), connected(directory, name) as client:
                    return msgspec.msgpack.decode(await client.request(method, payload), strict=False)


@contextlib.asynccontextmanager
async def connected(directory: pathlib.Path, name: str = "oms-0") -> AsyncIterator[WireClient]:
    """A client that is connected."""
    client = WireClient(socket_path(directory, name), "harness", retry_seconds=0.02)
    client.start()
    try:
        async with asyncio.timeout(PATIENCE):
            await client.connected.wait()
        yield client
    finally:
        await client.close()
