"""What a command of the harness says: progress on a terminal, figures as JSON lines, and 1 where a law is broken."""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import dataclasses
import json
import logging
import statistics
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from rich.console import Console
from rich.progress import Progress

from actors.logs import configure_logs
from tests.faults.judge import Verdict, Violation
from tests.faults.load import Load

Advance = Callable[[], None]
_SHOWN = 10


def silent() -> None:
    """Show no progress."""


@dataclasses.dataclass
class Report:
    """Figures of one fault, over all runs.

    Attributes:
        fault: What was done, for people.
        counts: What was counted.
        seconds: From each fault until work went on.
        violations: What must not be.
        notes: What else a reader needs to know.
    """

    fault: str
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    seconds: list[float] = dataclasses.field(default_factory=list)
    violations: list[Violation] = dataclasses.field(default_factory=list)
    notes: dict[str, object] = dataclasses.field(default_factory=dict)

    def add(self, verdict: Verdict, *loads: Load) -> None:
        """Add one run that came to its end."""
        self.counts["runs"] += 1
        self.counts += verdict.counts
        self.violations += verdict.violations
        for load in loads:
            self.counts.update({name.replace(" ", "_").lower(): number for name, number in load.counts.items()})

    def require(self, holds: bool, text: str) -> None:
        """Note a violation unless ``holds``."""
        if not holds:
            self.violations.append(Violation("difference", text))

    @contextlib.contextmanager
    def in_time(self) -> Iterator[None]:
        """Note a violation where something that was waited for did not come."""
        try:
            yield
        except TimeoutError as error:
            self.violations.append(Violation("loss", str(error) or "something did not come in time"))

    def lines(self) -> dict[str, Any]:
        """Return the figures by name."""
        kinds = collections.Counter(violation.kind for violation in self.violations)
        back = {}
        if self.seconds:
            back = {
                "seconds_until_back_median": round(statistics.median(self.seconds), 3),
                "seconds_until_back_maximum": round(max(self.seconds), 3),
            }
        return {
            "fault": self.fault,
            **self.notes,
            **self.counts,
            "losses": kinds["loss"],
            "doubles": kinds["double"],
            "differences": kinds["difference"],
            **back,
            "violations": [violation.text for violation in self.violations[:_SHOWN]],
        }


def arguments(description: str | None, times: int, **others: dict[str, Any]) -> argparse.Namespace:
    """Read the command line: how often, the seed, and what else a command takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--times", type=int, default=times, help="how often the fault is made")
    parser.add_argument("--seed", type=int, default=7, help="seed of everything random")
    for name, options in others.items():
        parser.add_argument(f"--{name.replace('_', '-')}", **options)
    return parser.parse_args()


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """Show a bar on standard error where that is a terminal; yields what to call after each fault."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def conclude(*scenes: Callable[[], Coroutine[Any, Any, Report]]) -> None:
    """Run one scene after the other, print each one's figures as a JSON line and end, with 1 where a law was broken."""
    configure_logs("warning")
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it tells every write to a process that was just killed
    broken = False
    for scene in scenes:
        report = asyncio.run(scene())
        sys.stdout.write(json.dumps(report.lines()) + "\n")
        sys.stdout.flush()
        broken = broken or bool(report.violations)
    sys.exit(1 if broken else 0)
