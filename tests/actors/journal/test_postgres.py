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
    journal.flush()
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


class Away:
    """The server can't be reached while this is entered, and the answer to the statement before is lost."""

    def __init__(self, journal: PostgresJournal, runs: bool) -> None:
        self._connection = journal._connection
        self._port = self._connection._parameters["port"]
        lose_next_answer(journal, runs)

    def __enter__(self) -> None:
        self._connection._parameters["port"] = free_port()

    def __exit__(self, *_: object) -> None:
        self._connection._parameters["port"] = self._port


def append(journal: PostgresJournal, *payloads: bytes) -> list[int]:
    return [journal.append(1, 1, payload) for payload in payloads]


def fail(journal: PostgresJournal, *payloads: bytes, runs: bool) -> None:
    """Append, and flush while the server goes away before it could answer."""
    append(journal, *payloads)
    last = journal.last_sequence
    with Away(journal, runs), pytest.raises(JournalError, match=f"{last} can't be appended"):
        journal.flush()
    assert journal.last_sequence == last - len(payloads)


def test_reading_survives_a_lost_connection(database: Medium):
    journal = fill(database, 300)
    records = journal.read()
    next(records)
    drop_connections(database)
    with capture_logs() as logs:
        assert sum(1 for _ in records) == 299
    assert [log["log_level"] for log in logs] == ["warning"]


