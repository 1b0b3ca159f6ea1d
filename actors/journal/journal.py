"""What a journal is, whatever its medium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Record(NamedTuple):
    """One input as it was put on record.

    Attributes:
        sequence: Counts the records of a journal from 1 without gaps.
        time: The trading clock when it was appended, UTC nanoseconds.
        kind: What the payload is; the owner's own small number, 1 to 65,535.
        version: Schema version of the payload.
        payload: The encoded input.
    """

    sequence: int
    time: int
    kind: int
    version: int
    payload: bytes


class Lease(NamedTuple):
    """The right to write: a newer epoch takes it from an older one."""

    epoch: int
    owner: str


class Verification(NamedTuple):
    """What ``verify`` found.

    Attributes:
        records: Number of records whose chain holds, from the first on.
        head: Chain hash of the last of them, hexadecimal.
        fault: The first fault, ``None`` while the chain is whole.
        notes: What a reader should know and is no fault, for instance a stale writer's record that is ignored.
    """

    records: int
    head: str
    fault: str | None
    notes: tuple[str, ...] = ()


class JournalReader(Protocol):
    """A journal opened for reading alone: it takes no lease and disturbs no writer."""

    name: str

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on, checked; a record still being written is left out."""

    def verify(self) -> Verification:
        """Check the whole chain from the first record."""

    def close(self) -> None:
        """Release what is held."""


class Journal(Protocol):
    """The append-only record of one owner's inputs.

    Opening takes the lease: the epoch grows by one and every older writer is refused from then on (``JournalFenced``).
    """

    name: str
    lease: Lease

    @property
    def immediate(self) -> bool:
        """Whether ``append`` alone gives the configured durability; else nobody may see an effect before ``flush``."""

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record, 0 while there is none."""

    def append(self, time: int, kind: int, payload: bytes, version: int = 1) -> int:
        """Put one record at the end and return its sequence.

        Where the journal is ``immediate`` it is kept on return; else it is kept once ``flush`` has returned.

        Raises:
            InputError: The record can't be written as it is; nothing was appended.
            JournalFenced: A newer owner holds the lease.
            JournalError: The medium failed (disk full, connection lost); nothing was appended.
        """

    def flush(self) -> None:
        """Make everything appended as durable as was configured: safe from ``kill -9``, loss of power or of the node.

        Where it fails, nothing that was appended since the last flush counts. An owner whose state is ahead of the
        record has to end; one that changes its state only afterwards may append the same again.

        Raises:
            JournalFenced: A newer owner holds the lease.
            JournalError: The medium failed.
        """

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on, in order, checking each one's checksum and hash.

        Raises:
            JournalCorrupt: A record is not what was written. A torn last record (a crash in the middle of a write) is
                cut off at opening instead, with a warning in the log.
        """

    def verify(self) -> Verification:
        """Check the whole chain from the first record."""

    def close(self) -> None:
        """Flush and release what is held; the journal can be opened again."""
