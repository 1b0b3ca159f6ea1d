"""The append-only truth of every actor: one interface, two media (segment files, PostgreSQL).

A journal holds the *inputs* of one owner in order. Each record carries the hash of the record before it, so that a
change, a removal or an insertion is found by ``verify``; each writer holds the lease's epoch, so that a stale copy is
refused.

The embedded medium is a format of our own and not SQLite, because a record that is only ever appended needs none of
what a database does for a row: with the same payloads and the same chain, segments take several times as many appends
that survive ``kill -9``, more that are forced to disk, and are read and verified faster
(``python -m tests.benchmarks.journal_media`` prints both side by side). An archive that ``zcat`` unpacks, torn ends
that are told from damage, and the name of the first wrong record come with it. Where the node itself may be lost, the
medium is PostgreSQL.
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
