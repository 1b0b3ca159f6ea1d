"""``alphamind up``: prepares a run, starts everything, shows it live, and ends it cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
from rich.console import Console

from actors.instruments import InstrumentMaster
from actors.logs import configure_logs
from actors.messages import Instrument
from cluster.environment import LOOPBACK, prepare_environment
from cluster.preflight import check_machine, fix_library, free_port
from cluster.run_directory import UpState, clear_state, new_run, only_one, prepare_home, private_token, write_state
from cluster.sources import build_source
from cluster.summary import summarise
from configs import Configuration, render
from serve_apps.auth.secrets import ensure_secrets

if TYPE_CHECKING:
    from cluster.engine import Engine

log = structlog.get_logger()


class Stop:
    """Whether somebody asked to stop: Ctrl-C, a termination signal."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Note the signal; a second one ends at once."""
        if self.reason is not None:
            raise KeyboardInterrupt
        self.reason = signal.Signals(number).name

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while the block runs."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def bring_up(configuration: Configuration, seconds: float | None, until_end: bool, console: Console) -> dict[str, Any]:
    """Start AlphaMind, watch it until it is to end, stop it, and return the summary.

    Args:
        configuration: The configuration.
        seconds: Time after which it ends by itself, counted from the start of the feed; ``None``: when asked to.
        until_end: Whether it ends when the data end.
        console: Where progress and the live view go.

    Raises:
        AlphaMindError: Something needed is missing or could not start; nothing stays behind.
    """
    began = time.monotonic()
    home = configuration.run.home
    prepare_home(home)
    stop = Stop()
    with only_one(home), stop.listening():
        clear_state(home)
        configuration = with_ports(configuration)
        if configuration.ray.address is None:
            check_machine(configuration)
        ensure_secrets(configuration.security.secrets or home / "secrets", configuration.run.profile)
        directory = new_run(home, configuration.run.name)
        configure_logs(configuration.logging.level, directory / "logs" / "up.jsonl")
        instruments = prepare_run(configuration, directory, console)
        _tell_what_is_off(console)
        with running(configuration, directory, instruments, console, began) as (engine, state):
            from cluster.watch import watch

            ended = watch(engine, state, began, seconds, until_end, stop, console)
            summary = summarise(engine.health(), engine.timings, directory.name, ended)
            (directory / "summary.json").write_text(json.dumps(summary, indent=2))
            return summary


def prepare_run(configuration: Configuration, directory: pathlib.Path, console: Console) -> tuple[Instrument, ...]:
    """Write the run's configuration and instrument master down; a continued run keeps the master that it began with."""
    (directory / "configuration.yaml").write_text(render(configuration))
    file = directory / "instruments.json"
    if file.exists():
        return InstrumentMaster.load(file).all
    console.print(f"reading {configuration.feed.data or 'the simulated market'}")
    master = (
        InstrumentMaster.from_file(configuration.instruments.file, configuration.instruments)
        if configuration.instruments.file is not None
        else InstrumentMaster.from_source(build_source(configuration), configuration.instruments)
    )
    master.save(file)
    return master.all


@contextlib.contextmanager
def running(
    configuration: Configuration,
    directory: pathlib.Path,
    instruments: tuple[Instrument, ...],
    console: Console,
    began: float,
) -> Iterator[tuple[Engine, UpState]]:
    """Run the engine while the block runs, in a cluster of its own or a joined one; afterwards nothing is left of it.

    Args:
        configuration: The configuration, its port settled.
        directory: The run's directory.
        instruments: The instrument master.
        console: Where progress goes.
        began: ``time.monotonic()`` when the command began, for the timings.
    """
    home = configuration.run.home
    token = private_token(home / "secrets" / "ray.token")
    address = configuration.ray.address
    prepare_environment(
        pathlib.Path(os.environ.get("RAY_AUTH_TOKEN_PATH", token)) if address else token,
        loopback=address is None or address.startswith(LOOPBACK),
    )
    # Ray reads its environment when it is imported.
    from cluster.engine import Engine
    from cluster.ray_node import join_cluster, start_node, stop_node

    console.print("starting Ray" if address is None else f"joining {address}")
    node = start_node(configuration) if address is None else join_cluster(configuration)
    try:
        engine = Engine(configuration, directory, instruments)
        engine.timings["ray_seconds"] = time.monotonic() - began
        try:
            engine.start(lambda text: console.print(text))
            network = configuration.network
            state = UpState(
                pid=os.getpid(),
                run=directory.name,
                directory=str(directory),
                address=node.address,
                dashboard=node.dashboard,
                namespace=configuration.ray.namespace,
                api=f"http://{network.host}:{network.port}",
                joined=node.joined,
                token_path=str(node.token_path),
            )
            write_state(home, state)
            engine.timings["start_seconds"] = time.monotonic() - began
            yield engine, state
        finally:
            console.print("stopping")
            engine.stop()
    finally:
        stop_node(node)
        clear_state(home)


def with_ports(configuration: Configuration) -> Configuration:
    """Return the configuration with port 0 of the API replaced by a free one."""
    network = configuration.network
    if network.port:
        return configuration
    return configuration.model_copy(update={"network": network.model_copy(update={"port": free_port(network.host)})})


def _tell_what_is_off(console: Console) -> None:
    off = fix_library()
    if off:
        console.print(f"[yellow]{off}[/yellow]")
        log.warning("fix is off", reason=off)
