"""A node lost with everything on it, the journals in PostgreSQL: ``python -m tests.faults.lost_node --times 3``.

OMS and venue run as the real actors on a node of their own in a Ray cluster of three nodes on this machine. All
processes of the node are killed at once; Ray starts the actors again on the other one, and they go on from their
journals. The nodes listen on an address of this machine and ask for a token.
"""

from __future__ import annotations

import asyncio
import pathlib
import random
import tempfile
import time
from typing import TYPE_CHECKING, Any

from cluster.environment import prepare_environment
from cluster.plan import plan_actors
from cluster.run_directory import private_token
from configs.schema import Placement
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.world import INSTRUMENTS, World, judged
from tests.servers import private_postgres

if TYPE_CHECKING:
    from tests.faults.nodes_ray import Nodes

NAMESPACE = "faults"


async def lose_nodes(times: int, seed: int, advance: Advance = silent) -> Report:
    """Lose the engine's node again and again, each time with a new one standing by, and judge the run."""
    from tests.faults.nodes_ray import Nodes

    chance = random.Random(seed)
    report = Report("the engine's node lost", notes={"medium": "postgres"})
    with private_postgres() as server, Nodes(NAMESPACE) as nodes:
        engine = nodes.add()
        async with judged(report, chance.randrange(2**32), dsn=server.dsn) as here:
            actors = _start(here)
            await here.begin()
            for _ in range(times):
                engine = await _lose(here, nodes, engine, actors, report, chance)
                advance()
            report.require(not any((here.directory / "journal").iterdir()), "a journal was left on the node's disk")
    return report


def _start(here: World) -> dict[str, Any]:
    """Start the actors of OMS and venue as the cluster does, on a node with the resource ``engine``."""
    from actors.oms.actor import OmsActor
    from actors.runtime import spawn
    from env.exchange.actor import PaperExchangeActor

    shells = {"venue": PaperExchangeActor, "oms": OmsActor}
    return {
        plan.name: spawn(
            shells[plan.role],
            plan.name,
            Placement(resources={"engine": 0.01}),
            NAMESPACE,
            here.directory,
            here.configuration,
            {"instruments": INSTRUMENTS, **plan.arguments},
        )
        for plan in plan_actors(here.configuration, _unused, _unused)
        if plan.role in shells
    }


async def _lose(
    here: World, nodes: Nodes, engine: str, actors: dict[str, Any], report: Report, chance: random.Random
) -> str:
    """Lose the engine's node and return the one on which it goes on."""
    standby = await asyncio.to_thread(nodes.add)
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    began = time.monotonic()
    await asyncio.to_thread(nodes.lose, engine)
    report.counts["nodes_lost"] += 1
    report.seconds.append(await here.goes_on(began, reconnected=True))
    report.counts["checked_right_after"] += await here.check_acknowledged()
    for name, node in (await asyncio.to_thread(_whereabouts, actors)).items():
        report.require(node == standby, f"{name} came back on {node}, not on the other node {standby}")
    return standby


def _whereabouts(actors: dict[str, Any]) -> dict[str, str]:
    import ray

    return {name: ray.get(actor.health.remote())["node"] for name, actor in actors.items()}


def _unused() -> Any:
    raise NotImplementedError("neither the OMS nor the venue has a source or a forecaster")


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=3)
    with tempfile.TemporaryDirectory(prefix="am-") as folder:
        prepare_environment(private_token(pathlib.Path(folder) / "ray.token"), loopback=False)

        async def scene() -> Report:
            with progress("nodes lost", given.times) as advance:
                return await lose_nodes(given.times, given.seed, advance)

        conclude(scene)


if __name__ == "__main__":
    main()
