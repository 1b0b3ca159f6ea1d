"""The archive and retention on every medium: what moves, what stays readable, what is deleted, what damage does."""

from __future__ import annotations

import gzip
import os
import pathlib
import threading

import pytest

from actors.errors import JournalCorrupt, JournalError, JournalFenced
from actors.journal import Journal, Witness
from tests.actors.journal.conftest import Medium
from tests.actors.journal.test_snapshots import append, damage, with_snapshots

EVERYTHING = 1 << 60
ALL = [b"a1", b"b1", b"a2", b"b2", b"a3", b"b3", b"rest 1", b"rest 2"]


def payloads(journal: Journal, start: int = 1) -> list[bytes]:
    return [record.payload for record in journal.read(start)]


def archived(medium: Medium) -> int:
    """Return how many records are in the archive."""
    if medium.dsn is None:
        return sum(gzip.decompress(path.read_bytes()).count(b"a") > 0 and 2 for path in medium.archives())
    key = f"{medium.directory.name}/oms-p03"
    return int(medium.sql("SELECT count(*) FROM journal_archive WHERE journal = %s", key)[0][0])


def test_what_the_older_snapshot_has_in_it_is_archived_and_still_read(medium: Medium):
    journal = with_snapshots(medium)
    before = journal.verify()
    assert journal.compact(EVERYTHING) == archived(medium) == 4
    for _ in range(2):
        assert payloads(journal) == ALL
        assert [payloads(journal, start) for start in range(2, 10)] == [ALL[start - 1 :] for start in range(2, 10)]
        assert journal.verify() == medium.reader().verify() == before
        assert list(medium.reader().read(3)) == list(journal.read(3))
        found = journal.snapshot()
        assert found is not None and found.sequence == 6
        assert journal.compact(EVERYTHING) == 0
        journal = medium.open()


def test_only_records_before_the_given_one_are_archived(medium: Medium):
    journal = with_snapshots(medium)
    assert [journal.compact(number) for number in (1, 2, 3, 5)] == ([0, 0, 2, 2] if not medium.dsn else [0, 1, 1, 2])
    assert payloads(journal) == ALL


@pytest.mark.parametrize("count", [0, 1])
def test_with_fewer_than_two_snapshots_nothing_is_archived(medium: Medium, count: int):
    assert with_snapshots(medium, count).compact(EVERYTHING) == 0


def test_with_a_damaged_snapshot_nothing_is_archived(medium: Medium):
    journal = with_snapshots(medium)
    damage(medium, b"")
    assert journal.compact(EVERYTHING) == 0


def test_a_damaged_snapshot_after_the_compaction_still_leaves_a_way_to_recover(medium: Medium):
    journal = with_snapshots(medium)
    journal.compact(EVERYTHING)
    damage(medium, b"")
    found = journal.snapshot()
    assert found is not None and found.sequence == 4 and payloads(journal, 5) == ALL[4:]
    damage(medium, b"", 0)
    assert journal.snapshot() is None and payloads(journal) == ALL


def test_a_reading_that_began_before_the_compaction_goes_on(medium: Medium):
    journal = with_snapshots(medium)
    records, others = journal.read(), medium.reader().read()
    assert next(records).payload == next(others).payload == b"a1"
    assert journal.compact(EVERYTHING) == 4
    assert [record.payload for record in records] == [record.payload for record in others] == ALL[1:]


def test_a_compaction_may_run_in_another_thread_while_the_owner_appends(medium: Medium):
    journal = with_snapshots(medium)
    thread = threading.Thread(target=journal.compact, args=(EVERYTHING,))
    thread.start()
    for number in range(200):
        append(journal, b"%d" % number)
        journal.flush()
    thread.join()
    assert archived(medium) == 4 and payloads(journal)[:8] == ALL
    assert (journal.verify().records, journal.verify().fault) == (208, None)


def test_a_fenced_owner_archives_nothing(medium: Medium):
    old = with_snapshots(medium)
    medium.open(owner="second")
    with pytest.raises(JournalFenced):
        old.compact(EVERYTHING)
    assert archived(medium) == 0


def test_retention_deletes_what_was_archived_and_says_from_where_on_the_chain_is_kept(medium: Medium):
    journal = with_snapshots(medium, retention_days=0)
    hashes = {snapshot.sequence: snapshot.hash for snapshot in [journal.snapshot()] if snapshot}
    head = journal.verify().head
    assert journal.compact(EVERYTHING) == 4
    assert archived(medium) == 0
    for journal in (journal, medium.open()):
        assert payloads(journal) == payloads(journal, 3) == ALL[4:]
        found = journal.snapshot()
        assert found is not None and found.sequence == 6
        for verified in (journal.verify(), medium.reader().verify()):
            assert (verified.records, verified.head, verified.fault) == (8, head, None)
            assert "retention deleted what was before record 5; the hash of the record" in verified.notes[0]
        assert journal.verify([Witness(6, hashes[6], "anchor")]).fault is None
        fault = journal.verify([Witness(2, b"?" * 32, "anchor")]).fault
        assert fault is not None and fault.record == 2
        assert "retention deleted it, so it can't be compared with what anchor knows" in str(fault)


