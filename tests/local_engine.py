"""A whole AlphaMind on one event loop without Ray: the same services, sockets and journals in one process."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import time
from typing import Any

import msgspec
from rich.console import Console

from actors.ingest.service import FeedService
from actors.market.service import MarketService
from actors.oms.service import OmsService
from actors.portfolio.service import PortfolioService
from actors.risk.service import RiskService
from actors.service import Service, socket_path
from actors.strategy.service import StrategyService
from actors.wire import WireClient
from cluster.plan import plan_actors
from cluster.sources import build_source
from cluster.up import prepare_run
from configs import Configuration
from env.exchange.service import PaperExchangeService
from training.local_forecaster import LocalForecaster

SERVICES = {
    "market": MarketService,
    "venue": PaperExchangeService,
    "oms": OmsService,
    "strategy": StrategyService,
    "portfolio": PortfolioService,
    "risk": RiskService,
    "feed": FeedService,
}


class LocalEngine:
    """Runs every service of a configuration on the present loop; use it as an asynchronous context manager."""

    def __init__(self, configuration: Configuration, directory: pathlib.Path) -> None:
        self.directory = directory
        for name in ("sockets", "journal", "logs"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        configuration, self.instruments = prepare_run(configuration, directory, Console(quiet=True))
        self.configuration = configuration
        source = functools.partial(build_source, configuration)
        forecaster = functools.partial(LocalForecaster, configuration.forecaster, directory / "models")
        self.plan = {plan.name: plan for plan in plan_actors(configuration, source, forecaster)}
        self.services: dict[str, Service] = {}

    async def start(self, name: str) -> Service:
        """Start one service, as Ray would start its actor."""
        plan = self.plan[name]
        service = SERVICES[plan.role](
            name, self.directory_of(name), self.configuration, instruments=self.instruments, **plan.arguments
        )
        self.introduce(service)
        self.services[name] = service
        await service.start()
        return service

    def directory_of(self, name: str) -> pathlib.Path:
        """Return the run's directory as one service sees it."""
        return self.directory

    def introduce(self, service: Service) -> None:
        """Tell a service what its shell would tell it, before it starts."""

    async def stop(self, name: str) -> None:
        """Stop one service; its state is in its journal."""
        await self.services.pop(name).stop()

    async def __aenter__(self) -> LocalEngine:
        for name in self.plan:
            await self.start(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in reversed(list(self.services)):
            await self.stop(name)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return every service's report by name."""
        return {name: service.report() for name, service in self.services.items()}

    async def until_finished(self, timeout: float = 60.0) -> None:
        """Wait until the feed has sent all data."""
        deadline = time.monotonic() + timeout
        while self.services["feed"].report()["status"].get("state") != "finished":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the data did not end within {timeout} s: {self.report()}")
            await asyncio.sleep(0.01)

    async def ask(self, name: str, method: str, body: Any = None) -> Any:
        """Send one request over a connection of its own and return the decoded answer."""
        client = WireClient(socket_path(self.directory_of(name), name), "test")
        client.start()
        try:
            await asyncio.wait_for(client.connected.wait(), 5)
            answer = await client.request(method, b"" if body is None else msgspec.msgpack.encode(body))
            return msgspec.msgpack.decode(answer) if answer else None
        finally:
            await client.close()
