"""What every actor is below its Ray shell: a named thing on one event loop that recovers, listens, and stops.

A service owns its state alone: everything happens on its loop, in the order in which frames arrive. It knows nothing of
Ray; ``actors.runtime`` runs it inside an actor, tests run several on one loop.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from actors.metrics import Metrics
from actors.peers import Beyond, Peers, socket_path
from actors.wire import Handler, Request, WireServer

__all__ = ["Service", "socket_path"]


class Service:
    """Base of all services.

    Args:
        name: The actor's name, for instance ``oms-0``; also the name of its socket.
        directory: The run's directory: sockets in ``sockets/``, journals in ``journal/``, logs in ``logs/``.

    Attributes:
        peers: The other services of the run: ``WireClient(self.peers.peer("oms-0"), self.name)``.
    """

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self.directory = directory
        self.peers = Peers(directory)
        self.metrics = Metrics()
        self.log = structlog.get_logger().bind(actor=name, run=directory.name)
        self.server = WireServer(name, {"status": self._answer_status, **self.handlers()})
        self.ready = asyncio.Event()
        self.failure: str | None = None
        self._beyond: Beyond | None = None

    def reach_beyond(self, beyond: Beyond) -> None:
        """Reach services of other nodes and be reached from there, by mutual TLS; to be called before ``start``.

        Raises:
            ConfigurationError: The certificate can't be used.
        """
        self.peers.reach_beyond(beyond)
        self._beyond = beyond

    def handlers(self) -> Mapping[str, Handler]:
        """Return the methods that this service answers over the wire, by name."""
        return {}

    async def recover(self) -> None:
        """Rebuild the state from the journal. Runs before anything else."""

    async def connect(self) -> None:
        """Connect to the services that this one needs. Runs once the own socket listens; must not wait for peers."""

    async def start(self) -> None:
        """Recover, listen, connect."""
        await self.recover()
        await self.server.listen(socket_path(self.directory, self.name))
        if self._beyond is not None:
            await self.server.listen_tls(self._beyond.host, self._beyond.identity)
        await self.connect()
        self.ready.set()
        self.log.info("started", pid=os.getpid())

    async def stop(self) -> None:
        """Stop listening and close what is open; the state stays in the journal."""
        await self.server.close()

    def status(self) -> dict[str, Any]:
        """Return what a person wants to know of this service at a glance, as plain data."""
        return {}

    def measure(self) -> None:
        """Set the gauges that nobody needs between two looks at the metrics."""

    def report(self) -> dict[str, Any]:
        """Return name, process id, whether it is ready, the failure if there is one, status and metrics."""
        if self.ready.is_set():
            self.measure()
        return {
            "name": self.name,
            "pid": os.getpid(),
            "ready": self.ready.is_set(),
            "failure": self.failure,
            "status": self.status() if self.ready.is_set() else {},
            "metrics": self.metrics.snapshot(),
        }

    def _answer_status(self, _: Request) -> bytes:
        return msgspec.msgpack.encode(self.report())
