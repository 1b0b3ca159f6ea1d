"""What only the journal in PostgreSQL does: lost connections, doubtful appends, its secret, damage in its table."""

from __future__ import annotations

import pathlib
from typing import Any

import psycopg
import pydantic
import pytest
from structlog.testing import capture_logs

from actors.errors import ConfigurationError, JournalCorrupt, JournalError
from actors.journal import open_journal
from actors.journal.postgres import PostgresJournal
from configs.schema import JournalSection
from tests.actors.journal.conftest import Medium
from tests.servers import free_port


def key(medium: Medium) -> str:
    return f"{medium.directory.name}/oms-p03"


def fill(medium: Medium, count: int = 3) -> PostgresJournal:
    journal = medium.open()
    assert isinstance(journal, PostgresJournal)
    for number in range(1, count + 1):
        journal.append(1, 1, b"payload %d" % number)
    return journal


def drop_connections(medium: Medium) -> None:
    medium.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'alphamind-journal'"
    )


class Lossy:
    """A connection that loses the answer of the next statement."""

    def __init__(self, connection: psycopg.Connection[Any], runs: bool) -> None:
        self._connection = connection
        self._runs = runs

    def execute(self, *arguments: Any, **options: Any) -> Any:
        if self._runs:
            self._connection.execute(*arguments, **options)
        self._connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def lose_next_answer(journal: PostgresJournal, runs: bool) -> None:
    journal._connection._connection = Lossy(journal._connection._connection, runs)  # type: ignore[assignment]


def test_reading_survives_a_lost_connection(database: Medium):
    journal = fill(database, 300)
    records = journal.read()
    next(records)
    drop_connections(database)
    with capture_logs() as logs:
        assert sum(1 for _ in records) == 299
    assert [log["log_level"] for log in logs] == ["warning"]


def test_an_append_on_a_lost_connection_fails_and_the_next_succeeds(database: Medium):
    journal = fill(database)
    drop_connections(database)
    with pytest.raises(JournalError, match="record 4 can't be appended"):
        journal.append(1, 1, b"lost")
    assert journal.append(1, 1, b"four") == 4
    assert [record.payload for record in journal.read(3)] == [b"payload 3", b"four"]
    assert journal.verify().fault is None


def test_an_append_that_was_not_written_can_be_repeated(database: Medium):
    journal = fill(database)
    lose_next_answer(journal, runs=False)
    with pytest.raises(JournalError):
        journal.append(1, 1, b"four")
    assert journal.append(1, 1, b"four") == 4
    assert journal.append(1, 1, b"four") == 5
    assert journal.verify().records == 5


def test_an_append_whose_answer_was_lost_is_not_doubled_when_repeated(database: Medium):
    journal = fill(database)
    lose_next_answer(journal, runs=True)
    with pytest.raises(JournalError):
        journal.append(1, 1, b"four")
    assert journal.append(1, 1, b"four") == 4
    assert journal.append(1, 1, b"five") == 5
    assert [record.payload for record in journal.read(4)] == [b"four", b"five"]


def test_after_a_lost_answer_another_record_is_refused_until_the_owner_has_read(database: Medium):
    journal = fill(database)
    lose_next_answer(journal, runs=True)
    with pytest.raises(JournalError):
        journal.append(1, 1, b"four")
    for _ in range(2):
        with pytest.raises(JournalError, match="record 4 .* was written although"):
            journal.append(1, 1, b"other")
    journal.flush()
    assert [record.payload for record in journal.read(4)] == [b"four"]
    assert journal.append(1, 1, b"other") == 5
    assert journal.verify().fault is None


def test_a_statement_that_the_server_refuses_leaves_the_journal_usable(database: Medium):
    journal = fill(database)
    database.sql("ALTER TABLE journal_records ADD CONSTRAINT no_lost CHECK (payload <> 'lost')")
    try:
        with pytest.raises(JournalError, match="no_lost"):
            journal.append(1, 1, b"lost")
    finally:
        database.sql("ALTER TABLE journal_records DROP CONSTRAINT no_lost")
    assert journal.append(1, 1, b"four") == 4
    assert journal.verify().fault is None


def test_a_lease_that_stands_elsewhere_refuses_the_record(database: Medium):
    journal = fill(database)
    database.sql("UPDATE journal_leases SET sequence = 7 WHERE journal = %s", key(database))
    with pytest.raises(JournalError, match="stands at record 7; record 4 was not appended"):
        journal.append(1, 1, b"four")
    with pytest.raises(JournalCorrupt, match="ends with record 3, but its lease knows 7"):
        database.open()
    fault = database.reader().verify().fault
    assert fault is not None and "record 4 " in fault and "missing" in fault


def test_a_lease_that_was_deleted_fences(database: Medium):
    journal = fill(database)
    reader = database.reader()
    database.sql("DELETE FROM journal_leases WHERE journal = %s", key(database))
    with pytest.raises(JournalError, match="nobody"):
        journal.append(1, 1, b"four")
    assert list(reader.read()) == []


