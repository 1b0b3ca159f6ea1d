"""Opens journals on the medium that the configuration names."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from actors.errors import ConfigurationError
from actors.journal.journal import Journal, JournalReader
from actors.journal.segment_files import check_name
from actors.journal.segment_reader import SegmentReader
from actors.journal.segments import SegmentJournal
from configs.schema import JournalSection

if TYPE_CHECKING:
    import pydantic


def open_journal(section: JournalSection, directory: pathlib.Path, name: str, owner: str) -> Journal:
    """Open a journal for writing and take its lease; it is created where there is none.

    Args:
        section: Medium, durability and sizes.
        directory: The run's directory; in PostgreSQL its last part, the run's name, is part of the journal's key.
        name: The journal's name, for instance ``oms-p03``.
        owner: Who opens it, for people.

    Raises:
        InputError: The name can't be used.
        JournalCorrupt: The newest records are not what was written, or are missing.
        JournalError: The medium can't be used.
    """
    check_name(name)
    if section.medium == "segments":
        sync = section.durability != "process"
        size, days, accept_loss = section.segment_mib << 20, section.retention_days, section.accept_loss
        return SegmentJournal(directory, name, owner, size, sync, days, accept_loss)
    # Loading the driver takes 0.1 s that segments need not wait for.
    from actors.journal.postgres import PostgresJournal

    dsn, run = _dsn(section), directory.name
    return PostgresJournal(dsn, run, name, owner, section.durability, section.retention_days)


def read_journal(section: JournalSection, directory: pathlib.Path, name: str) -> JournalReader:
    """Open a journal for reading alone: no lease is taken and its owner is not disturbed.

    Args:
        section: Medium, durability and sizes.
        directory: The run's directory.
        name: The journal's name.

    Raises:
        InputError: The name can't be used.
        NotFound: There is no such journal.
        JournalError: The medium can't be used.
    """
    check_name(name)
    if section.medium == "segments":
        return SegmentReader(directory, name)
    from actors.journal.postgres_reader import PostgresReader

    return PostgresReader(_dsn(section), directory.name, name)


def list_journals(section: JournalSection, directory: pathlib.Path) -> list[str]:
    """Return the names of all journals of a run in order.

    Args:
        section: Medium, durability and sizes.
        directory: The run's directory.

    Raises:
        JournalError: The medium can't be used.
    """
    if section.medium == "segments":
        folder = directory / "journal"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    from actors.journal.connection import Connection
    from actors.journal.postgres_reader import journals

    connection = Connection(_dsn(section), "off")
    try:
        return journals(connection, directory.name)
    finally:
        connection.close()


def _dsn(section: JournalSection) -> pydantic.SecretStr:
    if section.dsn is None:
        raise ConfigurationError(
            "medium postgres needs a connection string", field="journal.dsn", remedy="set ALPHAMIND_JOURNAL_DSN"
        )
    return section.dsn
