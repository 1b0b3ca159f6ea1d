"""The way from the edge to those who own the state: the data plane's sockets, and the models on Ray Serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from actors.errors import AlphaMindError, NotFound, PeerLost, ProtocolError, Unavailable
from actors.metrics import Metrics
from actors.oms.routing import partition_of
from actors.peers import Peers
from actors.wire import WireClient
from configs.schema import Configuration

_DISAGREEMENTS = ("METHOD_UNKNOWN", ProtocolError.default_code)

Predict = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Asks a model: id and body in, prediction out; an answer with ``error`` describes a failure."""


class Backends(Protocol):
    """Whom the edge asks. Every request may be sent twice: all of them are idempotent by key."""

    async def oms(self, account: str, method: str, body: bytes) -> bytes:
        """Ask the OMS shard that owns ``account``."""

    async def portfolio(self, method: str, body: bytes) -> bytes:
        """Ask the portfolio service."""

    async def risk(self, method: str, body: bytes) -> bytes:
        """Ask the risk service."""

    async def predict(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a model for a prediction."""

    async def reachable(self) -> dict[str, bool]:
        """Return which services answer, by name."""

    async def close(self) -> None:
        """Disconnect."""


def shard_of(account: str, configuration: Configuration) -> str:
    """Return the name of the OMS shard that owns ``account``."""
    return f"oms-{partition_of(account, configuration.oms.partitions) % configuration.oms.shards}"


class WireBackends:
    """Asks the services of one run; connects on first use and stays connected.

    A request whose connection broke is sent once more with the same key, after the service came back.

    Args:
        configuration: The whole configuration.
        peers: The services of the run.
        predict: Asks a model.
        metrics: Counts the requests that were sent twice.
        connect_seconds: How long to wait for a service that is away; a killed actor is back within seconds.
        answer_seconds: How long to wait for an answer.
    """

    def __init__(
        self,
        configuration: Configuration,
        peers: Peers,
        predict: Predict,
        metrics: Metrics | None = None,
        connect_seconds: float = 3.0,
        answer_seconds: float = 10.0,
    ) -> None:
        self._configuration = configuration
        self._peers = peers
        self._predict = predict
        self._metrics = metrics or Metrics()
        self._connect_seconds = connect_seconds
        self._answer_seconds = answer_seconds
        self._clients: dict[str, WireClient] = {}

    async def oms(self, account: str, method: str, body: bytes) -> bytes:
        """Ask the OMS shard that owns ``account``; errors as of ``WireClient.request``."""
        return await self._ask(shard_of(account, self._configuration), method, body)

    async def portfolio(self, method: str, body: bytes) -> bytes:
        """Ask the portfolio service; errors as of ``WireClient.request``."""
        return await self._ask("portfolio", method, body)

    async def risk(self, method: str, body: bytes) -> bytes:
        """Ask the risk service; errors as of ``WireClient.request``."""
        return await self._ask("risk", method, body)

    async def predict(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a model for a prediction."""
        return await self._predict(model, body)

    async def reachable(self) -> dict[str, bool]:
        """Return which services are connected, by name; waits half a second for those that are not."""
        names = [f"oms-{shard}" for shard in range(self._configuration.oms.shards)] + ["portfolio", "risk"]
        return dict(zip(names, await asyncio.gather(*(self._connected(name, 0.5) for name in names)), strict=True))

    async def close(self) -> None:
        """Disconnect from all services."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _client(self, name: str) -> WireClient:
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = WireClient(self._peers.peer(name), "api")
            client.start()
        return client

    async def _connected(self, name: str, seconds: float) -> bool:
        client = self._client(name)
        if not client.connected.is_set():
            try:
                await asyncio.wait_for(client.connected.wait(), seconds)
            except (asyncio.TimeoutError, TimeoutError):
                return False
        return True

    async def _ask(self, name: str, method: str, body: bytes) -> bytes:
        try:
            return await self._ask_once(name, method, body)
        except PeerLost as error:
            if error.code != PeerLost.default_code:
                raise  # the service is there and slow: asking again would not help it
        self._metrics.count("requests_repeated_total")
        return await self._ask_once(name, method, body, lost=True)

    async def _ask_once(self, name: str, method: str, body: bytes, lost: bool = False) -> bytes:
        client = self._client(name)
        try:
            if not await self._connected(name, self._connect_seconds):
                raise Unavailable(
                    f"{name} is not there", remedy="try again in a few seconds", code="SERVICE_UNAVAILABLE"
                )
            return await asyncio.wait_for(client.request(method, body), self._answer_seconds)
        except (asyncio.TimeoutError, TimeoutError):
            raise PeerLost(
                f"{name} did not answer within {self._answer_seconds:g} s: the request may or may not have run",
                code="ANSWER_TIMEOUT",
            ) from None
        except (NotFound, ProtocolError) as error:
            if error.code in _DISAGREEMENTS:
                raise AlphaMindError(f"{name} and this edge are of different versions: {error}") from None
            raise
        except Unavailable as error:
            if lost and not isinstance(error, PeerLost):
                raise PeerLost(f"connection to {name} lost: the request may or may not have run") from None
            raise
