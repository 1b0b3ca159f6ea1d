"""``alphamind audit``: proves of every journal of a run that nothing was changed, removed or inserted."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actors.client import find_run
from actors.errors import ConfigurationError, InputError, JournalError, NotFound
from actors.journal import Fault, JournalReader, Verification, Witness, list_journals, read_journal
from configs.schema import JournalSection

Anchors = Mapping[str, Sequence[Witness]]
"""What is known from elsewhere, by journal."""
Findings = Mapping[str, Verification]
"""What was found, by journal."""


class AuditedRun:
    """The journals of one run.

    Args:
        directory: The run's directory.
        section: Where its journals are.
    """

    def __init__(self, directory: pathlib.Path, section: JournalSection) -> None:
        self.directory = directory
        self.section = section

    @classmethod
    def find(cls, run: str | None) -> AuditedRun:
        """Return a run by name or directory; ``None``: the one that is up or came up last.

        Raises:
            NotFound: There is no such run.
            ConfigurationError: Its journals are in a database whose connection string is not set.
        """
        directory = find_run(run)
        try:
            content = yaml.safe_load((directory / "configuration.yaml").read_text())
        except OSError as error:
            raise NotFound(
                f"no run in {directory}: {error.strerror}", field="--run", value=run, remedy="name one: --run NAME"
            ) from None
        # Secrets are masked in what a run leaves behind.
        journal = {**content["journal"], "dsn": os.environ.get("ALPHAMIND_JOURNAL_DSN") or None}
        if journal["medium"] == "postgres" and journal["dsn"] is None:
            raise ConfigurationError(
                "the run's journals are in PostgreSQL", field="journal.dsn", remedy="set ALPHAMIND_JOURNAL_DSN"
            )
        return cls(directory, JournalSection.model_validate(journal))

    @property
    def name(self) -> str:
        """The run's name."""
        return self.directory.name

    def verify(self, names: Sequence[str], anchors: Anchors, console: Console) -> Findings:
        """Walk the journals, showing on a terminal how far it has come.

        Args:
            names: Which ones; empty: all that there are or that an anchor knows.
            anchors: What is known from elsewhere.
            console: Where to show the progress.

        Raises:
            NotFound: There is no journal, or none of a given name.
            JournalError: The medium can't be used.
        """
        there = list_journals(self.section, self.directory)
        chosen = list(names) or sorted({*there, *anchors})
        if not chosen:
            raise NotFound("the run has no journal", field="--run", value=self.directory)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            return {name: self._verify(name, name in there, anchors.get(name, ()), progress) for name in chosen}

    def _verify(self, name: str, is_there: bool, witnesses: Sequence[Witness], progress: Progress) -> Verification:
        if not is_there and witnesses:
            reason = f"the whole journal is missing, which {witnesses[0].source} knows"
            return Verification(0, "", Fault(name, 1, str(self.directory), None, reason))
        reader = read_journal(self.section, self.directory, name)
        try:
            task = progress.add_task(name, total=_length(reader))
            return reader.verify(witnesses, lambda sequence: progress.update(task, completed=sequence))
        finally:
            reader.close()

    def report(self, findings: Findings) -> dict[str, Any]:
        """Return what was found as plain data."""
        return {
            "run": self.name,
            "directory": str(self.directory),
            "whole": not any(verified.fault for verified in findings.values()),
            "journals": [
                {
                    "journal": name,
                    "records": verified.records,
                    "head": verified.head,
                    "fault": verified.fault and {**verified.fault._asdict(), "message": str(verified.fault)},
                    "notes": list(verified.notes),
                }
                for name, verified in findings.items()
            ],
        }

    def anchor(self, findings: Findings) -> dict[str, Any]:
        """Return the newest record of every journal and its hash, to be kept elsewhere."""
        return {
            "run": self.name,
            "taken": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "journals": [
                {"journal": name, "sequence": verified.records, "hash": verified.head}
                for name, verified in findings.items()
            ],
        }


def read_anchors(paths: Sequence[pathlib.Path], run: str) -> dict[str, list[Witness]]:
    """Return what anchors of a run know, by journal.

    Raises:
        InputError: A file can't be read or is an anchor of another run.
    """
    found: dict[str, list[Witness]] = {}
    for path in paths:
        try:
            content = json.loads(path.read_text())
            of_run = content["run"]
            for entry in content["journals"]:
                witness = Witness(int(entry["sequence"]), bytes.fromhex(entry["hash"]), f"anchor {path.name}")
                found.setdefault(str(entry["journal"]), []).append(witness)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"the anchor can't be read: {error}",
                field="--anchor",
                value=path,
                rule="a file that alphamind audit anchor wrote",
            ) from None
        if of_run != run:
            raise InputError(
                "the anchor is one of another run", field="--anchor", value=f"{path}: run {of_run}", rule=f"run {run}"
            )
    return found


def show(findings: Findings, console: Console) -> None:
    """Print what was found for people."""
    width = max(map(len, findings))
    for name, verified in findings.items():
        state = "[green]whole[/green]" if verified.fault is None else "[bold red]NOT WHOLE[/bold red]"
        console.print(f"{name:<{width}}  {state}  {verified.records:>12,} records  head {verified.head or 'none'}")
        for note in verified.notes:
            console.print(f"{'':<{width}}  note: {escape(note)}", style="dim")
        if verified.fault is not None:
            console.print(f"{'':<{width}}  {escape(str(verified.fault))}", style="red")


def _length(reader: JournalReader) -> int | None:
    with contextlib.suppress(JournalError):
        return reader.last_sequence
    return None
