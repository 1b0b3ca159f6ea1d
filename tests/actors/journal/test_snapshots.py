"""Snapshots on every medium: which one is found, which are refused, and what they let recovery leave out."""

from __future__ import annotations

import pathlib

import pytest
from structlog.testing import capture_logs

from actors.errors import InputError, JournalCorrupt, JournalError, JournalFenced
from actors.journal import Journal, Snapshot
from actors.journal.records import chain_hash, encode, genesis
from actors.journal.segment_folder import SegmentFolder
from actors.journal.snapshots import whole
from tests.actors.journal.conftest import Medium


def append(journal: Journal, *payloads: bytes) -> None:
    for payload in payloads:
        journal.append(1, 1, payload)


def with_snapshots(medium: Medium, count: int = 3, first: bytes = b"a", **changes: object) -> Journal:
    """Return a journal with two records before each of its snapshots and two after the last."""
    journal = medium.open(**changes)
    for number in range(1, count + 1):
        append(journal, first + b"%d" % number, b"b%d" % number)
        journal.save_snapshot(b"state %d" % number, number)
    append(journal, b"rest 1", b"rest 2")
    journal.flush()
    return journal


def damage(medium: Medium, content: bytes, number: int = -1) -> None:
    """Put other bytes in the place of a snapshot, by default the newest."""
    if medium.dsn is None:
        medium.snapshots()[number].write_bytes(content)
        return
    key = f"{medium.directory.name}/oms-p03"
    rows = medium.sql("SELECT sequence FROM journal_snapshots WHERE journal = %s ORDER BY sequence", key)
    change = "UPDATE journal_snapshots SET content = %s WHERE journal = %s AND sequence = %s"
    medium.sql(change, content, key, rows[number][0])


def content(medium: Medium, number: int = -1) -> bytes:
    if medium.dsn is None:
        return medium.snapshots()[number].read_bytes()
    key = f"{medium.directory.name}/oms-p03"
    rows = medium.sql("SELECT content FROM journal_snapshots WHERE journal = %s ORDER BY sequence", key)
    return bytes(rows[number][0])


def test_without_a_snapshot_there_is_none(filled):
    journal = filled(3)
    assert journal.snapshot() is None


def test_the_newest_snapshot_is_found_and_carries_the_hash_of_its_record(medium: Medium):
    journal = with_snapshots(medium)
    for journal in (journal, medium.open(owner="second")):
        found = journal.snapshot()
        assert found is not None and found[:1] + found[2:] == (6, 3, b"state 3")
        assert [record.payload for record in journal.read(found.sequence + 1)] == [b"rest 1", b"rest 2"]
        assert sum(1 for _ in journal.read()) == 8
    other = Medium(medium.section, medium.directory.with_name("other-run"), medium.dsn)
    same = other.open()
    append(same, *(b"a1", b"b1", b"a2", b"b2", b"a3", b"b3"))
    assert same.verify().head == found.hash.hex()
    other.close()


def test_a_snapshot_of_no_records_is_one(medium: Medium):
    journal = medium.open()
    journal.save_snapshot(b"nothing yet", 1)
    assert journal.snapshot() == medium.open().snapshot() == Snapshot(0, genesis("oms-p03"), 1, b"nothing yet")


def test_a_snapshot_is_of_what_was_appended_also_before_any_flush(medium: Medium):
    journal = medium.open(durability="disk")
    append(journal, b"one", b"two")
    journal.save_snapshot(b"both", 1)
    assert medium.reader().verify().records == 2
    found = journal.snapshot()
    assert found is not None and (found.sequence, found.hash.hex()) == (2, journal.verify().head)


def test_a_second_snapshot_of_the_same_record_takes_the_place_of_the_first(medium: Medium):
    journal = with_snapshots(medium, 1)
    journal.save_snapshot(b"first", 1)
    journal.save_snapshot(b"second", 2)
    found = journal.snapshot()
    assert found is not None and found[2:] == (2, b"second")


def test_the_newest_two_snapshots_are_kept(medium: Medium):
    journal = with_snapshots(medium, 4)
    damage(medium, b"")
    with capture_logs():
        found = journal.snapshot()
    assert found is not None and found.sequence == 6
    damage(medium, b"", 0)
    with capture_logs():
        assert journal.snapshot() is None


@pytest.mark.parametrize("at", [0, 9, 20, 40, 100, 130, 140, -1])
def test_a_damaged_snapshot_is_left_out_with_a_warning_and_the_one_before_is_used(medium: Medium, at: int):
    journal = with_snapshots(medium)
    whole = bytearray(content(medium))
    whole[at] ^= 0x41
    damage(medium, bytes(whole))
    for journal in (journal, medium.open()):
        with capture_logs() as logs:
            found = journal.snapshot()
        assert found is not None and (found.sequence, found.payload) == (4, b"state 2")
        assert [(log["log_level"], log["event"]) for log in logs] == [("warning", "damaged snapshot left out")]
        verified = journal.verify()
        assert verified.fault is None and len(verified.notes) == 1 and "is damaged" in verified.notes[0]


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_snapshot_that_was_cut_off_is_left_out(medium: Medium, length: int):
    journal = with_snapshots(medium)
    damage(medium, content(medium)[:length])
    with capture_logs():
        found = journal.snapshot()
    assert found is not None and found.sequence == 4


