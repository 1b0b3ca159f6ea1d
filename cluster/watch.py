"""Watches a running engine: a live view on a terminal, a line now and then elsewhere, until it is to end."""

from __future__ import annotations

import time
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live

from actors.errors import AlphaMindError
from cluster.run_directory import UpState
from cluster.summary import overview
from cluster.view import render

REFRESH_SECONDS = 0.5
LINE_SECONDS = 5.0


class Watched(Protocol):
    """What is watched: an engine."""

    timings: dict[str, float]

    def health(self) -> dict[str, dict[str, Any]]:
        """Return every actor's report."""


class Asked(Protocol):
    """Whether somebody asked to stop."""

    reason: str | None


def watch(
    engine: Watched, state: UpState, began: float, seconds: float | None, until_end: bool, stop: Asked, console: Console
) -> str:
    """Watch until the time is over, the data have ended (where that counts), or somebody asks to stop.

    Returns:
        Why it ended: ``time``, ``data`` or the name of a signal.

    Raises:
        AlphaMindError: An actor refuses to go on (journal unusable, fenced).
    """
    started = time.monotonic()
    next_line = started
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    if live is not None:
        live.start()
    else:
        console.print(
            f"api {state.api}/docs   dashboard {state.dashboard or 'off'}   run {state.directory}", soft_wrap=True
        )
    try:
        while True:
            health = engine.health()
            seen = overview(health)
            if seen["fills"] and "first_fill_seconds" not in engine.timings:
                engine.timings["first_fill_seconds"] = time.monotonic() - began
            failed = {name: report["failure"] for name, report in health.items() if report.get("failure")}
            if failed:
                name, failure = next(iter(failed.items()))
                raise AlphaMindError(
                    f"{name} stopped: {failure}", remedy=f"see {state.directory}/logs/{name}.jsonl", code="ACTOR_FAILED"
                )
            if live is not None:
                live.update(render(state, health), refresh=True)
            elif time.monotonic() >= next_line:
                console.print("  ".join(f"{key} {value}" for key, value in seen.items()), soft_wrap=True)
                next_line = time.monotonic() + LINE_SECONDS
            if stop.reason is not None:
                return stop.reason
            if seconds is not None and time.monotonic() - started >= seconds:
                return "time"
            if until_end and seen["feed"] == "finished":
                return "data"
            time.sleep(REFRESH_SECONDS)
    finally:
        if live is not None:
            live.stop()
