"""Query parameters are read strictly: one that is not known is refused, not ignored."""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field

PortfolioId = Annotated[str, Field(min_length=1, max_length=48)]


class StrictQuery(pydantic.BaseModel):
    """Base of all sets of query parameters."""

    model_config = pydantic.ConfigDict(extra="forbid")


class OnePortfolio(StrictQuery):
    """Which portfolio is meant."""

    portfolio: PortfolioId | None = Field(None, description="Required where you may see several.")
