"""One journal in the tables of a database: its chain, its snapshots and its archive."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from actors.errors import JournalCorrupt
from actors.journal import statements
from actors.journal.connection import Connection
from actors.journal.journal import Fault, Progress, Snapshot, Verification, Witness
from actors.journal.records import Head, genesis
from actors.journal.snapshots import KEPT, Stored, newest, whole
from actors.journal.table_chain import TableChain
from actors.journal.verification import verify_chain

_ARCHIVED_AT_A_TIME = 5000
_DAY_SECONDS = 86_400


def create_tables(connection: Connection) -> None:
    """Create the tables where one of them is missing."""
    if not all(connection.ask(statements.TABLES_EXIST)[0]):
        for statement in statements.CREATE_TABLES:
            connection.ask(statement)


class JournalTables:
    """The journal ``name`` in the database behind a connection.

    Args:
        connection: Where to ask.
        key: The journal's key in the tables.
        name: The journal's name.
    """

    def __init__(self, connection: Connection, key: str, name: str) -> None:
        self.key = key
        self.name = name
        self._connection = connection

    def lease(self) -> tuple[int, int, str]:
        """Return the newest epoch, the sequence at which the lease stands, and who holds it."""
        rows = self._connection.ask(statements.LEASE, (self.key,))
        return rows[0] if rows else (0, 0, "nobody")

    def origin(self) -> Head:
        """Return the record before the first that is kept."""
        rows = self._connection.ask(statements.ORIGIN, (self.key,))
        return Head(int(rows[0][0]), bytes(rows[0][1])) if rows else Head(0, genesis(self.name))

    def chain(self, end: int) -> TableChain:
        """Return a walk along the records up to ``end``."""
        return TableChain(self._connection, self.key, self.name, end, self.origin())

    def hash_of(self, sequence: int) -> bytes:
        """Return the chain hash of a record.

        Raises:
            JournalCorrupt: The record is missing.
        """
        origin = self.origin()
        if sequence == origin.sequence:
            return origin.hash
        rows = self._connection.ask(statements.HASH, (self.key, sequence))
        if not rows:
            raise Fault(self.name, sequence, "table journal_records", None, "it is missing").error()
        return bytes(rows[0][0])

    def verify(self, end: int, witnesses: Sequence[Witness], progress: Progress) -> Verification:
        """Check the whole chain, and the snapshots with it.

        Args:
            end: The newest record.
            witnesses: What is known from elsewhere.
            progress: Called with the sequence of the newest record that was checked.
        """
        notes: list[str] = []

        def damaged(label: str, reason: str) -> None:
            notes.append(f"{label} is damaged ({reason}); the one before is used in its place")

        try:
            own = [Witness(one.sequence, one.hash, label) for label, one in whole(self.name, self.stored(), damaged)]
        except JournalCorrupt as error:
            return Verification(0, "", Fault(self.name, error.value, "table journal_snapshots", None, error.message))
        while True:
            chain = self.chain(end)
            found = verify_chain(chain, end, [*witnesses, *own], progress)
            if found.fault is None or self.origin() == chain.origin:
                break  # else it was deleted by retention while it was read
        beyond = self._connection.ask(statements.BEYOND, (self.key,))[0][0]
        if found.fault is None and beyond is not None:
            found = found._replace(fault=chain.wrong(beyond, "no owner appended it"))
        return found._replace(notes=(*found.notes, *notes))

    def stored(self) -> list[Stored]:
        """Return all snapshots, the newest first."""
        rows = self._connection.ask(statements.SNAPSHOTS, (self.key,))
        return [Stored(f"snapshot {row[0]}", functools.partial(self._content, row[0])) for row in rows]

    def snapshot(self, last_sequence: int) -> Snapshot | None:
        """Return the newest snapshot that is whole; see ``Journal.snapshot``."""
        return newest(self.name, self.stored(), last_sequence, self.origin(), self.hash_of)

    def save_snapshot(self, content: bytes, epoch: int, sequence: int) -> bool:
        """Keep a snapshot; return whether the lease is still held and stands at the snapshot's record."""
        saved = self._connection.count(statements.SAVE_SNAPSHOT, (content, self.key, epoch, sequence))
        self._connection.count(statements.DROP_SNAPSHOTS, (self.key, self.key, KEPT))
        return saved == 1

    def compact(self, before_sequence: int, epoch: int, retention_days: float | None) -> int | None:
        """Archive records and delete old ones; return how many were archived, ``None`` where the lease was lost."""
        snapshots = [snapshot.sequence for _, snapshot in whole(self.name, self.stored(), _pass_over)]
        last = min(before_sequence - 1, snapshots[KEPT - 1]) if len(snapshots) >= KEPT else 0
        archived = 0
        while count := self._connection.count(
            statements.ARCHIVE, (self.key, epoch, _ARCHIVED_AT_A_TIME, last, self.key)
        ):
            archived += count
        if retention_days is not None:
            seconds = retention_days * _DAY_SECONDS
            self._connection.count(statements.FORGET, (self.key, seconds, self.key, self.key, epoch))
            self._connection.count(statements.DELETE, (self.key, self.key))
        return archived if self.lease()[0] == epoch else None

    def _content(self, sequence: int) -> bytes | None:
        rows = self._connection.ask(statements.SNAPSHOT, (self.key, sequence))
        return bytes(rows[0][0]) if rows else None


def _pass_over(label: str, reason: str) -> None:
    """Count a damaged snapshot as none."""
