"""Moves what no recovery needs any more to the archive, and deletes what has been there for long enough."""

from __future__ import annotations

import time
from collections.abc import Callable

from actors.journal.archives import archive, is_archived, list_all, list_archived
from actors.journal.records import Head
from actors.journal.retention import write_origin
from actors.journal.segment_files import last_sequences, list_segments
from actors.journal.segment_folder import SegmentFolder
from actors.journal.snapshots import KEPT, whole
from actors.journal.walk import NEVER

DAY_SECONDS = 86_400


def compact(
    files: SegmentFolder, before_sequence: int, retention_days: float | None, check: Callable[[], object]
) -> int:
    """Archive whole segments and delete old archives; see ``Journal.compact``.

    Args:
        files: The journal's files.
        before_sequence: Only records before this one are archived.
        retention_days: Days after which what was archived is deleted; ``None``: never.
        check: Called before each change; raises where the lease was lost.

    Returns:
        Number of records that were archived.

    Raises:
        OSError: The disk is full or failed; no record was lost.
        JournalCorrupt: A snapshot is of another journal.
    """
    snapshots = [snapshot.sequence for _, snapshot in whole(files.name, files.stored(), _pass_over)]
    last = min(before_sequence - 1, snapshots[KEPT - 1]) if len(snapshots) >= KEPT else 0
    segments, _ = list_all(files.path, 1)
    archived = 0
    for segment, end in zip(segments[:-1], last_sequences(segments, NEVER), strict=False):
        if end > last:
            break
        if not is_archived(segment):
            check()
            archive(segment)
            archived += max(0, end - segment.first_sequence + 1)
    if retention_days is not None:
        _delete(files, time.time() - retention_days * DAY_SECONDS, check)
    return archived


def _delete(files: SegmentFolder, before: float, check: Callable[[], object]) -> None:
    """Delete the archived segments up to the first that was archived at ``before`` (seconds since 1970) or later."""
    archived = list_archived(files.path)
    count = 0
    while count < len(archived) and archived[count].path.stat().st_mtime < before:
        count += 1
    if not count:
        return
    kept = [*archived, *list_segments(files.path)[0]][count]
    check()
    write_origin(files.path, Head(kept.first_sequence - 1, files.previous_hash(kept)))
    for segment in archived[:count]:
        segment.path.unlink(missing_ok=True)


def _pass_over(label: str, reason: str) -> None:
    """Count a damaged snapshot as none."""
