"""The Ray shell of the portfolio service."""

from __future__ import annotations

from actors.portfolio.service import PortfolioService
from actors.runtime import ActorShell


class PortfolioActor(ActorShell):
    """Runs ``PortfolioService`` inside the Ray cluster."""

    service_class = PortfolioService
