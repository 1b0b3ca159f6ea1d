"""The Ray shell of the feed."""

from __future__ import annotations

from actors.ingest.service import FeedService
from actors.runtime import ActorShell


class FeedActor(ActorShell):
    """Runs ``FeedService`` inside the Ray cluster."""

    service_class = FeedService
