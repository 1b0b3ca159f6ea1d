"""Which actors a configuration asks for, by name, role and arguments; what they need of the cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from actors.ingest.source import Source
from actors.strategy.forecaster import Forecaster
from configs.schema import ROLES, Configuration, Placement
from env.exchange.capabilities import CAPABILITIES


@dataclass(frozen=True)
class ActorPlan:
    """One actor that will run.

    Attributes:
        name: Its name in the namespace, for instance ``oms-0``.
        role: One of ``configs.schema.ROLES``; selects the shell and the placement.
        arguments: What its service takes beside name, directory, configuration and instruments.
    """

    name: str
    role: str
    arguments: dict[str, Any] = field(default_factory=dict)


def plan_actors(
    configuration: Configuration, source: Callable[[], Source], forecaster: Callable[[], Forecaster]
) -> list[ActorPlan]:
    """Return the actors in the order in which they are started, the feed last.

    Args:
        configuration: The configuration.
        source: Makes the feed's source inside the feed.
        forecaster: Makes the strategies' forecaster inside the strategy actor.
    """
    markets = tuple(f"market-{index}" for index in range(configuration.market.shards))
    oms = tuple(f"oms-{index}" for index in range(configuration.oms.shards))
    expected = ((*oms, "venue"), ("strategy", "portfolio", "risk"))
    shards = {"shards": configuration.market.shards}
    of_oms = {"shards": configuration.oms.shards, "markets": markets, "capabilities": CAPABILITIES}
    return [
        *(
            ActorPlan(name, "market", {"shard": index, **shards, "expected": expected})
            for index, name in enumerate(markets)
        ),
        ActorPlan("venue", "venue", {"markets": markets}),
        *(ActorPlan(name, "oms", {"shard": index, **of_oms}) for index, name in enumerate(oms)),
        ActorPlan("portfolio", "portfolio", {"markets": markets, "oms": oms}),
        ActorPlan("risk", "risk", {"markets": markets, "oms": oms}),
        ActorPlan("strategy", "strategy", {"markets": markets, "oms": oms, "forecaster": forecaster}),
        ActorPlan("feed", "feed", {"source": source, **shards}),
    ]


def certificate_names(configuration: Configuration) -> list[str]:
    """Return whom the data plane between nodes has to know: every actor, and the API."""

    def never() -> NoReturn:
        raise AssertionError("nothing is started to learn the names")

    return [*(plan.name for plan in plan_actors(configuration, never, never)), "api"]


def placement_of(configuration: Configuration, role: str) -> Placement:
    """Return what an actor of this role asks of Ray."""
    return configuration.ray.placement.get(role, Placement())


def needed(configuration: Configuration) -> dict[str, float]:
    """Return what actors and Serve deployments ask for together: ``cpus``, ``memory_mib`` and resources by name."""
    counts = dict.fromkeys(ROLES, 1) | {"market": configuration.market.shards, "oms": configuration.oms.shards}
    needs = {"cpus": 0.0, "memory_mib": 0.0}
    for role, count in counts.items():
        placement = placement_of(configuration, role)
        own = {"cpus": placement.cpus, "memory_mib": placement.memory_mib, **placement.resources}
        for name, amount in own.items():
            needs[name] = round(needs.get(name, 0.0) + amount * count, 6)
    return needs
