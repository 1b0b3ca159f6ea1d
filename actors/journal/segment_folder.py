"""The files of one segment journal, as far as they are only read: its chain and its snapshots."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Sequence

from actors.errors import JournalCorrupt
from actors.journal.archives import list_all, open_segment
from actors.journal.chain import Chain
from actors.journal.journal import Fault, Progress, Snapshot, Verification, Witness
from actors.journal.records import Head
from actors.journal.retention import read_origin
from actors.journal.segment_files import HEADER_SIZE, Segment, list_segments, read_header
from actors.journal.snapshots import Stored, newest, whole
from actors.journal.verification import verify_chain


class SegmentFolder:
    """The folder of the journal ``name``.

    Args:
        path: The folder.
        name: The journal's name.
    """

    def __init__(self, path: pathlib.Path, name: str) -> None:
        self.path = path
        self.name = name

    @property
    def snapshot_folder(self) -> pathlib.Path:
        """Where the snapshots are."""
        return self.path / "snapshots"

    def chain(self, from_sequence: int, end: int | None, known: int = 0) -> Chain:
        """Return a walk along the records from ``from_sequence`` on, or from the first that is kept.

        Raises:
            JournalCorrupt: What retention deleted can't be read.
        """
        segments, goes_back = list_all(self.path, from_sequence)
        return Chain(self.name, segments, end, self.origin() if goes_back else None, known)

    def origin(self) -> Head:
        """Return the record before the first that is kept."""
        return read_origin(self.path, self.name)

    def hash_of(self, sequence: int) -> bytes:
        """Return the chain hash of a record.

        Raises:
            JournalCorrupt: The chain does not hold up to there.
        """
        origin = self.origin()
        if sequence == origin.sequence:
            return origin.hash
        segments, _ = list_all(self.path, sequence)
        for segment in segments:
            if segment.first_sequence == sequence + 1:  # as after every snapshot
                return self.previous_hash(segment)
        holding = [segment for segment in segments if segment.first_sequence <= sequence][-1:]
        chain = Chain(self.name, holding, sequence)
        for _ in chain.runs():
            pass
        return chain.hash

    def verify(
        self, end: int | None, acknowledged: int, witnesses: Sequence[Witness], progress: Progress
    ) -> Verification:
        """Check the whole chain, and the snapshots with it.

        Args:
            end: The newest record, where that is known; ``None`` takes what is there.
            acknowledged: Sequence up to which an owner was told that its records are kept.
            witnesses: What is known from elsewhere.
            progress: Called with the sequence of the newest record that was checked.
        """
        notes: list[str] = []

        def damaged(label: str, reason: str) -> None:
            notes.append(f"{label} is damaged ({reason}); the one before is used in its place")

        while True:
            try:
                origin = self.origin()
                own = [
                    Witness(one.sequence, one.hash, label) for label, one in whole(self.name, self.stored(), damaged)
                ]
                chain = self.chain(1, end, acknowledged)
                found = verify_chain(chain, acknowledged, [*witnesses, *own], progress)
                if found.fault is not None and self.origin() != origin:  # deleted by retention while it was read
                    notes.clear()
                    continue
            except JournalCorrupt as error:
                return Verification(0, "", Fault(self.name, error.value or 1, str(error.field), None, error.message))
            break
        if chain.unfinished and end is None:
            notes.append(f"{chain.unfinished} bytes of an unfinished record follow record {chain.sequence}")
        _, headless = list_segments(self.path)
        if headless is not None:
            notes.append(f"segment {headless.name} has no header")
        return found._replace(notes=(*found.notes, *notes))

    def stored(self) -> list[Stored]:
        """Return all snapshots, the newest first."""
        return [Stored(f"snapshot {path.name}", _reader(path)) for path in self.snapshot_paths()]

    def snapshot_paths(self) -> list[pathlib.Path]:
        """Return the files of all snapshots, the newest first; each is named after its record."""
        found = self.snapshot_folder.glob("*.snapshot")
        return sorted((path for path in found if path.stem.isdecimal()), reverse=True)

    def snapshot(self, last_sequence: int) -> Snapshot | None:
        """Return the newest snapshot that is whole; see ``Journal.snapshot``."""
        return newest(self.name, self.stored(), last_sequence, self.origin(), self.hash_of)

    def previous_hash(self, segment: Segment) -> bytes:
        """Return the hash of the record before the first of a segment.

        Raises:
            JournalCorrupt: Its header is not what was written.
        """
        try:
            with open_segment(segment) as file:
                return read_header(file.read(HEADER_SIZE), segment, self.name)
        except ValueError as error:
            raise Fault(self.name, segment.first_sequence, segment.path.name, 0, str(error)).error() from None


def _reader(path: pathlib.Path) -> Callable[[], bytes | None]:
    def content() -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    return content
