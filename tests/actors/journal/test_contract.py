"""What every journal does, whatever its medium."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.errors import InputError, JournalCorrupt, JournalError, JournalFenced, NotFound
from actors.journal import Lease, Record
from actors.journal.records import chain_hash, encode, genesis
from tests.actors.journal.conftest import Medium

ROOT = pathlib.Path(__file__).parents[3]


def test_what_was_appended_is_read_in_order(filled):
    journal = filled(5)
    assert journal.last_sequence == 5
    assert list(journal.read()) == [Record(n, 1000 + n, 1 + n % 3, 1, f"payload {n}".encode()) for n in range(1, 6)]


def test_an_empty_journal_has_no_records_and_is_whole(medium: Medium):
    journal = medium.open()
    assert (journal.last_sequence, list(journal.read())) == (0, [])
    assert journal.verify() == (0, genesis("oms-p03").hex(), None, ())


@pytest.mark.parametrize("start", [1, 2, 7, 10, 11, 50])
def test_reading_can_begin_at_any_record(filled, medium: Medium, start: int):
    expected = list(range(start, 11))
    assert [record.sequence for record in filled(10).read(start)] == expected
    assert [record.sequence for record in medium.reader().read(start)] == expected


def test_a_journal_goes_on_where_its_last_owner_stopped(filled, medium: Medium):
    filled(3).close()
    second = medium.open(owner="second")
    assert (second.last_sequence, second.lease) == (3, Lease(2, "second"))
    assert second.append(2000, 9, b"more") == 4
    assert [record.payload for record in second.read()] == [b"payload 1", b"payload 2", b"payload 3", b"more"]
    assert [record.sequence for record in medium.open().read(2)] == [2, 3, 4]


def test_the_head_is_the_hash_over_all_records_and_the_same_on_every_medium(filled):
    head = genesis("oms-p03")
    for n in range(1, 4):
        head = chain_hash(encode(n, 1000 + n, 1 + n % 3, 1, head, f"payload {n}".encode()))
    assert filled(3).verify() == (3, head.hex(), None, ())


def test_kinds_versions_and_times_of_any_size_come_back(medium: Medium):
    rows = [(-(2**63), 1, 1), (2**63 - 1, 65_535, 65_535), (0, 7, 900)]
    journal = medium.open()
    for time, kind, version in rows:
        journal.append(time, kind, b"x", version)
    journal.flush()
    assert [(record.time, record.kind, record.version) for record in medium.open().read()] == rows


def test_empty_and_large_payloads_come_back(medium: Medium):
    payloads = [b"", bytes(range(256)) * 20_000, b"", b"\0" * 3_000_000, b"end"]
    journal = medium.open(segment_mib=1)
    for payload in payloads:
        journal.append(1, 1, payload)
    assert [record.payload for record in journal.read()] == payloads
    assert medium.reader().verify().fault is None


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("kind", (1, 0, b"")),
        ("kind", (1, 65_536, b"")),
        ("kind", (1, "a", b"")),
        ("version", (1, 1, b"", 0)),
        ("version", (1, 1, b"", 65_536)),
        ("time", (2**63, 1, b"")),
        ("time", (1.5, 1, b"")),
        ("payload", (1, 1, "text")),
        ("payload", (1, 1, None)),
    ],
)
def test_a_record_that_can_not_be_written_is_refused_and_changes_nothing(medium: Medium, field: str, arguments):
    journal = medium.open()
    with pytest.raises(InputError) as caught:
        journal.append(*arguments)
    assert caught.value.field == field
    assert (journal.last_sequence, journal.append(1, 1, b"next")) == (0, 1)


def test_a_payload_beyond_the_limit_is_refused(medium: Medium, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("actors.journal.records.MAXIMUM_PAYLOAD", 10)
    with pytest.raises(InputError, match="11 bytes"):
        medium.open().append(1, 1, b"x" * 11)


def test_a_newer_owner_fences_the_older(filled, medium: Medium):
    old = filled(2)
    new = medium.open(owner="second")
    with pytest.raises(JournalFenced) as caught:
        old.append(1, 1, b"stale")
        old.flush()
    assert "second" in str(caught.value)
    assert new.append(1, 1, b"fresh") == 3
    assert [record.payload for record in new.read(3)] == [b"fresh"]
    with pytest.raises(JournalFenced):
        old.append(1, 1, b"stale")
        old.flush()
    assert [record.payload for record in new.read(3)] == [b"fresh"]


def test_nothing_of_what_was_appended_is_lost_by_closing_or_reading(medium: Medium):
    journal = medium.open()
    journal.append(1, 1, b"one")
    assert [record.payload for record in journal.read()] == [b"one"]
    journal.append(1, 1, b"two")
    assert (journal.last_sequence, journal.verify().records) == (2, 2)
    journal.append(1, 1, b"three")
    journal.close()
    assert [record.payload for record in medium.reader().read()] == [b"one", b"two", b"three"]


def test_a_journal_says_whether_an_append_is_kept_on_return(medium: Medium):
    for durability in ("process", "disk"):
        journal = medium.open(durability=durability)
        assert journal.immediate is (medium.dsn is None and durability == "process")
        journal.append(1, 1, b"x")
        if not journal.immediate:
            journal.flush()
        assert medium.reader().verify().records == journal.last_sequence


def test_two_journals_of_one_run_have_nothing_to_do_with_each_other(medium: Medium):
    one, other = medium.open("oms-p01"), medium.open("oms-p02")
    one.append(1, 1, b"one")
    one.flush()
    other.append(1, 1, b"other")
    other.flush()
    assert [record.payload for record in medium.reader("oms-p01").read()] == [b"one"]
    assert [record.payload for record in medium.reader("oms-p02").read()] == [b"other"]


def test_reading_shows_what_was_there_when_it_began(filled):
    journal = filled(3)
    records = journal.read()
    next(records)
    journal.append(1, 1, b"later")
    assert [record.sequence for record in records] == [2, 3]


def test_a_reader_does_not_disturb_the_owner(filled, medium: Medium):
    journal = filled(3)
    assert medium.reader().verify().records == 3
    assert journal.append(1, 1, b"on") == 4
    journal.flush()
    assert medium.reader().verify() == journal.verify()


def test_a_reader_of_no_journal_says_so(medium: Medium):
    with pytest.raises(NotFound):
        medium.reader("nobody")
    medium.open("somebody")
    with pytest.raises(NotFound):
        medium.reader("nobody")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".", "x" * 65, "ü"])
def test_a_name_that_is_no_file_name_is_refused(medium: Medium, name: str):
    for act in (medium.open, medium.reader):
        with pytest.raises(InputError):
            act(name)


def test_a_closed_journal_refuses_to_be_used(filled):
    journal = filled(1)
    journal.flush()
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(1, 1, b"")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1), st.integers(1, 65_535), st.binary(max_size=300), st.integers(1, 65_535)
        )
    ),
    st.integers(0, 10),
)
def test_any_list_of_records_comes_back(medium: Medium, rows, cut: int):
    medium.directory = medium.directory.with_name(medium.directory.name + "x")  # a fresh run for each example
    journal = medium.open()
    for row in rows[:cut]:
        journal.append(*row)
    journal.flush()
    journal = medium.open()
    for row in rows[cut:]:
        journal.append(*row)
    expected = [Record(n, time, kind, version, payload) for n, (time, kind, payload, version) in enumerate(rows, 1)]
    assert list(journal.read()) == list(medium.reader().read()) == expected
    assert journal.verify().fault is None


WRITER = """
import os, pathlib, sys
from actors.journal import open_journal
from configs.schema import JournalSection
section = JournalSection.model_validate_json(sys.argv[1])
journal = open_journal(section, pathlib.Path(sys.argv[2]), "oms-p03", "writer")
n = 0
while True:
    n = journal.append(n, 1, b"%d" % n * 20)
    if not journal.immediate:
        journal.flush()
    os.write(1, b"%d\\n" % n)
