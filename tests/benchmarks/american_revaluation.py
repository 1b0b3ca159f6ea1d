"""Full revaluation of American options over processes, beside QuantLib's finite differences."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import numpy as np

from actors.risk.pricing.american import american_values, chunks
from actors.risk.pricing.partial import Revaluation
from actors.risk.pricing.revaluation import OptionBook, Scenarios
from actors.risk.pricing.unit_option import Method, UnitOption
from cluster.environment import prepare_environment
from cluster.run_directory import private_token
from tests.actors.risk.pricing.random_books import random_book
from tests.benchmarks.figures import figure, not_measured

ROUNDS = 5
OPTIONS, SCENARIOS, UNDERLYINGS = 1_000, 500, 50
PROCESSES = 1, 2
NEAR = 1e-3
"""Of the strike: largest distance from finite differences."""
COMPARED, GRID = 150, 1_000
"""Values that are compared, and steps of time and of price of the finite differences."""
LINEAR = 0.8
"""Share of what two processes of bare work gain that counts as near-linear."""
FREE = 0.75
"""Share of its processes by which bare work is faster, at least, where the machine is free enough to measure."""
BARE_TASKS, BARE_LOOPS = 24, 1_500_000


def measure_american() -> bool:
    """Print the times on one process and on two, and the distance from finite differences; return whether it is small.

    Whoever else uses the machine takes a part of its processors. What two processes gain is therefore told beside what
    they gain at bare work, in the same rounds; the best of the rounds counts, for others only ever add to a time.
    """
    book, scenarios = random_book(OPTIONS, SCENARIOS, UNDERLYINGS)
    before = os.getloadavg()[0]
    ours, bare, processor, found = _over_processes(book, scenarios)
    most = max(PROCESSES)
    best = {processes: min(took) for processes, took in ours.items()}
    figure(
        f"full revaluation, {OPTIONS} American options x {SCENARIOS} scenarios, {most} processes",
        best[most],
        "s",
        reference=best[1],
        rounds=[round(seconds, 2) for seconds in ours[most]],
        values_a_second=round(OPTIONS * SCENARIOS / best[most]),
        values_a_second_of_one_process=round(OPTIONS * SCENARIOS / best[1]),
        conditions="reference: one process, in the same run; Ray tasks, options and scenarios put once; "
        f"load of the machine before: {before:.1f}",
    )
    speed_up, possible = best[1] / best[most], min(bare[1]) / min(bare[most])
    name = f"speed-up of {most} processes over one, American revaluation"
    if possible < FREE * most:
        reason = (
            f"a bare loop gains {possible:.2f} times in the same rounds (this {speed_up:.2f}): others use the machine"
        )
        not_measured(name, "times", reason, goal=LINEAR)
    else:
        figure(
            name,
            speed_up,
            "times",
            reference=possible,
            goal=LINEAR,
            better="higher",
            of="ratio",
            one_process=[round(seconds, 2) for seconds in ours[1]],
            conditions="reference: the same of a bare loop, as many tasks and in the same rounds",
        )
    figure(
        f"processor time of {most} processes over that of one, American revaluation",
        processor[most],
        "s",
        reference=processor[1],
        goal=1 / LINEAR,
        of="ratio",
        conditions="all chunks, one round; a ratio of 1 is linear, whoever else uses the machine",
    )
    book_of_ours = found.totals(book.quantity)
    largest, slowness = _distance(book, scenarios, found.values)
    figure(
        "largest distance of an American value from finite differences, in units of the strike",
        largest,
        "strikes",
        goal=NEAR,
        compared=COMPARED,
        grid=GRID,
        values_a_second_of_finite_differences=round(1 / slowness, 1),
        conditions="values and scenarios drawn at random; QuantLib, Crank and Nicolson with damping",
    )
    if not np.isfinite(book_of_ours).all() or largest > NEAR:
        sys.stderr.write(f"the values are up to {largest} strikes from finite differences, more than {NEAR}\n")
        return False
    return True


Times = dict[int, list[float]]


def _over_processes(book: OptionBook, scenarios: Scenarios) -> tuple[Times, Times, dict[int, float], Revaluation]:
    """Return the seconds of each round by the number of processes, of bare work, of processors, and the values."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    prepare_environment(private_token(folder / "ray.token"), loopback=True)
    import ray  # it reads its environment when it is imported

    from actors.risk.pricing.revaluation_ray import CHUNK, revalue_american

    ray.init(
        address="local",
        num_cpus=max(PROCESSES),
        object_store_memory=100 << 20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _temp_dir=str(folder / "ray"),
    )
    try:
        few = Scenarios(spot=scenarios.spot[:2], volatility=scenarios.volatility[:2], rate=scenarios.rate[:2])
        for _ in range(3):
            revalue_american(book, few)  # the workers are there, and have loaded what they need
        ours: Times = {processes: [] for processes in PROCESSES}
        bare: Times = {processes: [] for processes in PROCESSES}
        for _ in range(ROUNDS):
            for processes in PROCESSES:
                began = time.perf_counter()
                found = revalue_american(book, scenarios, tasks=processes)
                ours[processes].append(time.perf_counter() - began)
                began = time.perf_counter()
                _at_a_time([(_bare, (BARE_LOOPS,))] * BARE_TASKS, processes)
                bare[processes].append(time.perf_counter() - began)
        snapshot = ray.put((book, scenarios))
        parts = [(_processor_seconds, (snapshot, part)) for part in chunks(book, CHUNK)]
        processor = {processes: sum(_at_a_time(parts, processes)) for processes in PROCESSES}
        return ours, bare, processor, found
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _at_a_time(calls: Sequence[tuple[Callable[..., float], tuple[object, ...]]], processes: int) -> list[float]:
    """Return what calls return, so many at a time."""
    import ray

    running: list[object] = []
    begun = []
    for work, arguments in calls:
        if len(running) == processes:
            _, running = ray.wait(running)
        running.append(ray.remote(work).remote(*arguments))
        begun.append(running[-1])
    return list(ray.get(begun))


def _processor_seconds(snapshot: tuple[OptionBook, Scenarios], options: tuple[int, ...]) -> float:
    began = time.process_time()
    american_values(*snapshot, options)
    return time.process_time() - began


def _bare(loops: int) -> int:
    total = 0
    for number in range(loops):
        total += number
    return total


def _distance(book: OptionBook, scenarios: Scenarios, values: np.ndarray) -> tuple[float, float]:
    """Return the largest distance from finite differences in units of the strike, and the seconds of one of those."""
    chance = np.random.Generator(np.random.PCG64(3))
    differences, largest = UnitOption(Method.DIFFERENCES, GRID), 0.0
    began = time.perf_counter()
    for option, row in zip(chance.integers(0, OPTIONS, COMPARED), chance.integers(0, SCENARIOS, COMPARED), strict=True):
        underlying, strike = book.underlying[option], book.strike[option]
        spot, volatility = scenarios.spot[row, underlying] / strike, scenarios.volatility[row, underlying]
        rate, dividend, years = scenarios.rate[row], book.dividend[option], book.years[option]
        if book.sign[option] < 0:
            expected = differences.put(spot, years, volatility, rate, dividend)
        else:
            expected = spot * differences.put(1 / spot, years, volatility, dividend, rate)
        largest = max(largest, abs(values[row, option] / strike - expected))
    return largest, (time.perf_counter() - began) / COMPARED
