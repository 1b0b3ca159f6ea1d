"""The REST API on Ray Serve: application ``api`` at ``/``; its replicas keep nothing but connections."""

from __future__ import annotations

import pathlib
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import RayServeException

from actors.errors import Unavailable
from actors.logs import configure_logs
from actors.messages import Instrument
from actors.metrics import Metrics
from actors.peers import Peers
from actors.peers_ray import beyond_this_node
from actors.runtime import publish_in_background
from configs.schema import Configuration, Placement
from serve_apps.api.application import build
from serve_apps.api.backends import WireBackends
from serve_apps.loopback import keep_replica_on_loopback

APPLICATION = "api"
ROUTE_PREFIX = "/"
MODELS_APPLICATION = "models"
MAXIMUM_ONGOING = 256
"""Requests that one replica answers at the same time; Serve queues the others."""

keep_replica_on_loopback()


class ServedModels:
    """Asks the models' own Serve application; its handle is fetched once, when it is first needed."""

    def __init__(self) -> None:
        self._handle: Any = None

    async def __call__(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return what the models answer to ``body``.

        Raises:
            Unavailable: The models' application is not there.
        """
        try:
            if self._handle is None:
                self._handle = serve.get_app_handle(MODELS_APPLICATION)
            answer: dict[str, Any] = await self._handle.predict_http.remote(model, body)
        except (RayServeException, RayActorError) as error:
            raise Unavailable(
                "the models are not being served", remedy="try again in a few seconds", code="MODELS_UNAVAILABLE"
            ) from error
        return answer


@serve.ingress()
class Api:
    """One replica of the REST API.

    Args:
        configuration: The whole configuration.
        instruments: The instrument master.
        run_directory: The run's directory: sockets, logs.
    """

    def __init__(
        self, configuration: Configuration, instruments: tuple[Instrument, ...], run_directory: pathlib.Path
    ) -> None:
        keep_replica_on_loopback()
        configure_logs(configuration.logging.level, run_directory / "logs" / "api.jsonl")
        self._configuration = configuration
        self._instruments = instruments
        self._run_directory = run_directory
        self.metrics = Metrics()
        publish_in_background(APPLICATION, self.metrics)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Return the ASGI application; Serve calls this on the replica's own event loop."""
        peers = Peers(self._run_directory)
        beyond = beyond_this_node(APPLICATION, self._run_directory, self._configuration)
        if beyond is not None:
            peers.reach_beyond(beyond)
        backends = WireBackends(self._configuration, peers, ServedModels(), self.metrics)
        return build(self._configuration, self._instruments, backends, metrics=self.metrics)


def api_application(
    configuration: Configuration, instruments: tuple[Instrument, ...], run_directory: pathlib.Path
) -> serve.Application:
    """Return what ``serve.run(..., name="api", route_prefix="/")`` takes; placed as ``ray.placement.api`` says."""
    placement = configuration.ray.placement.get("api", Placement())
    options = {
        "num_cpus": placement.cpus,
        "memory": placement.memory_mib * 2**20,
        "resources": dict(placement.resources),
    }
    make: Any = serve.deployment(name="Api", ray_actor_options=options, max_ongoing_requests=MAXIMUM_ONGOING)
    bound: serve.Application = make(Api).bind(configuration, instruments, run_directory)
    return bound
