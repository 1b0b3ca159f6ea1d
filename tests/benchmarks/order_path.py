"""The order path: how long an order takes, how many a second, beside Ray, the disk and a peer; and recovery.

``python -m tests.benchmarks.order_path`` prints every figure as a JSON line. ``--only NAME`` prints some of them.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence

from actors.errors import AlphaMindError
from actors.logs import configure_logs
from tests.benchmarks.figures import figure, not_measured
from tests.benchmarks.order_path_latency import measure_latency
from tests.benchmarks.order_path_peer import measure_peer
from tests.benchmarks.order_path_processes import PROFILES, OtherProcesses, tell_profiles
from tests.benchmarks.order_path_rates import measure_disk, measure_throughput
from tests.benchmarks.order_path_recovery import measure_recovery
from tests.benchmarks.order_path_sizes import Sizes

_RAY_DOOR = "tests.benchmarks.ray_door"


def measure_ray(_: Sizes) -> None:
    """Print the order's way through a Ray actor call beside an empty call."""
    if importlib.util.find_spec(_RAY_DOOR) is None:
        not_measured("order through a Ray actor call", "us", f"there is no {_RAY_DOOR}", goal=1.2)
        return
    importlib.import_module(_RAY_DOOR).measure()


MEASURES: Mapping[str, Callable[[Sizes], None]] = {
    "latency": measure_latency,
    "throughput": measure_throughput,
    "disk": measure_disk,
    "peer": measure_peer,
    "recovery": measure_recovery,
    "ray": measure_ray,
}
"""What is measured, by the name that ``--only`` takes, in the order in which it runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; return 1 where something could not be measured."""
    given = _parse(arguments)
    configure_logs("warning")
    sizes = Sizes(rounds=given.rounds, events=given.events)
    failed = 0
    with _profiles() if given.profile else contextlib.nullcontext():
        for name in given.only or MEASURES:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            others = OtherProcesses()
            try:
                MEASURES[name](sizes)
            except (AlphaMindError, ValueError, TimeoutError, subprocess.SubprocessError) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                failed = 1
            figure(f"other processes while {name} was measured", others.processors(), "processors")
    return failed


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.order_path", description=__doc__)
    parser.add_argument("--only", action="append", choices=tuple(MEASURES), help="measure this alone; repeatable")
    parser.add_argument("--rounds", type=int, default=Sizes().rounds, help="how often each figure is taken")
    parser.add_argument("--events", type=int, default=Sizes().events, help="records of the journal that is recovered")
    parser.add_argument(
        "--profile", action="store_true", help="profile the processes (which slows them) and tell where time goes"
    )
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _profiles() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ[PROFILES] = folder
        try:
            yield
        finally:
            del os.environ[PROFILES]
            tell_profiles(pathlib.Path(folder))


if __name__ == "__main__":
    sys.exit(main())
