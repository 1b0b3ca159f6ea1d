"""``alphamind up`` as a process of its own with a home of its own, and what it takes of the machine."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import psutil

from actors.errors import AlphaMindError
from actors.service import socket_path
from actors.wire import BlockingClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 2**20
START_TIMEOUT = 120.0
STOP_TIMEOUT = 120.0


class BringUpFailed(Exception):
    """``alphamind up`` did not do what was asked; carries the end of what it said."""


class RunningUp:
    """One ``alphamind up``; made by ``running_up``.

    Attributes:
        home: Its home.
        began: ``time.monotonic()`` when the command was given.
        process: Its process.
    """

    def __init__(self, home: pathlib.Path, arguments: tuple[str, ...]) -> None:
        self.home = home
        self._said, self._answered = home / "up.stderr", home / "up.stdout"
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with self._said.open("w") as said, self._answered.open("w") as answered:
            self.began = time.monotonic()
            # A session of its own: Ctrl-C reaches the benchmark alone, which then ends the command in its own way.
            self.process = psutil.Popen(
                [sys.executable, "-m", "cluster.cli", "up", "--port", "0", "--set", "ray.dashboard_port=0", *arguments],
                stdout=answered,
                stderr=said,
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "ALPHAMIND_HOME": str(home), "PYTHONPATH": path},
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether the command still runs."""
        return self.process.poll() is None

    def ask(self, name: str, method: str = "status") -> dict[str, Any] | None:
        """Return a service's answer; ``None`` while it does not answer."""
        try:
            state = json.loads((self.home / "up.json").read_text())
            with BlockingClient(socket_path(pathlib.Path(state["directory"]), name), "benchmark") as client:
                answer: dict[str, Any] = msgspec.msgpack.decode(client.request(method))
        except (AlphaMindError, FileNotFoundError):
            return None
        return answer

    def reports(self, name: str, every: float = 0.05) -> Iterator[dict[str, Any]]:
        """Yield a service's report again and again while it answers, from its first answer on."""
        until = time.monotonic() + START_TIMEOUT
        while self.alive and (report := self.ask(name)) is None:
            if time.monotonic() > until:
                raise self.failed(f"{name} did not answer within {START_TIMEOUT:.0f} s")
            time.sleep(every)
        while self.alive and report is not None:
            yield report
            time.sleep(every)
            report = self.ask(name)

    def until(self, name: str, condition: Callable[[dict[str, Any]], bool], timeout: float) -> dict[str, Any]:
        """Return a service's first report of which ``condition`` is true.

        Raises:
            BringUpFailed: There was none in ``timeout`` seconds.
        """
        deadline = time.monotonic() + START_TIMEOUT + timeout
        for report in self.reports(name):
            if condition(report):
                return report
            if time.monotonic() > deadline:
                break
        raise self.failed(f"what was waited for in {name} did not happen")

    def stop(self) -> dict[str, Any]:
        """Ask the command to end, and return its summary; raises as ``summary``."""
        self.process.terminate()
        return self.summary()

    def summary(self) -> dict[str, Any]:
        """Wait until the command has ended, and return its summary.

        Raises:
            BringUpFailed: It does not end, or did not end well.
        """
        try:
            code = self.process.wait(STOP_TIMEOUT)
        except psutil.TimeoutExpired:
            raise self.failed(f"it did not end within {STOP_TIMEOUT:.0f} s") from None
        if code:
            raise self.failed(f"it ended with code {code}")
        found: dict[str, Any] = json.loads(self._answered.read_text())
        return found

    def failed(self, what: str) -> BringUpFailed:
        """Return the error for ``what``."""
        return BringUpFailed(f"alphamind up: {what}; its last words:\n{self._said.read_text()[-2000:]}")

    def memory(self) -> dict[str, float]:
        """Return its proportional set size in MiB, by name of process."""
        return proportional_set_size(self.process)

    def kill(self) -> None:
        """End the command by force where it still runs, and whatever it left: all processes of its session."""
        if self.alive:
            self.process.terminate()
            with contextlib.suppress(psutil.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT)
        left = processes_of_session(self.process.pid)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
        note = self.home / "ray.directory"
        if note.exists():
            shutil.rmtree(note.read_text(), ignore_errors=True)


@contextlib.contextmanager
def fresh_home() -> Iterator[pathlib.Path]:
    """Yield a folder whose path is short enough for sockets; it is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="am-", ignore_cleanup_errors=True) as folder:
        yield pathlib.Path(folder)


@contextlib.contextmanager
def running_up(home: pathlib.Path, *arguments: str) -> Iterator[RunningUp]:
    """Give ``alphamind up`` with ``arguments`` and free ports; nothing of it is left afterwards."""
    up = RunningUp(home, arguments)
    try:
        yield up
    finally:
        up.kill()


def proportional_set_size(root: psutil.Process) -> dict[str, float]:
    """Return the memory of a process and all below it in MiB, by name of process.

    The proportional set size counts a page that n processes share as 1/n for each, so that the sum is what the machine
    has to have. Processes that end meanwhile are left out.
    """
    sizes: defaultdict[str, float] = defaultdict(float)
    for process in [root, *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            sizes[process.name()] += process.memory_full_info().pss / MIB
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def processes_of_session(leader: int) -> list[psutil.Process]:
    """Return all processes of the session that process ``leader`` began, itself included while it lives."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == leader:
                found.append(process)
    return found
