"""Segment files: their names, their headers, how one comes into being and how those of a journal are listed.

A file is named ``<epoch>-<first sequence>.segment``, so that the order of names is the order of the chain. Its header
says where the chain stood when it was begun: what an older epoch's file holds beyond that point is a stale writer's
and not part of the journal.
"""

from __future__ import annotations

import errno
import os
import pathlib
import re
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from actors.errors import InputError
from actors.journal.records import Head

FORMAT = 1
"""Version of the layout of segments and records."""

_MAGIC = b"AMJOURNL"
_LAYOUT = struct.Struct("<8sHHQQ32s64sI")
_FILE_NAME = re.compile(r"(\d{10})-(\d{16})\.segment")
_JOURNAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

HEADER_SIZE = _LAYOUT.size
"""Bytes before the first record of a segment."""


class Segment(NamedTuple):
    """One segment file, by its name.

    Attributes:
        path: The file.
        epoch: Epoch of the writer that began it.
        first_sequence: Sequence of its first record, also while it has none.
    """

    path: pathlib.Path
    epoch: int
    first_sequence: int


def check_name(name: str) -> None:
    """Refuse a name that can't be a folder's.

    Raises:
        InputError: It is one.
    """
    if not _JOURNAL_NAME.fullmatch(name):
        rule = "at most 64 letters, digits, '_', '.' and '-'; a letter or digit first"
        raise InputError("a journal can't have this name", field="name", value=name, rule=rule)


def journal_folder(directory: pathlib.Path, name: str) -> pathlib.Path:
    """Return the folder of the journal ``name`` of the run in ``directory``."""
    return directory / "journal" / name


def begin_segment(folder: pathlib.Path, name: str, epoch: int, head: Head, sync: bool) -> Segment:
    """Create a segment in one step, so that no reader meets half a header.

    Args:
        folder: The journal's folder.
        name: The journal's name.
        epoch: The writer's epoch.
        head: The newest record; the segment's first one will follow it.
        sync: Whether file and folder entry must be on disk on return.

    Raises:
        OSError: The disk is full or the folder can't be written; nothing is left behind.
    """
    path = folder / segment_name(epoch, head.sequence + 1)
    encoded_name = name.encode()
    fields = (_MAGIC, FORMAT, len(encoded_name), epoch, head.sequence + 1, head.hash, encoded_name)
    header = _LAYOUT.pack(*fields, 0)[:-4]
    write_whole(path, (header, zlib.crc32(header).to_bytes(4, "little")), sync)
    return Segment(path, epoch, head.sequence + 1)


def segment_name(epoch: int, first_sequence: int) -> str:
    """Return the name of a segment's file."""
    return f"{epoch:010d}-{first_sequence:016d}.segment"


def write_whole(path: pathlib.Path, parts: tuple[bytes, ...], sync: bool) -> None:
    """Write a file aside, then rename it, so that nobody meets a part of it.

    Raises:
        OSError: The disk is full or the folder can't be written; nothing is left behind.
    """
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        for part in parts:
            if os.write(descriptor, part) != len(part):
                raise OSError(errno.ENOSPC, "a part could not be written", str(path))
        if sync:
            os.fdatasync(descriptor)
        os.rename(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    if sync:
        sync_folder(path.parent)


def sync_folder(folder: pathlib.Path) -> None:
    """Put the folder's entries on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def list_segments(folder: pathlib.Path) -> tuple[list[Segment], pathlib.Path | None]:
    """Return a journal's segments in order, and the last file where a loss of power left it without a header."""
    segments = []
    for path in sorted(folder.glob("*.segment")):
        if match := _FILE_NAME.fullmatch(path.name):
            segments.append(Segment(path, int(match[1]), int(match[2])))
    if segments and segments[-1].path.stat().st_size < HEADER_SIZE:
        return segments[:-1], segments[-1].path
    return segments, None


def last_sequences(segments: Sequence[Segment], end: int) -> list[int]:
    """Return where each segment's part of the chain ends: before the first record of any later one, or at ``end``."""
    lasts = []
    for segment in reversed(segments):
        lasts.append(end)
        end = min(end, segment.first_sequence - 1)
    return lasts[::-1]


def read_header(header: bytes, segment: Segment, name: str) -> bytes:
    """Return the chain hash of the record before the segment's first, from its header.

    Raises:
        ValueError: The header is not what was written; says what is wrong.
    """
    if len(header) < HEADER_SIZE:
        raise ValueError(f"{len(header)} of {HEADER_SIZE} bytes of the header")
    magic, version, length, epoch, first_sequence, previous_hash, encoded_name, checksum = _LAYOUT.unpack(header)
    if magic != _MAGIC:
        raise ValueError("no journal segment")
    if zlib.crc32(header[:-4]) != checksum:
        raise ValueError("checksum of the segment's header")
    if version != FORMAT:
        raise ValueError(f"format {version}; this program reads format {FORMAT}")
    if encoded_name[:length] != name.encode():
        raise ValueError(f"the segment belongs to journal {encoded_name[:length].decode(errors='replace')}")
    if (epoch, first_sequence) != (segment.epoch, segment.first_sequence):
        raise ValueError("the segment was renamed")
    hash_before: bytes = previous_hash
    return hash_before
