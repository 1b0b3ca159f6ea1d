"""How long a partition takes to come back from its journal alone, and the memory that it takes."""

from __future__ import annotations

import collections
import itertools
import pathlib
import resource
import time
from typing import NamedTuple

import psutil

from actors.clock import SECOND
from actors.journal import Record
from actors.logs import configure_logs
from actors.messages import OrderType, SubmitOrder
from actors.oms.inputs import VenueReport, decode_input
from tests.benchmarks.figures import figure
from tests.benchmarks.order_path_exchange import LARGEST_TRADE
from tests.benchmarks.order_path_oms import TOO_LARGE, InProcessOms, market_order, resting_order
from tests.benchmarks.order_path_processes import in_fresh_process, run_directory
from tests.benchmarks.order_path_sizes import Sizes

GOAL_SECONDS, GOAL_EVENTS = 10.0, 1_000_000
MIB = 2**20

CYCLE = "mmMmrmmMmrmmMmrmmMmrmmMmrmmMrx"
"""Orders of one cycle: ``m`` market, ``M`` market that trades in two parts, ``r`` resting (canceled in the next cycle),
``x`` refused by the gate. They make 100 records: 30 submissions, 29 confirmations, 29 trades, 6 cancels, 6 grants.
"""


class Traded(NamedTuple):
    """A journal that was written by trading.

    Attributes:
        records: Number of its records.
        mix: Share of each kind of record.
        digest: Hash of the partition's whole state at its end.
    """

    records: int
    mix: dict[str, float]
    digest: str


class Recovered(NamedTuple):
    """A recovery.

    Attributes:
        seconds: From opening the journal to the whole state.
        processor_seconds: Of a processor, for the same.
        grown: Most memory taken above what the process had before, MiB.
        digest: Hash of the partition's whole state.
    """

    seconds: float
    processor_seconds: float
    grown: float
    digest: str


def measure_recovery(sizes: Sizes) -> None:
    """Print the time to recover from a long journal without a snapshot, its whole chain verified.

    Raises:
        ValueError: What was recovered is not what was there.
    """
    with run_directory() as directory:
        traded = in_fresh_process(trade, directory, sizes.events)
        found = [in_fresh_process(recover, directory) for _ in range(sizes.rounds)]
        size = sum(path.stat().st_size for path in directory.rglob("*.segment"))
    if any(each.digest != traded.digest for each in found):
        raise ValueError("the recovered state is not the state that was journaled")
    ordered = sorted(found, key=lambda each: each.seconds)
    middle = ordered[(len(ordered) - 1) // 2]
    figure(
        f"recovery of {traded.records} journaled events without a snapshot",
        middle.seconds,
        "s",
        goal=GOAL_SECONDS if traded.records >= GOAL_EVENTS else None,
        rounds=[round(each.seconds, 2) for each in found],
        processor_seconds=[round(each.processor_seconds, 2) for each in found],
        events_a_second=round(traded.records / middle.seconds),
        mix=traded.mix,
        journal_mib=round(size / MIB, 1),
        conditions="chain verified, state compared by its hash",
    )
    figure(
        "recovery: most memory taken",
        max(each.grown for each in found),
        "MiB",
        bytes_an_event=round(max(each.grown for each in found) * MIB / traded.records),
        conditions="resident, above what the process had before it opened the journal",
    )


def trade(directory: pathlib.Path, events: int) -> Traded:
    """Trade until the journal has ``events`` records or a few more.

    Args:
        directory: The run's directory.
        events: Number of records.
    """
    configure_logs("warning")
    oms = InProcessOms(directory)
    oms.open()
    resting: list[str] = []
    numbers = itertools.count(1)
    while oms.host.journal.last_sequence < events:
        oms.clock.advance(oms.clock.now() + SECOND)
        for client_order_id in resting:
            oms.cancel(client_order_id)
            oms.deliver()
        orders = [_order(each, next(numbers)) for each in CYCLE]
        for order in orders:
            oms.submit(order)
            oms.deliver()
        resting = [order.client_order_id for order in orders if order.type is OrderType.LIMIT]
    digest = oms.host.partition.digest()
    counts = collections.Counter(_name(record) for record in oms.host.journal.read())
    oms.close()
    records = counts.total()
    return Traded(records, {name: round(count / records, 4) for name, count in counts.most_common()}, digest)


def _order(kind: str, number: int) -> SubmitOrder:
    if kind == "r":
        return resting_order(number)
    return market_order(number, {"m": LARGEST_TRADE, "M": 2 * LARGEST_TRADE, "x": TOO_LARGE}[kind], number // 2)


def _name(record: Record) -> str:
    found = decode_input(record)
    return f"report: {found.report.type}" if isinstance(found, VenueReport) else type(found).__name__


def recover(directory: pathlib.Path) -> Recovered:
    """Open the journal of a directory and rebuild the partition's state from it."""
    configure_logs("warning")
    before = psutil.Process().memory_info().rss
    began, processor = time.perf_counter(), time.process_time()
    oms = InProcessOms(directory)
    oms.recover()
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    digest = oms.host.partition.digest()
    oms.close()
    return Recovered(seconds, processor, (peak - before) / MIB, digest)
