"""Reads a journal's segments: one walk along the chain that names the first record that is not right."""

from __future__ import annotations

import bisect
import contextlib
import functools
from collections.abc import Iterator, Sequence

from actors.errors import JournalCorrupt
from actors.journal.archives import open_segment
from actors.journal.blame import Link, is_changed
from actors.journal.journal import Fault, Record
from actors.journal.records import Head, genesis
from actors.journal.segment_files import HEADER_SIZE, Segment, last_sequences, read_header
from actors.journal.walk import NEVER, Walk, find

_CHUNK = 1 << 20


class Chain:
    """A walk along the records of one journal.

    Args:
        name: The journal's name.
        segments: Its segments in order.
        end: Sequence of the last record to read; ``None`` reads what is there, up to a record that is not whole yet.
        origin: The record before the first that is kept. ``None``: the segments need not go back that far, and the
            first one that is read is believed where the chain stood.
        known: The newest record that an owner was told is kept.

    Attributes:
        sequence: Sequence of the last record that was checked.
        hash: Its chain hash.
        offset: Where it ends in its segment, in bytes.
        unfinished: Bytes of a record that is not whole at the end of the last segment.
        notes: What was ignored, for people.
        fault: The first fault, once one was raised.
    """

    def __init__(
        self, name: str, segments: Sequence[Segment], end: int | None = None, origin: Head | None = None, known: int = 0
    ) -> None:
        self.name = name
        self.origin = origin or Head(0, genesis(name))
        self.segments = [segment for segment in segments if segment.first_sequence > self.origin.sequence]
        self.end = end
        self.sequence, self.hash = self.origin
        self.offset = HEADER_SIZE
        self.unfinished = 0
        self.notes: list[str] = []
        self.fault: Fault | None = None
        self._index = 0
        self._goes_back = origin is not None
        self._known = known if end is None else end
        self._lasts = last_sequences(self.segments, NEVER if end is None else end)

    def records(self, from_sequence: int = 1) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on.

        The walk begins at the head of the segment that holds ``from_sequence``; what lies before is not checked.

        Raises:
            JournalCorrupt: Naming segment file, record and byte.
        """
        for run in self.runs(from_sequence, from_sequence):
            yield from run

    def runs(self, begin: int = 1, keep_from: int = NEVER, stops: Sequence[int] = ()) -> Iterator[list[Record]]:
        """Walk on from the segment that holds ``begin`` and yield after each run of records that was checked.

        Args:
            begin: Where to begin.
            keep_from: Records from here on are yielded; those before are only checked. Where none is wanted, those
                are yielded that tell of a loss.
            stops: Sequences, in order, at which a run ends, so that ``hash`` is that record's.

        Raises:
            JournalCorrupt: Naming segment file, record and byte.
        """
        first = max(bisect.bisect_right(self.segments, begin, key=_first_sequence) - 1, 0)
        for index in range(first, len(self.segments)):
            self._index, self.offset = index, 0
            try:
                yield from self._segment(index, index == first, keep_from, stops)
            except FileNotFoundError:
                raise self._corrupt("the segment is gone") from None
            except ValueError as error:
                raise self._corrupt(str(error)) from None
        if self.end is not None and self.sequence < self.end:
            raise self._corrupt(f"it is missing, and so is all up to record {self.end}")

    def wrong(self, record: int, reason: str) -> Fault:
        """Return the fault for a record of the segment in which the walk is."""
        place = self.segments[self._index].path.name if self.segments else "no segment"
        return Fault(self.name, record, place, self.offset if record == self.sequence + 1 else None, reason)

    def _corrupt(self, reason: str) -> JournalCorrupt:
        """Return the error for the record after the last good one."""
        self.fault = self.wrong(self.sequence + 1, reason)
        return self.fault.error()

    def _segment(self, index: int, is_first: bool, keep_from: int, stops: Sequence[int]) -> Iterator[list[Record]]:
        segment = self.segments[index]
        with open_segment(segment) as file:
            believed = is_first and (index > 0 or not self._goes_back) and segment.first_sequence > 1
            if believed:
                self.sequence = segment.first_sequence - 1
            previous_hash = read_header(file.read(HEADER_SIZE), segment, self.name)
            if believed:
                self.hash = previous_hash
            self._check_continues(index, previous_hash)
            changed = functools.partial(self._is_changed, index)
            walk = Walk(file, Head(self.sequence, self.hash), self._lasts[index], changed)
            try:
                for run in walk.runs(keep_from, stops):
                    self._follow(walk)
                    yield run
            finally:
                self._follow(walk)
            if index + 1 == len(self.segments):
                self.unfinished = walk.unfinished
            else:
                self._account_for_rest(index, walk.rest())

    def _follow(self, walk: Walk) -> None:
        self.sequence, self.hash, self.offset = walk.sequence, walk.hash, walk.offset

    def _check_continues(self, index: int, previous_hash: bytes) -> None:
        first_sequence = self.segments[index].first_sequence
        if first_sequence != self.sequence + 1:
            raise ValueError(f"the segment begins with record {first_sequence}")
        if previous_hash != self.hash:
            if index and self.segments[index - 1].first_sequence <= self.sequence and self._leads_on(index):
                raise self._changed_last(index - 1)
            raise ValueError("the segment continues another chain")

    def _leads_on(self, index: int) -> bool:
        """Return whether the segment is whole by itself and the one after it, if there is any, continues it."""
        last = self._lasts[index]
        alone = Chain(self.name, self.segments[index : index + 1], None if last == NEVER else last)
        try:
            for _ in alone.runs():
                pass
        except JournalCorrupt:
            return False
        return index + 1 == len(self.segments) or self._previous_hash(index + 1) == alone.hash

    def _changed_last(self, index: int) -> JournalCorrupt:
        """Return the error for the last record of a segment, whose hash is another in the segment after it."""
        before = Chain(self.name, self.segments[index : index + 1], self.sequence - 1)
        for _ in before.runs():
            pass
        self.sequence, self.hash, self.offset = before.sequence, before.hash, before.offset
        self._index = index
        return self._corrupt("the segment after it bears another hash of it")

    def _is_changed(self, index: int, this: Link, offset: int) -> bool:
        """Return whether it is ``this`` that was changed where the record at ``offset`` does not follow it."""
        content = self._content(index)
        following = find(content, offset)
        if following is None or following.link[:2] == (this.sequence + 1, this.hash):
            return False
        after = find(content, following.end)
        link = after.link if after is not None else None
        if link is None and index + 1 < len(self.segments) and following.link.sequence == self._lasts[index]:
            link = Link(following.link.sequence + 1, self._previous_hash(index + 1), b"")
        return is_changed(this, following.link, link, self._known)

    def _content(self, index: int) -> bytes:
        content = bytearray()
        with contextlib.suppress(ValueError), open_segment(self.segments[index]) as file:  # as far as it can be read
            while chunk := file.read(_CHUNK):
                content += chunk
        return bytes(content)

    def _previous_hash(self, index: int) -> bytes:
        with contextlib.suppress(ValueError), open_segment(self.segments[index]) as file:
            return read_header(file.read(HEADER_SIZE), self.segments[index], self.name)
        return b""

    def _account_for_rest(self, index: int, rest: int) -> None:
        if rest > 0 and self.segments[index + 1].epoch > self.segments[index].epoch:
            self.notes.append(
                f"{rest} bytes after record {self.sequence} in segment {self.segments[index].path.name} are ignored: "
                f"a writer whose lease was taken over wrote them"
            )
        elif rest > 0 and self.sequence < self._lasts[index]:
            raise ValueError(f"only {rest} bytes of it are there")
        elif rest > 0:
            if self._previous_hash(index + 1) not in (self.hash, b""):
                raise self._changed_last(index)
            raise ValueError("bytes follow the last record of the segment")


def _first_sequence(segment: Segment) -> int:
    return segment.first_sequence
