"""The Ray shell of the market service."""

from __future__ import annotations

from actors.market.service import MarketService
from actors.runtime import ActorShell


class MarketActor(ActorShell):
    """Runs ``MarketService`` inside the Ray cluster."""

    service_class = MarketService
