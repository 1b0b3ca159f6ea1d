"""The Ray shell of the paper exchange."""

from __future__ import annotations

from actors.runtime import ActorShell
from env.exchange.service import PaperExchangeService


class PaperExchangeActor(ActorShell):
    """Runs ``PaperExchangeService`` inside the Ray cluster."""

    service_class = PaperExchangeService
