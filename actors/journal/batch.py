"""Records that were appended and are written together by the next flush."""

from __future__ import annotations

from typing import Any

from actors.errors import JournalError
from actors.journal.journal import Record
from actors.journal.records import MAXIMUM_PAYLOAD, Head, chain_hash, encode


class Batch:
    """The records that follow ``before`` and are not written yet.

    Args:
        before: The newest record that is written.

    Attributes:
        head: The newest record of the batch; ``before`` while it has none.
        records: Its records in order.
    """

    def __init__(self, before: Head) -> None:
        self.before = before
        self.head = before
        self.records: list[Record] = []
        self._hashes = [before.hash]
        self._size = 0

    def add(self, time: int, kind: int, payload: bytes, version: int) -> int:
        """Chain one more record and return its sequence.

        Raises:
            InputError: The record can't be written as it is; nothing was added.
            JournalError: The batch has become too large for one statement; nothing was added.
        """
        sequence, previous_hash = self.head
        record_hash = chain_hash(encode(sequence + 1, time, kind, version, previous_hash, payload))
        if self.records and self._size + len(payload) > MAXIMUM_PAYLOAD:
            raise JournalError(
                f"record {sequence + 1} can't be appended: {self._size} bytes wait for a flush already",
                field="payload",
                value=f"{len(payload)} bytes",
                rule=f"at most {MAXIMUM_PAYLOAD} bytes between two flushes",
                remedy="flush the journal, then append the record again",
            )
        self.records.append(Record(sequence + 1, time, kind, version, payload))
        self._hashes.append(record_hash)
        self._size += len(payload)
        self.head = Head(sequence + 1, record_hash)
        return sequence + 1

    def parameters(self, journal: str, epoch: int) -> tuple[Any, ...]:
        """Return the parameters of ``statements.APPEND``."""
        sequences, times, kinds, versions, payloads = map(list, zip(*self.records, strict=True))
        return (
            *(self.head.sequence, journal, epoch, self.before.sequence),
            *(sequences, times, kinds, versions, self._hashes[:-1], self._hashes[1:], payloads),
        )

    def __str__(self) -> str:
        """Return which records these are, for a message."""
        first, last = self.before.sequence + 1, self.head.sequence
        return f"record {first}" if first == last else f"records {first} to {last}"
