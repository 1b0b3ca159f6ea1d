"""How long an order takes: inside the shard, and as a client in another process sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import uvloop

from tests.benchmarks.figures import figure
from tests.benchmarks.order_path_client import connected
from tests.benchmarks.order_path_oms import serve_oms, serve_venue
from tests.benchmarks.order_path_processes import run_directory, running
from tests.benchmarks.order_path_sizes import Sizes
from tests.benchmarks.samples import Latencies, latencies, middle

INSIDE_GOAL = Latencies(50.0, 200.0)
CLIENT_GOAL = Latencies(150.0, 1_000.0)


class Round(NamedTuple):
    """Latencies of one round.

    Attributes:
        inside: From the moment the handler has the request to the moment the exchange's door has the order.
        client: From request to answer, at the client.
        empty: The same of an empty request, one at a time.
    """

    inside: Latencies
    client: Latencies
    empty: Latencies


def measure_latency(sizes: Sizes) -> None:
    """Print the latencies inside the shard and at a client, one order at a time and at random times."""
    for own_exchange, where in ((True, ""), (False, ", exchange in a process of its own")):
        rounds = [_measure(sizes, own_exchange, seed) for seed in range(sizes.rounds)]
        loads = (
            ("one at a time", [each[0] for each in rounds]),
            (f"{sizes.a_second:g} a second", [each[1] for each in rounds]),
        )
        for load, found in loads:
            _tell(
                f"order checked, journaled and sent, inside the shard, {load}{where}",
                [each.inside for each in found],
                INSIDE_GOAL,
            )
            _tell(
                f"order seen by a client in another process, {load}{where}",
                [each.client for each in found],
                CLIENT_GOAL,
                [each.empty for each in found],
            )


def _measure(sizes: Sizes, own_exchange: bool, seed: int) -> tuple[Round, Round]:
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(run_directory())
        if not own_exchange:
            stack.enter_context(running(serve_venue, directory))
        stack.enter_context(running(serve_oms, directory, "process", own_exchange))

        async def drive() -> tuple[Round, Round]:
            async with connected(directory) as client:
                await client.warm_up(sizes.warm_up)
                empty = latencies(await client.one_at_a_time(sizes.one_at_a_time, "nothing"))
                await client.inside()
                alone = latencies(await client.one_at_a_time(sizes.one_at_a_time))
                inside_alone = latencies(await client.inside())
                at_random = latencies(await client.at_random(sizes.a_second, sizes.at_random, seed))
                inside_at_random = latencies(await client.inside())
                await client.check()
                return Round(inside_alone, alone, empty), Round(inside_at_random, at_random, empty)

        return uvloop.run(drive())


def _tell(name: str, rounds: Sequence[Latencies], goal: Latencies, empty: Sequence[Latencies] | None = None) -> None:
    for level in Latencies._fields:
        figure(
            f"{name}, {level}",
            getattr(middle(rounds), level),
            "us",
            reference=None if empty is None else getattr(middle(empty), level),
            goal=getattr(goal, level),
            rounds=[round(getattr(each, level), 1) for each in rounds],
            conditions="durability process; limit orders that rest, each confirmed"
            + ("" if empty is None else "; reference: an empty request on the same connection"),
        )
