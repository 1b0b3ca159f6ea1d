"""When a partition's state is kept as a snapshot, and how a recovery begins with the newest one.

Saving takes a moment in which nothing else happens, so it waits for one in which nothing does; only where none comes
for four times as many records is it done all the same.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from actors.errors import AlphaMindError, JournalFenced
from actors.journal.journal import Journal
from actors.oms import snapshots
from actors.oms.partition import Partition
from actors.oms.state import Gate

_IMPATIENCE = 4


class SnapshotKeeping:
    """Keeps the snapshots of one partition.

    Args:
        partition: The partition as it is without any record.
        journal: Its journal.
        records: Number of records after which a snapshot is due; ``None``: never.
        log: The partition's log.
    """

    def __init__(self, partition: Partition, journal: Journal, records: int | None, log: Any) -> None:
        self._partition = partition
        self._journal = journal
        self._records = records
        self._log = log
        self._newest = 0
        self._seen = 0
        self._compacting: asyncio.Future[int] | None = None

    def restore(self, check: Gate) -> tuple[Partition, int]:
        """Return the partition that the newest snapshot holds, and the first record behind it.

        Raises:
            JournalCorrupt: The snapshot belongs to another history.
        """
        found = self._journal.snapshot()
        if found is not None and found.version == snapshots.VERSION:
            try:
                self._partition = snapshots.load(found.payload, check)
            except msgspec.MsgspecError as error:
                self._log.warning("a snapshot can't be read; the journal is replayed", problem=str(error))
            else:
                self._newest = found.sequence
        return self._partition, self._newest + 1

    def tick(self) -> None:
        """Keep a snapshot where enough is on record behind the last one and nothing has come since the last call."""
        last = self._journal.last_sequence
        quiet, self._seen = last == self._seen, last
        due = self._records is not None and last - self._newest >= self._records
        if due and (quiet or last - self._newest >= _IMPATIENCE * (self._records or 0)):
            self._keep(last)

    def _keep(self, last: int) -> None:
        before = self._newest
        self._newest = last  # one that fails is tried again after as many records
        try:
            self._journal.save_snapshot(snapshots.save(self._partition), snapshots.VERSION)
        except JournalFenced:
            return  # the next input finds out
        except (AlphaMindError, OverflowError) as error:
            self._log.error("a snapshot can't be kept", problem=str(error))
            return
        self._log.info("snapshot kept", record=last)
        if before and (self._compacting is None or self._compacting.done()):
            self._compacting = asyncio.get_running_loop().run_in_executor(None, self._journal.compact, before)
            self._compacting.add_done_callback(self._compacted)

    async def close(self) -> None:
        """Wait for what goes on beside the loop: the journal must not be closed under it."""
        if self._compacting is not None:
            await asyncio.wait([self._compacting])

    def _compacted(self, done: asyncio.Future[int]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._log.error("records can't be archived", problem=str(error))
