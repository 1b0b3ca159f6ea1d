"""The Serve application ``models``: one replica that holds the model, as it has one writer."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from ray import serve

from actors.logs import configure_logs
from actors.messages import Instrument
from actors.runtime import publish_in_background
from configs.schema import Configuration, Placement
from serve_apps.loopback import keep_replica_on_loopback
from serve_apps.models.service import ModelService
from training.forecast_book import ForecastBook

APPLICATION = "models"
DEPLOYMENT = "Models"

keep_replica_on_loopback()


class Models:
    """The deployment; a replica that comes back goes on with the newest version and all observations.

    Every method answers plain data; an error is ``{"error": AlphaMindError.describe()}``.

    Args:
        configuration: The whole configuration.
        instruments: The instrument master.
        directory: The run's directory; versions are kept in ``models/`` there.
    """

    def __init__(
        self, configuration: Configuration, instruments: Sequence[Instrument], directory: pathlib.Path
    ) -> None:
        keep_replica_on_loopback()
        configure_logs(configuration.logging.level, directory / "logs" / "models.jsonl")
        book = ForecastBook(configuration.forecaster, directory / "models")
        book.recover()
        self._service = ModelService(book, instruments)
        publish_in_background(APPLICATION, self._service.metrics)

    async def observe(self, rows: bytes) -> dict[str, Any]:
        """Take new variances; see ``ModelService.observe``."""
        return await self._service.observe(rows)

    async def predict(self, model_id: str, histories: bytes, rows: bytes) -> dict[str, Any]:
        """Predict for a strategy; see ``ModelService.predict``."""
        return await self._service.predict(model_id, histories, rows)

    async def predict_http(self, model_id: str, body: Any) -> dict[str, Any]:
        """Predict for a client; see ``ModelService.predict_http``."""
        return await self._service.predict_http(model_id, body)

    async def describe(self) -> dict[str, Any]:
        """Return what the model is and has seen."""
        return await self._service.describe()


def models_application(
    configuration: Configuration, instruments: Sequence[Instrument], directory: pathlib.Path
) -> serve.Application:
    """Return the application for ``serve.run(..., name="models", route_prefix=None)``.

    Args:
        configuration: The whole configuration.
        instruments: The instrument master.
        directory: The run's directory.
    """
    placement = configuration.ray.placement.get("models", Placement())
    deployment = serve.deployment(
        name=DEPLOYMENT,
        num_replicas=1,
        max_ongoing_requests=64,
        ray_actor_options={
            "num_cpus": placement.cpus,
            "memory": placement.memory_mib * 2**20,
            "resources": dict(placement.resources),
        },
    )(Models)
    application: serve.Application = deployment.bind(configuration, tuple(instruments), directory)
    return application
