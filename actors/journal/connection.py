"""The journal's connection to PostgreSQL: it comes back by itself and never tells its connection string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import psycopg.conninfo
import pydantic
import structlog

from actors.errors import ConfigurationError, JournalError

_log = structlog.get_logger()

_DEFAULTS = {
    "connect_timeout": 5,
    "application_name": "alphamind-journal",
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds; a server that vanished must not hold the owner for minutes
}


class Connection:
    """One connection in autocommit mode.

    Args:
        dsn: Connection string.
        synchronous_commit: ``on`` or ``off``: whether the server answers only once its log is on disk.

    Raises:
        ConfigurationError: The connection string can't be read.
        JournalError: The server can't be reached.
    """

    def __init__(self, dsn: pydantic.SecretStr, synchronous_commit: str) -> None:
        self._dsn = dsn
        self._synchronous_commit = synchronous_commit
        self._closed = False
        try:
            given = psycopg.conninfo.conninfo_to_dict(dsn.get_secret_value())
        except psycopg.Error:
            raise ConfigurationError(
                "the connection string can't be read",
                field="journal.dsn",
                rule="postgresql://user:password@host:port/database, or key=value pairs",
            ) from None
        self._parameters: dict[str, Any] = {**_DEFAULTS, **given}
        self._server = (
            ", ".join(f"{key} {given[key]}" for key in ("host", "port", "dbname") if key in given) or "default"
        )
        self._connection = self._connect()

    @property
    def alive(self) -> bool:
        """False once the connection is known to be lost or was closed."""
        return not self._connection.closed

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement that can be repeated, on a new connection where the old one is lost, and return its rows.

        Raises:
            JournalError: It failed, or the server can't be reached.
        """
        cursor = self._repeatable(statement, parameters)
        return cursor.fetchall() if cursor.description else []

    def count(self, statement: str, parameters: Sequence[Any]) -> int:
        """Run a statement that can be repeated and return how many rows it changed.

        Raises:
            JournalError: It failed, or the server can't be reached.
        """
        return self._repeatable(statement, parameters).rowcount

    def change(self, statement: str, parameters: Sequence[Any]) -> int:
        """Run a statement that must not be repeated and return how many rows it changed.

        Raises:
            psycopg.Error: It failed; where the connection is no longer ``alive``, it may have run all the same.
        """
        return self._connection.execute(statement, parameters, prepare=True, binary=True).rowcount

    def require(self) -> None:
        """Connect again where the connection is lost.

        Raises:
            JournalError: The server can't be reached, or ``close`` was called.
        """
        self.require_open()
        if not self.alive:
            self._connection = self._connect()

    def require_open(self) -> None:
        """Do nothing, unless ``close`` was called.

        Raises:
            JournalError: It was.
        """
        if self._closed:
            raise JournalError("the journal can't be used: it was closed", remedy="open it again")

    def failure(self, message: str, error: psycopg.Error) -> JournalError:
        """Return the error to raise for one of the driver's, without anything secret."""
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        password = self._parameters.get("password")
        for secret in (self._dsn.get_secret_value(), str(password) if password else None):
            text = text.replace(secret, "***") if secret else text
        return JournalError(
            f"{message}: {text}",
            field="journal",
            value=self._server,
            remedy="check that the database runs and has space",
        )

    def close(self) -> None:
        """Close the connection for good; a second call does nothing."""
        self._closed = True
        self._connection.close()

    def _repeatable(self, statement: str, parameters: Sequence[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        self.require()
        try:
            return self._connection.execute(statement, parameters, binary=True)
        except psycopg.Error as error:
            if self.alive:
                raise self.failure("the journal's database refused a statement", error) from None
        _log.warning("connection to the journal's database was lost", server=self._server)
        self.require()
        try:
            return self._connection.execute(statement, parameters, binary=True)
        except psycopg.Error as error:
            raise self.failure("the journal's database can't be asked", error) from None

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        try:
            connection = psycopg.connect(autocommit=True, **self._parameters)
            connection.execute(f"SET synchronous_commit TO {self._synchronous_commit}")
            connection.execute("SET statement_timeout TO '30s'")
        except psycopg.Error as error:
            raise self.failure("the journal's database can't be reached", error) from None
        return connection
