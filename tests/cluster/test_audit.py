"""``alphamind audit``: what it prints, its exit codes, and which tampering it finds, alone and with an anchor."""

from __future__ import annotations

import io
import json
import pathlib
import threading

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from actors.errors import ConfigurationError, InputError, NotFound
from actors.journal import Journal, open_journal
from actors.journal.records import HEADER, chain_hash, encode
from actors.journal.segment_files import HEADER_SIZE
from cluster.audit import AuditedRun, read_anchors
from cluster.cli import app
from configs import Configuration, load, render
from tests.servers import postgres

NAMES = ["market-0", "oms-p00"]


@pytest.fixture
def directory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return the directory of a run with two journals of six records each, the one that came up last."""
    monkeypatch.setenv("ALPHAMIND_HOME", str(tmp_path))
    monkeypatch.delenv("ALPHAMIND_JOURNAL_DSN", raising=False)
    directory = tmp_path / "runs" / "monday"
    directory.mkdir(parents=True)
    (tmp_path / "current").symlink_to(directory)
    (directory / "configuration.yaml").write_text(render(load(environment={})))
    for name in NAMES:
        fill(open_journal(Configuration().journal, directory, name, "test"), 6).close()
    return directory


def fill(journal: Journal, count: int) -> Journal:
    for number in range(1, count + 1):
        journal.append(number, 1, b"order %d" % number)
    journal.flush()
    return journal


def audit(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def oms_fault(*arguments: object) -> dict[str, object]:
    """Verify, check that only the OMS's journal is found to be at fault, and return the fault."""
    result = audit("verify", "--json", *arguments)
    report = json.loads(result.stdout)
    faults = {journal["journal"]: journal["fault"] for journal in report["journals"]}
    assert (result.exit_code, report["whole"], faults["market-0"]) == (1, False, None)
    fault: dict[str, object] = faults["oms-p00"]
    told = audit("verify", *arguments)
    assert told.exit_code == 1 and "NOT WHOLE" in told.stdout and str(fault["message"]) in told.stdout
    return fault


def rewrite(directory: pathlib.Path, change, mend_from: int | None = None) -> None:
    """Change the list of records of the OMS's segment; checksums always fit, hashes from ``mend_from`` on.

    Args:
        directory: The run's directory.
        change: Given the list of (number, time, kind, version, hash before, payload); changes it.
        mend_from: Index from which on numbers and hashes are computed anew.
    """
    path = min((directory / "journal" / "oms-p00").glob("*.segment"))
    content = path.read_bytes()
    records, at = [], HEADER_SIZE
    while at < len(content):
        length, number, time, kind, version, before, _, _ = HEADER.unpack_from(content, at)
        end = at + HEADER.size + length
        records.append([number, time, kind, version, before, content[at + HEADER.size : end]])
        at = end
    change(records)
    if mend_from is not None:
        for index in range(mend_from, len(records)):
            records[index][0] = index + 1
            records[index][4] = chain_hash(encode(*records[index - 1]))
    path.write_bytes(content[:HEADER_SIZE] + b"".join(encode(*record) for record in records))


def change(records) -> None:
    records[2][5] = b"order of another size"


def remove(records) -> None:
    del records[2]


def insert(records) -> None:
    records.insert(2, [*records[2][:5], b"forged order"])


def swap(records) -> None:
    records[2], records[3] = records[3], records[2]


@pytest.mark.parametrize("tamper", [change, remove, insert, swap])
def test_a_record_that_was_changed_removed_inserted_or_swapped_is_named(directory: pathlib.Path, tamper):
    rewrite(directory, tamper)
    fault = oms_fault()
    assert (fault["journal"], fault["record"]) == ("oms-p00", 3)
    assert fault["place"] == "0000000001-0000000000000001.segment" and fault["byte"] == HEADER_SIZE + 2 * 71
    assert fault["reason"]


def test_a_removed_end_is_found(directory: pathlib.Path):
    rewrite(directory, lambda records: records.__delitem__(slice(4, None)))
    assert oms_fault()["record"] == 5


@pytest.mark.parametrize("tamper", [change, remove, insert])
def test_a_history_that_was_written_anew_is_found_by_an_anchor_alone(directory: pathlib.Path, tamper):
    anchor = directory / "anchor.json"
    assert audit("anchor", "--output", anchor).exit_code == 0
    assert audit("verify", "--anchor", anchor).exit_code == 0
    rewrite(directory, tamper, mend_from=2)
    lease = directory / "journal" / "oms-p00" / "lease"
    content = lease.read_bytes()
    lease.write_bytes(content[:16] + (5).to_bytes(8, "little") + bytes(80) + content[104:])
    newest = max((directory / "journal" / "oms-p00").glob("*.segment"))
    assert newest.name.startswith("0000000001")
    assert audit("verify").exit_code == 0
    fault = oms_fault("--anchor", anchor)
    assert fault["record"] == 6 and "anchor.json knows" in str(fault["reason"])


def test_a_removed_end_that_the_lease_hides_is_found_by_an_anchor_alone(directory: pathlib.Path):
    anchor = directory / "anchor.json"
    audit("anchor", "--output", anchor)
    rewrite(directory, lambda records: records.__delitem__(slice(4, None)))
    lease = directory / "journal" / "oms-p00" / "lease"
    content = lease.read_bytes()
    lease.write_bytes(content[:16] + (4).to_bytes(8, "little") + bytes(80) + content[104:])
    assert audit("verify").exit_code == 0
    assert oms_fault("--anchor", anchor)["record"] == 5


