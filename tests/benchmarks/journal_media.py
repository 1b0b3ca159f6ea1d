"""The embedded journal beside SQLite: ``python -m tests.benchmarks.journal_media`` prints one JSON object a line.

Both keep the same records: 200 random bytes each, encoded and chained by the same code. They take turns in rounds, so
that a machine that others slow down meanwhile slows both; the best round counts.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from actors.journal.journal import Record
from actors.journal.records import HEADER, START, chain_hash, encode, genesis
from actors.journal.segments import SegmentJournal
from tests.benchmarks.figures import figure

PAYLOAD_BYTES = 200
ROUNDS = 5
PROCESS_APPENDS = 10_000
DISK_APPENDS = 1_000
GROUP = 64
READ_RECORDS = 250_000
SEGMENT_BYTES = 64 << 20
NAME = "oms-p03"


class Store(Protocol):
    """What is measured."""

    def append(self, time: int, kind: int, payload: bytes) -> object:
        """Chain a record and put it at the end."""

    def flush(self) -> object:
        """Make what was appended durable."""

    def count(self) -> int:
        """Read all records, check their chain and return how many there are."""

    def close(self) -> object:
        """Release what is held."""


class SegmentStore:
    """Segment files."""

    def __init__(self, folder: pathlib.Path, sync: bool) -> None:
        self.journal = SegmentJournal(folder, NAME, "benchmark", SEGMENT_BYTES, sync)
        self.append = self.journal.append
        self.flush = self.journal.flush
        self.close = self.journal.close

    def count(self) -> int:
        """Read all records, check their chain and return how many there are."""
        return sum(1 for _ in self.journal.read())


class SqliteStore:
    """A table of the same encoded records in WAL mode; each record is a transaction, or each group of them."""

    def __init__(self, folder: pathlib.Path, synchronous: str, grouped: bool = False) -> None:
        self._connection = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        self._connection.execute("CREATE TABLE records (sequence INTEGER PRIMARY KEY, record BLOB NOT NULL)")
        self._grouped = grouped
        self._sequence, self._hash = 0, genesis(NAME)
        self.close = self._connection.close

    def append(self, time: int, kind: int, payload: bytes) -> None:
        """Chain a record and put it at the end."""
        if self._grouped and not self._connection.in_transaction:
            self._connection.execute("BEGIN")
        self._sequence += 1
        record = encode(self._sequence, time, kind, 1, self._hash, payload)
        self._hash = chain_hash(record)
        self._connection.execute("INSERT INTO records VALUES (?, ?)", (self._sequence, record))

    def flush(self) -> None:
        """Commit a group; a single record is committed already."""
        if self._grouped:
            self._connection.execute("COMMIT")

    def count(self) -> int:
        """Read all records, check their chain and return how many there are."""
        count, previous_hash = 0, genesis(NAME)
        for sequence, record in self._connection.execute("SELECT sequence, record FROM records ORDER BY sequence"):
            if sequence != count + 1 or record[START.size : START.size + 32] != previous_hash:
                raise ValueError(f"record {sequence} is not what was written")
            previous_hash = chain_hash(record)
            _, number, time, kind, version = START.unpack_from(record)
            count = Record(number, time, kind, version, record[HEADER.size :]).sequence
        return count


class Measured(NamedTuple):
    """What one round gave.

    Attributes:
        rate: Appends a second.
        p50: Median time of an append that is kept on return, in microseconds.
        p99: Its 99th percentile.
        processor: Processor time of an append, in microseconds.
    """

    rate: float
    p50: float
    p99: float
    processor: float


def measure(store: Store, appends: int, group: int) -> Measured:
    """Append records and time each group of them with its flush."""
    payloads = [os.urandom(PAYLOAD_BYTES) for _ in range(100)]
    append, flush, now = store.append, store.flush, time.perf_counter_ns
    taken, used = [], time.process_time()
    for number in range(0, appends, group):
        began = now()
        for one in range(number, number + group):
            append(one, 1, payloads[one % 100])
        flush()
        taken.append(now() - began)
    used = (time.process_time() - used) / (len(taken) * group)
    levels = statistics.quantiles(taken, n=100)
    return Measured(len(taken) * group / sum(taken) * 1e9, levels[49] / 1e3, levels[98] / 1e3, used * 1e6)


def take_turns(makers: dict[str, Callable[[pathlib.Path], Store]], appends: int, group: int) -> dict[str, Measured]:
    """Return the best of the rounds of each store."""
    rounds: dict[str, list[Measured]] = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            with fresh(make) as store:
                rounds[name].append(measure(store, appends, group))
    return {name: max(of) for name, of in rounds.items()}


@contextlib.contextmanager
def fresh(make: Callable[[pathlib.Path], Store]) -> Iterator[Store]:
    """Make a store in a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="am-journal-") as folder:
        store = make(pathlib.Path(folder))
        try:
            yield store
        finally:
            store.close()


