"""Market data made for the benchmarks, in the formats that the feed reads."""

from __future__ import annotations

import datetime
import pathlib
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from actors.calendars import session_bounds
from actors.clock import MINUTE

FIRST_DAY = "2024-01-03"
_SINCE_MIDNIGHT_AT_OPEN = 34_200.0
_RESTING_ORDERS = 20


class Stretch(NamedTuple):
    """Consecutive slices of one size.

    Attributes:
        rows: Rows of each slice.
        slices: Number of slices.
    """

    rows: int
    slices: int


def bounds(stretches: Sequence[Stretch]) -> list[tuple[int, int]]:
    """Return the sequences of the first and the last slice of each stretch."""
    ends = np.cumsum([stretch.slices for stretch in stretches]).tolist()
    return [(end - stretch.slices + 1, end) for stretch, end in zip(stretches, ends, strict=True)]


def write_minute_bars(path: pathlib.Path, stretches: Sequence[Stretch], seed: int = 1) -> None:
    """Write a Parquet file of minute bars, one slice a minute, each with the first ``rows`` of the instruments.

    Args:
        path: The file.
        stretches: How many instruments are in how many minutes, one after the other.
        seed: Seed of the prices: random walks that start at 100 and move 2 basis points a minute.
    """
    opens, closes = session_bounds("XNYS")
    first = int(np.searchsorted(opens, np.datetime64(FIRST_DAY, "ns").astype(np.int64)))
    wanted = sum(stretch.slices for stretch in stretches)
    minutes = np.concatenate(
        [
            np.arange(begin, end, MINUTE)
            for begin, end in zip(opens[first:], closes[first : first + wanted], strict=False)
        ]
    )[:wanted]
    counts = np.repeat([stretch.rows for stretch in stretches], [stretch.slices for stretch in stretches])
    codes = np.concatenate([np.arange(count) for count in counts])
    generator = np.random.default_rng(seed)
    steps = generator.normal(0.0, 2e-4, (wanted, int(counts.max())))
    close = np.round(100.0 * np.exp(np.cumsum(steps, axis=0)), 2)
    open_ = np.vstack([np.full(close.shape[1], 100.0), close[:-1]])
    chosen = np.arange(close.shape[1]) < counts[:, None]
    columns = {
        "time": pa.array(np.repeat(minutes, counts), pa.timestamp("ns", "UTC")),
        "symbol": pa.DictionaryArray.from_arrays(
            pa.array(codes, pa.int32()), [f"M{code:04d}" for code in range(int(counts.max()))]
        ),
        "open": open_[chosen],
        "high": np.maximum(open_, close)[chosen],
        "low": np.minimum(open_, close)[chosen],
        "close": close[chosen],
        "volume": np.full(len(codes), 10_000.0),
    }
    pa.parquet.write_table(pa.table(columns), path)


def write_messages(folder: pathlib.Path, a_second: float, seconds: float, seed: int = 1) -> pathlib.Path:
    """Write LOBSTER messages of one stock, Poisson arrivals from the open on, and return the file.

    Orders are added a step below and above 100, and the oldest of twenty is deleted in turn: each message changes a
    size at the top of the book and becomes one quote.

    Args:
        folder: Where the file goes.
        a_second: Mean number of messages a second.
        seconds: Length of the data.
        seed: Seed of arrivals and sides.
    """
    generator = np.random.default_rng(seed)
    count = round(a_second * seconds)
    times = _SINCE_MIDNIGHT_AT_OPEN + np.cumsum(generator.exponential(1.0 / a_second, count))
    sides = generator.choice([1, -1], count).tolist()
    resting: deque[tuple[int, int, int, int]] = deque()
    lines = []
    for number, time in enumerate(times.tolist()):
        if len(resting) < _RESTING_ORDERS or number % 2:
            action, order = 1, (number + 1, 100, 1_000_000 - 100 * sides[number], sides[number])
            resting.append(order)
        else:
            action, order = 3, resting.popleft()
        lines.append(f"{time:.9f},{action},{','.join(map(str, order))}\n")
    path = folder / f"BENCH_{datetime.date.fromisoformat(FIRST_DAY)}_34200000_57600000_message_10.csv"
    path.write_text("".join(lines))
    return path
