"""Damages journals and says what became of it: detected, cut off, without effect, or a wrong state."""

from __future__ import annotations

import dataclasses
import pathlib
import random
import shutil
from collections.abc import Sequence

import psycopg
from psycopg import sql
from structlog.testing import capture_logs

from actors.errors import JournalError
from actors.journal import Record, open_journal, read_journal
from configs.schema import JournalSection

NAME = "oms-p04"
DETECTED = "detected"
CUT_OFF = "torn record cut off with a warning"
NEVER_WRITTEN = "record never written"
LOSS_ON_RECORD = "missing record accepted, its loss on record"
WITHOUT_EFFECT = "without effect"
WRONG_STATE = "wrong state"


@dataclasses.dataclass(frozen=True)
class WrittenJournal:
    """A journal of segments, whole.

    Attributes:
        directory: The run's directory.
        records: What was written.
        last: Where the last record begins and ends in the newest segment that has one, in bytes.
        newest: That segment.
        lease: The lease as it was before the last record was acknowledged.
    """

    directory: pathlib.Path
    records: Sequence[Record]
    last: tuple[int, int]
    newest: pathlib.Path
    lease: bytes

    @property
    def folder(self) -> pathlib.Path:
        """The journal's folder."""
        return self.directory / "journal" / NAME

    def files(self) -> list[pathlib.Path]:
        """Return the journal's files."""
        return sorted(path for path in self.folder.iterdir() if path.is_file())


