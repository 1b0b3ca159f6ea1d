"""The REST application: everything put together, from configuration, instruments and the services behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from actors.clock import Clock
from actors.instruments import InstrumentMaster
from actors.messages import Instrument
from actors.metrics import Metrics
from configs.schema import Configuration
from serve_apps.api import documentation, problems
from serve_apps.api import health_routes, model_routes, portfolio_routes, risk_routes, token_route, trade_routes
from serve_apps.api.backends import Backends
from serve_apps.api.edge import Edge
from serve_apps.api.middleware import RequestMiddleware
from serve_apps.auth.clients import Clients
from serve_apps.auth.secrets import ensure_secrets, secrets_folder
from serve_apps.auth.tokens import Tokens

_ROUTERS = (
    token_route.router,
    portfolio_routes.router,
    trade_routes.router,
    risk_routes.router,
    model_routes.router,
    health_routes.router,
)
_DESCRIPTION = (
    "Trade, and see what came of it. Get a token from POST /auth/token and send it as a bearer token. Amounts, prices "
    "and quantities are decimal strings; times are RFC 3339 in UTC; every failure is a problem document (RFC 9457) "
    "with a stable code."
)


def build(
    configuration: Configuration,
    instruments: Sequence[Instrument],
    backends: Backends,
    *,
    metrics: Metrics | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """Return the REST application.

    Args:
        configuration: The whole configuration.
        instruments: The instrument master.
        backends: Whom the endpoints ask; closed when the application ends.
        metrics: Where requests are counted.
        clock: The wall clock, except in tests; tokens live by it.

    Raises:
        ConfigurationError: The secrets are missing, open to others or unreadable.
    """
    secrets = ensure_secrets(secrets_folder(configuration), configuration.run.profile)
    edge = Edge(
        configuration=configuration,
        instruments=InstrumentMaster(instruments),
        backends=backends,
        clients=Clients(secrets.clients),
        tokens=Tokens(secrets.signing_key, configuration.security, clock),
        metrics=metrics or Metrics(),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        edge.clients.close()
        await edge.backends.close()

    app = FastAPI(
        title="AlphaMind",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page loads scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.edge = edge
    for router in _ROUTERS:
        app.include_router(router)
    problems.install(app)
    documentation.install(app)
    app.add_middleware(RequestMiddleware, metrics=edge.metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _version() -> str:
    try:
        return version("alphamind")
    except PackageNotFoundError:
        return "0"


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: FastAPI's, with problems under their own media type."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for methods in document["paths"].values():
            for operation in methods.values():
                for answer in operation["responses"].values():
                    content = answer.get("content", {})
                    if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                        content[problems.MEDIA_TYPE] = content.pop("application/json")
        components = document["components"]
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        components["securitySchemes"]["ClientBasic"] = {
            "type": "http",
            "scheme": "basic",
            "description": "Client id and secret, for POST /auth/token alone.",
        }
        app.openapi_schema = document
    return app.openapi_schema
