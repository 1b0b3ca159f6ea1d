"""A journal in PostgreSQL for reading alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pydantic

from actors.errors import NotFound
from actors.journal import statements
from actors.journal.connection import Connection
from actors.journal.journal import Progress, Record, Verification, Witness, ignore
from actors.journal.journal_tables import JournalTables, create_tables


class PostgresReader:
    """The journal ``name`` of the run ``run``, for reading alone, also while its owner writes.

    Args:
        dsn: Connection string.
        run: The run's name; with the journal's name it is the key in the tables.
        name: The journal's name.

    Raises:
        NotFound: There is no such journal.
        JournalError: The database can't be reached.
    """

    def __init__(self, dsn: pydantic.SecretStr, run: str, name: str) -> None:
        self.name = name
        self._connection = Connection(dsn, "off")
        self._tables = JournalTables(self._connection, f"{run}/{name}", name)
        if name not in journals(self._connection, run):
            self._connection.close()
            raise NotFound("there is no such journal", field="name", value=f"{run}/{name}")

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest record."""
        return self._tables.lease()[1]

    def read(self, from_sequence: int = 1, losses: bool = False) -> Iterator[Record]:
        """Yield the records from ``from_sequence`` on."""
        return self._tables.chain(self.last_sequence).records(from_sequence)

    def verify(self, witnesses: Sequence[Witness] = (), progress: Progress = ignore) -> Verification:
        """Check the whole chain; see ``Journal.verify``."""
        return self._tables.verify(self.last_sequence, witnesses, progress)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def journals(connection: Connection, run: str) -> list[str]:
    """Return the names of all journals of a run."""
    first, every = connection.ask(statements.TABLES_EXIST)[0]
    if not first:
        return []
    if not every:
        create_tables(connection)
    prefix = f"{run}/"
    return [row[0].removeprefix(prefix) for row in connection.ask(statements.JOURNALS, (prefix,))]