@pytest.mark.parametrize(
    ("damage", "record"),
    [
        ("UPDATE journal_records SET payload = 'x' WHERE journal = %s AND sequence = 2", 2),
        ("UPDATE journal_records SET payload = 'x' WHERE journal = %s AND sequence = 3", 3),
        ("UPDATE journal_records SET time = 9 WHERE journal = %s AND sequence = 2", 2),
        ("UPDATE journal_records SET version = 0 WHERE journal = %s AND sequence = 2", 2),
        ("UPDATE journal_records SET previous_hash = hash WHERE journal = %s AND sequence = 2", 2),
        ("DELETE FROM journal_records WHERE journal = %s AND sequence = 2", 2),
        ("DELETE FROM journal_records WHERE journal = %s AND sequence = 3", 3),
        ("DELETE FROM journal_records WHERE journal = %s", 1),
        (
            "INSERT INTO journal_records SELECT journal, 4, epoch, time, kind, version, hash, hash, payload "
            "FROM journal_records WHERE journal = %s AND sequence = 3",
            4,
        ),
    ],
)
def test_damage_in_the_table_is_found_and_its_record_named(database: Medium, damage: str, record: int):
    journal = fill(database)
    database.sql(damage, key(database))
    for found in (journal.verify(), database.reader().verify()):
        assert found.records == record - 1
        assert found.fault is not None and f"record {record} " in found.fault


def test_reading_from_after_a_missing_record_names_it(database: Medium):
    journal = fill(database)
    database.sql("DELETE FROM journal_records WHERE journal = %s AND sequence = 2", key(database))
    with pytest.raises(JournalCorrupt, match="record 2 .* missing"):
        list(journal.read(3))


@pytest.mark.parametrize(
    "dsn", ["never-tell-this", "postgresql://u:never-tell-this@[", "host=127.0.0.1 password='never-tell-this"]
)
def test_an_unreadable_connection_string_is_refused_without_being_told(tmp_path: pathlib.Path, dsn: str):
    section = JournalSection.model_validate({"medium": "postgres", "dsn": dsn})
    with pytest.raises(ConfigurationError) as caught:
        open_journal(section, tmp_path, "oms-p03", "me")
    assert "never-tell-this" not in str(caught.value.describe())


def test_an_unreachable_server_is_an_error_that_names_it_without_the_secret(tmp_path: pathlib.Path):
    port = free_port()
    dsn = f"postgresql://u:never-tell-this@127.0.0.1:{port}/db"
    section = JournalSection.model_validate({"medium": "postgres", "dsn": dsn})
    with pytest.raises(JournalError) as caught:
        open_journal(section, tmp_path, "oms-p03", "me")
    assert "never-tell-this" not in str(caught.value.describe())
    assert caught.value.value == f"host 127.0.0.1, port {port}, dbname db"


def test_a_server_that_goes_away_for_good_fails_questions_without_the_secret(database: Medium):
    journal = fill(database)
    journal._connection._parameters["port"] = free_port()
    drop_connections(database)
    with capture_logs() as logs, pytest.raises(JournalError) as caught:
        list(journal.read())
    assert "never-tell-this" not in str(caught.value.describe()) + str(logs)


def test_a_question_that_fails_twice_is_an_error(database: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = fill(database)
    lose_next_answer(journal, runs=False)
    connect = journal._connection._connect
    monkeypatch.setattr(journal._connection, "_connect", lambda: Lossy(connect(), runs=False))
    with pytest.raises(JournalError, match="can't be asked"):
        journal.verify()


def test_a_question_that_the_server_refuses_is_an_error(database: Medium):
    journal = fill(database)
    database.sql("ALTER TABLE journal_records RENAME TO journal_records_away")
    try:
        with pytest.raises(JournalError, match="refused a statement"):
            list(journal.read())
    finally:
        database.sql("ALTER TABLE journal_records_away RENAME TO journal_records")


@pytest.mark.parametrize(("durability", "setting"), [("process", "off"), ("disk", "on"), ("replicated", "on")])
def test_the_durability_is_a_setting_of_the_connection(database: Medium, durability: str, setting: str):
    with capture_logs() as logs:
        journal = database.open(durability=durability)
    assert isinstance(journal, PostgresJournal)
    assert journal._connection.ask("SHOW synchronous_commit") == [(setting,)]
    warned = ["the journal's server names no synchronous standby"] if durability == "replicated" else []
    assert [log["event"] for log in logs] == warned


def test_the_medium_postgres_without_a_connection_string_is_refused(tmp_path: pathlib.Path):
    section = JournalSection().model_copy(update={"medium": "postgres"})
    with pytest.raises(ConfigurationError, match="connection string"):
        open_journal(section, tmp_path, "oms-p03", "me")


def test_a_run_of_another_name_has_other_journals(database: Medium, postgres_dsn: str):
    fill(database)
    other = PostgresJournal(pydantic.SecretStr(postgres_dsn), "another-run", "oms-p03", "me", "process")
    assert other.last_sequence == 0
    other.close()
