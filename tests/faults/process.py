"""Runs one service of a run directory as a process of its own: ``python -m tests.faults.process DIRECTORY NAME``.

It does what the actor's shell does, without Ray: the same service with the same arguments on an event loop of uvloop.
It ends when its standard input does, so that nothing is left of a harness that was killed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pathlib
import sys
import threading
from collections.abc import Callable
from typing import Any

import uvloop

from tests.faults.stepped_clock import step_clocks


async def run(directory: pathlib.Path, name: str) -> None:
    """Start the service and let it run."""
    from actors.instruments import InstrumentMaster
    from actors.logs import configure_logs
    from actors.oms.service import OmsService
    from actors.service import Service
    from cluster.plan import plan_actors
    from configs import load
    from env.exchange.service import PaperExchangeService

    configuration = load("local", [directory / "configuration.yaml"])
    configure_logs("info", directory / "logs" / f"{name}.{os.getpid()}.jsonl")
    plans = {plan.name: plan for plan in plan_actors(configuration, _unused, _unused)}
    services: dict[str, Callable[..., Service]] = {"oms": OmsService, "venue": PaperExchangeService}
    plan = plans[name]
    instruments = InstrumentMaster.load(directory / "instruments.json").all
    service = services[plan.role](name, directory, configuration, instruments=instruments, **plan.arguments)
    await service.start()
    await asyncio.Event().wait()


def _unused() -> Any:
    raise NotImplementedError("neither the OMS nor the venue has a source or a forecaster")


def _end_with_harness() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("name")
    parser.add_argument("--clock", type=pathlib.Path, help="file of a SteppedClock that the wall clock follows")
    arguments = parser.parse_args()
    threading.Thread(target=_end_with_harness, daemon=True).start()
    sys.setswitchinterval(1e-4)
    if arguments.clock is not None:
        step_clocks(arguments.clock)
    uvloop.run(run(arguments.directory, arguments.name))


if __name__ == "__main__":
    main()
