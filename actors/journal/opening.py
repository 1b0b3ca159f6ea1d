"""Opens journals on the medium that the configuration names."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from actors.errors import ConfigurationError
from actors.journal.journal import Journal, JournalReader
from actors.journal.segment_files import check_name
from actors.journal.segments import SegmentJournal, SegmentReader
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
        JournalCorrupt: The newest records are not what was written.
        JournalError: The medium can't be used.
    """
    check_name(name)
    if section.medium == "segments":
        return SegmentJournal(directory, name, owner, section.segment_mib << 20, section.durability != "process")
    # Loading the driver takes 0.1 s that segments need not wait for.
    from actors.journal.postgres import PostgresJournal

    return PostgresJournal(_dsn(section), directory.name, name, owner, section.durability)


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
    from actors.journal.postgres import PostgresReader

    return PostgresReader(_dsn(section), directory.name, name)


def _dsn(section: JournalSection) -> pydantic.SecretStr:
    if section.dsn is None:
        raise ConfigurationError(
            "medium postgres needs a connection string", field="journal.dsn", remedy="set ALPHAMIND_JOURNAL_DSN"
        )
    return section.dsn
