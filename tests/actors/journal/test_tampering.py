"""Somebody who knows the format changes a journal and mends checksums and hashes: the first wrong record is named."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from actors.errors import JournalCorrupt
from actors.journal import Fault, Journal, Witness
from actors.journal.blame import Link, is_changed
from actors.journal.records import HEADER, START, chain_hash, encode, genesis
from actors.journal.segment_files import HEADER_SIZE
from tests.actors.journal.conftest import Medium

NAME = "oms-p03"
COUNT = 9


class Entry:
    """One record as somebody who writes the file by hand sees it."""

    def __init__(self, content: bytes) -> None:
        length, self.sequence, self.time, self.kind, self.version = START.unpack_from(content)
        self.previous_hash = content[START.size : START.size + 32]
        self.payload = content[HEADER.size : HEADER.size + length]

    @property
    def content(self) -> bytes:
        """Its bytes, with checksums that fit."""
        return encode(self.sequence, self.time, self.kind, self.version, self.previous_hash, self.payload)


def entries(path: pathlib.Path) -> list[Entry]:
    content = path.read_bytes()
    found, at = [], HEADER_SIZE
    while at < len(content):
        found.append(Entry(content[at:]))
        at += len(found[-1].content)
    return found


def write(path: pathlib.Path, records: list[Entry]) -> None:
    path.write_bytes(path.read_bytes()[:HEADER_SIZE] + b"".join(record.content for record in records))


def chain(records: list[Entry], index: int) -> None:
    """Mend numbers and hashes from the record at ``index`` on."""
    previous_hash = genesis(NAME) if index == 0 else chain_hash(records[index - 1].content)
    for sequence, record in enumerate(records[index:], index + 1):
        record.sequence, record.previous_hash = sequence, previous_hash
        previous_hash = chain_hash(record.content)


def change(records: list[Entry], number: int) -> None:
    records[number - 1].payload = b"another"


def remove(records: list[Entry], number: int) -> None:
    del records[number - 1]


def remove_and_renumber(records: list[Entry], number: int) -> None:
    del records[number - 1]
    for sequence, record in enumerate(records, 1):
        record.sequence = sequence


def insert(records: list[Entry], number: int) -> None:
    """Put a record that fits the one before it in the place of ``number``; that one follows."""
    forged = Entry(records[number - 1].content)
    forged.payload = b"forged"
    records.insert(number - 1, forged)


def insert_without_hash(records: list[Entry], number: int) -> None:
    insert(records, number)
    records[number - 1].previous_hash = genesis("elsewhere")


def swap(records: list[Entry], number: int) -> None:
    records[number - 1], records[number] = records[number], records[number - 1]


def swap_and_renumber(records: list[Entry], number: int) -> None:
    swap(records, number)
    for sequence, record in enumerate(records, 1):
        record.sequence = sequence


def forge_hash(records: list[Entry], number: int) -> None:
    records[number - 1].previous_hash = genesis("elsewhere")


ATTACKS = [change, remove, remove_and_renumber, insert, insert_without_hash, swap, swap_and_renumber, forge_hash]
Attack = Callable[[list[Entry], int], None]


def filled(medium: Medium, size: int = 0) -> Journal:
    journal = medium.open()
    for number in range(1, COUNT + 1):
        journal.append(number, 1, b"%d" % number + bytes(size))
    journal.flush()
    return journal


def assert_named(medium: Medium, number: int) -> Fault:
    """Check that ``verify`` names the record, and that it is not read."""
    fault = medium.reader().verify().fault
    assert fault is not None and fault.record == number, fault
    read = []
    with pytest.raises(JournalCorrupt) as caught:
        for record in medium.reader().read():
            read.append(record.sequence)
    assert caught.value.value == number and read in (list(range(1, number)), list(range(1, number + 1)))
    return fault


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("number", [1, 2, 5, 7, 8])
@pytest.mark.parametrize("size", [0, 40_000], ids=["in one read", "in many reads"])
def test_the_first_record_that_is_wrong_is_named(segments: Medium, attack: Attack, number: int, size: int):
    filled(segments, size).close()
    path = segments.segments()[0]
    records = entries(path)
    attack(records, number)
    write(path, records)
    fault = assert_named(segments, number)
    assert fault.place == path.name
    whole = HEADER_SIZE + sum(len(record.content) for record in records[: number - 1])
    assert fault.byte == whole


@pytest.mark.parametrize("attack", [change, remove, insert, swap, forge_hash])
@pytest.mark.parametrize("number", [3, 4])
def test_it_is_named_also_at_the_ends_of_segments_and_in_the_archive(segments: Medium, attack: Attack, number: int):
    journal = segments.open()
    for sequence in range(1, COUNT + 1):
        journal.append(sequence, 1, b"%d" % sequence)
        if sequence % 3 == 0:
            journal.save_snapshot(b"state", 1)
    segment = segments.segments()[0 if number == 3 else 1]
    records = entries(segment)
    if attack is swap and number == 3:
        swap(records, 2)
        number = 2
    else:
        attack(records, number - records[0].sequence + 1)
    write(segment, records)
    fault = journal.verify().fault
    assert fault is not None and fault.record == number
    assert journal.compact(10) == 6
    fault = journal.verify().fault
    assert fault is not None and fault.record == number and fault.place.endswith(".gz")


def test_a_last_segment_of_another_chain_that_is_damaged_too_is_the_one_at_fault(
    segments: Medium, tmp_path: pathlib.Path
):
    other = Medium(segments.section, tmp_path / "other")
    for medium, payload in ((segments, b"ours"), (other, b"theirs")):
        journal = medium.open()
        for _ in range(3):
            journal.append(1, 1, payload)
            journal.append(1, 1, payload)
            journal.save_snapshot(b"", 1)
        journal.close()
    ours, theirs = segments.segments()[2], other.segments()[2].read_bytes()
    ours.write_bytes(theirs[:-1] + b"?")
    fault = segments.reader().verify().fault
    assert fault is not None and (fault.record, fault.place, fault.byte) == (5, ours.name, 0)
    assert "continues another chain" in fault.reason
    ours.write_bytes(b"?" + theirs[1:])
    fault = segments.reader().verify().fault
    assert fault is not None and (fault.record, fault.place) == (5, ours.name)


def test_a_changed_newest_record_is_known_to_its_owner_and_the_lease_and_else_to_a_witness_alone(segments: Medium):
    journal = filled(segments)
    head = bytes.fromhex(journal.verify().head)
    path = segments.segments()[0]
    records = entries(path)
    change(records, COUNT)
    write(path, records)
    for verified, source in ((journal.verify(), "its owner"), (segments.reader().verify(), "the lease")):
        assert verified.fault is not None and verified.fault.record == COUNT and source in str(verified.fault)
    lease = path.with_name("lease")
    content = lease.read_bytes()
    lease.write_bytes(content[:24] + bytes(80) + content[104:])
    assert segments.reader().verify().fault is None
    fault = segments.reader().verify([Witness(COUNT, head, "anchor")]).fault
    assert fault is not None and fault.record == COUNT and "anchor knows another hash of it" in str(fault)


@pytest.mark.parametrize("number", [1, 4, 9])
def test_a_history_that_was_written_anew_is_known_to_witnesses_alone(segments: Medium, number: int):
    journal = filled(segments)
    path = segments.segments()[0]
    records = entries(path)
    witnesses = [Witness(one, chain_hash(records[one - 1].content), f"anchor {one}") for one in (3, 6, 9)]
    assert journal.verify(witnesses).fault is None
    change(records, number)
    chain(records, number - 1)
    write(path, records)
    found = journal.verify().fault
    assert found is not None and found.record == COUNT and "its owner knows another hash" in str(found)
    verified = segments.reader().verify(witnesses)
    first = 3 if number <= 3 else 6 if number <= 6 else 9
    assert verified.fault is not None and verified.fault.record == first and verified.records == first - 3
    assert f"one of the records {first - 2} to {first} was changed" in str(verified.fault)


def test_a_removed_end_is_known_to_the_lease_and_where_that_was_changed_too_to_a_witness(segments: Medium):
    journal = filled(segments)
    head = bytes.fromhex(journal.verify().head)
    journal.close()
    path = segments.segments()[0]
    write(path, entries(path)[:6])
    assert_truncated = segments.reader().verify().fault
    assert assert_truncated is not None and assert_truncated.record == 7
    lease = path.with_name("lease")
    content = lease.read_bytes()
    lease.write_bytes(content[:16] + (6).to_bytes(8, "little") + content[24:])
    still_found = segments.reader().verify().fault
    assert still_found is not None and still_found.record == 7, "its hashes are of newer records"
    lease.write_bytes(content[:16] + (6).to_bytes(8, "little") + bytes(80) + content[104:])
    assert segments.reader().verify().fault is None
    fault = segments.reader().verify([Witness(COUNT, head, "anchor")]).fault
    assert fault is not None and fault.record == 7 and "up to record 9, which anchor knows" in str(fault)


def rehash(medium: Medium, number: int) -> None:
    """Give a row of the table the hash that fits its content."""
    key = f"{medium.directory.name}/{NAME}"
    columns = "sequence, time, kind, version, previous_hash, payload"
    row = medium.sql(f"SELECT {columns} FROM journal_records WHERE journal = %s AND sequence = %s", key, number)[0]
    new = chain_hash(encode(*row[:4], bytes(row[4]), bytes(row[5])))
    medium.sql("UPDATE journal_records SET hash = %s WHERE journal = %s AND sequence = %s", new, key, number)


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize("number", [1, 4, 8])
@pytest.mark.parametrize("column", ["payload = 'another'", "previous_hash = hash"])
def test_a_row_that_was_changed_with_its_hash_is_named(
    database: Medium, monkeypatch: pytest.MonkeyPatch, number: int, column: str, rows: int
):
    monkeypatch.setattr("actors.journal.table_chain._PAGE_ROWS", rows)
    monkeypatch.setattr("actors.journal.table_chain._FIRST_ROWS", rows)
    filled(database)
    key = f"{database.directory.name}/{NAME}"
    database.sql(f"UPDATE journal_records SET {column} WHERE journal = %s AND sequence = %s", key, number)
    rehash(database, number)
    assert_named(database, number)


def test_a_table_that_was_written_anew_is_known_to_a_witness_alone(database: Medium):
    journal = filled(database)
    head = bytes.fromhex(journal.verify().head)
    key = f"{database.directory.name}/{NAME}"
    database.sql("UPDATE journal_records SET payload = 'another' WHERE journal = %s AND sequence = 8", key)
    rehash(database, 8)
    following = "UPDATE journal_records SET previous_hash = (SELECT hash FROM journal_records WHERE journal = %s AND "
    database.sql(f"{following} sequence = 8) WHERE journal = %s AND sequence = 9", key, key)
    rehash(database, 9)
    assert journal.verify().fault is None
    fault = journal.verify([Witness(9, head, "anchor")]).fault
    assert fault is not None and fault.record == 9 and "one of the records 1 to 9 was changed" in str(fault)


def test_a_removed_end_of_a_table_is_known_to_a_witness_alone(database: Medium):
    journal = filled(database)
    head = bytes.fromhex(journal.verify().head)
    key = f"{database.directory.name}/{NAME}"
    database.sql("DELETE FROM journal_records WHERE journal = %s AND sequence > 6", key)
    database.sql("UPDATE journal_leases SET sequence = 6 WHERE journal = %s", key)
    reader = database.reader()
    assert reader.verify().fault is None
    fault = reader.verify([Witness(9, head, "anchor")]).fault
    assert fault is not None and fault.record == 7


def link(sequence: int, before: str, own: str) -> Link:
    return Link(sequence, before.encode(), own.encode())


@pytest.mark.parametrize(
    ("this", "following", "after", "known", "expected"),
    [
        # the one after bears out the following one: this one was changed
        (link(5, "d", "X"), link(6, "e", "f"), link(7, "f", "g"), 9, True),
        # nobody does, but an owner was told of it
        (link(5, "d", "X"), link(6, "e", "f"), None, 6, True),
        (link(5, "d", "e"), link(6, "?", "f"), None, 5, False),
        (link(5, "d", "e"), link(6, "?", "f"), None, 7, False),
        # the one after does not bear it out: the following one was changed
        (link(5, "d", "e"), link(6, "?", "X"), link(7, "f", "g"), 9, False),
        # two for one place: the one that leads on is the true one
        (link(5, "d", "X"), link(5, "d", "e"), link(6, "e", "f"), 9, True),
        (link(5, "d", "e"), link(5, "d", "e"), link(6, "e", "f"), 9, False),
        (link(5, "d", "e"), link(5, "d", "X"), link(6, "e", "f"), 9, False),
        (link(5, "d", "e"), link(5, "?", "X"), link(6, "X", "f"), 9, False),
        # a gap
        (link(5, "d", "e"), link(7, "f", "g"), link(8, "g", "h"), 9, False),
    ],
)
def test_the_rest_of_the_chain_tells_which_of_two_records_was_changed(this, following, after, known, expected):
    assert is_changed(this, following, after, known) is expected
