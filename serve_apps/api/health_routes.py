"""``/healthz`` and ``/readyz``: is this process alive, and can it answer? Neither needs a token."""

from __future__ import annotations

from typing import Literal

import pydantic
from fastapi import APIRouter

from actors.errors import Unavailable
from serve_apps.api.edge import SharedEdge
from serve_apps.api.problems import Problem, ProblemError

router = APIRouter(tags=["health"])


class Live(pydantic.BaseModel):
    """This process answers."""

    status: Literal["live"] = "live"


class Ready(pydantic.BaseModel):
    """Everything that the API needs is reachable."""

    status: Literal["ready"] = "ready"
    services: dict[str, bool]


@router.get("/healthz", operation_id="isLive", summary="Is it alive?")
async def is_live() -> Live:
    """Answer as long as this process can."""
    return Live()


@router.get(
    "/readyz",
    operation_id="isReady",
    summary="Can it answer?",
    responses={503: {"model": Problem, "description": "A service is not reachable; `services` tells which."}},
)
async def is_ready(edge: SharedEdge) -> Ready:
    """Answer 200 once all services that the API asks are reachable."""
    services = await edge.backends.reachable()
    away = [name for name, there in services.items() if not there]
    if away:
        error = Unavailable(f"not reachable: {', '.join(away)}", remedy="wait for them to come back", code="NOT_READY")
        raise ProblemError(error, members={"services": services})
    return Ready(services=services)
