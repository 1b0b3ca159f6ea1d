"""The Ray shell of the oms service."""

from __future__ import annotations

from actors.oms.service import OmsService
from actors.runtime import ActorShell


class OmsActor(ActorShell):
    """Runs ``OmsService`` inside the Ray cluster."""

    service_class = OmsService
