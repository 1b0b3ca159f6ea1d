"""A segment journal for reading alone."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence

from actors.errors import JournalCorrupt, NotFound
from actors.journal.journal import Fault, Progress, Record, Verification, Witness, ignore
from actors.journal.lease import read_lease
from actors.journal.losses import without_losses
from actors.journal.segment_files import journal_folder
from actors.journal.segment_folder import SegmentFolder


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
        self._files = SegmentFolder(journal_folder(directory, name), name)
        if not self._files.path.is_dir():
            rule = f"a folder in {self._files.path.parent}"
            raise NotFound("there is no such journal", field="name", value=name, rule=rule)

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record that an owner was told is kept.

        Raises:
            JournalCorrupt: The lease is not what was written.
        """
        return read_lease(self._files.path / "lease").acknowledged

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on; a record still being written is left out."""
        found = self._files.chain(from_sequence, None, self.last_sequence).records(from_sequence)
        return found if losses else without_losses(found)

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Check the whole chain, and that no acknowledged record is changed or missing at its end.

        A journal without its lease is at fault, for nobody can say what is missing; see ``Journal.verify``.
        """
        try:
            lease = read_lease(self._files.path / "lease")  # before the segments: it only grows
        except JournalCorrupt as error:
            return Verification(0, "", Fault(self.name, 1, "lease", None, error.message))
        known = [] if lease.head is None else [Witness(*lease.head, "the lease")]
        found = self._files.verify(None, lease.acknowledged, [*witnesses, *known], progress)
        if found.fault is None and found.records and not lease.epoch:
            reason = "the lease is missing, so nobody can say whether records are missing from here on"
            return found._replace(fault=Fault(self.name, found.records + 1, "lease", None, reason))
        return found

    def close(self) -> None:
        """Release nothing: files are open only while they are read."""
