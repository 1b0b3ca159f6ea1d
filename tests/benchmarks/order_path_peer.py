"""Market orders, submitted, accepted and filled in one process: beside NautilusTrader, by turns."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from typing import Any, NamedTuple

from actors.logs import configure_logs
from tests.benchmarks.figures import figure, not_measured
from tests.benchmarks.order_path_oms import InProcessOms, market_order
from tests.benchmarks.order_path_processes import in_fresh_process, run_directory
from tests.benchmarks.order_path_sizes import Sizes
from tests.benchmarks.samples import Pair, middle_pair

NAME = "market orders submitted, accepted, filled, in one process"
GOAL = 10.0
VERSION = "1.221.0"
SCRIPT = pathlib.Path(__file__).parent / "peers" / "nautilus_orders.py"
_PATIENCE = 600.0


class Traded(NamedTuple):
    """What trading took, in seconds on the clock and of a processor, and the records that it made."""

    seconds: float
    processor_seconds: float
    records: int


def peer_python() -> pathlib.Path:
    """Return the Python that has NautilusTrader: ``PEERS_ROOT`` names the folder of the peers' environments."""
    root = os.environ.get("PEERS_ROOT", "~/.cache/alphamind-peers")
    return pathlib.Path(root).expanduser() / "v" / "nautilus" / "bin" / "python"


def measure_peer(sizes: Sizes) -> None:
    """Print the market orders a second of both, on this machine and by turns."""
    python = peer_python()
    if not python.exists():
        reason = f"no NautilusTrader at {python}: PEERS_ROOT names the folder of the peers' environments"
        not_measured(NAME, "orders/s", reason, goal=GOAL)
        return
    pairs, processor, records, peer = [], [], 0, {}
    for _ in range(sizes.rounds):
        peer = _run_peer(python, sizes.peer_orders)
        with run_directory() as directory:
            own = in_fresh_process(trade, directory, sizes.peer_orders)
        records = own.records
        pairs.append(Pair(sizes.peer_orders / own.seconds, sizes.peer_orders / peer["seconds"]))
        processor.append(round(peer["processor_seconds"] / own.processor_seconds, 2))
    pair = middle_pair(pairs)
    figure(
        NAME,
        pair.value,
        "orders/s",
        reference=pair.reference,
        goal=GOAL,
        better="higher",
        of="ratio",
        ratios=[round(each.ratio, 2) for each in pairs],
        ratios_of_processor_time=processor,
        records_an_order=round(records / sizes.peer_orders, 2),
        peer_version=peer["version"],
        peer_events=peer["events"],
        conditions="gate, journal (process), books and events on; reference: NautilusTrader's backtest engine with "
        "its risk engine, an order on each quote (it reports no acceptance of market orders)",
    )


def _run_peer(python: pathlib.Path, orders: int) -> dict[str, Any]:
    """Run the peer's program.

    Raises:
        ValueError: It did not do what was asked, or is another version than the goal speaks of.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, SCRIPT, str(orders)], capture_output=True, text=True, timeout=_PATIENCE, env=environment
    )
    if done.returncode:
        raise ValueError(f"the peer's program failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["version"] != VERSION or found["events"].get("OrderFilled") != orders:
        raise ValueError(f"NautilusTrader {VERSION} was to fill {orders} orders; it says {found}")
    return found


def trade(directory: pathlib.Path, orders: int) -> Traded:
    """Trade market orders of one lot one after the other, each submitted when the one before is filled.

    Raises:
        ValueError: Not every order was filled and booked.
    """
    configure_logs("warning")
    oms = InProcessOms(directory)
    oms.open()
    before = oms.host.journal.last_sequence
    began, processor = time.perf_counter(), time.process_time()
    for number in range(1, orders + 1):
        oms.clock.advance(number * 1_000_000)
        oms.submit(market_order(number))
        oms.deliver()
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    records = oms.host.journal.last_sequence - before
    partition = oms.host.partition
    if len(partition.fills) != orders or partition.standing or records != 3 * orders:
        raise ValueError(f"{orders} orders were to be filled; {len(partition.fills)} were, in {records} records")
    oms.close()
    return Traded(seconds, processor, records)
