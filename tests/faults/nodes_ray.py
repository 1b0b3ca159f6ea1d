"""A Ray cluster of several nodes on one machine, whose nodes can be lost.

Every node is a ``ray start --block`` with all of its processes below it. Import this only once Ray's environment is set
(``cluster.environment.prepare_environment``).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

import psutil
import ray

from tests.faults.services import ROOT
from tests.servers import free_port

LOOPBACK = "127.0.0.1"
_SETTINGS = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",  # elsewhere AlphaMind keeps Ray to one node and loopback by it
    "RAY_health_check_initial_delay_ms": "500",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}
"""A node that does not answer three times in a row, half a second apart, is lost."""
_OBJECT_STORE = 80 << 20
_PATIENCE = 60.0


def _print_nothing() -> None:
    """Keep what Ray prints about lost nodes off standard output, where the figures go."""
    worker: Any = ray._private.worker
    worker.print_to_stdstream = lambda data, ignore_prefix: None


class Nodes:
    """A cluster: a head that runs nothing, and nodes with the resource ``engine``. A context manager.

    Args:
        namespace: The namespace of this process in it.
    """

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="am-ray-"))
        self._port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._made = 0

    def __enter__(self) -> Nodes:
        head = ["--head", f"--port={self._port}", "--num-cpus=0", f"--temp-dir={self._folder}"]
        self._begin("head", [*head, "--include-dashboard=false"])
        self._until(self._answers, "the head")
        _print_nothing()
        ray.init(
            address=f"{LOOPBACK}:{self._port}",
            namespace=self._namespace,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()
        for name in reversed(list(self._processes)):
            self._end(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self) -> str:
        """Add a node that can host the engine and return its id."""
        self._made += 1
        before, name = set(self.alive()), f"engine-{self._made}"
        address = [f"--address={LOOPBACK}:{self._port}", "--num-cpus=4"]
        self._begin(name, [*address, f"--resources={json.dumps({'engine': 1})}"])
        self._until(lambda: len(set(self.alive()) - before) == 1, name)
        (node,) = set(self.alive()) - before
        self._processes[node] = self._processes.pop(name)
        return node

    def alive(self) -> list[str]:
        """Return the ids of all nodes that the cluster takes for alive."""
        return [node["NodeID"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]

    def lose(self, node: str) -> None:
        """Kill all processes of a node at once."""
        self._end(node)

    def _begin(self, name: str, options: list[str]) -> None:
        agent = [f"--dashboard-agent-listen-port={free_port()}", f"--metrics-export-port={free_port()}"]
        common = ["--block", f"--node-ip-address={LOOPBACK}", f"--object-store-memory={_OBJECT_STORE}", *agent]
        with (self._folder / f"{name}.output").open("wb") as output:
            self._processes[name] = subprocess.Popen(
                [str(pathlib.Path(sys.executable).parent / "ray"), "start", *options, *common],
                env={**os.environ, **_SETTINGS, "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        for one in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
        psutil.wait_procs(below, timeout=10)

    def _answers(self) -> bool:
        try:
            socket.create_connection((LOOPBACK, self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _until(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                outputs = {path.name: path.read_text()[-2_000:] for path in self._folder.glob("*.output")}
                raise TimeoutError(f"{what} did not come up: {outputs}")
            time.sleep(0.1)