def test_what_was_archived_later_than_retention_says_is_kept(medium: Medium):
    journal = with_snapshots(medium, retention_days=1)
    journal.compact(EVERYTHING)
    assert archived(medium) == 4 and journal.verify().notes == ()
    if medium.dsn is None:
        os.utime(medium.archives()[0], (0, 0))
    else:
        key = f"{medium.directory.name}/oms-p03"
        older = "UPDATE journal_archive SET archived = now() - interval '2 days' WHERE journal = %s AND sequence <= 2"
        medium.sql(older, key)
    journal.compact(EVERYTHING)
    assert archived(medium) == 2
    assert payloads(journal) == ALL[2:] and "before record 3" in journal.verify().notes[0]


def test_after_retention_a_journal_without_a_whole_snapshot_is_refused(medium: Medium):
    journal = with_snapshots(medium, retention_days=0)
    journal.compact(EVERYTHING)
    for number in (0, 1):
        damage(medium, b"", number)
    with pytest.raises(JournalCorrupt, match="no snapshot .* is whole, and retention deleted the records up to 4"):
        journal.snapshot()


def test_a_journal_goes_on_through_many_snapshots_and_compactions(medium: Medium):
    expected = []
    for round_number in range(4):
        journal = medium.open(owner=f"owner {round_number}", durability="disk")
        for number in range(3):
            append(journal, b"%d-%d" % (round_number, number))
            expected.append(b"%d-%d" % (round_number, number))
            journal.save_snapshot(b"state", 1)
            journal.compact(journal.last_sequence)
        assert payloads(journal) == expected
        journal.close()
    assert medium.reader().verify().records == 12 and archived(medium) > 0


def compacted(medium: Medium) -> list[pathlib.Path]:
    journal = with_snapshots(medium)
    journal.compact(EVERYTHING)
    journal.close()
    assert len(medium.archives()) == 2
    return medium.archives()


def test_an_archive_is_the_segment_as_it_was(segments: Medium):
    journal = with_snapshots(segments)
    whole = [path.read_bytes() for path in segments.segments()[:2]]
    journal.compact(EVERYTHING)
    assert [gzip.decompress(path.read_bytes()) for path in segments.archives()] == whole
    assert len(segments.segments()) == 2


def test_every_flipped_byte_of_an_archive_is_found(segments: Medium):
    path = compacted(segments)[0]
    whole = path.read_bytes()
    for byte in range(len(whole)):
        path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 0x41]) + whole[byte + 1 :])
        fault = segments.reader().verify().fault
        assert fault is not None and fault.record in (1, 2, 3) and fault.place == path.name, byte
        with pytest.raises(JournalCorrupt):
            list(segments.reader().read())
    path.write_bytes(whole)
    assert segments.reader().verify().fault is None


@pytest.mark.parametrize("size", [0, 10, 100, -9, -1])
def test_an_archive_that_was_cut_off_is_found(segments: Medium, size: int):
    path = compacted(segments)[0]
    path.write_bytes(path.read_bytes()[:size])
    fault = segments.reader().verify().fault
    assert fault is not None and "ends too early" in str(fault)


def test_bytes_behind_an_archive_are_found(segments: Medium):
    path = compacted(segments)[1]
    path.write_bytes(path.read_bytes() + b"?")
    fault = segments.reader().verify().fault
    assert fault is not None and "bytes follow the end of the archive" in str(fault)


def test_the_record_in_which_a_large_archive_is_damaged_is_named(segments: Medium):
    journal = segments.open()
    noise = [os.urandom(1000) for _ in range(300)]
    append(journal, *noise)
    for _ in range(2):
        journal.save_snapshot(b"", 1)
        append(journal, b"on")
    assert journal.compact(EVERYTHING) == 300
    path = segments.archives()[0]
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0x41
    path.write_bytes(whole)
    fault = journal.verify().fault
    assert fault is not None and 135 < fault.record < 165
    read = []
    with pytest.raises(JournalCorrupt):
        for record in journal.read():
            read.append(record.payload)
    assert read == noise[: fault.record - 1]


@pytest.mark.parametrize(("gone", "record"), [(0, 1), (1, 3)])
def test_a_missing_archive_is_found(segments: Medium, gone: int, record: int):
    compacted(segments)[gone].unlink()
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == record
    with pytest.raises(JournalCorrupt):
        list(segments.reader().read())


def test_more_than_retention_says_is_missing(segments: Medium):
    journal = with_snapshots(segments, retention_days=0)
    journal.compact(EVERYTHING)
    segments.segments()[0].unlink()
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 5


def test_retention_that_can_not_be_read_or_tells_another_hash_is_found(segments: Medium):
    with_snapshots(segments, retention_days=0).compact(EVERYTHING)
    path = segments.directory / "journal" / "oms-p03" / "archive" / "retention.json"
    text = path.read_text()
    path.write_text(text.replace('"hash": "', '"hash": "00')[:-4] + '"}')
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 4 and "snapshot 0000000000000004.snapshot knows another" in str(fault)
    for snapshot in segments.snapshots():
        snapshot.unlink()
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 5 and "another chain" in str(fault)
    path.write_text("{}")
    fault = segments.reader().verify().fault
    assert fault is not None and "retention.json" in str(fault)
    with pytest.raises(JournalCorrupt, match="what retention deleted"):
        list(segments.reader().read())


