"""What every endpoint shares."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import Depends, Request

from actors.errors import InputError, NotFound
from actors.instruments import InstrumentMaster
from actors.metrics import Metrics
from configs.schema import Configuration
from serve_apps.api.backends import Backends
from serve_apps.auth.clients import Clients
from serve_apps.auth.tokens import Principal, Tokens


@dataclasses.dataclass(frozen=True)
class Edge:
    """What every endpoint shares: stateless but for connections and verified tokens."""

    configuration: Configuration
    instruments: InstrumentMaster
    backends: Backends
    clients: Clients
    tokens: Tokens
    metrics: Metrics

    def portfolios_of(self, principal: Principal) -> list[str]:
        """Return the portfolios that ``principal`` may see."""
        return [account.id for account in self.configuration.accounts if principal.may_see(account.id)]

    def portfolio(self, principal: Principal, asked: str | None, field: str = "portfolio") -> str:
        """Return the portfolio that is meant: the one that was named, or the only one there is.

        Raises:
            NotFound: It does not exist, or not for this caller; which of the two is not told.
            InputError: None was named, and there is not exactly one.
        """
        visible = self.portfolios_of(principal)
        if asked is None:
            if len(visible) == 1:
                return visible[0]
            raise InputError(
                "which portfolio is not clear",
                field=field,
                rule="required where there is not exactly one portfolio",
                remedy=f"one of {', '.join(visible[:20])}" if visible else "ask for access to a portfolio",
                code="PORTFOLIO_REQUIRED",
            )
        if asked not in visible:
            raise NotFound(
                "no such portfolio",
                field=field,
                value=asked,
                rule="a portfolio that you may see",
                code="PORTFOLIO_NOT_FOUND",
            )
        return asked


def edge_of(request: Request) -> Edge:
    """Return what every endpoint shares."""
    edge = request.app.state.edge
    assert isinstance(edge, Edge)
    return edge


async def _edge(request: Request) -> Edge:
    return edge_of(request)


SharedEdge = Annotated[Edge, Depends(_edge)]
