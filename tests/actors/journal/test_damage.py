"""What segment files do when their bytes are not what was written."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from actors.errors import JournalCorrupt
from actors.journal import Journal
from actors.journal.records import HEADER, encode, genesis
from actors.journal.segment_files import HEADER_SIZE
from tests.actors.journal.conftest import Medium

PAYLOADS = [b"first payload", b"second payload", b"third payload", b"the fourth and last"]


def bounds(content: bytes) -> list[tuple[int, int]]:
    """Return where each record of a segment begins and ends."""
    found, at = [], HEADER_SIZE
    while at < len(content):
        end = at + HEADER.size + HEADER.unpack_from(content, at)[0]
        found.append((at, end))
        at = end
    return found


def write(medium: Medium, payloads: list[bytes] = PAYLOADS, **changes: object) -> Journal:
    journal = medium.open(**changes)
    for payload in payloads:
        journal.append(1, 1, payload)
    return journal


def written(medium: Medium) -> pathlib.Path:
    write(medium).close()
    return medium.segments()[0]


def test_a_torn_last_record_is_cut_off_with_a_warning_wherever_it_was_torn(segments: Medium):
    path = written(segments)
    whole, lease = path.read_bytes(), path.with_name("lease").read_bytes()
    begin, end = bounds(whole)[-1]
    for length in range(begin, end):
        for later in segments.segments():
            later.unlink()
        path.write_bytes(whole[:length])
        path.with_name("lease").write_bytes(lease)
        assert [record.payload for record in segments.reader().read()] == PAYLOADS[:3]
        with pytest.raises(JournalCorrupt, match="ends with record 3, but record 4 is missing"):
            segments.open()
        with capture_logs() as logs:
            journal = segments.open(accept_loss=True)
        torn = [entry for entry in logs if entry["event"] == "torn record cut off"]
        assert [(entry["log_level"], entry["record"], entry["byte"]) for entry in torn] == [
            ("warning", 4, begin) for _ in range(length > begin)
        ]
        assert "records of the journal are lost" in [entry["event"] for entry in logs]
        assert path.stat().st_size == begin
        assert journal.append(1, 1, b"again") == 5, "4 says that the former one is lost"
        assert [record.payload for record in journal.read()] == [*PAYLOADS[:3], b"again"]
        assert journal.verify().fault is None
        journal.close()


def test_a_reader_notes_an_unfinished_record(segments: Medium):
    journal = write(segments)
    with segments.segments()[0].open("ab") as file:
        file.write(b"begun")
    found = segments.reader().verify()
    assert (found.records, found.fault) == (4, None)
    assert found.notes == ("5 bytes of an unfinished record follow record 4",)
    journal.close()


def test_every_flipped_byte_is_found_and_its_record_named(segments: Medium):
    path = written(segments)
    whole = path.read_bytes()
    for number, (begin, end) in enumerate(bounds(whole), 1):
        for byte in range(begin, end):
            path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 0x41]) + whole[byte + 1 :])
            with pytest.raises(JournalCorrupt) as caught:
                list(segments.reader().read())
            assert (caught.value.field, caught.value.value) == (path.name, number)
            assert f"byte {begin}:" in caught.value.message
    with pytest.raises(JournalCorrupt):
        segments.open()


def test_every_flipped_byte_of_a_segment_header_is_found(segments: Medium):
    path = written(segments)
    whole = path.read_bytes()
    for byte in range(HEADER_SIZE):
        path.write_bytes(whole[:byte] + bytes([whole[byte] ^ 0x41]) + whole[byte + 1 :])
        found = segments.reader().verify()
        assert found.records == 0 and found.fault is not None and path.name in str(found.fault)
    with pytest.raises(JournalCorrupt):
        segments.open()


def remove(content: bytes, records: list[tuple[int, int]]) -> bytes:
    begin, end = records[1]
    return content[:begin] + content[end:]


def insert_copy(content: bytes, records: list[tuple[int, int]]) -> bytes:
    begin, end = records[0]
    return content[:end] + content[begin:end] + content[end:]


def insert_forged(content: bytes, records: list[tuple[int, int]]) -> bytes:
    end = records[0][1]
    return content[:end] + encode(2, 1, 1, 1, genesis("elsewhere"), b"forged") + content[end:]


def swap(content: bytes, records: list[tuple[int, int]]) -> bytes:
    (_, begin), (_, middle), (_, end) = records[0], records[1], records[2]
    return content[:begin] + content[middle:end] + content[begin:middle] + content[end:]


@pytest.mark.parametrize("damage", [remove, insert_copy, insert_forged, swap])
def test_removed_inserted_and_exchanged_records_are_found(
    segments: Medium, damage: Callable[[bytes, list[tuple[int, int]]], bytes]
):
    path = written(segments)
    content = path.read_bytes()
    path.write_bytes(damage(content, bounds(content)))
    fault = segments.reader().verify().fault
    assert fault is not None and "record 2 " in str(fault) and path.name in str(fault)


def test_removed_records_at_the_end_are_missed_by_verify(segments: Medium):
    path = written(segments)
    content = path.read_bytes()
    path.write_bytes(content[: bounds(content)[1][1]])
    fault = segments.reader().verify().fault
    assert fault is not None and fault.record == 3
    assert "it is missing, and so is all up to record 4, which an owner was told is kept" in str(fault)


def test_an_owner_whose_file_lost_its_end_sees_it(segments: Medium):
    journal = write(segments)
    path = segments.segments()[0]
    content = path.read_bytes()
    path.write_bytes(content[: bounds(content)[1][1]])
    with pytest.raises(JournalCorrupt, match="record 3 .*up to record 4"):
        list(journal.read())
    fault = journal.verify().fault
    assert fault is not None and "record 3 " in str(fault)


def test_flushed_records_that_are_missing_stop_the_opening(segments: Medium):
    write(segments, durability="disk").close()
    path = segments.segments()[0]
    content = path.read_bytes()
    path.write_bytes(content[: bounds(content)[2][1]])
    with pytest.raises(JournalCorrupt, match="record 4 is missing"):
        segments.open(durability="disk")
    path.unlink()
    with pytest.raises(JournalCorrupt, match="records 1 to 4 are missing"):
        segments.open(durability="disk")


def many_segments(medium: Medium) -> list[pathlib.Path]:
    write(medium, [bytes(400_000)] * 7, segment_mib=1).close()
    assert len(medium.segments()) == 4
    return medium.segments()


def test_segments_are_rolled_and_read_as_one_journal(segments: Medium):
    many_segments(segments)
    assert [record.sequence for record in segments.reader().read(4)] == [4, 5, 6, 7]
    assert segments.reader().verify().records == 7
    assert segments.open().last_sequence == 7


@pytest.mark.parametrize(("gone", "record"), [(0, 1), (1, 3), (2, 5)])
def test_a_removed_segment_is_found(segments: Medium, gone: int, record: int):
    many_segments(segments)[gone].unlink()
    fault = segments.reader().verify().fault
    assert fault is not None and f"record {record} " in str(fault)


def test_a_torn_record_anywhere_but_at_the_very_end_is_corruption(segments: Medium):
    path = many_segments(segments)[1]
    path.write_bytes(path.read_bytes()[:-1])
    fault = segments.reader().verify().fault
    assert fault is not None and "record 4 " in str(fault)


def test_bytes_after_a_full_segment_are_corruption(segments: Medium):
    path = many_segments(segments)[1]
    path.write_bytes(path.read_bytes() + b"?")
    fault = segments.reader().verify().fault
    assert fault is not None and "bytes follow" in str(fault)


def test_a_segment_of_another_chain_is_found(segments: Medium, tmp_path: pathlib.Path):
    ours = many_segments(segments)[1]
    other = Medium(segments.section, tmp_path / "other")
    write(other, [b"?" * 400_000] * 7, segment_mib=1).close()
    ours.write_bytes(other.segments()[1].read_bytes())
    fault = segments.reader().verify().fault
    assert fault is not None and "continues another chain" in str(fault)


def test_a_renamed_segment_and_one_of_another_journal_are_found(segments: Medium):
    path = written(segments)
    segments.open("oms-p04").close()
    path.write_bytes(segments.segments("oms-p04")[0].read_bytes())
    fault = segments.reader().verify().fault
    assert fault is not None and "belongs to journal oms-p04" in str(fault)
    path = segments.segments("oms-p04")[0]
    path.rename(path.with_name("0000000009-0000000000000001.segment"))
    fault = segments.reader("oms-p04").verify().fault
    assert fault is not None and "renamed" in str(fault)


def test_a_last_segment_without_a_header_is_removed_with_a_warning(segments: Medium):
    path = written(segments)
    headless = path.with_name("0000000002-0000000000000005.segment")
    headless.write_bytes(b"AMJ")
    found = segments.reader().verify()
    assert (found.records, found.fault) == (4, None) and headless.name in found.notes[0]
    with capture_logs() as logs:
        journal = segments.open()
    assert ("warning", "segment without a header removed") in [(log["log_level"], log["event"]) for log in logs]
    assert journal.append(1, 1, b"on") == 5 and journal.verify().fault is None


def test_a_first_segment_without_a_header_is_corruption(segments: Medium):
    many_segments(segments)[0].write_bytes(b"AMJ")
    fault = segments.reader().verify().fault
    assert fault is not None and "3 of 128 bytes" in str(fault)


def test_a_damaged_header_is_told_by_the_owner_too(segments: Medium):
    journal = write(segments)
    path = segments.segments()[0]
    path.write_bytes(b"?" + path.read_bytes()[1:])
    fault = journal.verify().fault
    assert fault is not None and "no journal segment" in str(fault)


def test_a_segment_of_a_later_format_is_refused(segments: Medium, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("actors.journal.segment_files.FORMAT", 2)
    written(segments)
    monkeypatch.undo()
    with pytest.raises(JournalCorrupt, match="format 2; this program reads format 1"):
        segments.open()
