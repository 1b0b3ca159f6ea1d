"""One running AlphaMind: its actors and Serve applications inside a Ray cluster."""

from __future__ import annotations

import functools
import logging
import pathlib
import time
from collections.abc import Callable
from typing import Any

import ray
import structlog
from ray import serve
from ray.serve.schema import LoggingConfig

from actors.errors import AlphaMindError, Conflict, Unavailable
from actors.ingest.actor import FeedActor
from actors.market.actor import MarketActor
from actors.messages import Instrument
from actors.oms.actor import OmsActor
from actors.portfolio.actor import PortfolioActor
from actors.risk.actor import RiskActor
from actors.runtime import ActorShell, spawn
from actors.strategy.actor import StrategyActor
from cluster.plan import ActorPlan, placement_of, plan_actors
from cluster.sources import build_source
from configs.schema import Configuration
from env.exchange.actor import PaperExchangeActor
from serve_apps.api.deployment import api_application
from serve_apps.models.client import ServeForecaster
from serve_apps.models.deployment import models_application

SHELLS: dict[str, type[ActorShell]] = {
    "market": MarketActor,
    "venue": PaperExchangeActor,
    "oms": OmsActor,
    "strategy": StrategyActor,
    "portfolio": PortfolioActor,
    "risk": RiskActor,
    "feed": FeedActor,
}
START_TIMEOUT = 120.0
log = structlog.get_logger()


class Engine:
    """Starts, watches and stops the actors and applications of one run.

    Args:
        configuration: The configuration.
        directory: The run's directory.
        instruments: The instrument master.
    """

    def __init__(
        self, configuration: Configuration, directory: pathlib.Path, instruments: tuple[Instrument, ...]
    ) -> None:
        self.configuration = configuration
        self.directory = directory
        self.instruments = instruments
        self.handles: dict[str, Any] = {}
        self.timings: dict[str, float] = {}
        source = functools.partial(build_source, configuration)
        self.plan = plan_actors(configuration, source, functools.partial(ServeForecaster, configuration.forecaster.id))

    def start(self, progress: Callable[[str], None], check: Callable[[], None] = lambda: None) -> None:
        """Start everything, the feed last; return when the feed runs.

        Args:
            progress: Told what is being started.
            check: Called again and again; raises where the start is to be left.

        Raises:
            Conflict: Actors of another AlphaMind run in the namespace.
            AlphaMindError: An actor could not recover or start; says which and why.
        """
        began = time.monotonic()
        self._refuse_strangers()
        check()
        progress("starting the actors")
        for plan in self.plan[:-1]:
            self._spawn(plan)
        check()
        progress("starting Ray Serve")
        network = self.configuration.network
        # Serve tells on standard error what it starts; who cares for it finds it in the dashboard.
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        serve.start(
            http_options={"host": network.host, "port": network.port}, logging_config=LoggingConfig(log_level="WARNING")
        )
        parts = (self.configuration, self.instruments, self.directory)
        serve.run_many(
            [
                serve.RunTarget(models_application(*parts), name="models", route_prefix=None),
                serve.RunTarget(api_application(*parts), name="api", route_prefix="/"),
            ],
            wait_for_ingress_deployment_creation=True,
            wait_for_applications_running=True,
        )
        self.timings["serve_seconds"] = time.monotonic() - began
        progress("waiting for the actors")
        self._await_ready([plan.name for plan in self.plan[:-1]], check)
        self.timings["actors_seconds"] = time.monotonic() - began
        progress("starting the feed")
        self._spawn(self.plan[-1])
        self._await_ready(["feed"], check)
        self.timings["feed_seconds"] = time.monotonic() - began

    def _refuse_strangers(self) -> None:
        namespace = self.configuration.ray.namespace
        present = {
            entry["name"]
            for entry in ray.util.list_named_actors(all_namespaces=True)
            if entry["namespace"] == namespace
        }
        taken = sorted(present & {plan.name for plan in self.plan})
        if taken:
            raise Conflict(
                "another AlphaMind runs in this cluster and namespace",
                field="ray.namespace",
                value=namespace,
                rule=f"no actors {', '.join(taken)}",
                remedy="alphamind down there, or another ray.namespace",
                code="ALREADY_UP",
            )

    def _spawn(self, plan: ActorPlan) -> None:
        self.handles[plan.name] = spawn(
            SHELLS[plan.role],
            plan.name,
            placement_of(self.configuration, plan.role),
            self.configuration.ray.namespace,
            self.directory,
            self.configuration,
            {"instruments": self.instruments, **plan.arguments},
        )

    def _await_ready(self, names: list[str], check: Callable[[], None]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            check()
            health = self.health(names)
            for name, report in health.items():
                if report.get("failure"):
                    raise AlphaMindError(
                        f"{name} did not start: {report['failure']}",
                        remedy=f"see {self.directory / 'logs' / name}.jsonl",
                        code="ACTOR_FAILED",
                    )
            waiting = [name for name, report in health.items() if not report.get("ready")]
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"not ready after {START_TIMEOUT:.0f} s: {', '.join(waiting)}",
                    rule="every actor finds its CPUs and memory in the cluster",
                    remedy=f"compare ray.placement with the cluster's resources; logs are in {self.directory / 'logs'}",
                )
            time.sleep(0.05)

    def health(self, names: list[str] | None = None, timeout: float = 2.0) -> dict[str, dict[str, Any]]:
        """Return every actor's report by name; an actor that does not answer is reported as not ready."""
        calls = {name: self.handles[name].health.remote() for name in (names or list(self.handles))}
        done, _ = ray.wait(list(calls.values()), num_returns=len(calls), timeout=timeout)
        finished = set(done)
        return {name: self._report(name, call, call in finished) for name, call in calls.items()}

    @staticmethod
    def _report(name: str, call: Any, finished: bool) -> dict[str, Any]:
        absent = {"name": name, "ready": False, "status": {}, "metrics": {}}
        if not finished:
            return {**absent, "state": "no answer"}
        try:
            report: dict[str, Any] = ray.get(call)
        except ray.exceptions.RayActorError:
            return {**absent, "state": "restarting"}
        return report

    def stop(self) -> None:
        """Stop the feed, then every actor, so that all journals are flushed; then the applications."""
        for name in reversed(list(self.handles)):
            try:
                ray.get(self.handles[name].stop.remote(), timeout=3)
            except (ray.exceptions.RayError, TimeoutError) as error:
                log.warning("actor did not stop by itself", actor=name, problem=str(error).splitlines()[0])
        if self.configuration.ray.address is not None:
            for handle in self.handles.values():
                ray.kill(handle)
            delete_applications()


def delete_applications() -> None:
    """Delete our Serve applications; Serve itself too where it serves nothing else, for it keeps its old port."""
    for application in ("api", "models"):
        serve.delete(application)
    if not serve.status().applications:
        serve.shutdown()  # type: ignore[no-untyped-call]
