"""The lease file of a segment journal: who may write, compared at every append in well under a microsecond.

Layout, native byte order: magic (8 bytes), epoch u64, acknowledged sequence u64, owner (104 bytes, zero-padded UTF-8).
The file is mapped into memory, so a takeover by another process is seen by the next comparison. The lock is held only
while the lease changes hands, never for life: a frozen owner must not be able to keep its successor out.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import pathlib
import time
from collections.abc import Iterator
from typing import NamedTuple

from actors.errors import JournalCorrupt, JournalError

_MAGIC = b"AMLEASE1"
_SIZE = 128
_OWNER = slice(24, _SIZE)
_LOCK_SECONDS = 10.0
_LARGEST_EPOCH = 10**10 - 1
"""The last one with a place in the names of segments; no run gets there, so a larger one is damage."""


class LeaseState(NamedTuple):
    """What a lease file says.

    Attributes:
        epoch: Epoch of the newest owner.
        acknowledged: Sequence up to which an owner was told that its records are kept.
        owner: The newest owner.
    """

    epoch: int
    acknowledged: int
    owner: str


class LeaseFile:
    """An open lease file; created where there is none.

    Args:
        path: The file.

    Attributes:
        numbers: The mapped epoch and acknowledged sequence, in this order.

    Raises:
        JournalError: The file can't be opened, or another process keeps it locked.
        JournalCorrupt: It is no lease file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with self.locked():
                if os.fstat(self._descriptor).st_size == 0:
                    os.pwrite(self._descriptor, _MAGIC + bytes(_SIZE - len(_MAGIC)), 0)
                _check(os.pread(self._descriptor, _SIZE, 0), path)
            self._map = mmap.mmap(self._descriptor, _SIZE)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map)
        self._words = self._view[8:24]
        self.numbers = self._words.cast("Q")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the lease.

        Raises:
            JournalError: Another process holds it for longer than it ever takes.
        """
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise JournalError(
                        "the lease can't be taken: another process is opening the journal and does not get on",
                        field="lease",
                        value=self.path,
                        remedy="end the process that has the file open",
                    ) from None
                time.sleep(0.002)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def take(self, owner: str, above: int, sync: bool) -> int:
        """Take the lease and return the new epoch.

        Args:
            owner: Who takes it, for people; cut to 104 bytes.
            above: An epoch that is known to have been used.
            sync: Whether the epoch must be on disk on return.
        """
        with self.locked():
            epoch = max(self.numbers[0], above) + 1
            self.numbers[0] = epoch
            text = owner.encode()[: _SIZE - 24]
            self._view[_OWNER] = text + bytes(_SIZE - 24 - len(text))
        if sync:
            self._map.flush()
        return epoch

    def state(self) -> LeaseState:
        """Return what the lease says now."""
        return _state(bytes(self._view))

    def close(self) -> None:
        """Unmap and close the file."""
        for view in (self.numbers, self._words, self._view):
            view.release()
        self._map.close()
        os.close(self._descriptor)


def read_lease(path: pathlib.Path) -> LeaseState:
    """Return what a lease file says, without opening it for writing; zeros where there is none.

    Raises:
        JournalCorrupt: It is no lease file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return LeaseState(0, 0, "")
    if not content:
        return LeaseState(0, 0, "")
    _check(content, path)
    return _state(content)


def _state(content: bytes) -> LeaseState:
    numbers = memoryview(content)[8:24].cast("Q")
    return LeaseState(numbers[0], numbers[1], content[_OWNER].rstrip(b"\0").decode(errors="replace"))


def _check(content: bytes, path: pathlib.Path) -> None:
    remedy = "end all processes of the run, then remove the file: the epoch is found again in the segments"
    if len(content) != _SIZE or not content.startswith(_MAGIC):
        raise JournalCorrupt(
            f"{path} is no lease file",
            field=path.name,
            value=f"{len(content)} bytes",
            rule=f"{_SIZE} bytes that begin with {_MAGIC.decode()}",
            remedy=remedy,
        )
    epoch = _state(content).epoch
    if epoch >= _LARGEST_EPOCH:
        raise JournalCorrupt(
            f"the epoch in {path} is not what was written",
            field=path.name,
            value=epoch,
            rule=f"less than {_LARGEST_EPOCH}",
            remedy=remedy,
        )