def test_two_anchors_tell_between_which_records_the_history_was_changed(directory: pathlib.Path):
    first, second = directory / "first.json", directory / "second.json"
    audit("anchor", "--output", first)
    fill(open_journal(Configuration().journal, directory, "oms-p00", "test"), 3).close()
    audit("anchor", "--output", second)
    for path in sorted((directory / "journal" / "oms-p00").glob("*.segment"))[1:]:
        content = path.read_bytes()
        length = HEADER.unpack_from(content, HEADER_SIZE)[0]
        records = [list(HEADER.unpack_from(content, HEADER_SIZE)[1:6])]
        records[0].append(b"x" * length)
        for number in (8, 9):
            records.append([number, 1, 1, 1, chain_hash(encode(*records[-1])), b"rewritten"])
        path.write_bytes(content[:HEADER_SIZE] + b"".join(encode(*record) for record in records))
    fault = oms_fault("--anchor", second, "--anchor", first)
    assert fault["record"] == 9 and "one of the records 7 to 9 was changed" in str(fault["reason"])


def test_a_journal_that_is_gone_is_found_by_an_anchor(directory: pathlib.Path):
    anchor = directory / "anchor.json"
    audit("anchor", "--output", anchor)
    (directory / "journal" / "oms-p00").rename(directory / "elsewhere")
    assert "the whole journal is missing" in str(oms_fault("--anchor", anchor)["reason"])


def test_whole_journals_are_told_with_their_heads(directory: pathlib.Path):
    result = audit("verify")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [["market-0", "whole", "6"], ["oms-p00", "whole", "6"]]
    anchor = json.loads(audit("anchor").stdout)
    assert anchor["run"] == "monday" and anchor["taken"]
    assert [journal["hash"] for journal in anchor["journals"]] == [line.split()[-1] for line in lines]
    assert [journal["sequence"] for journal in anchor["journals"]] == [6, 6]


def test_one_journal_can_be_chosen_and_notes_are_told(directory: pathlib.Path):
    rewrite(directory, change)
    with max((directory / "journal" / "market-0").glob("*.segment")).open("ab") as file:
        file.write(b"begun")
    assert audit("verify", "--journal", "market-0").exit_code == 0
    assert "note: 5 bytes of an unfinished record" in audit("verify", "--journal", "market-0").stdout
    assert audit("verify", "--run", "monday", "--journal", "oms-p00").exit_code == 1
    result = audit("verify", "--journal", "nobody")
    assert isinstance(result.exception, NotFound)


def test_no_anchor_is_written_of_journals_that_are_not_whole(directory: pathlib.Path):
    rewrite(directory, change)
    anchor = directory / "anchor.json"
    result = audit("anchor", "--output", anchor)
    assert result.exit_code == 1 and not anchor.exists()


def test_a_lease_that_can_not_be_read_is_told(directory: pathlib.Path):
    (directory / "journal" / "oms-p00" / "lease").write_bytes(b"something else")
    assert "no lease file" in str(oms_fault()["reason"])


def test_a_run_that_there_is_not_and_one_without_journals_are_refused(directory: pathlib.Path):
    with pytest.raises(NotFound, match="no run in"):
        AuditedRun.find("tuesday")
    empty = directory.with_name("empty")
    empty.mkdir()
    (empty / "configuration.yaml").write_text((directory / "configuration.yaml").read_text())
    assert isinstance(audit("verify", "--run", "empty").exception, NotFound)


@pytest.mark.parametrize("text", ["", "{}", '{"run": "monday", "journals": [{"journal": "a", "sequence": 1}]}'])
def test_what_is_no_anchor_is_refused(tmp_path: pathlib.Path, text: str):
    path = tmp_path / "anchor.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_anchors([path], "monday")
    assert caught.value.field == "--anchor"


def test_an_anchor_of_another_run_is_refused(directory: pathlib.Path):
    anchor = directory / "anchor.json"
    audit("anchor", "--output", anchor)
    with pytest.raises(InputError, match="another run"):
        read_anchors([anchor], "tuesday")


def test_it_works_while_the_run_trades_and_shows_how_far_it_is(directory: pathlib.Path):
    journal = open_journal(Configuration().journal, directory, "oms-p00", "owner")
    stop = threading.Event()

    def trade() -> None:
        while not stop.wait(0.002):
            for _ in range(50):
                journal.append(1, 1, bytes(1000))
            journal.save_snapshot(b"state", 1)
            journal.compact(journal.last_sequence)

    thread = threading.Thread(target=trade)
    thread.start()
    screen = io.StringIO()
    run = AuditedRun.find(None)
    try:
        for _ in range(5):
            findings = run.verify((), {}, Console(file=screen, force_terminal=True))
            assert [verified.fault for verified in findings.values()] == [None, None]
    finally:
        stop.set()
        thread.join()
        journal.close()
    assert "oms-p00" in screen.getvalue()


def test_journals_in_a_database_are_found_with_the_connection_string_of_the_environment(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
):
    with postgres() as dsn:
        environment = {"ALPHAMIND_JOURNAL_DSN": dsn}
        configuration = load("services", environment=environment)
        (directory / "configuration.yaml").write_text(render(configuration))
        with pytest.raises(ConfigurationError, match="PostgreSQL"):
            AuditedRun.find(None)
        monkeypatch.setenv("ALPHAMIND_JOURNAL_DSN", dsn)
        assert isinstance(audit("verify").exception, NotFound)
        journals = [fill(open_journal(configuration.journal, directory, name, "test"), 6) for name in NAMES]
        result = audit("verify", "--json")
        assert result.exit_code == 0 and "never-tell-this" not in result.stdout
        assert [journal["records"] for journal in json.loads(result.stdout)["journals"]] == [6, 6]
        for journal in journals:
            journal.close()
