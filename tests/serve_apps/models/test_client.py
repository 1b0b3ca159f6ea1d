from __future__ import annotations

import asyncio
import pathlib
import pickle
import subprocess
import sys
from typing import Any

import pytest
from ray import serve

from actors.errors import NotFound, Unavailable
from configs.schema import Configuration
from serve_apps.models import client, deployment
from serve_apps.models.client import ServeForecaster
from serve_apps.models.deployment import APPLICATION, models_application
from tests.serve_apps.models.test_service import INSTRUMENTS
from tests.training.simulated import rows
from training.forecast_book import ForecastBook
from training.local_forecaster import LocalForecaster

CONFIGURATION = Configuration.model_validate({"forecaster": {"minimum_observations": 60, "refit_periods": 10}})


@pytest.fixture
def handle(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(deployment, "publish_in_background", lambda name, metrics: None)  # there is no Ray to export to
    return serve.run(
        models_application(CONFIGURATION, INSTRUMENTS, tmp_path),
        name=APPLICATION,
        route_prefix=None,
        _local_testing_mode=True,
    )


def test_the_application_answers_as_the_local_forecaster_does(handle: Any, tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        served, local = ServeForecaster("har-rv", handle=handle), LocalForecaster(CONFIGURATION.forecaster)
        stream = rows(2, 80)
        histories = {1: [row for row in stream if row.instrument == 1][-22:]}
        with pytest.raises(Unavailable) as raised:
            await served.predict("har-rv", histories, stream[:20])
        assert raised.value.code == "MODEL_NOT_FITTED"
        await served.observe(stream)
        await local.observe(stream)
        assert await served.predict("har-rv", histories) == await local.predict("har-rv", histories)
        with pytest.raises(NotFound):
            await served.predict("garch", histories)
        http = await handle.predict_http.remote("har-rv", {"instruments": ["AAA"]})
        assert http["predictions"][0]["instrument"] == "AAA"
        assert (await handle.describe.remote())["version"] == "1"

    asyncio.run(run())
    again = ForecastBook(CONFIGURATION.forecaster, tmp_path / "models")
    again.recover()
    assert again.current is not None and again.current.version == "1"
    assert (tmp_path / "logs" / "models.jsonl").exists()


def test_the_application_asks_for_what_the_configuration_places(tmp_path: pathlib.Path) -> None:
    configuration = Configuration.model_validate({"ray": {"placement": {"models": {"cpus": 0.7, "memory_mib": 99}}}})
    deployment = models_application(configuration, INSTRUMENTS, tmp_path)._bound_deployment
    assert deployment.num_replicas == 1
    assert deployment.ray_actor_options == {"num_cpus": 0.7, "memory": 99 * 2**20, "resources": {}}


def test_a_service_that_is_away_is_unavailable_and_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def look_up(application: str) -> Any:
        looked_up.append(application)
        raise RuntimeError("no such application")

    monkeypatch.setattr(client, "_look_up", look_up)
    forecaster = ServeForecaster("har-rv")
    for _ in range(2):
        with pytest.raises(Unavailable, match="RuntimeError: no such application") as raised:
            asyncio.run(forecaster.observe([]))
        assert raised.value.code == "MODELS_UNREACHABLE"
    assert looked_up == ["models", "models"]


def test_the_handle_is_looked_up_by_the_applications_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "get_app_handle", lambda name: f"handle of {name}")
    assert client._look_up("models") == "handle of models"


def test_a_forecaster_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(ServeForecaster("har-rv"))).model == "har-rv"


def test_importing_the_client_loads_neither_serve_nor_numpy() -> None:
    code = "import sys; import serve_apps.models.client; print([m for m in ('ray.serve', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
