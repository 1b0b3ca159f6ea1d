"""What a bring-up costs: time to the first fill, ticks a second, the delay of batching, memory of the cluster."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from actors.errors import AlphaMindError
from configs import load
from tests.benchmarks.average_price import IMPLEMENTATION
from tests.benchmarks.figures import figure
from tests.benchmarks.market_files import Stretch, bounds, write_messages, write_minute_bars
from tests.benchmarks.pure_cores import run_pure_cores
from tests.benchmarks.rates import Sample, rate_between
from tests.benchmarks.running_up import BringUpFailed, RunningUp, fresh_home, running_up

START_GOAL_SECONDS = 30.0
RATIO_GOAL = 0.5
BATCH_GOAL_MILLISECONDS = 5.0
MEMORY_GOAL_MIB = 3072.0

STRETCHES = (Stretch(20, 2000), Stretch(200, 1000), Stretch(1000, 250))
"""Slices that the throughput is measured with; the goal is for those that hold 200 rows or more."""

QUOTES_A_SECOND, QUOTES_SECONDS = 1000.0, 10.0
FILL_PATIENCE, LOADED_SECONDS, IDLE_SECONDS = 60.0, 4.0, 3.0
LONGEST = ("--for", "120s")
STRATEGY = f"strategies=[{{name: average, implementation: '{IMPLEMENTATION}', account: main}}]"


def measure_start() -> None:
    """Start twice with one home; print the second start's parts, and the memory loaded and idle."""
    with fresh_home() as home:
        tell("first start: it makes secrets and warms the machine's caches")
        with running_up(home, *LONGEST) as up:
            first = _seconds_to_first_fill(up)
            up.stop()
        tell("second start, then memory")
        with running_up(home, *LONGEST) as up:
            second = _seconds_to_first_fill(up)
            time.sleep(LOADED_SECONDS)
            loaded = up.memory()
            if (up.ask("feed", "pause") or {}).get("state") != "paused":
                raise up.failed("the feed did not pause")
            time.sleep(IDLE_SECONDS)
            idle = up.memory()
            timings = up.stop()["timings"]
    figure(
        "start to first fill",
        second,
        "s",
        goal=START_GOAL_SECONDS,
        first_start=round(first, 2),
        conditions="local profile, simulated market, second start with one home; from the command to the fill",
    )
    for name, value in parts_of_start(timings, second).items():
        figure(f"start to first fill: {name}", value, "s")
    for state, sizes in (("loaded", loaded), ("idle", idle)):
        figure(
            f"memory of the cluster, {state}",
            sum(sizes.values()),
            "MiB",
            goal=MEMORY_GOAL_MIB,
            largest={name: round(size) for name, size in list(sizes.items())[:8]},
            conditions="proportional set size of the command and all processes below it",
        )


def _seconds_to_first_fill(up: RunningUp) -> float:
    up.until("oms-0", lambda report: bool(report["status"].get("fills")), FILL_PATIENCE)
    seconds = time.monotonic() - up.began
    time.sleep(1.0)  # the command itself looks for the first fill twice a second
    return seconds


def parts_of_start(timings: dict[str, float], first_fill: float) -> dict[str, float]:
    """Return the seconds of each part of a start, in order; they add up to ``first_fill``.

    Args:
        timings: As the summary has them: ``ray_seconds``, ``start_seconds`` and ``first_fill_seconds`` count from when
            the command had read its configuration, ``actors_seconds`` from when Ray ran.
        first_fill: Seconds from the command to the first fill, as seen from outside.
    """
    ray, start = timings["ray_seconds"], timings["start_seconds"]
    # The command looks for fills twice a second: it sees the first up to half a second later than the benchmark.
    inside = min(timings["first_fill_seconds"], first_fill)
    return {
        "Python and the configuration": first_fill - inside,
        "instruments and Ray": ray,
        "actors and Ray Serve": timings["actors_seconds"],
        "feed": start - ray - timings["actors_seconds"],
        "history, first forecast, order and fill": inside - start,
    }


def measure_throughput() -> None:
    """Run the same minute bars through the pure cores and through the cluster; print ticks a second of both."""
    with fresh_home() as home:
        file = home / "bars.parquet"
        write_minute_bars(file, STRETCHES)
        tell("ticks a second: pure cores")
        settings = [f"feed.data={file}", "feed.speed=max", "feed.warmup_sessions=0", STRATEGY]
        pure = list(run_pure_cores(load("local", overrides=settings, environment={"ALPHAMIND_HOME": str(home)})))
        tell("ticks a second: cluster")
        with running_up(home, "--data", str(file), "--speed", "max", "--until-end", *LONGEST, "--set", STRATEGY) as up:
            cluster = [
                Sample(status["sequence"], status["rows"], status["elapsed_seconds"])
                for report in up.reports("feed")
                if (status := report["status"])
            ]
            summary = up.summary()
    for stretch, (first, last) in zip(STRETCHES, bounds(STRETCHES), strict=True):
        figure(
            f"ticks through feed, market, strategy and risk, {stretch.rows} a slice",
            rate_between(cluster, first, last),
            "ticks/s",
            reference=rate_between(pure, first, last),
            goal=RATIO_GOAL if stretch.rows >= 200 else None,
            better="higher",
            of="ratio",
            slices=stretch.slices,
            conditions="minute bars; reference: the pure cores in one process. The cluster also journals, matches, "
            "follows books, hands over variances and fits the model",
        )
    figure(
        "ticks through feed, market, strategy and risk, all slices",
        summary["ticks"] / summary["elapsed_seconds"],
        "ticks/s",
        reference=pure[-1].rows / pure[-1].seconds,
        better="higher",
        quarantined=summary["quarantined"],
    )


def measure_batch_delay() -> None:
    """Stream quotes in real time; print how long a batch's first row waits to be sent, and the slice's round trip."""
    with fresh_home() as home:
        tell(f"delay of batching: {QUOTES_SECONDS:g} s of quotes in real time")
        file = write_messages(home, QUOTES_A_SECOND, QUOTES_SECONDS)
        arguments = ("--data", str(file), "--speed", "1", "--until-end", *LONGEST, "--set", STRATEGY)
        with running_up(home, *arguments) as up:
            report = list(up.reports("feed", every=0.2))[-1]
            summary = up.summary()
    metrics = report["metrics"]
    figure(
        "ticks in real time",
        summary["ticks"] / summary["elapsed_seconds"],
        "ticks/s",
        rows_a_slice=round(summary["ticks"] / summary["slices"], 2),
        slices=summary["slices"],
    )
    for title, metric, goal in (
        ("delay that batching adds: a slice's first row waits for its last", "batch_seconds", BATCH_GOAL_MILLISECONDS),
        ("delay that pacing adds: a slice leaves after its time", "lag_seconds", None),
        ("both together: a slice's first row waits to be sent", "delay_seconds", None),
        ("round trip of a slice", "slice_round_trip_seconds", None),
    ):
        for level in ("p50", "p99"):
            figure(
                f"{title}, {level}",
                1e3 * metrics[f"{metric}_{level}"],
                "ms",
                goal=goal if level == "p99" else None,
                conditions="upper bound of the histogram's bucket; messages of one book, Poisson, 5 ms batches",
            )


def tell(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Print all figures; return 1 where something could not be measured."""

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)  # by way of every cleanup

    signal.signal(signal.SIGTERM, leave)
    failed = 0
    for measure in (measure_start, measure_throughput, measure_batch_delay):
        try:
            measure()
        except (BringUpFailed, AlphaMindError, ValueError) as error:
            tell(f"{measure.__name__}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
