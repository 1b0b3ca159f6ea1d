"""What an order costs that comes by a Ray call, beside an empty Ray call of the same run."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from actors.errors import AlphaMindError
from actors.messages import Order, Side, SubmitOrder
from cluster.environment import prepare_environment
from cluster.run_directory import private_token
from configs import Configuration, load
from tests.benchmarks.figures import figure

GOAL = 1.2
ORDERS, BLOCK, BATCH, BATCHES = 1000, 50, 100, 20
START_SECONDS = 60.0
SETTINGS = (
    "feed.simulated.instruments=1",
    "feed.simulated.sessions=1",
    "feed.speed=max",
    "risk.limits.maximum_position_notional=1000000000",
    "accounts=[{id: main, cash: 1000000000}]",
)


class Rig:
    """One OMS shard with its market and its exchange inside a Ray cluster of its own; made by ``rig``.

    Attributes:
        configuration: The configuration.
        handles: The actors by name.
        orders: The door.
        empty: An actor whose only call does nothing.
    """

    def __init__(self, configuration: Configuration, handles: dict[str, Any], orders: Any, empty: Any) -> None:
        self.configuration = configuration
        self.handles = handles
        self.orders = orders
        self.empty = empty
        self._sent = 0

    def fresh(self, count: int) -> list[SubmitOrder]:
        """Return new orders to buy a lot of the first instrument; they rest, for the data have ended."""
        first, self._sent = self._sent, self._sent + count
        return [
            SubmitOrder(
                client_order_id=f"order-{number}",
                account="main",
                instrument=0,
                side=Side.BUY,
                quantity=1,
            )
            for number in range(first, first + count)
        ]


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """Start a small Ray cluster with one OMS shard that has seen the market, and end it afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    prepare_environment(private_token(folder / "ray.token"), loopback=True)
    import ray  # it reads its environment when it is imported

    configuration = load("local", overrides=SETTINGS, environment={"ALPHAMIND_HOME": str(folder)})
    ray.init(
        address="local",
        namespace=configuration.ray.namespace,
        num_cpus=4,
        object_store_memory=100 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _temp_dir=str(folder / "ray"),
    )
    try:
        yield _start(configuration, folder / "run")
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _start(configuration: Configuration, directory: pathlib.Path) -> Rig:
    import ray

    from actors.ingest.actor import FeedActor
    from actors.instruments import InstrumentMaster
    from actors.market.actor import MarketActor
    from actors.oms.actor import OmsActor
    from actors.oms.client_ray import RayOrders
    from actors.runtime import spawn
    from cluster.sources import build_source
    from configs.schema import Placement
    from env.exchange.actor import PaperExchangeActor

    class Empty:
        def nothing(self) -> None:
            """Do nothing."""

    instruments = InstrumentMaster.from_source(build_source(configuration), configuration.instruments).all
    markets, shards = ("market-0",), {"shard": 0, "shards": 1}
    actors: list[tuple[str, Any, dict[str, Any]]] = [
        ("market-0", MarketActor, {**shards, "expected": (("oms-0", "venue"), ())}),
        ("venue", PaperExchangeActor, {"markets": markets}),
        ("oms-0", OmsActor, {**shards, "markets": markets}),
        ("feed", FeedActor, {"source": functools.partial(build_source, configuration), "shards": 1}),
    ]
    handles = {
        name: spawn(
            shell,
            name,
            Placement(),
            configuration.ray.namespace,
            directory,
            configuration,
            {"instruments": instruments, **arguments},
        )
        for name, shell, arguments in actors
    }
    deadline = time.monotonic() + START_SECONDS
    while True:
        health = ray.get([handle.health.remote() for handle in handles.values()])
        failures = [f"{report['name']}: {report['failure']}" for report in health if report.get("failure")]
        if failures or time.monotonic() > deadline:
            raise AlphaMindError("the actors did not start", value="; ".join(failures) or health)
        if health[-1].get("status", {}).get("state") == "finished":
            break
        time.sleep(0.1)
    empty = ray.remote(Empty).options(num_cpus=0.1, max_task_retries=0).remote()
    return Rig(configuration, handles, RayOrders(configuration), empty)


def measure() -> None:
    """Print what an empty Ray call, one order by a Ray call, and an order of a batch take."""
    with rig() as made:
        import ray

        def nothing() -> None:
            ray.get(made.empty.nothing.remote())

        def one() -> None:
            _check(made.orders.submit(made.fresh(1)))

        for warming in (nothing, one):
            _times(warming, 2 * BLOCK)
        empty: list[int] = []
        single: list[int] = []
        for _ in range(ORDERS // BLOCK):  # in turn, for the machine is not the same from second to second
            empty += _times(nothing, BLOCK)
            single += _times(one, BLOCK)
        batches = _times(lambda: _check(made.orders.submit(made.fresh(BATCH))), BATCHES)
    for level in (50, 99):
        figure(
            f"order by a Ray call, p{level}",
            _percentile(single, level) / 1e3,
            "us",
            reference=_percentile(empty, level) / 1e3,
            goal=GOAL if level == 50 else None,
            of="ratio",
            orders=ORDERS,
            conditions="one order in flight, checked, journaled and sent to the venue; reference: an empty call to "
            "another actor, in turn with it",
        )
    figure(
        f"orders a second by Ray calls of {BATCH}",
        BATCH / (statistics.median(batches) / 1e9),
        "orders/s",
        better="higher",
        conditions="one call in flight",
    )


def _check(answers: Sequence[Order | AlphaMindError]) -> None:
    for answer in answers:
        if isinstance(answer, AlphaMindError):
            raise answer
        if not answer.status.is_open and answer.status.value != "filled":
            raise AlphaMindError("an order of the benchmark was refused", value=answer.reason)


def _times(call: Callable[[], None], count: int) -> list[int]:
    """Return the nanoseconds that each call took."""
    times = []
    for _ in range(count):
        began = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - began)
    return times


def _percentile(times: list[int], level: int) -> float:
    return statistics.quantiles(times, n=100)[level - 1]


def main() -> int:
    """Print all figures; return 1 where something could not be measured."""
    try:
        measure()
    except AlphaMindError as error:
        print(f"measure: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
