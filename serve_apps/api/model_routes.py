"""``/models``: predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Security

from actors.errors import AlphaMindError, Unavailable, from_description
from serve_apps.api.bearer import authorize
from serve_apps.api.edge import SharedEdge
from serve_apps.api.responses import failures
from serve_apps.api.strict import StrictRoute
from serve_apps.auth.scopes import READ_MODEL
from serve_apps.auth.tokens import Principal

router = APIRouter(prefix="/models", tags=["models"], route_class=StrictRoute)

ModelReader = Annotated[Principal, Security(authorize, scopes=[READ_MODEL])]
ModelKey = Annotated[str, Path(alias="id", max_length=128, description="The model.", examples=["har-rv"])]
PredictionInput = Annotated[dict[str, Any], Body(description="What the model is to predict; the model checks it.")]


@router.post("/{id}/predict", operation_id="predict", summary="Ask a model", responses=failures(404, 413, 415))
async def predict(model: ModelKey, body: PredictionInput, principal: ModelReader, edge: SharedEdge) -> dict[str, Any]:
    """Return a model's prediction."""
    answer = await edge.backends.predict(model, body)
    edge.metrics.count("predictions_total")
    if "error" in answer:
        raise _error(answer["error"])
    return answer


def _error(error: Any) -> AlphaMindError:
    if isinstance(error, Mapping):
        return from_description(error)
    return Unavailable(f"the model can't answer: {error}", code="MODEL_UNAVAILABLE")
