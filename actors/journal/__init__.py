"""The append-only truth of every actor: one interface, two media (segment files, PostgreSQL).

A journal holds the *inputs* of one owner in order. Each record carries the hash of the record before it, so that a
change, a removal or an insertion is found by ``verify``; each writer holds the lease's epoch, so that a stale copy is
refused.
"""

from actors.journal.journal import Fault, Journal, JournalReader, Lease, Record, Snapshot, Verification, Witness
from actors.journal.opening import list_journals, open_journal, read_journal

__all__ = [
    "Fault",
    "Journal",
    "JournalReader",
    "Lease",
    "Record",
    "Snapshot",
    "Verification",
    "Witness",
    "list_journals",
    "open_journal",
    "read_journal",
]
