"""``/risk``: measures of what could be lost."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pydantic
from fastapi import APIRouter, Query, Security
from pydantic import Field

from actors.messages import encode
from serve_apps.api.bearer import authorize
from serve_apps.api.edge import SharedEdge
from serve_apps.api.query import OnePortfolio
from serve_apps.api.responses import failures
from serve_apps.api.strict import StrictRoute
from serve_apps.api.times import with_time_texts
from serve_apps.auth.scopes import READ_RISK
from serve_apps.auth.tokens import Principal

router = APIRouter(prefix="/risk", tags=["risk"], route_class=StrictRoute)

RiskReader = Annotated[Principal, Security(authorize, scopes=[READ_RISK])]


class Measure(pydantic.BaseModel):
    """Value at risk and expected shortfall at one confidence, over one period; absent where `reason` says why."""

    confidence: float
    value_at_risk: str | None
    value_at_risk_interval: list[str | None] | None = Field(
        description="Bounds between which the true value at risk lies with 95%; null where the window is too short."
    )
    expected_shortfall: str | None
    value_at_risk_of_equity: str | None
    expected_shortfall_of_equity: str | None


class StressResult(pydantic.BaseModel):
    """What one scenario would do."""

    scenario: str
    shock: float | None = Field(description="Change of every price, a fraction; absent where it differs by symbol.")
    shocks: dict[str, float] | None = Field(description="Change of prices by symbol, and otherwise.")
    profit: str
    equity_after: str
    share_covered: float = Field(description="Share of the gross exposure that this is of.")
    not_covered: list[str] = Field(description="Symbols that it leaves out.")


class LimitUse(pydantic.BaseModel):
    """How much of one limit is used."""

    limit: str | bool
    value: str | int
    fraction: float | None
    symbol: str | None = Field(description="The instrument that uses most of it.")


class RiskMetrics(pydantic.BaseModel):
    """What a portfolio stands to lose, and how close it is to its limits."""

    model_config = pydantic.ConfigDict(extra="allow")

    portfolio: str
    currency: str
    equity: str
    gross_exposure: str
    net_exposure: str
    measures: list[Measure]
    method: str
    estimator: str
    observations: int = Field(description="Returns that the measures rest on.")
    reason: str | None = Field(description="Why there are no measures.")
    stress: list[StressResult]
    measured_at: str | None = Field(
        description="Market time of measures and stress, which are made anew on a schedule and after large moves."
    )
    limits: dict[str, LimitUse]
    trading_states: dict[str, str]
    breaches: list[dict[str, Any]] = Field(description="Open breaches of the rules of risk, with their evidence.")
    as_of: str | None = Field(description="Market time of the newest data in this answer, RFC 3339.")


@router.get("/metrics", operation_id="getRiskMetrics", summary="What could be lost", responses=failures(404))
async def get_risk_metrics(
    wanted: Annotated[OnePortfolio, Query()], principal: RiskReader, edge: SharedEdge
) -> RiskMetrics:
    """Return exposures, value at risk, expected shortfall, stress results and the use of limits of a portfolio."""
    account = edge.portfolio(principal, wanted.portfolio)
    body = await edge.backends.risk("metrics", encode({"account": account}))
    answer: dict[str, Any] = with_time_texts(msgspec.msgpack.decode(body, type=dict[str, Any]))
    for own_names in ("account", "accounts"):
        answer.pop(own_names, None)
    answer["trading_states"] = {
        scope: state
        for scope, state in answer["trading_states"].items()
        if not scope.startswith("account:") or principal.may_see(scope.removeprefix("account:"))
    }
    return RiskMetrics.model_validate({**answer, "portfolio": account})
