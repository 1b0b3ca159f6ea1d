"""Orders a second through one shard, and what waiting for the disk costs."""

from __future__ import annotations

import os
import statistics
import time
from typing import NamedTuple

import uvloop

from tests.benchmarks.figures import figure
from tests.benchmarks.order_path_client import connected
from tests.benchmarks.order_path_oms import serve_oms
from tests.benchmarks.order_path_processes import cpu_seconds, run_directory, running
from tests.benchmarks.order_path_sizes import Sizes
from tests.benchmarks.samples import MICROSECOND, Pair, latencies, middle_pair, quantile

RATE_GOAL = 20_000.0
DISK_LATENCY_GOAL, DISK_RATE_GOAL = 1.5, 0.8
DISK_IN_FLIGHT = 64
_RECORD = bytes(128)  # about the size of one input's record


class Rate(NamedTuple):
    """Orders a second, and the processor time of the OMS for each, in microseconds."""

    a_second: float
    processor: float


def measure_throughput(sizes: Sizes) -> None:
    """Print the orders a second of one shard with several numbers of unanswered orders."""
    rounds = [_pipelined(sizes) for _ in range(sizes.rounds)]
    for index, in_flight in enumerate(sizes.in_flight):
        rates = [each[index] for each in rounds]
        figure(
            f"orders a second, one shard, {in_flight} in flight",
            statistics.median(rate.a_second for rate in rates),
            "orders/s",
            goal=RATE_GOAL,
            better="higher",
            rounds=[round(rate.a_second) for rate in rates],
            processor_us_an_order=round(statistics.median(rate.processor for rate in rates), 1),
            conditions="client in another process, gate and journal (process) on; limit orders that rest, each "
            "confirmed: two records an order",
        )


def _pipelined(sizes: Sizes) -> list[Rate]:
    with run_directory() as directory, running(serve_oms, directory, "process", True) as oms:

        async def drive() -> list[Rate]:
            async with connected(directory) as client:
                await client.warm_up(sizes.warm_up)
                rates = []
                for in_flight in sizes.in_flight:
                    before = cpu_seconds(oms)
                    rate = await client.pipelined(sizes.pipelined, in_flight)
                    rates.append(Rate(rate, 1e6 * (cpu_seconds(oms) - before) / sizes.pipelined))
                await client.check()
                return rates

        return uvloop.run(drive())


class Disk(NamedTuple):
    """What one durability does: p50 of an order alone in microseconds, and orders a second with 64 in flight."""

    alone: float
    a_second: float


def measure_disk(sizes: Sizes) -> None:
    """Print what durability ``disk`` costs beside ``process``, taken by turns."""
    alone, pipelined, flushes = [], [], []
    for _ in range(sizes.rounds):
        process, disk = _durable("process", sizes), _durable("disk", sizes)
        flush = _fdatasync(sizes.flushes)
        flushes.append(round(flush))
        alone.append(Pair(disk.alone, process.alone + flush))
        pipelined.append(Pair(disk.a_second, process.a_second))
    pair = middle_pair(alone)
    figure(
        "durability disk, 1 order in flight, p50",
        pair.value,
        "us",
        reference=pair.reference,
        goal=DISK_LATENCY_GOAL,
        of="ratio",
        ratios=[round(each.ratio, 2) for each in alone],
        fdatasync_us=flushes,
        conditions="reference: p50 of durability process and of one append with fdatasync, in the same round",
    )
    pair = middle_pair(pipelined)
    figure(
        f"durability disk, {DISK_IN_FLIGHT} orders in flight",
        pair.value,
        "orders/s",
        reference=pair.reference,
        goal=DISK_RATE_GOAL,
        better="higher",
        of="ratio",
        ratios=[round(each.ratio, 2) for each in pipelined],
        conditions="reference: durability process in the same round",
    )


def _durable(durability: str, sizes: Sizes) -> Disk:
    with run_directory() as directory, running(serve_oms, directory, durability, True):

        async def drive() -> Disk:
            async with connected(directory) as client:
                await client.warm_up(sizes.warm_up)
                alone = latencies(await client.one_at_a_time(sizes.disk_one_at_a_time)).p50
                rate = await client.pipelined(sizes.disk_pipelined, DISK_IN_FLIGHT)
                await client.check()
                return Disk(alone, rate)

        return uvloop.run(drive())


def _fdatasync(count: int) -> float:
    """Return the median microseconds of putting one appended record on the disk that journals are on."""
    with run_directory() as directory:
        descriptor = os.open(directory / "file", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        took = []
        try:
            for _ in range(count):
                os.write(descriptor, _RECORD)
                began = time.perf_counter_ns()
                os.fdatasync(descriptor)
                took.append(time.perf_counter_ns() - began)
        finally:
            os.close(descriptor)
    return quantile(took, 0.5) / MICROSECOND
