"""A journal in append-only segment files, fenced by the epoch in a memory-mapped lease.

With durability ``process`` each record is one ``write``; with ``disk`` those since the last flush are one ``write`` and
one ``fdatasync``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pathlib
from collections.abc import Iterator, Sequence

import msgspec
import structlog

from actors.encoding import encode as encode_message
from actors.errors import JournalCorrupt, JournalError, JournalFenced
from actors.journal.archives import list_archived
from actors.journal.chain import Chain
from actors.journal.compaction import compact
from actors.journal.journal import Lease, Progress, Record, Snapshot, Verification, Witness, ignore
from actors.journal.lease import Held, LeaseFile
from actors.journal.losses import LOSS_KIND, LOSS_VERSION, Loss, without_losses
from actors.journal.newest import find_loss, walk_to_end
from actors.journal.records import Head, encode
from actors.journal.segment_files import (
    HEADER_SIZE,
    begin_segment,
    journal_folder,
    list_segments,
    sync_folder,
    write_whole,
)
from actors.journal.segment_folder import SegmentFolder
from actors.journal.snapshots import KEPT, pack

_log = structlog.get_logger()
_sha256 = hashlib.sha256
_UNUSABLE = [0, 0]  # epoch 0 is nobody's: every append takes the slow path and is refused there


class SegmentJournal:
    """The journal ``name`` of the run in ``directory``, open for writing. For one thread.

    A record is acknowledged only if the lease was still held after it was written: what a newer owner can't have seen
    is never acknowledged, and what was acknowledged it has seen.

    Args:
        directory: The run's directory.
        name: The journal's name.
        owner: Who opens it, for people.
        segment_bytes: Size at which a new segment is begun.
        sync: Whether ``flush`` puts the records on disk (durability ``disk``).
        retention_days: Days after which archived records are deleted; ``None``: never.
        accept_loss: Whether to go on without acknowledged records that are missing; that they are is put on record.

    Raises:
        JournalCorrupt: The newest segment is not what was written, or acknowledged records are missing.
        JournalError: The files can't be opened.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        name: str,
        owner: str,
        segment_bytes: int,
        sync: bool = False,
        retention_days: float | None = None,
        accept_loss: bool = False,
    ) -> None:
        self.name = name
        self.immediate = not sync
        self._folder = journal_folder(directory, name)
        self._files = SegmentFolder(self._folder, name)
        self._retention_days = retention_days
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._accept_loss = accept_loss
        self._full: list[pathlib.Path] = []  # segments that are not forced to disk before the journal is closed
        self._closed_because: str | None = None
        self._waiting: list[bytes] = []  # encoded, for the next flush
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if sync:
                for folder in (directory, directory / "journal"):
                    sync_folder(folder)
            self._lease_file = LeaseFile(self._folder / "lease")
            try:
                self._open(owner)
            except BaseException:
                self._lease_file.close()
                raise
        except OSError as error:
            raise _failure(f"journal {name} can't be opened", error) from error

    def _open(self, owner: str) -> None:
        segments, headless = list_segments(self._folder)
        before = self._lease_file.state()
        self._epoch = self._lease_file.take(owner, max((segment.epoch for segment in segments), default=0))
        self.lease = Lease(self._epoch, owner)
        self._numbers: memoryview[int] | list[int] = self._lease_file.numbers
        # Listed again: only from here on can no older owner have a record acknowledged.
        segments, headless = list_segments(self._folder)
        if not segments and list_archived(self._folder):
            raise JournalCorrupt(
                f"journal {self.name} has archived segments, but those that follow are missing",
                field=str(self._folder),
                remedy="restore the journal from a copy",
            )
        chain, lease = Chain(self.name, segments[-1:]), self._lease_file.state()
        walk_to_end(chain, lease.head)
        snapshots = [int(path.stem) for path in self._files.snapshot_paths()]
        loss = find_loss(chain, max([lease.acknowledged, *snapshots]), before, lease)
        if loss is not None and loss.missing and not self._accept_loss:
            raise _refused_loss(self.name, chain, loss)
        with self._lease_file.locked():
            if self._numbers[0] != self._epoch:
                raise self._refusal()
            if headless is not None:
                _log.warning("segment without a header removed", journal=self.name, segment=headless.name)
                headless.unlink()
            if chain.unfinished:
                path = segments[-1].path
                _log.warning(
                    "torn record cut off",
                    journal=self.name,
                    segment=path.name,
                    record=chain.sequence + 1,
                    byte=chain.offset,
                    bytes_cut=chain.unfinished,
                )
                os.truncate(path, chain.offset)
            for snapshot in self._files.snapshot_paths():
                if int(snapshot.stem) > chain.sequence:
                    _log.warning("snapshot of lost records removed", journal=self.name, snapshot=snapshot.name)
                    snapshot.unlink()
            self._sequence, self._hash = self._flushed = Head(chain.sequence, chain.hash)
            self._begin_segment(self._flushed)
            if loss is not None:
                self._put_on_record(loss)
            self._lease_file.acknowledge(self._sequence, self._hash)
            self._lease_file.hold(Held.FORCED if self._sync else Held.UNFORCED)

    def _put_on_record(self, loss: Loss) -> None:
        """Tell a loss where the lost records stood, on disk before anything else is: what follows may rest on it."""
        _log.error("records of the journal are lost", journal=self.name, loss=loss.text)
        self._lease_file.forget_heads()  # the number of one of them may be given again now
        newest = list(self._files.chain(loss.kept, loss.kept).records(loss.kept))
        loss = msgspec.structs.replace(loss, time=newest[-1].time if newest else 0)
        sequence = self._sequence + 1
        record = encode(sequence, loss.time, LOSS_KIND, LOSS_VERSION, self._hash, encode_message(loss), own=True)
        self._write(record, sequence, _sha256(record).digest())
        os.fdatasync(self._descriptor)
        sync_folder(self._folder)
        self._flushed = Head(self._sequence, self._hash)

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record, 0 while there is none."""
        return self._sequence

    @property
    def first_sequence(self) -> int:
        """Sequence of the first record that retention has not deleted.

        Raises:
            JournalCorrupt: What retention has deleted can't be read.
        """
        return self._files.origin().sequence + 1

    def append(self, time: int, kind: int, payload: bytes, version: int = 1) -> int:
        """Put one record at the end and return its sequence; see ``Journal.append``.

        Raises:
            InputError: The record can't be written as it is; nothing was appended.
            JournalFenced: A newer owner holds the lease.
            JournalError: The disk is full or failed, or the journal is closed; nothing was appended.
        """
        if self._numbers[0] != self._epoch:
            raise self._refusal()
        sequence = self._sequence + 1
        record = encode(sequence, time, kind, version, self._hash, payload)
        record_hash = _sha256(record).digest()
        if self._sync:
            self._waiting.append(record)
            self._sequence, self._hash = sequence, record_hash
        else:
            self._write(record, sequence, record_hash)
            self._lease_file.acknowledge(sequence, record_hash)
        return sequence

    def flush(self) -> None:
        """Put what was appended on disk where the durability is ``disk``.

        Raises:
            JournalFenced: A newer owner holds the lease.
            JournalError: The disk is full: nothing since the last flush counts. Or it failed: what was appended since
                then may be lost, and the journal is closed.
        """
        if not self._sync:
            return
        if self._waiting:
            records = b"".join(self._waiting)
            self._waiting.clear()
            try:
                self._require_lease()
                self._write(records, self._sequence, self._hash)
            except BaseException:
                self._sequence, self._hash = self._flushed
                raise
        elif self._numbers is _UNUSABLE:
            raise self._refusal()
        self._force()
        self._flushed = Head(self._sequence, self._hash)
        if self._numbers[0] == self._epoch:
            self._lease_file.acknowledge(self._sequence, self._hash)

    def _write(self, records: bytes, sequence: int, record_hash: bytes) -> None:
        """Write records, the last of which is ``sequence``; where that fails, nothing of them stays."""
        size = len(records)
        if self._offset + size > self._segment_bytes and self._offset > HEADER_SIZE:
            self._roll()
        try:
            written = os.write(self._descriptor, records)
            if written != size:
                raise OSError(errno.ENOSPC, f"only {written} of {size} bytes were written")
            self._sequence, self._hash = sequence, record_hash
            self._offset += size
        except BaseException as error:  # an interrupt here must not leave a record that the next one would repeat
            self._cut()
            if isinstance(error, OSError):
                raise _failure(f"record {sequence} can't be written to journal {self.name}", error) from error
            raise
        if self._numbers[0] != self._epoch:
            raise self._refusal()

    def _force(self) -> None:
        """Put the segment on disk."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            # The kernel may drop what it could not write and report success the next time: never try again.
            self._disable("the disk failed in a flush")
            raise _failure(f"journal {self.name} can't be flushed", error) from error

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` to the newest at the time of the call; see ``Journal.read``."""
        self.flush()
        found = self._files.chain(from_sequence, self._sequence).records(from_sequence)
        return found if losses else without_losses(found)

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Flush, then check the whole chain; see ``Journal.verify``."""
        self.flush()
        mine = [Witness(self._sequence, self._hash, "its owner")] if self._sequence else []
        return self._files.verify(self._sequence, self._sequence, [*witnesses, *mine], progress)

    def save_snapshot(self, payload: bytes, version: int) -> None:
        """Flush, then keep the state after the newest record; see ``Journal.save_snapshot``.

        A new segment is begun behind it: recovery reads no record that the snapshot has in it.

        Raises:
            InputError: The version or payload can't be written as it is.
            JournalFenced: A newer owner holds the lease.
            JournalError: The disk is full or failed.
        """
        self._require_lease()
        self.flush()
        parts = pack(self.name, self._epoch, Snapshot(self._sequence, self._hash, version, payload))
        if self._offset > HEADER_SIZE:
            self._roll()
        folder = self._files.snapshot_folder
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            write_whole(folder / f"{self._sequence:016d}.snapshot", parts, self._sync)
            for path in [*self._files.snapshot_paths()[KEPT:], *folder.glob("*.new")]:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _failure(f"a snapshot of journal {self.name} can't be written", error) from error

    def snapshot(self) -> Snapshot | None:
        """Return the newest whole snapshot; see ``Journal.snapshot``."""
        return self._files.snapshot(self._sequence)

    def compact(self, before_sequence: int) -> int:
        """Archive whole segments before ``before_sequence``; see ``Journal.compact``."""
        try:
            return compact(self._files, before_sequence, self._retention_days, self._require_lease)
        except OSError as error:
            raise _failure(f"journal {self.name} can't be compacted", error) from error

    def close(self) -> None:
        """Flush and release what is held; a second call does nothing."""
        if self._numbers is _UNUSABLE:
            return
        try:
            self.flush()
            self._leave_on_disk()
        finally:
            if self._numbers is not _UNUSABLE:
                self._disable("it was closed")

    def _leave_on_disk(self) -> None:
        """Let a loss of power take nothing any more, and note that in the lease."""
        if self._numbers[0] != self._epoch:
            return
        try:
            if not self._sync:
                for path in self._full:
                    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it may be archived by now
                        os.fdatasync(file.fileno())
                self._force()
                sync_folder(self._folder)
            with self._lease_file.locked():
                if self._numbers[0] == self._epoch:
                    self._lease_file.hold(Held.BY_NOBODY)
        except OSError as error:
            raise _failure(f"journal {self.name} can't be flushed", error) from error

    def _begin_segment(self, head: Head) -> None:
        segment = begin_segment(self._folder, self.name, self._epoch, head, self._sync)
        if not self._sync:
            self._full.append(segment.path)
        self._descriptor = os.open(segment.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._offset = HEADER_SIZE

    def _roll(self) -> None:
        """Begin a new segment after what was written; what waits for a flush goes there."""
        full = self._descriptor
        if self._sync:
            self._force()
        try:
            self._begin_segment(self._flushed if self._sync else Head(self._sequence, self._hash))
        except OSError as error:
            raise _failure(f"journal {self.name} can't begin a new segment", error) from error
        os.close(full)

    def _cut(self) -> None:
        """Take back what an append that failed has written; where even that fails, the next opening will do it."""
        try:
            with self._lease_file.locked():
                if self._numbers[0] == self._epoch:  # else a newer owner may have read it already
                    os.ftruncate(self._descriptor, self._offset)
        except (OSError, JournalError):
            self._disable("a partly written record could not be taken back")

    def _disable(self, reason: str) -> None:
        self._closed_because = reason
        self._numbers = _UNUSABLE
        os.close(self._descriptor)
        self._lease_file.close()

    def _require_lease(self) -> None:
        if self._numbers[0] != self._epoch:
            raise self._refusal()

    def _refusal(self) -> JournalError:
        if self._closed_because is not None:
            return JournalError(f"journal {self.name} can't be used: {self._closed_because}", remedy="open it again")
        newest = self._lease_file.state()
        return JournalFenced(
            f"journal {self.name} was taken over by {newest.owner or 'a newer owner'}",
            field="epoch",
            value=self._epoch,
            rule=f"the newest epoch, {newest.epoch}",
            remedy="end this process",
        )


def _refused_loss(name: str, chain: Chain, loss: Loss) -> JournalCorrupt:
    first = loss.kept + 1
    one = loss.missing == 1
    which = (
        f"record {first} is missing, which was"
        if one
        else f"records {first} to {loss.acknowledged} are missing, which were"
    )
    return JournalCorrupt(
        f"journal {name} ends with record {loss.kept}, but {which} acknowledged",
        field=chain.segments[-1].path.name if chain.segments else name,
        value=first,
        rule=f"record {loss.acknowledged} as the newest; kill -9 loses none, without power durability process may",
        remedy="restore the journal from a copy; or go on without them, which is put on record for ever: "
        "--set journal.accept_loss=true for this one start",
    )


def _failure(message: str, error: OSError) -> JournalError:
    return JournalError(
        f"{message}: {error.strerror or error}",
        field="journal",
        value=error.filename,
        remedy="free space on the disk and check that the folder can be written",
    )
