"""``alphamind up``: prepares a run, starts everything, shows it live, and ends it cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import structlog
from rich.console import Console

from actors.features.period import fitting_period
from actors.instruments import InstrumentMaster
from actors.logs import configure_logs
from actors.messages import Instrument
from actors.strategy.runner import StrategyRunner
from cluster.environment import LOOPBACK, prepare_environment
from cluster.preflight import check_machine, fix_library, free_port
from cluster.continuation import continued, with_period
from cluster.run_directory import (
    UpState,
    check_path_length,
    clear_state,
    discard_unused,
    new_run,
    only_one,
    prepare_home,
    private_token,
    refuse_orphans,
    write_state,
)
from cluster.signals import Stop
from cluster.sources import build_source
from cluster.summary import summarise
from configs import Configuration, render
from serve_apps.auth.secrets import ensure_secrets

if TYPE_CHECKING:
    from cluster.engine import Engine

log = structlog.get_logger()


def bring_up(configuration: Configuration, seconds: float | None, until_end: bool, console: Console) -> dict[str, Any]:
    """Start AlphaMind, watch it until it is to end, stop it, and return the summary.

    Args:
        configuration: The configuration.
        seconds: Time after which it ends by itself, counted from the start of the feed; ``None``: when asked to.
        until_end: Whether it ends when the data end.
        console: Where progress and the live view go.

    Raises:
        AlphaMindError: Something needed is missing or could not start; nothing stays behind.
        KeyboardInterrupt: Somebody asked to stop before it traded.
    """
    began = time.monotonic()
    home = configuration.run.home
    check_path_length(home)
    prepare_home(home)
    stop = Stop()
    with only_one(home), stop.listening():
        refuse_orphans(home)
        clear_state(home)
        configuration = with_ports(configuration)
        if configuration.ray.address is None:
            check_machine(configuration)
        ensure_secrets(configuration.security.secrets or home / "secrets", configuration.run.profile)
        directory = new_run(home, configuration.run.name)
        configure_logs(configuration.logging.level, directory / "logs" / "up.jsonl")
        with discard_unused(directory):
            set_environment(configuration)
            configuration, instruments = prepare_run(configuration, directory, console)
            stop.check()
        _tell_what_is_off(console)
        with running(configuration, directory, instruments, console, began, stop) as (engine, state):
            from cluster.watch import watch

            ended = watch(engine, state, began, seconds, until_end, stop, console)
            summary = summarise(engine.health(), engine.timings, directory.name, ended)
            (directory / "summary.json").write_text(json.dumps(summary, indent=2))
            return summary


def prepare_run(
    configuration: Configuration, directory: pathlib.Path, console: Console
) -> tuple[Configuration, tuple[Instrument, ...]]:
    """Write the run's configuration and instrument master down; a continued run keeps those that it began with.

    Returns:
        The configuration, with the length of the forecaster's period that fits the data, and the instruments.

    Raises:
        Conflict: The run began with a configuration under which its journals mean something else.
        DataError: The market data can't be read.
        ConfigurationError: A strategy can't be loaded, or refuses its parameters.
    """
    settings, file = directory / "configuration.yaml", directory / "instruments.json"
    if file.exists():
        configuration = continued(directory, configuration)
        known = InstrumentMaster.load(file).all
        _check_strategies(configuration, known)
        settings.write_text(render(configuration))
        return configuration, known
    console.print(f"reading {configuration.feed.data or 'the simulated market'}")
    source = build_source(configuration)
    master = (
        InstrumentMaster.from_file(configuration.instruments.file, configuration.instruments)
        if configuration.instruments.file is not None
        else InstrumentMaster.from_source(source, configuration.instruments)
    )
    period = fitting_period(configuration.forecaster, source.times(), len(master.all))
    configuration = with_period(configuration, period)
    _check_strategies(configuration, master.all)
    settings.write_text(render(configuration))
    master.save(file)
    return configuration, master.all


def _check_strategies(configuration: Configuration, instruments: tuple[Instrument, ...]) -> None:
    """Load the strategies as their actor will, so that a mistake is told before a cluster is started."""
    if configuration.ray.address is None:  # a cluster that is joined may have code that is not here
        StrategyRunner(configuration, instruments)


@contextlib.contextmanager
def running(
    configuration: Configuration,
    directory: pathlib.Path,
    instruments: tuple[Instrument, ...],
    console: Console,
    began: float,
    stop: Stop | None = None,
) -> Iterator[tuple[Engine, UpState]]:
    """Run the engine while the block runs, in a cluster of its own or a joined one; afterwards nothing is left of it.

    Args:
        configuration: The configuration, its port settled.
        directory: The run's directory.
        instruments: The instrument master.
        console: Where progress goes.
        began: ``time.monotonic()`` when the command began, for the timings.
        stop: Looked at between the parts of the start, so that a stop need not wait for its end.
    """
    stop = stop or Stop()
    home, address = configuration.run.home, configuration.ray.address
    set_environment(configuration)
    # Ray reads its environment when it is imported.
    from cluster.engine import Engine
    from cluster.ray_node import join_cluster, start_node, stop_node

    console.print("starting Ray" if address is None else f"joining {address}")
    node = start_node(configuration) if address is None else join_cluster(configuration)
    try:
        engine = Engine(configuration, directory, instruments)
        engine.timings["ray_seconds"] = time.monotonic() - began
        try:
            engine.start(console.print, stop.check)
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


def set_environment(configuration: Configuration) -> None:
    """Set Ray's environment for the cluster that is started or joined; has to come before anything imports ``ray``."""
    token = private_token(configuration.run.home / "secrets" / "ray.token")
    address = configuration.ray.address
    prepare_environment(
        pathlib.Path(os.environ.get("RAY_AUTH_TOKEN_PATH", token)) if address else token,
        loopback=address is None or address.startswith(LOOPBACK),
    )


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
