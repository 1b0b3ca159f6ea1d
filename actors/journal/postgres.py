"""A journal in PostgreSQL: one round trip a record, fenced by the epoch in the journal's lease row.

The statement that appends moves the lease row's sequence on from exactly the record before, and only for the epoch that
holds the lease; so a stale writer, a gap and a repetition are refused by the database itself. Records carry the same
chain hash as in segment files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pydantic
import structlog

from actors.errors import JournalCorrupt, JournalError, JournalFenced, NotFound
from actors.journal import statements
from actors.journal.connection import Connection
from actors.journal.journal import Lease, Record, Verification
from actors.journal.records import chain_hash, encode, genesis
from actors.journal.table_chain import TableChain

_log = structlog.get_logger()


class _Pending(NamedTuple):
    """A record whose append got no answer."""

    record: Record
    hash: bytes


class PostgresReader:
    """The journal ``name`` of the run ``run``, for reading alone.

    Args:
        dsn: Connection string.
        run: The run's name; with the journal's name it is the key in the tables.
        name: The journal's name.

    Raises:
        NotFound: There is no such journal.
        JournalError: The database can't be reached.
    """

    def __init__(self, dsn: pydantic.SecretStr, run: str, name: str) -> None:
        self.name = name
        self._key = f"{run}/{name}"
        self._connection = Connection(dsn, "off")
        exists = self._connection.ask(statements.TABLES_EXIST)
        if not exists[0][0] or not self._connection.ask(statements.LEASE, (self._key,)):
            self._connection.close()
            raise NotFound("there is no such journal", field="name", value=self._key)

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on."""
        return TableChain(self._connection, self._key, self.name, self._acknowledged()).records(from_sequence)

    def verify(self) -> Verification:
        """Check the whole chain from the first record."""
        return TableChain(self._connection, self._key, self.name, self._acknowledged()).verify()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _acknowledged(self) -> int:
        rows = self._connection.ask(statements.LEASE, (self._key,))
        return int(rows[0][1]) if rows else 0


class PostgresJournal:
    """The journal ``name`` of the run ``run``, open for writing. For one thread.

    An append whose connection breaks raises ``JournalError`` without knowing whether the record was written; the next
    use asks the database for it. If it was, the same append returns its sequence, and any other is refused until
    ``read`` has shown it to the owner.

    Args:
        dsn: Connection string.
        run: The run's name; with the journal's name it is the key in the tables.
        name: The journal's name.
        owner: Who opens it, for people.
        durability: ``process``: the server may lose the last moments when it crashes; else its log is on disk first,
            and on the synchronous standbys that the server names.

    Raises:
        JournalCorrupt: The newest record is not the one that the lease knows.
        JournalError: The database can't be reached or used.
    """

    def __init__(self, dsn: pydantic.SecretStr, run: str, name: str, owner: str, durability: str) -> None:
        self.name = name
        self._key = f"{run}/{name}"
        self._pending: _Pending | None = None
        self._unanswered: _Pending | None = None
        self._connection = Connection(dsn, "off" if durability == "process" else "on")
        try:
            self._open(owner, durability)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, owner: str, durability: str) -> None:
        if not self._connection.ask(statements.TABLES_EXIST)[0][0]:
            for statement in statements.CREATE_TABLES:
                self._connection.ask(statement)
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
        self._sequence, self._hash = (int(newest[0][0]), bytes(newest[0][1])) if newest else (0, genesis(self.name))
        if self._sequence != sequence:
            raise JournalCorrupt(
                f"journal {self._key} ends with record {self._sequence}, but its lease knows {sequence}",
                field=self._key,
                value=min(self._sequence, sequence) + 1,
                remedy="restore the database from a copy",
            )

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record, 0 while there is none."""
        return self._sequence

    def append(self, time: int, kind: int, payload: bytes, version: int = 1) -> int:
        """Put one record at the end and return its sequence; see ``Journal.append``.

        Raises:
            InputError: The record can't be written as it is; nothing was appended.
            JournalFenced: A newer owner holds the lease.
            JournalError: The database failed. Nothing was appended, unless the connection broke before the answer came.
        """
        self._settle()
        if self._unanswered is not None:
            return self._answer(Record(self._unanswered.record.sequence, time, kind, version, payload))
        sequence = self._sequence + 1
        record_hash = chain_hash(encode(sequence, time, kind, version, self._hash, payload))
        self._connection.require()
        self._pending = _Pending(Record(sequence, time, kind, version, payload), record_hash)
        try:
            written = self._connection.change(
                statements.APPEND,
                (sequence, self._key, self._epoch, sequence - 1)
                + (self._key, sequence, self._epoch, time, kind, version, self._hash, record_hash, payload),
            )
        except psycopg.Error as error:
            if self._connection.alive:
                self._pending = None  # the server answered: the statement was rolled back
            raise self._connection.failure(
                f"record {sequence} can't be appended to journal {self.name}", error
            ) from None
        self._pending = None
        if written != 1:
            raise self._refusal(sequence)
        self._sequence, self._hash = sequence, record_hash
        return sequence

    def flush(self) -> None:
        """Make sure of an append that got no answer; the server has everything else on return from ``append``."""
        self._settle()

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` to the newest at the time of the call; see ``Journal.read``."""
        self._settle()
        self._unanswered = None
        return TableChain(self._connection, self._key, self.name, self._sequence).records(from_sequence)

    def verify(self) -> Verification:
        """Check the whole chain from the first record."""
        self._settle()
        return TableChain(self._connection, self._key, self.name, self._sequence).verify()

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._connection.close()

    def _settle(self) -> None:
        """Find out whether the append that got no answer was written."""
        if self._pending is None:
            return
        pending = self._pending
        found = self._connection.ask(statements.HASH, (self._key, pending.record.sequence))
        if found and bytes(found[0][0]) == pending.hash:
            self._sequence, self._hash = pending.record.sequence, pending.hash
            self._unanswered = pending
        self._pending = None

    def _answer(self, record: Record) -> int:
        assert self._unanswered is not None
        if record == self._unanswered.record:
            self._unanswered = None
            return record.sequence
        raise JournalError(
            f"record {record.sequence} of journal {self.name} was written although its append was reported as failed",
            field="journal",
            value=record.sequence,
            remedy="repeat that append, or read the journal from this record on before appending another",
        )

    def _refusal(self, sequence: int) -> JournalError:
        rows = self._connection.ask(statements.LEASE, (self._key,))
        epoch, stands, owner = rows[0] if rows else (0, 0, "nobody")
        if epoch != self._epoch:
            return JournalFenced(
                f"journal {self.name} was taken over by {owner}",
                field="epoch",
                value=self._epoch,
                rule=f"the newest epoch, {epoch}",
                remedy="end this process",
            )
        return JournalError(
            f"journal {self.name} stands at record {stands}; record {sequence} was not appended",
            field="journal",
            value=sequence,
            remedy="open the journal again and read what it holds",
        )
