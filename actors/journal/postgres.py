"""A journal in PostgreSQL: one round trip a flush, fenced by the epoch in the journal's lease row.

The statement that writes a batch moves the lease row's sequence on from exactly the record before, and only for the
epoch that holds the lease; so a stale writer, a gap and a repetition are refused by the database itself, and a batch is
written as a whole or not at all. Records carry the same chain hash as in segment files.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator, Sequence

import psycopg
import pydantic
import structlog

from actors.errors import JournalCorrupt, JournalError, JournalFenced
from actors.journal import statements
from actors.journal.batch import Batch
from actors.journal.connection import Connection
from actors.journal.journal import Lease, Progress, Record, Snapshot, Verification, Witness, ignore
from actors.journal.journal_tables import JournalTables, create_tables
from actors.journal.records import Head, genesis
from actors.journal.snapshots import pack

_log = structlog.get_logger()


class PostgresJournal:
    """The journal ``name`` of the run ``run``, open for writing. For one thread.

    A flush whose connection breaks connects again, asks whether its batch was written and writes it where it was not.
    Where the database stays away it raises ``JournalError`` without knowing, and the next use asks. If the batch
    was written, the same appends return their sequences and any other is refused until ``read`` has shown it to the
    owner; a second ``flush`` says which it was.

    Args:
        dsn: Connection string.
        run: The run's name; with the journal's name it is the key in the tables.
        name: The journal's name.
        owner: Who opens it, for people.
        durability: ``process``: the server may lose the last moments when it crashes; else its log is on disk first,
            and on the synchronous standbys that the server names.
        retention_days: Days after which archived records are deleted; ``None``: never.

    Raises:
        JournalCorrupt: The newest record is not the one that the lease knows.
        JournalError: The database can't be reached or used.
    """

    immediate = False

    def __init__(
        self,
        dsn: pydantic.SecretStr,
        run: str,
        name: str,
        owner: str,
        durability: str,
        retention_days: float | None = None,
    ) -> None:
        self.name = name
        self._key = f"{run}/{name}"
        self._pending: Batch | None = None  # a flush got no answer
        self._unanswered: deque[Record] = deque()  # it was written, and the owner does not know yet
        self._retention_days = retention_days
        self._connect = functools.partial(Connection, dsn, "off" if durability == "process" else "on")
        self._connection = self._connect()
        self._tables = JournalTables(self._connection, self._key, name)
        try:
            self._open(owner, durability)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, owner: str, durability: str) -> None:
        create_tables(self._connection)
        if durability == "replicated" and not self._connection.ask("SHOW synchronous_standby_names")[0][0]:
            _log.warning(
                "the journal's server names no synchronous standby",
                journal=self.name,
                explanation="records survive the loss of this node, the loss of its disk only if that is replicated",
            )
        ((epoch, sequence),) = self._connection.ask(statements.TAKE_LEASE, (self._key, owner))
        self._epoch = int(epoch)
        self.lease = Lease(self._epoch, owner)
        newest = self._connection.ask(statements.NEWEST, (self._key,))
        head = Head(int(newest[0][0]), bytes(newest[0][1])) if newest else Head(0, genesis(self.name))
        if head.sequence != sequence:
            raise JournalCorrupt(
                f"journal {self._key} ends with record {head.sequence}, but its lease knows {sequence}",
                field=self._key,
                value=min(head.sequence, sequence) + 1,
                remedy="restore the database from a copy",
            )
        self._batch = Batch(head)

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record, 0 while there is none."""
        return self._batch.head.sequence

    @property
    def first_sequence(self) -> int:
        """Sequence of the first record that retention has not deleted."""
        return self._tables.origin().sequence + 1

    def append(self, time: int, kind: int, payload: bytes, version: int = 1) -> int:
        """Chain one record for the next flush and return its sequence; see ``Journal.append``.

        Raises:
            InputError: The record can't be written as it is; nothing was appended.
            JournalError: It can't follow what was appended since the last flush, or the journal is closed.
        """
        self._connection.require_open()
        self._settle()
        if self._unanswered:
            return self._answer(time, kind, payload, version)
        return self._batch.add(time, kind, payload, version)

    def flush(self) -> None:
        """Write what was appended, in one round trip; see ``Journal.flush``.

        Raises:
            JournalFenced: A newer owner holds the lease.
            JournalError: The database failed. Nothing was written, unless the connection broke and can't be had back.
        """
        pending = self._pending
        if not self._settle():
            raise JournalError(f"{pending} of journal {self.name} did not reach the database", remedy="append again")
        if self._batch.records:
            self._write()

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` to the newest at the time of the call; see ``Journal.read``."""
        self._make_sure()
        self._unanswered.clear()
        return self._tables.chain(self.last_sequence).records(from_sequence)

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Check the whole chain; see ``Journal.verify``."""
        self._make_sure()
        return self._tables.verify(self.last_sequence, witnesses, progress)

    def save_snapshot(self, payload: bytes, version: int) -> None:
        """Flush, then keep the state after the newest record; see ``Journal.save_snapshot``.

        Raises:
            InputError: The version or payload can't be written as it is.
            JournalFenced: A newer owner holds the lease.
            JournalError: The database failed.
        """
        self.flush()
        content = b"".join(pack(self.name, self._epoch, Snapshot(*self._batch.head, version, payload)))
        if not self._tables.save_snapshot(content, self._epoch, self.last_sequence):
            raise self._refusal(f"a snapshot after record {self.last_sequence}")

    def snapshot(self) -> Snapshot | None:
        """Return the newest whole snapshot; see ``Journal.snapshot``."""
        return self._tables.snapshot(self.last_sequence)

    def compact(self, before_sequence: int) -> int:
        """Archive records before ``before_sequence``, on a connection of its own; see ``Journal.compact``."""
        self._connection.require_open()
        connection = self._connect()
        try:
            archived = JournalTables(connection, self._key, self.name).compact(
                before_sequence, self._epoch, self._retention_days
            )
        finally:
            connection.close()
        if archived is None:
            raise self._refusal("an archived record")
        return archived

    def close(self) -> None:
        """Flush and close the connection; a second call does nothing."""
        try:
            if self._batch.records:
                self.flush()
        finally:
            self._connection.close()

    def _make_sure(self) -> None:
        self._settle()
        self.flush()

    def _write(self) -> None:
        batch, self._batch = self._batch, Batch(self._batch.before)
        parameters = batch.parameters(self._key, self._epoch)
        for last_try in (False, True):
            self._connection.require()
            self._pending = batch  # also while an interrupt comes in between: the next use finds out
            try:
                written = self._connection.change(statements.APPEND, parameters)
            except psycopg.Error as error:
                failure = self._connection.failure(f"{batch} can't be appended to journal {self.name}", error)
                if self._connection.alive:  # the server answered: the statement was rolled back
                    self._pending = None
                    raise failure from None
                try:
                    came_through = self._settle()
                except JournalError:
                    raise failure from None
                if came_through:
                    break
                if last_try:
                    raise failure from None
                continue
            self._pending = None
            if not written and not self._came_through(batch):
                raise self._refusal(str(batch))
            self._batch = Batch(batch.head)
            break
        self._unanswered.clear()

    def _settle(self) -> bool:
        """Find out whether the batch that got no answer was written, and return that; True where there is none."""
        if self._pending is None:
            return True
        pending = self._pending
        written = self._is_written(pending)
        if written:
            self._batch = Batch(pending.head)
            self._unanswered.extend(pending.records)
        self._pending = None
        return written

    def _is_written(self, batch: Batch) -> bool:
        found = self._connection.ask(statements.HASH, (self._key, batch.head.sequence))
        return bool(found) and bytes(found[0][0]) == batch.head.hash

    def _came_through(self, batch: Batch) -> bool:
        """Return whether an earlier try was written after all, when it had been asked for already."""
        return self._tables.lease()[:2] == (self._epoch, batch.head.sequence) and self._is_written(batch)

    def _answer(self, time: int, kind: int, payload: bytes, version: int) -> int:
        written = self._unanswered[0]
        if written == (written.sequence, time, kind, version, payload):
            self._unanswered.popleft()
            return written.sequence
        raise JournalError(
            f"record {written.sequence} of journal {self.name} was written although its flush was reported as failed",
            field="journal",
            value=written.sequence,
            remedy="repeat that append, or read the journal from this record on before appending another",
        )

    def _refusal(self, what: str) -> JournalError:
        epoch, stands, owner = self._tables.lease()
        if epoch != self._epoch:
            return JournalFenced(
                f"journal {self.name} was taken over by {owner}",
                field="epoch",
                value=self._epoch,
                rule=f"the newest epoch, {epoch}",
                remedy="end this process",
            )
        return JournalError(
            f"journal {self.name} stands at record {stands}; {what} can't be appended",
            field="journal",
            value=self.name,
            remedy="open the journal again and read what it holds",
        )