def test_a_deletion_that_was_cut_short_is_completed_by_the_next(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = with_snapshots(segments, retention_days=0)

    unlink = pathlib.Path.unlink

    def interrupted(path: pathlib.Path, missing_ok: bool = False) -> None:
        if path.suffix == ".gz":
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pathlib.Path, "unlink", interrupted)
        journal.compact(EVERYTHING)
    assert len(segments.archives()) == 2
    journal = segments.open(retention_days=0)
    assert (payloads(journal), journal.verify().fault) == (ALL[4:], None)
    journal.compact(EVERYTHING)
    assert segments.archives() == [] and journal.verify().fault is None


def test_an_archiving_that_was_cut_short_is_completed_by_the_next(segments: Medium):
    journal = with_snapshots(segments)
    first = segments.segments()[0]
    content = first.read_bytes()
    journal.compact(EVERYTHING)
    first.write_bytes(content)
    left = segments.archives()[0].with_name(first.name.replace(".segment", f".{'0' * 64}.segment.gz"))
    left.write_bytes(b"of an earlier try")
    assert (payloads(journal), journal.verify().fault) == (ALL, None)
    assert journal.compact(EVERYTHING) == 2
    assert not first.exists() and not left.exists()
    assert (payloads(journal), journal.verify().fault) == (ALL, None)


def test_a_full_disk_stops_the_compaction_and_loses_nothing(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = with_snapshots(segments)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(JournalError, match="can't be compacted"):
            journal.compact(EVERYTHING)
    assert segments.archives() == [] and payloads(journal) == ALL
    assert journal.compact(EVERYTHING) == 4


def test_a_first_opening_with_the_archive_alone_is_refused(segments: Medium):
    compacted(segments)
    for path in segments.segments():
        path.unlink()
    with pytest.raises(JournalCorrupt, match="those that follow are missing"):
        segments.open()


@pytest.mark.parametrize(
    ("damage_done", "record"),
    [
        ("UPDATE journal_archive SET payload = 'x' WHERE journal = %s AND sequence = 2", 2),
        ("DELETE FROM journal_archive WHERE journal = %s AND sequence = 1", 1),
        ("DELETE FROM journal_archive WHERE journal = %s", 1),
        ("DELETE FROM journal_records WHERE journal = %s AND sequence = 5", 5),
    ],
)
def test_damage_in_the_archive_table_is_found_and_its_record_named(database: Medium, damage_done: str, record: int):
    journal = with_snapshots(database)
    journal.compact(EVERYTHING)
    database.sql(damage_done, f"{database.directory.name}/oms-p03")
    fault = journal.verify().fault
    assert fault is not None and fault.record == record


def test_tables_of_before_snapshots_are_taken_over(database: Medium):
    with_snapshots(database, 0).close()
    tables = ("journal_archive", "journal_snapshots", "journal_retention")
    for table in tables:
        database.sql(f"ALTER TABLE {table} RENAME TO {table}_away")
        database.sql(f"ALTER INDEX {table}_pkey RENAME TO {table}_away_pkey")
    try:
        assert database.reader().verify().records == 2
        journal = database.open()
        journal.save_snapshot(b"state", 1)
        assert journal.snapshot() is not None
    finally:
        for table in tables:
            database.sql(f"DROP TABLE {table}")
            database.sql(f"ALTER TABLE {table}_away RENAME TO {table}")
            database.sql(f"ALTER INDEX {table}_away_pkey RENAME TO {table}_pkey")


def test_a_check_goes_on_from_what_is_kept_where_retention_deletes_while_it_walks(medium: Medium):
    journal = with_snapshots(medium, retention_days=0)
    expected = journal.verify().head
    compacted: list[int] = []

    def delete(_: int) -> None:
        if not compacted:
            compacted.append(0)
            compacted[0] = journal.compact(EVERYTHING)

    found = medium.reader().verify(progress=delete)
    assert (compacted, found.records, found.head, found.fault) == ([4], 8, expected, None)


def test_a_segment_that_is_removed_while_it_is_read_is_told(segments: Medium):
    with_snapshots(segments).close()
    records = segments.reader().read()
    next(records)
    segments.segments()[1].unlink()
    with pytest.raises(JournalCorrupt, match="record 3 .* the segment is gone"):
        list(records)


def test_nothing_is_deleted_where_the_first_kept_segment_is_damaged(segments: Medium):
    journal = with_snapshots(segments)
    journal.compact(EVERYTHING)
    journal = segments.open(retention_days=0)
    first = segments.segments()[0]
    first.write_bytes(b"?" + first.read_bytes()[1:])
    with pytest.raises(JournalCorrupt, match="record 5 .* no journal segment"):
        journal.compact(EVERYTHING)
    assert len(segments.archives()) == 2
