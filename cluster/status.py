"""``alphamind status``: asks every service of what is up by its socket, and shows the answers."""

from __future__ import annotations

import pathlib
from dataclasses import asdict
from typing import Any

import msgspec
from rich.console import Console

from actors.errors import AlphaMindError
from actors.wire import BlockingClient
from cluster.run_directory import UpState, read_state
from cluster.view import render
from configs import Configuration


def collect(configuration: Configuration) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what is up and every service's report by name.

    Raises:
        NotFound: Nothing is up.
    """
    state = read_state(configuration.run.home)
    sockets = sorted((pathlib.Path(state.directory) / "sockets").glob("*.sock"))
    return asdict(state), {path.stem: ask(path) for path in sockets}


def ask(path: pathlib.Path) -> dict[str, Any]:
    """Return the report of the service behind a socket; one that does not answer is reported as not ready."""
    try:
        with BlockingClient(path, "status", timeout=2.0) as client:
            report: dict[str, Any] = msgspec.msgpack.decode(client.request("status"))
    except AlphaMindError as error:
        return {"name": path.stem, "ready": False, "state": str(error), "status": {}, "metrics": {}}
    return report


def show(state: dict[str, Any], health: dict[str, dict[str, Any]], console: Console) -> None:
    """Print the reports as the live view does."""
    console.print(render(UpState(**state), health))
