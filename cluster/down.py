"""``alphamind down``: ends what ``alphamind up`` started, and nothing else."""

from __future__ import annotations

import logging
import os
import pathlib
import signal
import time

from rich.console import Console

from actors.errors import Unavailable
from cluster.environment import LOOPBACK, prepare_environment
from cluster.run_directory import UpState, clear_state, is_held, read_state
from configs import Configuration

PATIENCE_SECONDS = 30.0


def bring_down(configuration: Configuration, console: Console) -> None:
    """Ask the process of ``alphamind up`` to end and wait for it; in a joined cluster also end actors that it left.

    Raises:
        NotFound: Nothing is up.
        Unavailable: It does not end.
    """
    home = configuration.run.home
    state = read_state(home)
    if is_held(home):
        os.kill(state.pid, signal.SIGTERM)
        console.print(f"asked process {state.pid} to stop")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while is_held(home):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"process {state.pid} does not end",
                    field="pid",
                    value=state.pid,
                    remedy=f"kill {state.pid}; nothing is lost: the run continues with alphamind up --run {state.run}",
                )
            time.sleep(0.1)
    elif state.joined:
        _end_orphans(state)
    clear_state(home)
    console.print(f"down; run {state.run} can be continued with alphamind up --run {state.run}", soft_wrap=True)


def _end_orphans(state: UpState) -> None:
    prepare_environment(pathlib.Path(state.token_path), loopback=state.address.startswith(LOOPBACK))
    import ray

    from cluster.engine import delete_applications

    ray.init(address=state.address, namespace=state.namespace, log_to_driver=False, logging_level=logging.ERROR)
    for entry in ray.util.list_named_actors(all_namespaces=True):
        if entry["namespace"] == state.namespace:
            ray.kill(ray.get_actor(entry["name"], namespace=state.namespace))
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    delete_applications()
    ray.shutdown()
