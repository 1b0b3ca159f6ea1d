"""What segment files do when the disk fails."""

from __future__ import annotations

import errno
import os
import pathlib

import pytest

from actors.errors import JournalError, JournalFenced
from actors.journal import Journal
from tests.actors.journal.conftest import Medium

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full(*_: object) -> int:
    raise FULL


def half(write=os.write):
    """Return a write that gets only half of its bytes to the disk."""
    return lambda descriptor, content: write(descriptor, content[: len(content) // 2])


def assert_goes_on(medium: Medium, journal: Journal) -> None:
    assert journal.last_sequence == 1
    assert journal.append(1, 1, b"two") == 2
    assert [record.payload for record in journal.read()] == [b"one", b"two"]
    assert medium.reader().verify() == journal.verify()
    assert journal.verify().fault is None


@pytest.fixture
def journal(segments: Medium) -> Journal:
    journal = segments.open(segment_mib=1)
    journal.append(1, 1, b"one")
    return journal


@pytest.mark.parametrize("write", [full, half()], ids=["no space", "space for half"])
def test_a_full_disk_refuses_the_record_and_keeps_the_journal_whole(
    segments: Medium, journal: Journal, monkeypatch: pytest.MonkeyPatch, write
):
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        for _ in range(3):
            with pytest.raises(JournalError, match="record 2 can't be written"):
                journal.append(1, 1, b"lost")
    assert_goes_on(segments, journal)


def test_an_interrupted_append_leaves_nothing(segments: Medium, journal: Journal, monkeypatch: pytest.MonkeyPatch):
    write = os.write

    def interrupted(descriptor: int, content: bytes) -> int:
        write(descriptor, content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append(1, 1, b"lost")
    assert_goes_on(segments, journal)


def test_a_record_that_can_not_be_taken_back_closes_the_journal_and_is_cut_by_the_next_owner(
    segments: Medium, journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half())
        patch.setattr(os, "ftruncate", full)
        with pytest.raises(JournalError):
            journal.append(1, 1, b"lost")
    with pytest.raises(JournalError, match="could not be taken back"):
        journal.append(1, 1, b"refused")
    assert_goes_on(segments, segments.open())


@pytest.mark.parametrize("write", [full, half()], ids=["no space", "space for half"])
def test_a_segment_that_can_not_be_begun_refuses_the_record(
    segments: Medium, journal: Journal, monkeypatch: pytest.MonkeyPatch, write
):
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(JournalError, match="can't begin a new segment"):
            journal.append(1, 1, bytes(1 << 20))
    assert sorted(path.suffix for path in segments.segments()[0].parent.iterdir()) == ["", ".segment"]
    assert_goes_on(segments, journal)


def test_a_failed_flush_closes_the_journal(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = segments.open(durability="disk")
    journal.append(1, 1, b"one")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", full)
        with pytest.raises(JournalError, match="can't be flushed"):
            journal.flush()
    for act in (journal.flush, lambda: journal.append(1, 1, b"two")):
        with pytest.raises(JournalError, match="disk failed"):
            act()
    journal.close()


@pytest.mark.parametrize("write", [full, half()], ids=["no space", "space for half"])
def test_of_a_flush_that_finds_the_disk_full_nothing_counts_and_the_journal_goes_on(
    segments: Medium, monkeypatch: pytest.MonkeyPatch, write
):
    journal = segments.open(durability="disk")
    journal.append(1, 1, b"one")
    journal.flush()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        assert [journal.append(1, 1, b"lost"), journal.append(1, 1, b"lost too")] == [2, 3]
        with pytest.raises(JournalError, match="record 3 can't be written"):
            journal.flush()
    assert_goes_on(segments, journal)


def test_a_flush_of_a_stale_owner_writes_nothing(segments: Medium):
    old = segments.open(durability="disk")
    old.append(1, 1, b"stale")
    new = segments.open(owner="second", durability="disk")
    with pytest.raises(JournalFenced):
        old.flush()
    assert new.append(1, 1, b"fresh") == 1
    assert [record.payload for record in new.read()] == [b"fresh"] and new.verify().notes == ()


def test_what_waits_for_a_flush_goes_into_a_new_segment_where_the_old_one_is_full(segments: Medium):
    journal = segments.open(durability="disk", segment_mib=1)
    for round_number in range(3):
        for _ in range(3):
            journal.append(1, 1, bytes(200_000))
        journal.flush()
    assert len(segments.segments()) == 3
    assert [record.sequence for record in journal.read(5)] == [5, 6, 7, 8, 9]
    assert segments.reader().verify() == journal.verify()
    assert segments.open(durability="disk").last_sequence == 9


def test_closing_flushes(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    flushed: list[int] = []
    journal = segments.open(durability="disk", segment_mib=1)
    for _ in range(3):
        journal.append(1, 1, bytes(600_000))
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    journal.close()
    assert len(flushed) == 1


def test_a_folder_that_can_not_be_made_is_an_error(segments: Medium, tmp_path: pathlib.Path):
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(JournalError, match="can't be opened"):
        segments.open()
