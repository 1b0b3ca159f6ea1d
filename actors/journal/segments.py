"""A journal in append-only segment files: one ``write`` a record, fenced by the epoch in a memory-mapped lease."""

from __future__ import annotations

import errno
import hashlib
import os
import pathlib
from collections.abc import Iterator

import structlog

from actors.errors import JournalCorrupt, JournalError, JournalFenced, NotFound
from actors.journal.chain import Chain
from actors.journal.journal import Lease, Record, Verification
from actors.journal.lease import LeaseFile, read_lease
from actors.journal.records import encode
from actors.journal.segment_files import HEADER_SIZE, begin_segment, journal_folder, list_segments, sync_folder

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

    Raises:
        JournalCorrupt: The newest segment is not what was written, or flushed records are missing.
        JournalError: The files can't be opened.
    """

    def __init__(self, directory: pathlib.Path, name: str, owner: str, segment_bytes: int, sync: bool = False) -> None:
        self.name = name
        self.immediate = not sync
        self._folder = journal_folder(directory, name)
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._closed_because: str | None = None
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
        segments, headless = list_segments(self._folder, self.name)
        self._epoch = self._lease_file.take(owner, max((segment.epoch for segment in segments), default=0), self._sync)
        self.lease = Lease(self._epoch, owner)
        self._numbers: memoryview[int] | list[int] = self._lease_file.numbers
        # Listed again: only from here on can no older owner have a record acknowledged.
        segments, headless = list_segments(self._folder, self.name)
        chain = Chain(self.name, segments)
        for _ in chain.records(segments[-1].first_sequence if segments else 1):
            pass
        acknowledged = self._numbers[1]
        if chain.sequence < acknowledged:
            self._report_missing(chain, acknowledged)
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
            self._sequence, self._hash = chain.sequence, chain.hash
            self._numbers[1] = chain.sequence
            self._begin_segment()

    def _report_missing(self, chain: Chain, acknowledged: int) -> None:
        missing = acknowledged - chain.sequence
        if self._sync:
            raise JournalCorrupt(
                f"journal {self.name} ends with record {chain.sequence}, but {missing} more had been flushed to disk",
                field=chain.segments[-1].path.name if chain.segments else str(self._folder),
                value=chain.sequence + 1,
                remedy="restore the newest segment from a copy",
            )
        _log.error(
            "acknowledged records are missing at the end of the journal",
            journal=self.name,
            last_record=chain.sequence,
            missing=missing,
            explanation="durability 'process' does not survive a loss of power; otherwise the file was tampered with",
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
            JournalError: The disk is full or failed, or the journal is closed; nothing was appended.
        """
        if self._numbers[0] != self._epoch:
            raise self._refusal()
        sequence = self._sequence + 1
        record = encode(sequence, time, kind, version, self._hash, payload)
        size = len(record)
        if self._offset + size > self._segment_bytes and self._offset > HEADER_SIZE:
            self._roll()
        try:
            written = os.write(self._descriptor, record)
            if written != size:
                raise OSError(errno.ENOSPC, f"only {written} of {size} bytes were written")
            self._hash = _sha256(record).digest()
            self._sequence = sequence
            self._offset += size
        except BaseException as error:  # an interrupt here must not leave a record that the next one would repeat
            self._cut()
            if isinstance(error, OSError):
                raise _failure(f"record {sequence} can't be written to journal {self.name}", error) from error
            raise
        if self._numbers[0] != self._epoch:
            raise self._refusal()
        if not self._sync:
            self._numbers[1] = sequence
        return sequence

    def flush(self) -> None:
        """Put what was appended on disk where the durability is ``disk``.

        Raises:
            JournalError: The disk failed: what was appended since the last flush may be lost, and the journal is
                closed.
        """
        if not self._sync:
            return
        if self._numbers is _UNUSABLE:
            raise self._refusal()
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            # The kernel may drop what it could not write and report success the next time: never try again.
            self._disable("the disk failed in a flush")
            raise _failure(f"journal {self.name} can't be flushed", error) from error
        if self._numbers[0] == self._epoch:
            self._numbers[1] = self._sequence

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` to the newest at the time of the call; see ``Journal.read``."""
        self.flush()
        return Chain(self.name, list_segments(self._folder, self.name)[0], self._sequence).records(from_sequence)

    def verify(self) -> Verification:
        """Check the whole chain from the first record."""
        return _verify(self._folder, self.name, self._sequence, self._sequence)

    def close(self) -> None:
        """Flush and release what is held; a second call does nothing."""
        if self._numbers is _UNUSABLE:
            return
        try:
            self.flush()
        finally:
            if self._numbers is not _UNUSABLE:
                self._disable("it was closed")

    def _begin_segment(self) -> None:
        segment = begin_segment(self._folder, self.name, self._epoch, self._sequence + 1, self._hash, self._sync)
        self._descriptor = os.open(segment.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._path = segment.path
        self._offset = HEADER_SIZE

    def _roll(self) -> None:
        full = self._descriptor
        self.flush()
        try:
            self._begin_segment()
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


class SegmentReader:
    """The journal ``name`` of the run in ``directory``, for reading alone, also while its owner writes.

    Args:
        directory: The run's directory.
        name: The journal's name.

    Raises:
        NotFound: There is no such journal.
    """

    def __init__(self, directory: pathlib.Path, name: str) -> None:
        self.name = name
        self._folder = journal_folder(directory, name)
        if not self._folder.is_dir():
            raise NotFound(
                "there is no such journal", field="name", value=name, rule=f"a folder in {self._folder.parent}"
            )

    def read(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on; a record still being written is left out."""
        return Chain(self.name, list_segments(self._folder, self.name)[0]).records(from_sequence)

    def verify(self) -> Verification:
        """Check the whole chain from the first record, and that no acknowledged record is missing at its end."""
        try:
            acknowledged = read_lease(self._folder / "lease").acknowledged  # before the segments: it only grows
        except JournalCorrupt as error:
            return Verification(0, "", str(error))
        return _verify(self._folder, self.name, None, acknowledged)

    def close(self) -> None:
        """Release nothing: files are open only while they are read."""


def _verify(folder: pathlib.Path, name: str, end: int | None, acknowledged: int) -> Verification:
    try:
        segments, headless = list_segments(folder, name)
    except JournalCorrupt as error:
        return Verification(0, "", str(error))
    found = Chain(name, segments, end).verify(acknowledged)
    if headless is not None:
        found = found._replace(notes=(*found.notes, f"segment {headless.name} has no header"))
    return found


def _failure(message: str, error: OSError) -> JournalError:
    return JournalError(
        f"{message}: {error.strerror or error}",
        field="journal",
        value=error.filename,
        remedy="free space on the disk and check that the folder can be written",
    )
