"""Who may write segment files: leases, takeovers, stale writers."""

from __future__ import annotations

import fcntl
import os

import pytest

from actors.errors import JournalCorrupt, JournalError, JournalFenced
from actors.journal.lease import LeaseFile, read_lease
from actors.journal.records import encode
from actors.journal.segments import SegmentJournal
from tests.actors.journal.conftest import Medium


def open_segments(medium: Medium, owner: str = "first", **changes: object) -> SegmentJournal:
    journal = medium.open(owner=owner, **changes)
    assert isinstance(journal, SegmentJournal)
    return journal


def test_a_record_that_a_stale_writer_slips_in_after_the_takeover_is_ignored_and_noted(segments: Medium):
    old = open_segments(segments)
    for payload in (b"one", b"two"):
        old.append(1, 1, payload)
    new = open_segments(segments, "second")
    os.write(old._descriptor, encode(3, 1, 1, 1, old._hash, b"stale"))
    assert new.append(1, 1, b"three") == 3
    assert [record.payload for record in new.read()] == [b"one", b"two", b"three"]
    assert [record.payload for record in segments.reader().read(3)] == [b"three"]
    for found in (new.verify(), segments.reader().verify()):
        assert (found.records, found.fault) == (3, None)
        assert len(found.notes) == 1 and "lease was taken over" in found.notes[0]
    third = open_segments(segments, "third")
    assert third.append(1, 1, b"four") == 4
    assert [record.payload for record in third.read()] == [b"one", b"two", b"three", b"four"]


def test_a_record_whose_writer_was_displaced_in_mid_append_is_not_acknowledged(
    segments: Medium, monkeypatch: pytest.MonkeyPatch
):
    old = open_segments(segments)
    old.append(1, 1, b"one")
    write = os.write

    def displaced(descriptor: int, content: bytes) -> int:
        monkeypatch.undo()
        segments.open(owner="second")
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", displaced)
    with pytest.raises(JournalFenced):
        old.append(1, 1, b"stale")
    assert [record.payload for record in segments.reader().read()] == [b"one"]


def test_a_displaced_writer_does_not_cut_what_its_successor_may_have_read(
    segments: Medium, monkeypatch: pytest.MonkeyPatch
):
    old = open_segments(segments)
    old.append(1, 1, b"one")
    write = os.write

    def interrupted(descriptor: int, content: bytes) -> int:
        write(descriptor, content)
        monkeypatch.undo()
        segments.open(owner="second")
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        old.append(1, 1, b"two")
    assert [record.payload for record in segments.reader().read()] == [b"one", b"two"]
    assert segments.reader().verify().fault is None


def test_an_opening_that_was_overtaken_by_another_changes_nothing(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    open_segments(segments).append(1, 1, b"one")
    take = LeaseFile.take

    def overtaken(self: LeaseFile, owner: str, above: int) -> int:
        epoch = take(self, owner, above)
        monkeypatch.undo()
        open_segments(segments, "third")
        return epoch

    monkeypatch.setattr(LeaseFile, "take", overtaken)
    with pytest.raises(JournalFenced, match="third"):
        open_segments(segments, "second")
    assert len(segments.segments()) == 2


def test_the_epoch_is_found_again_when_the_lease_file_is_lost(segments: Medium):
    for _ in range(3):
        open_segments(segments).close()
    (segments.directory / "journal" / "oms-p03" / "lease").unlink()
    assert open_segments(segments).lease.epoch == 4


def test_a_lease_names_epoch_acknowledged_sequence_and_owner(segments: Medium):
    path = segments.directory / "journal" / "oms-p03" / "lease"
    assert read_lease(path)[:3] == (0, 0, "")
    journal = open_segments(segments, "owner " + "ü" * 80)
    journal.append(1, 1, b"")
    state = read_lease(path)
    assert (state.epoch, state.acknowledged) == (1, 1) and state.owner.startswith("owner üüü")
    journal.close()
    path.write_bytes(b"")
    assert read_lease(path)[:3] == (0, 0, "")


def test_with_durability_disk_a_record_is_acknowledged_by_the_flush(segments: Medium):
    path = segments.directory / "journal" / "oms-p03" / "lease"
    journal = open_segments(segments, durability="disk")
    journal.append(1, 1, b"")
    assert read_lease(path).acknowledged == 0
    journal.flush()
    assert read_lease(path).acknowledged == 1


def test_a_file_that_is_no_lease_is_refused(segments: Medium):
    open_segments(segments).close()
    path = segments.directory / "journal" / "oms-p03" / "lease"
    path.write_bytes(b"something else")
    with pytest.raises(JournalCorrupt, match="no lease file"):
        segments.open()
    assert "no lease file" in str(segments.reader().verify().fault)


@pytest.mark.parametrize("bit", [34, 63])
def test_an_epoch_that_no_segment_could_be_named_after_is_refused(segments: Medium, bit: int):
    """A segment of such a name would not be found again, and what was acknowledged in it neither."""
    open_segments(segments).close()
    path = segments.directory / "journal" / "oms-p03" / "lease"
    content = bytearray(path.read_bytes())
    content[8 + bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="epoch"):
        segments.open()
    assert "epoch" in str(segments.reader().verify().fault)
    path.unlink()
    assert open_segments(segments).lease.epoch == 2


def test_a_lease_that_another_process_keeps_locked_is_an_error(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    open_segments(segments).close()
    monkeypatch.setattr("actors.journal.lease._LOCK_SECONDS", 0.01)
    with (segments.directory / "journal" / "oms-p03" / "lease").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="another process"):
            segments.open()
    assert open_segments(segments).lease.epoch == 2