def test_appending_asks_the_server_nothing_and_a_flush_asks_once(database: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = fill(database, 0)
    asked: list[object] = []
    execute = psycopg.Connection.execute

    def counted(self: psycopg.Connection[Any], *arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        return execute(self, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    assert append(journal, b"one", b"two", b"three") == [1, 2, 3]
    assert len(asked) == 0
    for _ in range(2):
        journal.flush()
        assert len(asked) == 1


@pytest.mark.parametrize("runs", [False, True], ids=["not written", "written"])
def test_a_flush_whose_answer_was_lost_finds_out_by_itself(database: Medium, runs: bool):
    journal = fill(database)
    for payloads in ((b"four",), (b"five", b"six", b"seven")):
        append(journal, *payloads)
        lose_next_answer(journal, runs)
        journal.flush()
    assert append(journal, b"eight") == [8]
    assert [record.payload for record in journal.read(4)] == [b"four", b"five", b"six", b"seven", b"eight"]
    assert journal.verify().fault is None


def test_a_flush_on_connections_that_the_server_ended_connects_again(database: Medium):
    journal = fill(database)
    append(journal, b"four", b"five")
    drop_connections(database)
    journal.flush()
    assert [record.payload for record in database.reader().read(3)] == [b"payload 3", b"four", b"five"]


def test_a_first_try_that_came_through_after_it_had_been_asked_for_counts_once(
    database: Medium, monkeypatch: pytest.MonkeyPatch
):
    journal = fill(database)
    append(journal, b"four", b"five")
    lose_next_answer(journal, runs=True)
    is_written = journal._is_written
    answers = iter([False])
    monkeypatch.setattr(journal, "_is_written", lambda batch: next(answers, None) is not False and is_written(batch))
    journal.flush()
    assert (journal.last_sequence, journal.verify().records) == (5, 5)


def test_a_flush_that_gets_no_answer_twice_is_an_error(database: Medium, monkeypatch: pytest.MonkeyPatch):
    journal = fill(database)
    append(journal, b"four")
    lose_next_answer(journal, runs=False)
    connect = journal._connection._connect

    def lossy_once_more() -> Any:
        monkeypatch.undo()
        connection = connect()
        execute = connection.execute

        def lossy(statement: str, *arguments: Any, **options: Any) -> Any:
            if "INSERT" in statement:
                connection.close()
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return execute(statement, *arguments, **options)

        connection.execute = lossy  # type: ignore[method-assign]
        return connection

    monkeypatch.setattr(journal._connection, "_connect", lossy_once_more)
    with pytest.raises(JournalError, match="record 4 can't be appended"):
        journal.flush()
    assert append(journal, b"four") == [4]
    journal.flush()
    assert journal.verify().records == 4


def test_what_was_not_written_while_the_server_was_away_can_be_appended_again(database: Medium):
    journal = fill(database)
    fail(journal, b"four", b"five", runs=False)
    assert append(journal, b"another", b"five") == [4, 5]
    journal.flush()
    assert [record.payload for record in journal.read(4)] == [b"another", b"five"]


def test_what_was_written_while_its_answer_was_lost_is_not_doubled_when_repeated(database: Medium):
    journal = fill(database)
    fail(journal, b"four", b"five", runs=True)
    assert append(journal, b"four", b"five", b"six") == [4, 5, 6]
    journal.flush()
    assert [record.payload for record in journal.read(4)] == [b"four", b"five", b"six"]


def test_after_a_lost_answer_another_record_is_refused_until_the_owner_has_read(database: Medium):
    journal = fill(database)
    fail(journal, b"four", b"five", runs=True)
    assert append(journal, b"four") == [4]
    for _ in range(2):
        with pytest.raises(JournalError, match="record 5 .* was written although"):
            append(journal, b"other")
    journal.flush()
    assert [record.payload for record in journal.read(4)] == [b"four", b"five"]
    assert append(journal, b"other") == [6]
    assert (journal.verify().records, journal.verify().fault) == (6, None)


@pytest.mark.parametrize("runs", [False, True], ids=["not written", "written"])
def test_a_second_flush_says_whether_the_first_one_was_written(database: Medium, runs: bool):
    journal = fill(database)
    fail(journal, b"four", b"five", runs=runs)
    if runs:
        journal.flush()
        assert journal.last_sequence == 5
    else:
        with pytest.raises(JournalError, match="records 4 to 5 .* did not reach the database"):
            journal.flush()
        journal.flush()
    assert database.reader().verify().records == journal.last_sequence == (5 if runs else 3)


def test_a_server_that_is_away_before_anything_was_sent_refuses_the_whole_batch(database: Medium):
    journal = fill(database)
    append(journal, b"four", b"five")
    journal._connection._connection.close()
    with Away(journal, runs=False), pytest.raises(JournalError, match="can't be reached"):
        journal.flush()
    assert append(journal, b"six") == [4]


def test_a_batch_that_the_server_refuses_is_refused_as_a_whole_and_leaves_the_journal_usable(database: Medium):
    journal = fill(database)
    database.sql("ALTER TABLE journal_records ADD CONSTRAINT no_lost CHECK (payload <> 'lost')")
    try:
        append(journal, b"kept?", b"lost", b"kept?")
        with pytest.raises(JournalError, match="records 4 to 6 can't be appended.*no_lost"):
            journal.flush()
    finally:
        database.sql("ALTER TABLE journal_records DROP CONSTRAINT no_lost")
    assert append(journal, b"four") == [4]
    journal.flush()
    assert [record.payload for record in journal.read(4)] == [b"four"]
    assert journal.verify().fault is None


def test_a_batch_that_grows_too_large_has_to_be_flushed_first(database: Medium, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("actors.journal.batch.MAXIMUM_PAYLOAD", 10)
    journal = fill(database, 0)
    assert append(journal, b"123456", b"1234") == [1, 2]
    with pytest.raises(JournalError, match="10 bytes wait for a flush"):
        append(journal, b"5")
    journal.flush()
    assert append(journal, b"three") == [3]
    assert [record.payload for record in journal.read()] == [b"123456", b"1234", b"three"]


def test_a_lease_that_stands_elsewhere_refuses_the_batch(database: Medium):
    journal = fill(database)
    database.sql("UPDATE journal_leases SET sequence = 7 WHERE journal = %s", key(database))
    append(journal, b"four", b"five")
    with pytest.raises(JournalError, match="stands at record 7; records 4 to 5 can't be appended"):
        journal.flush()
    with pytest.raises(JournalCorrupt, match="ends with record 3, but its lease knows 7"):
        database.open()
    fault = database.reader().verify().fault
    assert fault is not None and "record 4 " in str(fault) and "missing" in str(fault)


def test_a_lease_that_was_deleted_fences(database: Medium):
    journal = fill(database)
    reader = database.reader()
    database.sql("DELETE FROM journal_leases WHERE journal = %s", key(database))
    append(journal, b"four")
    with pytest.raises(JournalError, match="nobody"):
        journal.flush()
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
        assert found.fault is not None and f"record {record} " in str(found.fault)


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