"""


def test_kill_9_of_a_writer_loses_nothing_that_was_acknowledged(medium: Medium):
    section = medium.section.model_copy(update={"segment_mib": 1})
    settings_json = section.model_dump_json(exclude={"dsn"} if medium.dsn is None else set())
    if medium.dsn is not None:
        settings_json = settings_json.replace("**********", medium.dsn)
    command = [sys.executable, "-c", WRITER, settings_json, str(medium.directory)]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            for _ in range(3000):
                assert writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            acknowledged = int((writer.stdout.read().split(b"\n")[:-1] or [b"3000"])[-1])
        journal = medium.open()
        assert journal.last_sequence >= acknowledged
        assert sum(1 for _ in journal.read()) == journal.last_sequence
        assert journal.verify().fault is None
        journal.close()


def test_damage_is_named_by_record(filled, medium: Medium):
    journal = filled(9)
    journal.append(1, 1, b"needle in the tenth")
    journal.append(1, 1, b"after")
    journal.flush()
    if medium.dsn is None:
        path = medium.segments()[0]
        path.write_bytes(path.read_bytes().replace(b"needle", b"noodle"))
    else:
        key = f"{medium.directory.name}/oms-p03"
        change = "UPDATE journal_records SET payload = 'noodle' WHERE journal = %s AND sequence = 10"
        medium.sql(change, key)
    for found in (journal.verify(), medium.reader().verify()):
        assert found.records == 9 and found.fault is not None and "record 10 " in str(found.fault)
    with pytest.raises(JournalCorrupt) as caught:
        list(journal.read())
    assert caught.value.value == 10 and caught.value.field
