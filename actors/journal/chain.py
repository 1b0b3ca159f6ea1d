"""Reads segments: one walk along the chain that checks every record and names the first that is not right."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from io import FileIO

from actors.errors import JournalCorrupt
from actors.journal.journal import Record, Verification
from actors.journal.records import CHECKED, HEADER, genesis
from actors.journal.segment_files import HEADER_SIZE, Segment

_CHUNK = 1 << 20
_unpack_from = HEADER.unpack_from
_crc32 = zlib.crc32
_sha256 = hashlib.sha256


class Chain:
    """A walk along the records of one journal.

    Args:
        name: The journal's name.
        segments: Its segments in order.
        end: Sequence of the last record to read; ``None`` reads what is there, up to a record that is not whole yet.

    Attributes:
        sequence: Sequence of the last record that was checked.
        hash: Its chain hash.
        offset: Where it ends in its segment, in bytes.
        unfinished: Bytes of a record that is not whole at the end of the last segment.
        notes: What was ignored, for people.
    """

    def __init__(self, name: str, segments: Sequence[Segment], end: int | None = None) -> None:
        self.name = name
        self.segments = segments
        self.end = end
        self.sequence = 0
        self.hash = genesis(name)
        self.offset = HEADER_SIZE
        self.unfinished = 0
        self.notes: list[str] = []

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on.

        The walk begins at the head of the segment that holds ``from_sequence``; what lies before is not checked.

        Raises:
            JournalCorrupt: Naming segment file, record and byte.
        """
        begin = self._begin(from_sequence)
        for index in range(begin, len(self.segments)):
            segment = self.segments[index]
            self.offset = HEADER_SIZE
            if index == begin and index:
                self.sequence, self.hash = segment.first_sequence - 1, segment.previous_hash
            elif segment.first_sequence != self.sequence + 1:
                raise self.corrupt(segment, f"the segment begins with record {segment.first_sequence}")
            elif segment.previous_hash != self.hash:
                raise self.corrupt(segment, "the segment continues another chain")
            yield from self._walk(segment, index, from_sequence)
        if self.end is not None and self.sequence < self.end and self.segments:
            raise self.corrupt(self.segments[-1], f"it is missing, and so is all up to record {self.end}")

    def verify(self, acknowledged: int) -> Verification:
        """Walk the whole chain and say what was found.

        Args:
            acknowledged: Sequence up to which a writer was told that its records are kept.
        """
        fault = None
        try:
            for _ in self.records():
                pass
            if self.sequence < acknowledged:
                fault = (
                    f"journal {self.name} ends with record {self.sequence}, but {acknowledged} were acknowledged: "
                    f"{acknowledged - self.sequence} are missing"
                )
        except JournalCorrupt as error:
            fault = str(error)
        if self.unfinished and self.end is None:
            self.notes.append(f"{self.unfinished} bytes of an unfinished record follow record {self.sequence}")
        return Verification(self.sequence, self.hash.hex(), fault, tuple(self.notes))

    def corrupt(self, segment: Segment, reason: str, offset: int | None = None) -> JournalCorrupt:
        """Return the error for the record after the last good one."""
        byte = self.offset if offset is None else offset
        return JournalCorrupt(
            f"record {self.sequence + 1} of journal {self.name} is not what was written "
            f"(segment {segment.path.name}, byte {byte}: {reason})",
            field=segment.path.name,
            value=self.sequence + 1,
            remedy="restore the segment from a copy",
        )

    def _begin(self, from_sequence: int) -> int:
        later = [index for index, segment in enumerate(self.segments) if segment.first_sequence <= from_sequence]
        return later[-1] if later else 0

    def _last_sequence(self, index: int) -> int | None:
        """Return where the segment's part of the chain ends: before the first record of any later segment."""
        later = [segment.first_sequence - 1 for segment in self.segments[index + 1 :]]
        return min(later) if later else self.end

    def _walk(self, segment: Segment, index: int, from_sequence: int) -> Iterator[Record]:
        last = self._last_sequence(index)
        sequence, previous = self.sequence, self.hash
        header_size, checked = HEADER.size, CHECKED
        with FileIO(segment.path) as file:
            file.seek(HEADER_SIZE)
            base = HEADER_SIZE  # offset in the file of the buffer's first byte
            buffer, at, wanted, size = b"", 0, header_size, 0
            while last is None or sequence < last:
                chunk = file.read(max(_CHUNK, wanted)) or b""
                if not chunk:
                    break
                base, buffer, at = base + at, buffer[at:] + chunk, 0
                size, view = len(buffer), memoryview(buffer)
                while last is None or sequence < last:
                    wanted = header_size
                    if at + wanted > size:
                        break
                    length, number, time, kind, version, before, header_sum, record_sum = _unpack_from(buffer, at)
                    if _crc32(view[at : at + checked]) != header_sum:
                        raise self.corrupt(segment, "checksum of the header", base + at)
                    wanted += length
                    end = at + wanted
                    if end > size:
                        break
                    payload = buffer[at + header_size : end]
                    if _crc32(payload, header_sum) != record_sum:
                        raise self.corrupt(segment, "checksum of the payload", base + at)
                    if number != sequence + 1:
                        raise self.corrupt(segment, f"record {number} stands in its place", base + at)
                    if before != previous:
                        raise self.corrupt(segment, "its hash of the record before does not fit", base + at)
                    sequence, previous, at = number, _sha256(view[at:end]).digest(), end
                    self.sequence, self.hash, self.offset = sequence, previous, base + end
                    if sequence >= from_sequence:
                        yield Record(number, time, kind, version, payload)
            if index + 1 == len(self.segments):
                self.unfinished = size - at
            else:
                self._account_for_rest(segment, index, file.seek(0, 2) - self.offset)

    def _account_for_rest(self, segment: Segment, index: int, rest: int) -> None:
        if rest > 0 and self.segments[index + 1].epoch > segment.epoch:
            self.notes.append(
                f"{rest} bytes after record {self.sequence} in segment {segment.path.name} are ignored: "
                f"a writer whose lease was taken over wrote them"
            )
        elif rest > 0:
            raise self.corrupt(segment, "bytes follow the last record of the segment")
