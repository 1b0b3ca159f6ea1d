"""The Ray shell of the risk service."""

from __future__ import annotations

from actors.risk.service import RiskService
from actors.runtime import ActorShell


class RiskActor(ActorShell):
    """Runs ``RiskService`` inside the Ray cluster."""

    service_class = RiskService
