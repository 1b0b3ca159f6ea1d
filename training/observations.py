"""Keeps what a forecaster has observed in one file, so that a restart does not begin from nothing."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence

import numpy as np

from actors.messages import RealizedVariance

ROW = np.dtype([("instrument", "<i8"), ("period_start", "<i8"), ("known_time", "<i8"), ("variance", "<f8")])


class ObservationFile:
    """Realised variances, 32 bytes each, in the order in which they were observed.

    Args:
        path: The file; made at the first append.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def append(self, rows: Sequence[RealizedVariance]) -> None:
        """Add rows at the end; they survive the process, not a loss of power."""
        if not rows:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(_encode(rows))

    def read(self) -> list[RealizedVariance]:
        """Return all rows; one that was torn by a crash is cut off."""
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        whole = len(content) // ROW.itemsize * ROW.itemsize
        if whole < len(content):
            with self.path.open("r+b") as file:
                file.truncate(whole)
        return [RealizedVariance(*row) for row in np.frombuffer(content[:whole], ROW).tolist()]

    def replace(self, rows: Sequence[RealizedVariance]) -> None:
        """Keep these rows instead of what is there."""
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_bytes(_encode(rows))
        temporary.replace(self.path)


def _encode(rows: Sequence[RealizedVariance]) -> bytes:
    fields = [(row.instrument, row.period_start, row.known_time, row.variance) for row in rows]
    return np.array(fields, dtype=ROW).tobytes()
