"""``/portfolios``: what they hold, are worth and have earned."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Security
from pydantic import Field

from actors.messages import encode
from serve_apps.api.bearer import authorize
from serve_apps.api.edge import Edge, SharedEdge
from serve_apps.api.portfolio_schemas import Positions, Summary
from serve_apps.api.query import StrictQuery
from serve_apps.api.responses import failures
from serve_apps.api.strict import StrictRoute
from serve_apps.api.times import with_time_texts
from serve_apps.auth.scopes import READ_PORTFOLIO
from serve_apps.auth.tokens import Principal

router = APIRouter(prefix="/portfolios", tags=["portfolios"], route_class=StrictRoute)

Reader = Annotated[Principal, Security(authorize, scopes=[READ_PORTFOLIO])]
PortfolioKey = Annotated[str, Path(alias="id", max_length=128, description="The portfolio.", examples=["main"])]


class PositionFilter(StrictQuery):
    """Which positions to show."""

    include_closed: bool = Field(False, description="Also instruments that are held no more.")


@router.get("/{id}/positions", operation_id="getPositions", summary="What a portfolio holds", responses=failures(404))
async def get_positions(
    portfolio: PortfolioKey, wanted: Annotated[PositionFilter, Query()], principal: Reader, edge: SharedEdge
) -> Positions:
    """Return cash, value and every position of a portfolio, as of one moment."""
    account = edge.portfolio(principal, portfolio, "id")
    body = {"account": account, "include_closed": wanted.include_closed}
    return Positions.model_validate({**await _ask(edge, "positions", body), "portfolio": account})


@router.get("/{id}/summary", operation_id="getSummary", summary="How a portfolio has done", responses=failures(404))
async def get_summary(
    portfolio: PortfolioKey, _: Annotated[StrictQuery, Query()], principal: Reader, edge: SharedEdge
) -> Summary:
    """Return value, profit, drawdown and turnover of a portfolio."""
    account = edge.portfolio(principal, portfolio, "id")
    answer = await _ask(edge, "summary", {"account": account})
    (figures,) = answer.pop("accounts")
    return Summary.model_validate({**answer, **figures, "portfolio": account})


async def _ask(edge: Edge, method: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = msgspec.msgpack.decode(await edge.backends.portfolio(method, encode(body)), type=dict[str, Any])
    plain: dict[str, Any] = with_time_texts(answer)
    return plain