def write_journal(directory: pathlib.Path, records: Sequence[Record], openings: int) -> WrittenJournal:
    """Write records as an OMS would that is started some times over the way; each opening begins a segment."""
    every = max(1, len(records) // openings)
    folder, section = directory / "journal" / NAME, JournalSection()
    journal = open_journal(section, directory, NAME, "first")
    sizes, lease = {}, b""
    for at, record in enumerate(records):
        if at and at % every == 0:
            journal.close()
            journal = open_journal(section, directory, NAME, f"owner after {at}")
        lease = (folder / "lease").read_bytes()
        sizes = {path: path.stat().st_size for path in folder.iterdir()}
        journal.append(record.time, record.kind, record.payload, record.version)
    journal.close()
    newest, size = next((path, size) for path, size in sizes.items() if path.stat().st_size > size)
    return WrittenJournal(directory, records, (size, newest.stat().st_size), newest, lease)


def write_table(section: JournalSection, directory: pathlib.Path, records: Sequence[Record]) -> None:
    """Write records to PostgreSQL and keep a copy of the tables for ``restore_table``."""
    assert section.dsn is not None
    journal = open_journal(section, directory, NAME, "first")
    for record in records:
        journal.append(record.time, record.kind, record.payload, record.version)
    journal.close()
    with psycopg.connect(section.dsn.get_secret_value(), autocommit=True) as connection:
        for table in ("journal_records", "journal_leases"):
            connection.execute(f"CREATE TABLE whole_{table} AS TABLE {table}")


def restore_table(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the tables whole again."""
    for table in ("journal_records", "journal_leases"):
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} SELECT * FROM whole_{table}")


def truncate(journal: WrittenJournal, length: int, into: pathlib.Path, acknowledged: bool) -> pathlib.Path:
    """Copy a journal whose newest segment ends after ``length`` bytes; ``acknowledged``: whether its owner was told."""
    shutil.copytree(journal.directory, into)
    newest = into / journal.newest.relative_to(journal.directory)
    with newest.open("r+b") as file:
        file.truncate(length)
    if not acknowledged:
        (into / "journal" / NAME / "lease").write_bytes(journal.lease)
    return into


def flip_bit(journal: WrittenJournal, chance: random.Random, into: pathlib.Path) -> str:
    """Copy a journal with one random bit flipped and say which file it is in."""
    shutil.copytree(journal.directory, into)
    files = journal.files()
    lease = next(path for path in files if path.name == "lease")
    others = [path for path in files if path != lease]
    chosen = lease if chance.random() < 0.2 else chance.choices(others, [path.stat().st_size for path in others])[0]
    path = into / chosen.relative_to(journal.directory)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return "lease" if chosen == lease else "segments"


def outcome_of_reading(section: JournalSection, directory: pathlib.Path, records: Sequence[Record]) -> str:
    """Return what a reader makes of a journal that should hold ``records``."""
    reader = read_journal(section, directory, NAME)
    try:
        found = reader.verify()
        if found.fault is not None:
            return DETECTED
        read = list(reader.read())
    except JournalError:
        return DETECTED
    finally:
        reader.close()
    if read == list(records):
        return WITHOUT_EFFECT
    if read == list(records[:-1]):
        return CUT_OFF if found.notes else NEVER_WRITTEN
    return WRONG_STATE


def outcome_of_recovery(section: JournalSection, directory: pathlib.Path, records: Sequence[Record]) -> str:
    """Return what the next owner makes of a journal that should hold ``records``: it opens, reads and continues it.

    Records that are missing without a word on record are a wrong state, whatever the log says.
    """
    with capture_logs() as logs:
        try:
            read = _continue(section, directory)
        except JournalError:
            return DETECTED
    told = {(entry["event"], entry["log_level"]) for entry in logs}
    if read == list(records):
        return WITHOUT_EFFECT
    if read == list(records[:-1]):
        if ("records of the journal are lost", "error") in told:
            return LOSS_ON_RECORD if _loss_is_told(section, directory) else WRONG_STATE
        return CUT_OFF if ("torn record cut off", "warning") in told else NEVER_WRITTEN
    return WRONG_STATE


def _loss_is_told(section: JournalSection, directory: pathlib.Path) -> bool:
    reader = read_journal(section, directory, NAME)
    try:
        found = reader.verify()
    finally:
        reader.close()
    return found.fault is None and any("lost" in note for note in found.notes)


def _continue(section: JournalSection, directory: pathlib.Path) -> list[Record]:
    """Open, read, append one record, and return what was read; nothing where another reader does not find it all."""
    journal = open_journal(section, directory, NAME, "next")
    try:
        read = list(journal.read())
        sequence = journal.append(1, 1, b"continued")
    finally:
        journal.close()
    reader = read_journal(section, directory, NAME)
    try:
        after = list(reader.read())
    finally:
        reader.close()
    return read if after == [*read, Record(sequence, 1, 1, 1, b"continued")] else []


COLUMNS = ("epoch", "time", "kind", "version", "previous_hash", "hash", "payload", "sequence", "lease sequence")
UNCHAINED = ("epoch",)
"""Who wrote a record is not part of it: its hash does not cover the epoch."""


def flip_bit_in_table(connection: psycopg.Connection[tuple[object, ...]], journal: str, chance: random.Random) -> str:
    """Flip one random bit of a journal's rows in PostgreSQL and say in which column."""
    column = chance.choice(COLUMNS)
    if column == "lease sequence":
        statement = sql.SQL("UPDATE journal_leases SET sequence = sequence # (1::bigint << {})")
        connection.execute(statement.format(chance.randrange(20)))
        return column
    rows = connection.execute("SELECT sequence FROM journal_records WHERE journal = %s", (journal,)).fetchall()
    name = sql.Identifier(column)
    where = sql.SQL("WHERE journal = {} AND sequence = {}").format(journal, chance.choice(rows)[0])
    if column in ("previous_hash", "hash", "payload"):
        length = connection.execute(sql.SQL("SELECT length({}) FROM journal_records {}").format(name, where)).fetchone()
        assert length is not None
        bit = chance.randrange(8 * int(str(length[0])))
        statement = sql.SQL("UPDATE journal_records SET {0} = set_bit({0}, {1}, 1 - get_bit({0}, {1})) {2}")
        connection.execute(statement.format(name, bit, where))
    else:
        low, high = {"kind": (0, 15), "version": (0, 15), "sequence": (20, 40)}.get(column, (0, 40))
        one = sql.SQL("1" if column in ("kind", "version") else "1::bigint")
        statement = sql.SQL("UPDATE journal_records SET {0} = {0} # ({1} << {2}) {3}")
        connection.execute(statement.format(name, one, chance.randrange(low, high), where))
    return column
