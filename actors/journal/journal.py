"""What a journal is, whatever its medium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from actors.errors import JournalCorrupt

Progress = Callable[[int], object]


def ignore(_: int) -> None:
    """Do nothing with how far a check has come."""


class Record(NamedTuple):
    """One input as it was put on record.

    Attributes:
        sequence: Counts the records of a journal from 1 without gaps.
        time: The trading clock when it was appended, UTC nanoseconds.
        kind: What the payload is; the owner's own small number, 1 to 65,535. 0 is the journal's own word that records
            were lost (``losses.Loss``).
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


class Snapshot(NamedTuple):
    """The state of an owner after one of its records.

    Attributes:
        sequence: The newest record that the state has in it.
        hash: That record's chain hash.
        version: Schema version of the payload.
        payload: The encoded state.
    """

    sequence: int
    hash: bytes
    version: int
    payload: bytes


class Witness(NamedTuple):
    """What somebody outside the chain knows of it: an anchor that was kept elsewhere, or a snapshot.

    Attributes:
        sequence: A record.
        hash: The chain hash that it had.
        source: Who says so, for people.
    """

    sequence: int
    hash: bytes
    source: str


class Fault(NamedTuple):
    """The first record that is not what was written.

    Attributes:
        journal: The journal's name.
        record: Sequence of the record.
        place: The segment or table where it should be.
        byte: Where it begins in that segment, ``None`` in a table; in an archived one, in what it is unpacked to.
        reason: What is wrong with it.
    """

    journal: str
    record: int
    place: str
    byte: int | None
    reason: str

    def __str__(self) -> str:
        """Return the whole of it in one sentence."""
        place = self.place if self.byte is None else f"{self.place}, byte {self.byte}"
        return f"record {self.record} of journal {self.journal} is not what was written ({place}: {self.reason})"

    def error(self) -> JournalCorrupt:
        """Return the error to raise for it."""
        return JournalCorrupt(str(self), field=self.place, value=self.record, remedy="restore the journal from a copy")


class Verification(NamedTuple):
    """What ``verify`` found.

    Attributes:
        records: Sequence of the last record up to which the chain holds.
        head: Chain hash of that record, hexadecimal.
        fault: The first fault, ``None`` while the chain is whole.
        notes: What a reader should know and is no fault, for instance a stale writer's record that is ignored.
    """

    records: int
    head: str
    fault: Fault | None
    notes: tuple[str, ...] = ()


class JournalReader(Protocol):
    """A journal opened for reading alone: it takes no lease and disturbs no writer."""

    name: str

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record that an owner was told is kept."""

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on, checked; a record still being written is left out.

        Where the journal lost records, it has put that on record itself; that is left out, too, but for ``losses``.
        """

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Check the whole chain; see ``Journal.verify``."""

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

    @property
    def first_sequence(self) -> int:
        """Sequence of the first record that retention has not deleted."""

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

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Flush, then yield the records from ``from_sequence`` on, in order, checking each one's hash.

        Where the journal lost records, it has put that on record itself; that is left out but for ``losses``. Archived
        records are read like all others; where retention has deleted the first ones, those that are kept.

        Raises:
            JournalCorrupt: A record is not what was written. A torn last record (a crash in the middle of a write) is
                cut off at opening instead, with a warning in the log.
        """

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Check the whole chain from the first record that is kept, and that the snapshots belong to it.

        The lease knows the newest record and its hash, so a change of it or a missing end is found as long as the lease
        is what was written. Whoever changes the lease as well, or writes the whole history anew with hashes that fit,
        is found by ``witnesses`` alone: by an anchor that is kept elsewhere.

        Losses that are on record (durability ``process`` and a loss of power) are told in the notes.

        Args:
            witnesses: Records whose hash is known from elsewhere.
            progress: Called now and then with the sequence of the newest record that was checked.
        """

    def save_snapshot(self, payload: bytes, version: int) -> None:
        """Flush, then keep the state after the newest record; the newest two snapshots stay.

        Raises:
            InputError: The version or payload can't be written as it is.
            JournalFenced: A newer owner holds the lease.
            JournalError: The medium failed; the snapshots from before are still there.
        """

    def snapshot(self) -> Snapshot | None:
        """Return the newest whole snapshot; a damaged one is left out with a warning in the log.

        Raises:
            JournalCorrupt: It belongs to another history, or there is none and the records that it stands for were
                deleted by retention.
        """

    def compact(self, before_sequence: int) -> int:
        """Archive records before ``before_sequence`` that the older of two whole snapshots has in it.

        What is archived stays readable; where ``journal.retention_days`` is set, what was archived longer ago is
        deleted. May be called from another thread than the owner's, one call at a time, and not after ``close``.

        Returns:
            Number of records that were archived.

        Raises:
            JournalFenced: A newer owner holds the lease.
            JournalError: The medium failed; no record was lost.
        """

    def close(self) -> None:
        """Flush and release what is held; the journal can be opened again."""
