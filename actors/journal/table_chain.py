"""Reads the journal's tables: one walk along the chain that checks every record and names the first that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from actors.errors import InputError, JournalCorrupt
from actors.journal import statements
from actors.journal.blame import Link, is_changed
from actors.journal.connection import Connection
from actors.journal.journal import Fault, Record
from actors.journal.records import Head, chain_hash, encode
from actors.journal.walk import NEVER

_PAGE_BYTES = 4 << 20
_FIRST_ROWS = 100
_PAGE_ROWS = 5000
_PLACE = "table journal_records"

_Row = tuple[int, int, int, int, bytes, bytes, bytes]


class TableChain:
    """A walk along a journal's records; large records come in smaller pages.

    Args:
        connection: Where to ask.
        key: The journal's key in the tables.
        name: The journal's name.
        end: Sequence of the last record to read.
        origin: The record before the first that is kept.

    Attributes:
        sequence: Sequence of the last record that was checked.
        hash: Its chain hash.
        notes: What was ignored, for people: nothing here.
        fault: The first fault, once one was raised.
    """

    def __init__(self, connection: Connection, key: str, name: str, end: int, origin: Head) -> None:
        self.key = key
        self.name = name
        self.end = end
        self.origin = origin
        self.sequence, self.hash = origin
        self.notes: list[str] = []
        self.fault: Fault | None = None
        self._connection = connection
        self._this: Link | None = None

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on; what lies before is not checked.

        Raises:
            JournalCorrupt: Naming the record.
        """
        for run in self.runs(from_sequence, from_sequence):
            yield from run

    def runs(self, begin: int = 1, keep_from: int = NEVER, stops: Sequence[int] = ()) -> Iterator[list[Record]]:
        """Walk on from the record ``begin`` and yield after each run of records that was checked.

        Args:
            begin: Where to begin.
            keep_from: Records from here on are yielded; those before are only checked.
            stops: Sequences, in order, at which a run ends, so that ``hash`` is that record's.

        Raises:
            JournalCorrupt: Naming the record.
        """
        self._begin(begin)
        rows = _FIRST_ROWS
        for stop in [*(stop for stop in stops if self.sequence < stop < self.end), self.end]:
            while self.sequence < stop:
                page = self._page(self.sequence, rows)
                if not page:
                    raise self._corrupt("it is missing")
                run: list[Record] = []
                try:
                    self._check(page, stop, keep_from, run)
                except JournalCorrupt:
                    yield [record for record in run if record.sequence <= self.sequence]
                    raise
                yield run
                size = sum(len(row[-1]) + 64 for row in page)
                rows = max(1, min(_PAGE_ROWS, 8 * rows, _PAGE_BYTES * len(page) // size))

    def wrong(self, record: int, reason: str) -> Fault:
        """Return the fault for a record."""
        return Fault(self.name, record, _PLACE, None, reason)

    def _begin(self, begin: int) -> None:
        before = min(begin - 1, self.end)
        if before <= self.origin.sequence:
            return
        found = self._connection.ask(statements.HASH, (self.key, before))
        if not found:
            self.sequence = before - 1
            raise self._corrupt("it is missing")
        self.sequence, self.hash = before, bytes(found[0][0])

    def _page(self, after: int, rows: int) -> list[Any]:
        return self._connection.ask(statements.PAGE, (self.key, after, min(after + rows, self.end)))

    def _check(self, page: list[_Row], stop: int, keep_from: int, run: list[Record]) -> None:
        for index, (number, time, kind, version, previous_hash, record_hash, payload) in enumerate(page):
            if self.sequence == stop:
                break
            if number != self.sequence + 1:
                raise self._corrupt(f"record {number} stands in its place")
            if previous_hash != self.hash:
                self._blame()
                raise self._corrupt("its hash of the record before does not fit")
            if not _fits(number, time, kind, version, previous_hash, record_hash, payload):
                raise self._corrupt("its hash does not fit its content")
            self._this = Link(number, previous_hash, record_hash)
            self.sequence, self.hash = number, record_hash
            if number >= keep_from:
                run.append(Record(number, time, kind, version, payload))

    def _blame(self) -> None:
        """Raise where it is the last record that was changed and not the one after it, which does not follow it."""
        following, after = ([*map(_link, self._page(self.sequence, 2)), None, None])[:2]
        if self._this is not None and following is not None and is_changed(self._this, following, after, self.end):
            self.sequence, self.hash = self._this.sequence - 1, self._this.previous_hash
            raise self._corrupt("the record after it bears another hash of it")

    def _corrupt(self, reason: str) -> JournalCorrupt:
        """Return the error for the record after the last good one."""
        self.fault = self.wrong(self.sequence + 1, reason)
        return self.fault.error()


def _fits(
    number: int, time: int, kind: int, version: int, previous_hash: bytes, record_hash: bytes, payload: bytes
) -> bool:
    try:
        return chain_hash(encode(number, time, kind, version, previous_hash, payload)) == record_hash
    except InputError:  # no such record can be written, so none was
        return False


def _link(row: _Row) -> Link:
    number, time, kind, version, previous_hash, _, payload = row
    return Link(number, previous_hash, chain_hash(encode(number, time, kind, version, previous_hash, payload)))
