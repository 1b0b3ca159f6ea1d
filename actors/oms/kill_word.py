"""The kill switch's word: the firm's trading state in a file that is mapped into memory.

It works while everything else is stuck: who writes it asks nobody, and a process that sends orders compares one number
before each of them, in well under a microsecond. Layout, native byte order: magic (8 bytes), number u64, then two slots
of state u64, time u64, principal and reason (zero-padded UTF-8). The slot ``number % 2`` is the one that counts, so
that a writer who dies half-way has changed nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import pathlib
import tempfile
import time
from collections.abc import Iterator
from typing import NamedTuple

from actors.errors import Conflict, Unavailable
from actors.messages import TradingState
from actors.oms.kill_switch import SEVERITY

_MAGIC = b"AMKILL01"
_SLOT = 512
_SIZE = 64 + 2 * _SLOT
_PRINCIPAL, _REASON = slice(16, 112), slice(112, _SLOT)
_STATES = {number: state for state, number in SEVERITY.items()}
_PATIENCE_SECONDS = 0.5


class WordState(NamedTuple):
    """What the word says.

    Attributes:
        number: Counts the changes; 0 while it was never set.
        state: The firm's trading state.
        time: When it was set, UTC nanoseconds of the wall clock.
        principal: Who set it.
        reason: Why.
    """

    number: int
    state: TradingState
    time: int
    principal: str
    reason: str


def word_path(directory: pathlib.Path) -> pathlib.Path:
    """Return where the word of the run in ``directory`` is."""
    return directory / "control" / "kill-switch"


class KillWord:
    """An open word; made where there is none.

    Args:
        path: The file.

    Attributes:
        numbers: The mapped number, alone in a sequence: ``numbers[0]`` changes with every change of the word.

    Raises:
        Conflict: It is another file (code ``KILL_SWITCH_UNREADABLE``).
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        if not path.exists():
            _make(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            _check(path, os.pread(self._descriptor, _SIZE + 1, 0))
            self._map = mmap.mmap(self._descriptor, _SIZE)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map)
        self._number = self._view[8:16]
        self.numbers = self._number.cast("Q")

    def read(self) -> WordState:
        """Return what the word says now; a state that nobody knows counts as halted."""
        while True:
            number = self.numbers[0]
            start = 64 + number % 2 * _SLOT
            slot = bytes(self._view[start : start + _SLOT])
            if self.numbers[0] == number:
                break
        state, moment = memoryview(slot)[:16].cast("Q")
        principal, reason = (slot[part].rstrip(b"\0").decode(errors="replace") for part in (_PRINCIPAL, _REASON))
        return WordState(number, _STATES.get(state, TradingState.HALTED), moment, principal, reason)

    def write(self, state: TradingState, principal: str, reason: str, expected: int | None = None) -> WordState:
        """Set the word, and return what it says then.

        A stricter state is written even where another writer is stuck half-way.

        Args:
            state: The firm's trading state.
            principal: Who sets it; cut to 96 bytes.
            reason: Why; cut to 400 bytes.
            expected: Where given, the number that the word must still have: else nothing is written.

        Raises:
            Unavailable: Another writer is stuck and the state is looser than what the word says.
        """
        with self._locked(state):
            number = self.numbers[0]
            if expected is not None and number != expected:
                return self.read()
            number += 1
            head = memoryview(bytearray(16)).cast("Q")
            head[0], head[1] = SEVERITY[state], time.time_ns()
            start = 64 + number % 2 * _SLOT
            self._view[start : start + _SLOT] = (
                head.tobytes() + _padded(principal, _PRINCIPAL) + _padded(reason, _REASON)
            )
            self.numbers[0] = number
        self._map.flush()
        return self.read()

    @contextlib.contextmanager
    def _locked(self, state: TradingState) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        taken = False
        while not taken:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                taken = True
            except BlockingIOError:
                if time.monotonic() > deadline:
                    if SEVERITY[state] > SEVERITY[self.read().state]:
                        break
                    raise Unavailable(
                        "another process is setting the kill switch and does not get on",
                        field="kill-switch",
                        value=self.path,
                        remedy="end the process that has the file locked",
                        code="KILL_SWITCH_LOCKED",
                    ) from None
                time.sleep(0.002)
        try:
            yield
        finally:
            if taken:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Unmap and close the file; it may be closed already."""
        if self._map.closed:
            return
        for view in (self.numbers, self._number, self._view):
            view.release()
        self._map.close()
        os.close(self._descriptor)


def _make(path: pathlib.Path) -> None:
    """Make the file whole or not at all: nobody may map one that has holes, or that is not long enough."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        os.write(descriptor, _MAGIC + bytes(_SIZE - len(_MAGIC)))
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.close(descriptor)
        os.unlink(name)


def _check(path: pathlib.Path, content: bytes) -> None:
    if len(content) != _SIZE or not content.startswith(_MAGIC):
        raise Conflict(
            f"{path} is no kill switch",
            field="kill-switch",
            value=f"{len(content)} bytes",
            rule=f"{_SIZE} bytes that begin with {_MAGIC.decode()}",
            remedy="remove the file, then set the kill switch again",
            code="KILL_SWITCH_UNREADABLE",
        )


def _padded(text: str, part: slice) -> bytes:
    length = part.stop - part.start
    return text.encode()[:length].ljust(length, b"\0")
