"""Journals of both media for the contract tests, and hands that damage what they wrote."""

from __future__ import annotations

import contextlib
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from actors.journal import Journal, JournalReader, open_journal, read_journal
from configs.schema import JournalSection
from tests.servers import postgres


class Medium:
    """One medium: opens journals of one fresh run and closes them all afterwards."""

    def __init__(self, section: JournalSection, directory: pathlib.Path, dsn: str | None = None) -> None:
        self.section = section
        self.directory = directory
        self.dsn = dsn
        self._stack = contextlib.ExitStack()

    def open(self, name: str = "oms-p03", owner: str = "first", **changes: Any) -> Journal:
        journal = open_journal(self.section.model_copy(update=changes), self.directory, name, owner)
        self._stack.callback(journal.close)
        return journal

    def reader(self, name: str = "oms-p03") -> JournalReader:
        reader = read_journal(self.section, self.directory, name)
        self._stack.callback(reader.close)
        return reader

    def segments(self, name: str = "oms-p03") -> list[pathlib.Path]:
        return sorted((self.directory / "journal" / name).glob("*.segment"))

    def snapshots(self, name: str = "oms-p03") -> list[pathlib.Path]:
        return sorted((self.directory / "journal" / name / "snapshots").glob("*.snapshot"))

    def archives(self, name: str = "oms-p03") -> list[pathlib.Path]:
        return sorted((self.directory / "journal" / name / "archive").glob("*.gz"))

    def sql(self, statement: str, *parameters: Any) -> list[Any]:
        assert self.dsn is not None
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    with postgres() as dsn:
        yield dsn


@pytest.fixture
def segments(tmp_path: pathlib.Path) -> Iterator[Medium]:
    medium = Medium(JournalSection(), tmp_path)
    yield medium
    medium.close()


@pytest.fixture
def database(postgres_dsn: str, tmp_path: pathlib.Path) -> Iterator[Medium]:
    section = JournalSection.model_validate({"medium": "postgres", "dsn": postgres_dsn})
    medium = Medium(section, tmp_path / uuid.uuid4().hex, postgres_dsn)
    yield medium
    medium.close()


@pytest.fixture(params=["segments", "database"])
def medium(request: pytest.FixtureRequest) -> Medium:
    return request.getfixturevalue(request.param)


@pytest.fixture
def filled(medium: Medium) -> Callable[[int], Journal]:
    def fill(count: int) -> Journal:
        journal = medium.open()
        for number in range(1, count + 1):
            journal.append(1000 + number, 1 + number % 3, f"payload {number}".encode())
        journal.flush()
        return journal

    return fill
