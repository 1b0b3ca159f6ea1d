"""Asks the risk service for more of the firm's limits where a partition is short of them, in the background."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from actors.errors import AlphaMindError
from actors.messages import encode
from actors.oms.hosting import HostedPartitions
from actors.peers import Peers
from actors.wire import WireClient

PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 5.0


class BudgetRequests:
    """Sends what partitions are short of to the risk service; connects to it when something is, and never before.

    Args:
        peers: The services of the run.
        name: Who asks.
        hosted: The partitions.
        log: The service's log.
        risk: Name of the risk service.
    """

    def __init__(self, peers: Peers, name: str, hosted: HostedPartitions, log: Any, risk: str = "risk") -> None:
        self._hosted = hosted
        self._log = log
        self._client = WireClient(peers.peer(risk), name)
        self._asking: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Ask for what partitions are short of; while that is under way, once more when it is done."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            self._client.start()
            await asyncio.wait_for(self._client.connected.wait(), PATIENCE_SECONDS)
            while any(host.partition.safeguards.budget.wanted for host in self._hosted.hosts.values()):
                for index, host in self._hosted.hosts.items():
                    wanted = host.partition.safeguards.budget.ask()
                    if wanted:
                        body = encode({"partition": index, "wanted": wanted})
                        await asyncio.wait_for(self._client.request("ask_budget", body), PATIENCE_SECONDS)
                await asyncio.sleep(PAUSE_SECONDS)  # an order that is sent again and again asks no more often than this
        except (AlphaMindError, asyncio.TimeoutError) as error:
            self._log.warning("no more of the firm's limits: the risk service does not answer", problem=repr(error))
        finally:
            self._asking = None

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking
        await self._client.close()