def tell(names: Sequence[str], measured: dict[str, Measured], title: str, reference: str) -> None:
    """Print the rates of stores, the first with the reference's beside it."""
    for name in names:
        rate, p50, p99, processor = measured[name]
        figure(
            f"{title}: {name}",
            rate,
            "records/s",
            reference=measured[reference].rate if name == names[0] else None,
            better="higher",
            p50_us=round(p50, 1),
            p99_us=round(p99, 1),
            processor_us=round(processor, 2),
            reference_is=reference if name == names[0] else None,
        )


def measure_appends() -> None:
    """Measure appends one by one with either durability, and in groups that are flushed together."""
    process: dict[str, Callable[[pathlib.Path], Store]] = {
        "segments": lambda folder: SegmentStore(folder, sync=False),
        "SQLite, synchronous OFF": lambda folder: SqliteStore(folder, "OFF"),
        "SQLite, synchronous NORMAL": lambda folder: SqliteStore(folder, "NORMAL"),
    }
    disk: dict[str, Callable[[pathlib.Path], Store]] = {
        "segments": lambda folder: SegmentStore(folder, sync=True),
        "SQLite, synchronous FULL": lambda folder: SqliteStore(folder, "FULL"),
    }
    groups: dict[str, Callable[[pathlib.Path], Store]] = {
        "segments": lambda folder: SegmentStore(folder, sync=True),
        "SQLite, synchronous FULL": lambda folder: SqliteStore(folder, "FULL", grouped=True),
    }
    measured = take_turns(process, PROCESS_APPENDS, 1)
    tell(list(process), measured, "append, durability process", "SQLite, synchronous NORMAL")
    measured = take_turns(disk, DISK_APPENDS, 1)
    tell(list(disk), measured, "append, durability disk", "SQLite, synchronous FULL")
    measured = take_turns(groups, DISK_APPENDS * GROUP // 8, GROUP)
    tell(list(groups), measured, f"append, durability disk, {GROUP} a flush", "SQLite, synchronous FULL")


def measure_reading() -> None:
    """Measure how fast all records are read and their chain is checked, as a recovery does."""
    makers: dict[str, Callable[[pathlib.Path], Store]] = {
        "segments": lambda folder: SegmentStore(folder, sync=False),
        "SQLite": lambda folder: SqliteStore(folder, "OFF", grouped=True),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    with fresh(makers["segments"]) as segments, fresh(makers["SQLite"]) as sqlite:
        stores = {"segments": segments, "SQLite": sqlite}
        for store in stores.values():
            measure(store, READ_RECORDS, 1000)
        for _ in range(ROUNDS):
            for name, store in stores.items():
                began, used = time.perf_counter(), time.process_time()
                count = store.count()
                used = time.process_time() - used
                rates[name].append((count / (time.perf_counter() - began), used / count * 1e6))
                assert count == READ_RECORDS
    for name in makers:
        rate, _ = max(rates[name])
        figure(
            f"read and verify: {name}",
            rate,
            "records/s",
            reference=max(rates["SQLite"])[0] if name == "segments" else None,
            better="higher",
            records=READ_RECORDS,
            processor_us=round(min(used for _, used in rates[name]), 2),
        )


def main() -> int:
    """Print all figures."""
    measure_appends()
    measure_reading()
    return 0


if __name__ == "__main__":
    sys.exit(main())
