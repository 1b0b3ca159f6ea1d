"""Segment files: their names, their headers, how one comes into being and how those of a journal are listed.

A file is named ``<epoch>-<first sequence>.segment``, so that the order of names is the order of the chain. Its header
says where the chain stood when it was begun: what an older epoch's file holds beyond that point is a stale writer's
and not part of the journal.
"""

from __future__ import annotations

import os
import pathlib
import re
import struct
import zlib
from typing import NamedTuple

from actors.errors import InputError, JournalCorrupt

FORMAT = 1
"""Version of the layout of segments and records."""

_MAGIC = b"AMJOURNL"
_LAYOUT = struct.Struct("<8sHHQQ32s64sI")
_FILE_NAME = re.compile(r"(\d{10})-(\d{16})\.segment")
_JOURNAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

HEADER_SIZE = _LAYOUT.size
"""Bytes before the first record of a segment."""


class Segment(NamedTuple):
    """One segment file and where the chain stood when it was begun.

    Attributes:
        path: The file.
        epoch: Epoch of the writer that began it.
        first_sequence: Sequence of its first record, also while it has none.
        previous_hash: Chain hash of the record before the first.
    """

    path: pathlib.Path
    epoch: int
    first_sequence: int
    previous_hash: bytes


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


def begin_segment(
    folder: pathlib.Path, name: str, epoch: int, first_sequence: int, previous_hash: bytes, sync: bool
) -> Segment:
    """Create a segment in one step (written aside, then renamed), so that no reader meets half a header.

    Args:
        folder: The journal's folder.
        name: The journal's name.
        epoch: The writer's epoch.
        first_sequence: Sequence of the first record to come.
        previous_hash: Chain hash of the record before it.
        sync: Whether file and folder entry must be on disk on return.

    Raises:
        OSError: The disk is full or the folder can't be written; nothing is left behind.
    """
    path = folder / f"{epoch:010d}-{first_sequence:016d}.segment"
    encoded_name = name.encode()
    header = _LAYOUT.pack(_MAGIC, FORMAT, len(encoded_name), epoch, first_sequence, previous_hash, encoded_name, 0)[:-4]
    header += zlib.crc32(header).to_bytes(4, "little")
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if os.write(descriptor, header) != len(header):
            raise OSError("a segment's header was written in part only")
        if sync:
            os.fdatasync(descriptor)
        os.rename(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    if sync:
        sync_folder(folder)
    return Segment(path, epoch, first_sequence, previous_hash)


def sync_folder(folder: pathlib.Path) -> None:
    """Put the folder's entries on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def list_segments(folder: pathlib.Path, name: str) -> tuple[list[Segment], pathlib.Path | None]:
    """Return a journal's segments in order, and the last file where a loss of power left it without a header.

    Raises:
        JournalCorrupt: A segment's header is not what was written.
    """
    paths = sorted(path for path in folder.glob("*.segment") if _FILE_NAME.fullmatch(path.name))
    segments: list[Segment] = []
    for path in paths:
        with path.open("rb", buffering=0) as file:
            header = file.read(HEADER_SIZE) or b""
        if len(header) < HEADER_SIZE and path == paths[-1]:
            return segments, path
        segments.append(_parse(path, header, name))
    return segments, None


def _parse(path: pathlib.Path, header: bytes, name: str) -> Segment:
    def corrupt(reason: str) -> JournalCorrupt:
        return JournalCorrupt(
            f"the header of segment {path.name} of journal {name} is not what was written (byte 0: {reason})",
            field=path.name,
            value="header",
            remedy="restore the file from a copy",
        )

    if len(header) < HEADER_SIZE:
        raise corrupt(f"{len(header)} of {HEADER_SIZE} bytes")
    magic, version, length, epoch, first_sequence, previous_hash, encoded_name, checksum = _LAYOUT.unpack(header)
    if magic != _MAGIC:
        raise corrupt("no journal segment")
    if zlib.crc32(header[:-4]) != checksum:
        raise corrupt("checksum")
    if version != FORMAT:
        raise corrupt(f"format {version}; this program reads format {FORMAT}")
    if encoded_name[:length] != name.encode():
        raise corrupt(f"it belongs to journal {encoded_name[:length].decode(errors='replace')}")
    if path.name != f"{epoch:010d}-{first_sequence:016d}.segment":
        raise corrupt("the file was renamed")
    return Segment(path, epoch, first_sequence, previous_hash)
