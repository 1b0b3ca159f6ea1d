"""What segment files do when acknowledged records are gone: they refuse, or say so for ever."""

from __future__ import annotations

import pathlib

import pytest
from structlog.testing import capture_logs

from actors.errors import JournalCorrupt
from actors.journal import Journal
from actors.journal.journal import Record
from actors.journal.lease import read_lease
from actors.journal.losses import LOSS_KIND, read_loss
from actors.journal.records import HEADER
from actors.journal.segment_files import HEADER_SIZE
from tests.actors.journal.conftest import Medium


def written(segments: Medium, count: int = 7, **changes: object) -> pathlib.Path:
    """Write records and return the segment that has them; each has its number as its time."""
    journal = segments.open(**changes)
    for number in range(1, count + 1):
        journal.append(number, 1, b"payload %d" % number)
    journal.close()
    return segments.segments()[-1]


def cut(path: pathlib.Path, records: int) -> None:
    """Take records away at the end of a segment."""
    content, starts, at = path.read_bytes(), [], HEADER_SIZE
    while at < len(content):
        starts.append(at)
        at += HEADER.size + HEADER.unpack_from(content, at)[0]
    path.write_bytes(content[: starts[-records]])


def as_if_held(segments: Medium, boot: bytes, held: int = 1) -> None:
    """Let the lease say that it was held when the machine stopped."""
    path = lease_of(segments)
    content = path.read_bytes()
    path.write_bytes(content[:104] + boot + held.to_bytes(8, "little") + content[128:])


def lease_of(segments: Medium) -> pathlib.Path:
    return segments.directory / "journal" / "oms-p03" / "lease"


def own_words(journal: Journal) -> list[Record]:
    return [record for record in journal.read(losses=True) if record.kind == LOSS_KIND]


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_a_journal_cut_at_a_record_is_refused_until_somebody_accepts_the_loss(segments: Medium, durability: str):
    cut(written(segments, durability=durability), 2)
    for _ in range(2):
        with pytest.raises(JournalCorrupt, match="records 6 to 7 are missing.*accept_loss=true"):
            segments.open(durability=durability)
        fault = segments.reader().verify().fault
        assert fault is not None and fault.record == 6, "a refused start must not hide it"
    journal = segments.open(durability=durability, accept_loss=True)
    assert [record.sequence for record in journal.read()] == [1, 2, 3, 4, 5]
    assert journal.append(9, 1, b"on") == 7
    journal.close()


def test_an_accepted_loss_is_on_the_chain_and_told_for_ever(segments: Medium):
    cut(written(segments), 2)
    segments.open(accept_loss=True, owner="chief").close()
    for _ in range(3):
        journal = segments.open()
        assert journal.append(9, 1, b"on") and journal.verify().fault is None
        journal.close()
    verified = segments.reader().verify()
    assert verified.fault is None
    assert [note for note in verified.notes if "lost" in note] == [
        "record 6: lost, although acknowledged: records 6 to 7 "
        "(missing in the segments, and accepted by whoever started the owner)"
    ]
    (record,) = own_words(segments.open())
    loss = read_loss(record)
    assert (record.sequence, record.time, loss.time) == (6, 5, 5)
    assert (loss.kept, loss.acknowledged, loss.missing, loss.owner) == (5, 7, 2, "chief")
    assert LOSS_KIND not in {found.kind for found in segments.reader().read()}


def test_a_word_on_a_loss_that_is_changed_or_removed_is_found(segments: Medium):
    cut(written(segments), 2)
    journal = segments.open(accept_loss=True)
    journal.append(9, 1, b"on")
    journal.close()
    path = segments.segments()[-1]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"accepted", b"unlikely"))
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 6


