"""The Ray shell of the risk service."""

from __future__ import annotations

import functools

from actors.risk.pricing.american import revalue_here
from actors.risk.pricing.partial import Revaluation
from actors.risk.pricing.revaluation import OptionBook, Scenarios
from actors.risk.service import RiskService
from actors.runtime import ActorShell

WORTH_SPREADING = 20_000
"""Values, options times scenarios, from which on tasks of the cluster are faster than this process."""


def revalue_american(book: OptionBook, scenarios: Scenarios) -> Revaluation:
    """Revalue over the cluster where it is worth it, else here."""
    if len(book.strike) * len(scenarios.spot) < WORTH_SPREADING:
        return revalue_here(book, scenarios)
    from actors.risk.pricing.revaluation_ray import revalue_american as spread

    return spread(book, scenarios)


class RiskActor(ActorShell):
    """Runs ``RiskService`` inside the Ray cluster; American options are revalued by its tasks."""

    service_class = functools.partial(RiskService, revalue_american=revalue_american)
