"""What every actor's Ray shell shares: how it starts, recovers, tells its health and publishes its metrics.

A shell runs one ``Service`` on an event loop of its own thread. Ray's calls (health, address, ask, stop) reach it from
outside and touch the state only by way of that loop. Ray restarts the process without limit; the service then recovers
from its journal and its peers find it and reconnect by themselves, so nobody has to call anything.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar

import ray
import structlog
import uvloop
from ray.util.metrics import Counter, Gauge

from actors.errors import AlphaMindError, Unavailable
from actors.logs import configure_logs
from actors.metrics import Metrics
from actors.peers import Published
from actors.peers_ray import beyond_this_node, node_address, node_id
from actors.service import Service
from actors.wire.batch import run_batch
from configs.schema import Configuration, Placement

T = TypeVar("T")

PUBLISH_SECONDS = 1.0
"""Time between two exports of the metrics."""
ASK_SECONDS = 10.0
"""Time within which a batch of requests that came by a Ray call is answered."""
RAY_PRINCIPAL = "ray:cluster"
"""Who asks by a Ray call: somebody who has the cluster's token."""


class ServiceThread:
    """Runs a service on an event loop in a thread.

    Args:
        build: Makes the service; called on the loop's thread.
    """

    def __init__(self, build: Callable[[], Service]) -> None:
        self._build = build
        self.service: Service | None = None
        self.failure: str | None = None
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="service", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.service = self._build()
            self.loop.run_until_complete(self.service.start())
        except Exception as error:
            self.failure = str(error) if isinstance(error, AlphaMindError) else f"{type(error).__name__}: {error}"
            structlog.get_logger().exception("service did not start", problem=self.failure)
        try:
            self.loop.run_forever()
        except BaseException as error:  # sys.exit in a callback would end the thread without a word
            self.failure = f"the service's loop ended: {type(error).__name__}: {error}"
            structlog.get_logger().exception("service ended", problem=self.failure)

    def call(self, make: Callable[[], Coroutine[Any, Any, T]], timeout: float = 10.0) -> T:
        """Run a coroutine on the service's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(timeout)


class RayMetrics:
    """Copies an actor's numbers to Ray's Prometheus exporter, as ``ray_alphamind_<name>{actor=...}``."""

    def __init__(self, actor: str) -> None:
        self._tags = {"actor": actor}
        self._counters: dict[str, tuple[Counter, int]] = {}
        self._gauges: dict[str, Gauge] = {}

    def publish(self, metrics: Metrics) -> None:
        """Export the present numbers."""
        snapshot = metrics.snapshot()
        for name, value in list(metrics.counters.items()):
            snapshot.pop(name, None)
            counter, before = self._counters.get(name) or (self._make(Counter, name), 0)
            if value > before:
                counter.inc(value - before, tags=self._tags)
            self._counters[name] = (counter, value)
        for name, number in snapshot.items():
            if name not in self._gauges:
                self._gauges[name] = self._make(Gauge, name)
            self._gauges[name].set(number, tags=self._tags)

    @staticmethod
    def _make(kind: Any, name: str) -> Any:
        return kind(f"alphamind_{name}", description=name.replace("_", " "), tag_keys=("actor",))


def publish_in_background(actor: str, metrics: Metrics) -> None:
    """Export the numbers of something that is no service once a second, from a thread of its own.

    Args:
        actor: Its name in the tags of the exported numbers.
        metrics: Its numbers.
    """
    exporter = RayMetrics(actor)

    def publish() -> None:
        while True:
            time.sleep(PUBLISH_SECONDS)
            exporter.publish(metrics)

    threading.Thread(target=publish, name="metrics", daemon=True).start()


class ActorShell:
    """Base of all actors.

    Args:
        name: The actor's name, also that of its socket and journal.
        directory: The run's directory.
        configuration: The whole configuration.
        arguments: What else the service's constructor takes.
    """

    service_class: ClassVar[Callable[..., Service]]

    def __init__(
        self, name: str, directory: pathlib.Path, configuration: Configuration, arguments: dict[str, Any]
    ) -> None:
        sys.setswitchinterval(1e-4)
        configure_logs(configuration.logging.level, directory / "logs" / f"{name}.jsonl")
        self._name = name
        self._started = time.time()
        build = type(self).service_class

        def connected() -> Service:
            service = build(name, directory, configuration, **arguments)
            beyond = beyond_this_node(name, directory, configuration)
            if beyond is not None:
                service.reach_beyond(beyond)
            return service

        self._thread = ServiceThread(connected)
        self._metrics = RayMetrics(name)
        threading.Thread(target=self._publish, name="metrics", daemon=True).start()

    def _publish(self) -> None:
        while True:
            time.sleep(PUBLISH_SECONDS)
            service = self._thread.service
            if service is not None:
                self._thread.loop.call_soon_threadsafe(self._measure, service)

    def _measure(self, service: Service) -> None:
        if service.ready.is_set():
            service.measure()
        self._metrics.publish(service.metrics)

    def health(self) -> dict[str, Any]:
        """Return what ``Service.report`` says, with node and uptime; while it recovers, that it is not ready."""
        service = self._thread.service

        async def look() -> dict[str, Any]:
            return service.report() if service is not None else {}

        ready = service is not None and service.ready.is_set() and self._thread.loop.is_running()
        report = self._thread.call(look) if ready else {"name": self._name, "pid": os.getpid(), "ready": False}
        report["failure"] = self._thread.failure or report.get("failure")
        return {**report, "node": ray.get_runtime_context().get_node_id(), "uptime": time.time() - self._started}

    def address(self) -> Published | None:
        """Return where the service listens beyond its node; ``None`` where it does not, or not yet."""
        service = self._thread.service
        if service is None or not service.server.port:
            return None
        return Published(node_id(), node_address(), service.server.port, service.server.epoch)

    @ray.method(concurrency_group="requests")
    def ask(self, requests: bytes) -> bytes:
        """Answer requests of the data plane, in order; for who has no connection to the service.

        Bytes, because Ray takes about 0.3 ms to carry a list there and back.

        Args:
            requests: As ``actors.wire.batch.encode_requests`` made them.

        Returns:
            What ``actors.wire.batch.decode_answers`` reads: the answer to each, or the description of its error.

        Raises:
            Unavailable: The service is not there, or not yet; nothing was changed.
            InputError: These are no requests.
        """
        service = self._thread.service
        if service is None or not service.ready.is_set() or not self._thread.loop.is_running():
            raise Unavailable(f"{self._name} is not there", remedy="try again in a few seconds")
        return run_batch(service.server, self._thread.loop, requests, RAY_PRINCIPAL, ASK_SECONDS)

    def stop(self) -> None:
        """Stop the service: close its sockets and flush its journal."""
        service = self._thread.service
        if service is not None and self._thread.loop.is_running():
            self._thread.call(service.stop)


def spawn(
    shell: type[ActorShell],
    name: str,
    placement: Placement,
    namespace: str,
    directory: pathlib.Path,
    configuration: Configuration,
    arguments: dict[str, Any],
) -> Any:
    """Create a named, detached actor that Ray restarts without limit; none of its calls is ever retried by Ray.

    Requests have threads of their own, so that its health can be asked for while they wait for answers.

    Returns:
        The actor's handle.
    """
    remote: Any = ray.remote
    return (
        remote(concurrency_groups={"requests": 4})(shell)
        .options(
            name=name,
            namespace=namespace,
            lifetime="detached",
            max_restarts=-1,
            max_task_retries=0,
            max_concurrency=4,
            num_cpus=placement.cpus,
            memory=placement.memory_mib * 2**20,
            resources=dict(placement.resources) or None,
        )
        .remote(name, directory, configuration, arguments)
    )
