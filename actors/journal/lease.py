"""The lease file of a segment journal: who may write, compared at every append in well under a microsecond.

Layout, native byte order: magic (8 bytes), epoch u64, acknowledged sequence u64, two heads (sequence u64, chain hash of
32 bytes), boot id (16 bytes), ``Held`` u64, owner (128 bytes, zero-padded UTF-8). Version 1 had the owner
where the heads begin and nothing else; it is brought up to date when it is opened.

The file is mapped into memory, so a takeover by another process is seen by the next comparison. The lock is held only
while the lease changes hands, never for life: a frozen owner must not be able to keep its successor out.

Heads are written in turn, each before the acknowledged sequence moves on to it: a writer that is killed in between
leaves the head of what is acknowledged as it was, and one that is half written is ahead of that and not believed.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import mmap
import os
import pathlib
import struct
import sys
import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from actors.errors import JournalCorrupt, JournalError
from actors.journal.records import Head

_MAGIC = b"AMLEASE2"
_SIZE = 256
_MAGIC_1 = b"AMLEASE1"
_SIZE_1 = 128
_LAYOUT = struct.Struct("@8sQQQ32sQ32s16sQ128s")
_HEAD = struct.Struct("@Q32s")  # native and aligned: the sequence is stored at once
_HEADS_AT = (24, 64)
_BOOT = slice(104, 120)
_HELD = slice(120, 128)
_OWNER = slice(128, _SIZE)
_LOCK_SECONDS = 10.0
_READINGS = 1000
_LARGEST_EPOCH = 10**10 - 1
"""The last one with a place in the names of segments; no run gets there, so a larger one is damage."""
_BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")

pack_head = _HEAD.pack_into


class Held(enum.IntEnum):
    """Whether an owner has the journal open, and where its records are when it is told that they are kept."""

    BY_NOBODY = 0
    UNFORCED = 1
    """In the system's memory: a loss of power takes them."""
    FORCED = 2
    """On disk."""


class LeaseState(NamedTuple):
    """What a lease file says.

    Attributes:
        epoch: Epoch of the newest owner.
        acknowledged: Sequence up to which an owner was told, or about to be told, that its records are kept.
        owner: The newest owner.
        head: The newest record of which it was told and its chain hash, ``None`` where the lease does not know it.
        boot: Since which start of the machine it is held; empty where that is not known.
        held: Whether an owner has it that has not closed the journal.
    """

    epoch: int
    acknowledged: int
    owner: str
    head: Head | None = None
    boot: bytes = b""
    held: Held = Held.FORCED


_HELD_VALUES = frozenset(Held)


def boot_id() -> bytes:
    """Return what names the machine's present start; empty where the system has no such name."""
    try:
        return uuid.UUID(_BOOT_ID.read_text().strip()).bytes
    except (OSError, ValueError):
        return b""


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
                content = os.pread(self._descriptor, _SIZE, 0)
                _check(content, path)
                if content.startswith(_MAGIC_1):
                    self._bring_up_to_date(content)
            self._map = mmap.mmap(self._descriptor, _SIZE)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map)
        self._words = self._view[8:24]
        self.numbers = self._words.cast("Q")
        self._place = False

    def _bring_up_to_date(self, content: bytes) -> None:
        """Make version 2 of version 1; epoch and sequence stay, for a stale owner may have them mapped."""
        owner = content[24:_SIZE_1]
        held = Held.FORCED.to_bytes(8, sys.byteorder)  # whatever it was: nothing can be said of a version 1
        os.pwrite(self._descriptor, bytes(_HELD.start - 24) + held + owner.ljust(128, b"\0"), 24)
        os.pwrite(self._descriptor, _MAGIC, 0)

    def acknowledge(self, sequence: int, record_hash: bytes) -> None:
        """Note the newest record that the owner is told is kept."""
        self._place = place = not self._place  # the other one is that of what is acknowledged so far
        pack_head(self._map, _HEADS_AT[place], sequence, record_hash)
        self.numbers[1] = sequence

    def forget_heads(self) -> None:
        """Know no record's hash any more, for another one is about to take its place."""
        for at in _HEADS_AT:
            pack_head(self._map, at, 0, bytes(32))

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

    def take(self, owner: str, above: int) -> int:
        """Take the lease and return the new epoch, which is on disk then.

        Args:
            owner: Who takes it, for people; cut to 128 bytes.
            above: An epoch that is known to have been used.
        """
        with self.locked():
            epoch = max(self.numbers[0], above) + 1
            self.numbers[0] = epoch
            self._view[_OWNER] = owner.encode()[:128].ljust(128, b"\0")
            head = self.state().head
            self._place = head is not None and head == _HEAD.unpack_from(self._map, _HEADS_AT[1])
        self._map.flush()
        return epoch

    def hold(self, held: Held) -> None:
        """Note on disk whether the journal is open, and since which start of the machine; under the lock."""
        self._view[_BOOT] = boot_id().ljust(16, b"\0")
        self._view[_HELD] = held.to_bytes(8, sys.byteorder)
        self._map.flush()

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
    before: bytes | None = None
    for _ in range(_READINGS):  # a head is overwritten only after the sequence has moved on
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return LeaseState(0, 0, "")
        if not content:
            return LeaseState(0, 0, "")
        _check(content, path)
        if before is not None and before[:24] == content[:24]:
            return _state(before)
        before = content
    return _state(content)._replace(head=None)


def _state(content: bytes) -> LeaseState:
    if content.startswith(_MAGIC_1):
        _, epoch, acknowledged = struct.unpack_from("@8sQQ", content)
        return LeaseState(epoch, acknowledged, _text(content[24:_SIZE_1]))
    _, epoch, acknowledged, first, first_hash, second, second_hash, boot, held, owner = _LAYOUT.unpack(content)
    heads = (Head(first, first_hash), Head(second, second_hash))
    head = next((one for one in heads if one.sequence == acknowledged and one.sequence), None)
    newest = max(acknowledged, first, second)  # its owner may have been killed before it was told so
    known = Held(held) if held in _HELD_VALUES else Held.UNFORCED
    return LeaseState(epoch, newest, _text(owner), head, boot if any(boot) else b"", known)


def _text(owner: bytes) -> str:
    return owner.rstrip(b"\0").decode(errors="replace")


def _check(content: bytes, path: pathlib.Path) -> None:
    remedy = "end all processes of the run, then remove the file: the epoch is found again in the segments"
    sizes = {_MAGIC: (_SIZE,), _MAGIC_1: (_SIZE_1, _SIZE)}.get(content[:8], ())
    if len(content) not in sizes:
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
