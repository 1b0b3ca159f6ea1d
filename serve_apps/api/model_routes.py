"""``/models``: predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Security
from fastapi.responses import JSONResponse, Response

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
PredictionInput = Annotated[
    dict[str, Any],
    Body(
        description="What the model is to predict, in the model's own terms: it checks them and names what is wrong.",
        examples=[{"instruments": ["SIM001"]}, {"instances": [{"instrument": "mine", "variances": [0.0001, 0.0002]}]}],
    ),
]


@router.post(
    "/{id}/predict",
    operation_id="predict",
    summary="Ask a model",
    response_model=dict[str, Any],
    responses=failures(404, 413, 415),
)
async def predict(model: ModelKey, body: PredictionInput, principal: ModelReader, edge: SharedEdge) -> Response:
    """Return a model's prediction, with the model's version, the unit, the horizons and the quantiles."""
    answer = await edge.backends.predict(model, body)
    edge.metrics.count("predictions_total")
    if "error" in answer:
        raise _error(answer["error"])
    return JSONResponse(answer)  # refuses NaN, where the framework would write null


def _error(error: Any) -> AlphaMindError:
    if isinstance(error, Mapping):
        return from_description(error)
    return Unavailable(f"the model can't answer: {error}", code="MODEL_UNAVAILABLE")