def test_kill_9_between_the_word_on_a_loss_and_the_lease_is_no_damage(
    segments: Medium, monkeypatch: pytest.MonkeyPatch
):
    cut(written(segments), 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("actors.journal.lease.LeaseFile.acknowledge", killed)
        with pytest.raises(KeyboardInterrupt):
            segments.open(accept_loss=True)
    assert segments.reader().verify().fault is None
    journal = segments.open()
    assert len(own_words(journal)) == 1 and journal.last_sequence == 7


def test_a_machine_that_stopped_while_a_journal_was_open_may_have_lost_records(segments: Medium):
    written(segments)
    as_if_held(segments, b"another start...")
    with capture_logs() as logs:
        journal = segments.open()
    assert "records of the journal are lost" in [log["event"] for log in logs]
    loss = read_loss(own_words(journal)[0])
    assert (loss.kept, loss.missing, loss.epoch) == (7, 0, 2) and "machine was started anew" in loss.text
    journal.close()
    assert len(own_words(segments.open())) == 1, "told once"


@pytest.mark.parametrize("held", [0, 2], ids=["closed", "every record was forced to disk"])
def test_a_machine_that_stopped_took_nothing_that_was_on_disk(segments: Medium, held: int):
    written(segments)
    as_if_held(segments, b"another start...", held)
    assert not own_words(segments.open())


def test_a_journal_that_is_open_says_so_until_it_is_closed(segments: Medium):
    journal = segments.open()
    assert read_lease(lease_of(segments)).held == 1
    journal.close()
    assert read_lease(lease_of(segments)).held == 0
    journal = segments.open(durability="disk")
    assert read_lease(lease_of(segments)).held == 2


def test_kill_9_is_no_loss(segments: Medium):
    """The owner before has not closed it, and its last record was not acknowledged any more."""
    journal = segments.open()
    journal.append(1, 1, b"one")
    lease = lease_of(segments).read_bytes()
    journal.append(2, 1, b"two")
    lease_of(segments).write_bytes(lease)
    journal = segments.open()
    assert not own_words(journal) and journal.last_sequence == 2


def test_a_lease_that_is_missing_or_knows_too_little_is_told_and_put_on_record(segments: Medium):
    written(segments)
    path = lease_of(segments)
    content = path.read_bytes()
    path.unlink()
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 8 and "the lease is missing" in str(fault)
    path.write_bytes(content[:16] + bytes(88) + content[104:])
    journal = segments.open()
    assert "the lease knew of none after record 0" in read_loss(own_words(journal)[0]).text
    journal.close()
    path.unlink()
    assert "the lease was missing" in read_loss(own_words(segments.open())[-1]).text


def test_a_changed_newest_record_stops_the_opening(segments: Medium):
    path, other = written(segments), Medium(segments.section, segments.directory / "other")
    forged = written(other).read_bytes().replace(b"payload 7", b"another 7")
    journal = other.open("unused")
    journal.close()
    from actors.journal.records import chain_hash, encode

    content = path.read_bytes()
    last = content.rindex(b"payload 7") - HEADER.size
    _, number, time, kind, version, before, _, _ = HEADER.unpack_from(content, last)
    assert len(forged) == len(content) and chain_hash(content[last:])
    path.write_bytes(content[:last] + encode(number, time, kind, version, before, b"another 7"))
    with pytest.raises(JournalCorrupt, match="record 7 .*the lease knows another hash"):
        segments.open()
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 7


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_a_writer_killed_between_any_two_words_of_the_lease_leaves_a_whole_journal(segments: Medium, durability: str):
    """The head of what is acknowledged stays; one that is half written is ahead of it."""
    journal = segments.open(durability=durability)
    for number in range(1, 4):
        journal.append(number, 1, b"before")
        journal.flush()
    before = lease_of(segments).read_bytes()
    for number in range(4, 7 if durability == "disk" else 5):
        journal.append(number, 1, b"after")
    journal.flush()
    after = lease_of(segments).read_bytes()
    changed = [at for at in range(0, 128, 8) if before[at : at + 8] != after[at : at + 8]]
    assert len(changed) == 6, "a sequence, four words of its hash, and what is acknowledged"
    order = [*(at for at in changed if at != 16), 16]
    for words in range(len(order)):
        torn = bytearray(before)
        for at in order[:words]:
            torn[at : at + 8] = after[at : at + 8]
        lease_of(segments).write_bytes(torn)
        assert segments.reader().verify().fault is None, words
    lease_of(segments).write_bytes(after)
    journal.close()


def test_a_lease_of_version_1_is_brought_up_to_date(segments: Medium):
    path = written(segments)
    lease = lease_of(segments)
    state = read_lease(lease)
    old = b"AMLEASE1" + lease.read_bytes()[8:24] + b"an owner of old".ljust(104, b"\0")
    lease.write_bytes(old)
    assert read_lease(lease)[:3] == (state.epoch, 7, "an owner of old")
    assert segments.reader().verify().fault is None
    journal = segments.open()
    assert (journal.lease.epoch, journal.last_sequence, own_words(journal)) == (2, 7, [])
    journal.close()
    cut(path, 1)
    segments.segments()[-1].unlink()
    lease.write_bytes(old)
    with pytest.raises(JournalCorrupt, match="record 7 is missing"):
        segments.open()
