"""The Ray shell of the strategy service."""

from __future__ import annotations

from actors.strategy.service import StrategyService
from actors.runtime import ActorShell


class StrategyActor(ActorShell):
    """Runs ``StrategyService`` inside the Ray cluster."""

    service_class = StrategyService