def test_a_snapshot_of_a_later_format_is_left_out(medium: Medium, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("actors.journal.snapshots.FORMAT", 2)
    journal = with_snapshots(medium, 1)
    monkeypatch.undo()
    with capture_logs() as logs:
        assert journal.snapshot() is None
    assert "format 2; this program reads format 1" in str(logs)


def test_a_snapshot_of_another_run_is_refused(medium: Medium, tmp_path: pathlib.Path):
    other = Medium(medium.section, tmp_path / "another-run", medium.dsn)
    with_snapshots(other, first=b"another").close()
    journal = with_snapshots(medium)
    damage(medium, content(other))
    for journal in (journal, medium.open()):
        with pytest.raises(JournalCorrupt, match="record 6 .* another history"):
            journal.snapshot()
        fault = journal.verify().fault
        assert fault is not None and fault.record == 6 and "knows another hash of it" in str(fault)
    other.close()


def test_a_snapshot_of_another_journal_is_refused(medium: Medium):
    other = medium.open("oms-p04")
    append(other, *(b"a1", b"b1", b"a2", b"b2", b"a3", b"b3"))
    other.save_snapshot(b"state", 1)
    journal = with_snapshots(medium)
    if medium.dsn is None:
        damage(medium, medium.snapshots("oms-p04")[0].read_bytes())
    else:
        key = f"{medium.directory.name}/oms-p04"
        damage(medium, bytes(medium.sql("SELECT content FROM journal_snapshots WHERE journal = %s", key)[0][0]))
    with pytest.raises(JournalCorrupt, match="belongs to journal oms-p04"):
        journal.snapshot()
    fault = journal.verify().fault
    assert fault is not None and "belongs to journal oms-p04" in str(fault)


@pytest.mark.parametrize(
    ("field", "arguments"), [("version", (b"", 0)), ("version", (b"", 65_536)), ("payload", ("text", 1))]
)
def test_a_snapshot_that_can_not_be_written_is_refused(medium: Medium, field: str, arguments):
    journal = medium.open()
    with pytest.raises(InputError) as caught:
        journal.save_snapshot(*arguments)
    assert caught.value.field == field and journal.snapshot() is None


def test_a_payload_beyond_the_limit_is_refused(medium: Medium, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("actors.journal.snapshots.MAXIMUM_PAYLOAD", 10)
    with pytest.raises(InputError, match="at most 10 bytes"):
        medium.open().save_snapshot(b"x" * 11, 1)


def test_a_fenced_owner_can_not_save_a_snapshot(medium: Medium):
    old = with_snapshots(medium, 1)
    new = medium.open(owner="second")
    with pytest.raises(JournalFenced):
        old.save_snapshot(b"stale", 1)
    found = new.snapshot()
    assert found is not None and found.payload == b"state 1"


def test_a_snapshot_of_records_that_were_lost_is_removed_at_opening(segments: Medium):
    with_snapshots(segments, 3).close()
    segments.segments()[-1].unlink()
    damaged = segments.segments()[-1]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(JournalCorrupt, match="records 6 to 8 are missing"):
        segments.open()
    with capture_logs() as logs:
        journal = segments.open(accept_loss=True)
    assert "snapshot of lost records removed" in [log["event"] for log in logs]
    found = journal.snapshot()
    assert found is not None and found.sequence == 4
    assert [record.sequence for record in journal.read()] == [1, 2, 3, 4, 5]


def test_a_full_disk_refuses_a_snapshot_and_keeps_the_one_before(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = with_snapshots(segments)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("actors.journal.segments.write_whole", full)
        with pytest.raises(JournalError, match="snapshot .* can't be written"):
            journal.save_snapshot(b"lost", 1)
    found = journal.snapshot()
    assert found is not None and found.payload == b"state 3"
    append(journal, b"on")
    assert journal.verify().fault is None


def test_opening_and_recovery_with_a_snapshot_read_only_what_follows_it(
    segments: Medium, monkeypatch: pytest.MonkeyPatch
):
    with_snapshots(segments).close()
    for path in segments.segments()[:-2]:
        path.write_bytes(b"not to be read")
    journal = segments.open()
    found = journal.snapshot()
    assert found is not None and found.sequence == 6
    assert [record.payload for record in journal.read(7)] == [b"rest 1", b"rest 2"]


def test_the_hash_of_any_record_can_be_asked_for(segments: Medium):
    journal = with_snapshots(segments)
    hashes = [genesis("oms-p03")]
    for record in journal.read():
        hashes.append(chain_hash(encode(*record[:4], hashes[-1], record.payload)))
    files = SegmentFolder(segments.directory / "journal" / "oms-p03", "oms-p03")
    assert [files.hash_of(sequence) for sequence in range(9)] == hashes
    journal.compact(7)
    assert [files.hash_of(sequence) for sequence in range(9)] == hashes


def test_a_snapshot_that_is_replaced_by_newer_ones_while_they_are_looked_at_is_left_out(segments: Medium):
    with_snapshots(segments)
    stored = SegmentFolder(segments.directory / "journal" / "oms-p03", "oms-p03").stored()
    segments.snapshots()[0].unlink()
    assert [snapshot.sequence for _, snapshot in whole("oms-p03", stored, pytest.fail)] == [6]


def test_a_snapshot_whose_record_is_missing_in_the_table_is_refused(database: Medium):
    journal = with_snapshots(database)
    key = f"{database.directory.name}/oms-p03"
    database.sql("DELETE FROM journal_records WHERE journal = %s AND sequence = 6", key)
    with pytest.raises(JournalCorrupt, match="record 6 .* missing"):
        journal.snapshot()
