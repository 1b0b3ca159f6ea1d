"""A wall clock that a harness can step while the process goes on: an offset in a file that processes map."""

from __future__ import annotations

import mmap
import pathlib
import time


class SteppedClock:
    """The harness's hand on the wall clocks of its processes.

    Args:
        path: The file with the offset, in nanoseconds; made here.
    """

    def __init__(self, path: pathlib.Path) -> None:
        path.write_bytes(bytes(8))
        self._offset = _map(path, writable=True)

    @property
    def offset(self) -> int:
        """How far the clocks stand from the machine's, in nanoseconds."""
        return self._offset[0]

    def step(self, by: int) -> None:
        """Step all clocks by some nanoseconds, back where negative."""
        self._offset[0] += by


def step_clocks(path: pathlib.Path) -> None:
    """Let ``time.time`` and ``time.time_ns`` of this process follow a ``SteppedClock``; call before other imports."""
    offset = _map(path, writable=False)
    real = time.time_ns

    def time_ns() -> int:
        return real() + offset[0]

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9


def _map(path: pathlib.Path, writable: bool) -> memoryview[int]:
    with path.open("r+b" if writable else "rb") as file:
        access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
        return memoryview(mmap.mmap(file.fileno(), 8, access=access)).cast("q")
