"""Walks along the records of one segment.

A record is whole if the one after it bears its hash. Only where there is none yet, or where it bears another, are the
checksums looked at: they tell a record that is still being written from a damaged one, and a damaged one from a forged.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from actors.journal.archives import SegmentBytes
from actors.journal.blame import Link
from actors.journal.journal import Record
from actors.journal.losses import LOSS_KIND
from actors.journal.records import CHECKED, HEADER, PREVIOUS_HASH_AT, START, Head
from actors.journal.segment_files import HEADER_SIZE

NEVER = (1 << 63) - 1
"""A sequence that no record reaches."""

_CHUNK = 1 << 17  # small enough to stay in the cache
_RECORD_HEADER = HEADER.size
_unpack_start = START.unpack_from
_crc32 = zlib.crc32
_sha256 = hashlib.sha256
_record = Record._make


class WrongRecord(ValueError):
    """The record after the last good one is not what was written; says why."""


class Walk:
    """The records of one segment, after its header.

    Args:
        file: The segment's bytes; its header was read.
        before: The record before the segment's first.
        last: Sequence of the segment's last record; what follows it is not part of the chain.
        is_changed: Asked with a record and the byte at which the next one begins, where that does not follow it:
            whether it is the record that was changed.

    Attributes:
        sequence: Sequence of the last record that was checked.
        hash: Its chain hash.
        offset: Where it ends in the segment, in bytes.
    """

    def __init__(self, file: SegmentBytes, before: Head, last: int, is_changed: Callable[[Link, int], bool]) -> None:
        self.sequence, self.hash = before
        self.offset = HEADER_SIZE
        self._file = file
        self._last = last
        self._is_changed = is_changed
        self._buffer = b""  # from `offset` on
        self._at_end = False
        self._problem: ValueError | None = None

    def runs(self, keep_from: int, stops: Sequence[int]) -> Iterator[list[Record]]:
        """Yield after each run of records that was checked.

        Args:
            keep_from: Records from here on are yielded; those before are only checked. Where none is wanted, those
                are yielded that tell of a loss.
            stops: Sequences, in order, at which a run ends.

        Raises:
            WrongRecord: The record after ``sequence`` is not what was written.
            ValueError: The archive is damaged behind the record ``sequence``.
        """
        ends = [*(stop for stop in stops if self.sequence < stop < self._last), self._last]
        for end in ends:
            while self.sequence < end:
                before, run = self.sequence, self._run(end, keep_from)
                if self.sequence > before:
                    yield run
                    continue
                run = []
                missing = self._step(keep_from, run)
                if not missing:
                    yield run
                elif not self._read(missing):
                    return

    def rest(self) -> int:
        """Return how many bytes follow the last record; those of the last segment are not read for it."""
        return len(self._buffer) + sum(map(len, iter(lambda: self._file.read(_CHUNK), b"")))

    @property
    def unfinished(self) -> int:
        """Bytes that were read of a record that is not whole."""
        return len(self._buffer)

    def _read(self, missing: int) -> bool:
        """Read on and return whether it makes sense to try again."""
        if self._problem is not None:
            raise self._problem
        if self._at_end:
            return False
        try:
            chunk = self._file.read(max(missing, _CHUNK))
        except ValueError as error:  # raised once what came before it is checked
            self._problem, chunk = error, b""
        self._at_end = not chunk
        self._buffer += chunk
        return True

    def _run(self, end: int, keep_from: int) -> list[Record]:
        """Take records up to ``end`` as long as the next one is in the buffer too and bears the right hash."""
        run: list[Record] = []
        told = LOSS_KIND if keep_from == NEVER else -1
        buffer, at, sequence, digest = self._buffer, 0, self.sequence, self.hash
        if not buffer.startswith(digest, PREVIOUS_HASH_AT):
            return run
        view, limit = memoryview(buffer), len(buffer) - _RECORD_HEADER
        while sequence < end:
            length, number, time, kind, version = _unpack_start(buffer, at)
            following = at + _RECORD_HEADER + length
            if following > limit or number != sequence + 1:
                break
            record_hash = _sha256(view[at:following]).digest()
            if not buffer.startswith(record_hash, following + PREVIOUS_HASH_AT):
                break
            if number >= keep_from or kind == told:
                run.append(_record((number, time, kind, version, buffer[at + _RECORD_HEADER : following])))
            at, sequence, digest = following, number, record_hash
        view.release()
        self._advance(at, sequence, digest)
        return run

    def _step(self, keep_from: int, run: list[Record]) -> int:
        """Take one record by its checksums; return how many bytes are missing to do that."""
        buffer = self._buffer
        missing = _RECORD_HEADER - len(buffer)
        if missing > 0:
            return missing
        length, number, time, kind, version, previous_hash, header_checksum, checksum = HEADER.unpack_from(buffer)
        if _crc32(buffer[:CHECKED]) != header_checksum:
            raise WrongRecord("checksum of the header")
        end = _RECORD_HEADER + int(length)
        missing = end + (0 if self._at_end else _RECORD_HEADER) - len(buffer)
        if missing > 0:
            return missing
        payload = buffer[_RECORD_HEADER:end]
        if _crc32(payload, header_checksum) != checksum:
            raise WrongRecord("checksum of the payload")
        if number != self.sequence + 1:
            raise WrongRecord(f"record {number} stands in its place")
        if previous_hash != self.hash:
            raise WrongRecord("its hash of the record before does not fit")
        record_hash = _sha256(buffer[:end]).digest()
        another_follows = number < self._last and len(buffer) >= end + _RECORD_HEADER
        if another_follows and self._is_changed(Link(number, previous_hash, record_hash), self.offset + end):
            raise WrongRecord("the record after it bears another hash of it")
        if number >= keep_from or (kind == LOSS_KIND and keep_from == NEVER):
            run.append(Record(number, time, kind, version, payload))
        self._advance(end, number, record_hash)
        return 0

    def _advance(self, size: int, sequence: int, record_hash: bytes) -> None:
        self._buffer = self._buffer[size:]
        self.offset += size
        self.sequence, self.hash = sequence, record_hash


class Found(NamedTuple):
    """A record that is whole by itself, and where the next one begins."""

    link: Link
    end: int


def find(content: bytes, at: int) -> Found | None:
    """Return the record that begins at a byte, ``None`` where there is none or its checksums don't hold."""
    if len(content) < at + _RECORD_HEADER:
        return None
    length, number, _, _, _, previous_hash, header_checksum, checksum = HEADER.unpack_from(content, at)
    end = at + _RECORD_HEADER + length
    record = content[at:end]
    if len(content) < end or _crc32(record[:CHECKED]) != header_checksum:
        return None
    if _crc32(record[_RECORD_HEADER:], header_checksum) != checksum:
        return None
    return Found(Link(number, previous_hash, _sha256(record).digest()), end)
