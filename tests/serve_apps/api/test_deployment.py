import asyncio

import pytest
from ray.exceptions import RayActorError
from ray.serve.exceptions import RayServeException

from actors.errors import Unavailable
from configs.schema import Configuration, Placement, RaySection, RunSection
from serve_apps.api import deployment
from tests.serve_apps.api.harness import INSTRUMENTS


class FakeHandle:
    """Answers as the handle of the models' application does."""

    def __init__(self, error=None):
        self.predict_http = self
        self.error = error

    async def remote(self, model, body):
        if self.error is not None:
            raise self.error
        return {"model": model, "body": body}


def test_the_models_handle_is_fetched_once(monkeypatch):
    fetched = []
    monkeypatch.setattr(deployment.serve, "get_app_handle", lambda name: fetched.append(name) or FakeHandle())

    async def run():
        models = deployment.ServedModels()
        assert await models("har-rv", {"a": 1}) == {"model": "har-rv", "body": {"a": 1}}
        await models("har-rv", {})

    asyncio.run(run())
    assert fetched == ["models"]


@pytest.mark.parametrize("error", [RayServeException("no"), RayActorError()])
@pytest.mark.parametrize("when", ["fetched", "asked"])
def test_models_that_are_not_served_are_unavailable(monkeypatch, error, when):
    def get(name):
        if when == "fetched":
            raise error
        return FakeHandle(error)

    monkeypatch.setattr(deployment.serve, "get_app_handle", get)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(deployment.ServedModels()("har-rv", {}))
    assert caught.value.code == "MODELS_UNAVAILABLE"


def test_the_application_is_placed_as_configured(tmp_path):
    section = RaySection(placement={"api": Placement(cpus=0.3, memory_mib=200, resources={"edge": 0.01})})
    bound = deployment.api_application(Configuration(ray=section), INSTRUMENTS, tmp_path)
    options = bound._bound_deployment.ray_actor_options
    assert (options["num_cpus"], options["memory"], options["resources"]) == (0.3, 200 * 2**20, {"edge": 0.01})
    assert bound._bound_deployment.name == "Api"


def test_a_replica_builds_the_rest_application(tmp_path, monkeypatch):
    logs = []
    exported = []
    monkeypatch.setattr(deployment, "configure_logs", lambda level, file: logs.append((level, file)))
    monkeypatch.setattr(deployment, "publish_in_background", lambda name, metrics: exported.append((name, metrics)))

    async def run():
        configuration = Configuration(run=RunSection(home=tmp_path / "home"))
        replica = deployment.Api.__mro__[1](configuration, INSTRUMENTS, tmp_path / "run")
        app = replica.__serve_build_asgi_app__()
        assert "/trades" in app.openapi()["paths"] and app.docs_url == "/docs"
        assert app.state.edge.metrics is replica.metrics
        assert exported == [("api", replica.metrics)]
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(run())
    assert logs == [("info", tmp_path / "run" / "logs" / "api.jsonl")]
