"""Reads the journal's table: one walk along the chain that checks every record and names the first that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from actors.errors import InputError, JournalCorrupt
from actors.journal import statements
from actors.journal.connection import Connection
from actors.journal.journal import Record, Verification
from actors.journal.records import chain_hash, encode, genesis

_PAGE_BYTES = 4 << 20
_PAGE_ROWS = 5000


class TableChain:
    """A walk along a journal's records; large records come in smaller pages.

    Args:
        connection: Where to ask.
        key: The journal's key in the tables.
        name: The journal's name.
        end: Sequence of the last record to read.

    Attributes:
        sequence: Sequence of the last record that was checked.
        hash: Its chain hash.
    """

    def __init__(self, connection: Connection, key: str, name: str, end: int) -> None:
        self.connection = connection
        self.key = key
        self.end = end
        self.sequence = 0
        self.hash = genesis(name)

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on; what lies before is not checked.

        Raises:
            JournalCorrupt: Naming the record.
        """
        if from_sequence > 1:
            found = self.connection.ask(statements.HASH, (self.key, min(from_sequence - 1, self.end)))
            self.sequence = min(from_sequence - 1, self.end)
            if self.sequence and not found:
                self.sequence -= 1
                raise self.corrupt("it is missing")
            self.hash = bytes(found[0][0]) if found else self.hash
        rows = 100
        while self.sequence < self.end:
            page = self.connection.ask(statements.PAGE, (self.key, self.sequence, self.end, rows))
            if not page:
                raise self.corrupt(f"it is missing, and so is all up to record {self.end}")
            size = 0
            for number, time, kind, version, before, record_hash, payload in page:
                if number != self.sequence + 1:
                    raise self.corrupt(f"record {number} stands in its place")
                if before != self.hash:
                    raise self.corrupt("its hash of the record before does not fit")
                try:
                    fits = chain_hash(encode(number, time, kind, version, before, payload)) == record_hash
                except InputError:  # no such record can be written, so none was
                    fits = False
                if not fits:
                    raise self.corrupt("its hash does not fit its content")
                self.sequence, self.hash = number, record_hash
                size += len(payload) + 64
                yield Record(number, time, kind, version, payload)
            rows = max(1, min(_PAGE_ROWS, 8 * rows, _PAGE_BYTES * len(page) // size))

    def verify(self) -> Verification:
        """Walk the whole chain and say what was found."""
        fault = None
        try:
            for _ in self.records():
                pass
            beyond = self.connection.ask(statements.BEYOND, (self.key, self.end))
            if beyond:
                fault = str(self.corrupt(f"no owner appended record {beyond[0][0]}"))
        except JournalCorrupt as error:
            fault = str(error)
        return Verification(self.sequence, self.hash.hex(), fault)

    def corrupt(self, reason: str) -> JournalCorrupt:
        """Return the error for the record after the last good one."""
        return JournalCorrupt(
            f"record {self.sequence + 1} of journal {self.key} is not what was written ({reason})",
            field=self.key,
            value=self.sequence + 1,
            remedy="restore the database from a copy",
        )
