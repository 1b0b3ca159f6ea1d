"""Processes of a benchmark: fresh ones for what must not feel what ran before, and servers that run beside."""

from __future__ import annotations

import contextlib
import cProfile
import multiprocessing
import os
import pathlib
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

import psutil

PROFILES = "ORDER_PATH_PROFILES"
"""Environment variable with the folder for profiles of all processes; unset: nothing is profiled."""

_CONTEXT = multiprocessing.get_context("spawn")
_END_SECONDS = 30.0

P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def run_directory() -> Iterator[pathlib.Path]:
    """Yield a directory for one run, on the disk that temporary files are on; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="am-", ignore_cleanup_errors=True) as folder:
        yield pathlib.Path(folder)


def in_fresh_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Call a function of a module in a process of its own and return its result."""
    with ProcessPoolExecutor(1, mp_context=_CONTEXT) as pool:
        return pool.submit(_called, function, *arguments, **options).result()


@contextlib.contextmanager
def running(function: Callable[P, None], *arguments: P.args, **options: P.kwargs) -> Iterator[psutil.Process]:
    """Run a function that ends on SIGTERM in a process of its own, and end it afterwards."""
    process = _CONTEXT.Process(target=_called, args=(function, *arguments), kwargs=options, daemon=True)
    process.start()
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(_END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _called(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    folder = os.environ.get(PROFILES)
    if not folder:
        return function(*arguments, **options)
    profile = cProfile.Profile()
    try:
        return profile.runcall(function, *arguments, **options)
    finally:
        profile.dump_stats(pathlib.Path(folder) / f"{function.__name__}-{os.getpid()}.profile")


def tell_profiles(folder: pathlib.Path, functions: int = 25) -> None:
    """Print to standard error which functions took most time of their own, for each process profiled."""
    for path in sorted(folder.glob("*.profile"), key=lambda path: path.stat().st_mtime):
        print(f"\n{path.stem}", file=sys.stderr)
        pstats.Stats(str(path), stream=sys.stderr).sort_stats("tottime").print_stats(functions)


class OtherProcesses:
    """Watches how much of the machine goes to others than this process and the children that it has waited for."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._elsewhere = _busy_seconds() - _own_seconds()

    def processors(self) -> float:
        """Return how many processors others kept busy since the beginning, on average."""
        elsewhere = _busy_seconds() - _own_seconds() - self._elsewhere
        return max(0.0, elsewhere) / (time.monotonic() - self._began)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own_seconds() -> float:
    return sum(os.times()[:4])


def cpu_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process has taken, its kernel's share included."""
    times = process.cpu_times()
    return float(times.user + times.system)
