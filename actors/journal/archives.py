"""Archived segments: closed ones that were compressed, read by the same walk as those that were not.

They lie in ``archive`` under the journal's folder, named ``<epoch>-<first sequence>.<SHA-256 of the file>.segment.gz``;
``zcat`` gives the segment back as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import re
import zlib
from collections.abc import Iterator
from io import FileIO
from typing import Protocol

from actors.journal.segment_files import Segment, list_segments, segment_name, sync_folder

_FILE_NAME = re.compile(r"(\d{10})-(\d{16})\.([0-9a-f]{64})\.segment\.gz")
_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 1 << 18
_LEVEL = 6


class SegmentBytes(Protocol):
    """The bytes of a segment, from its header on."""

    def read(self, size: int) -> bytes:
        """Return at most ``size`` more bytes, none at the end.

        Raises:
            ValueError: The archive is damaged; says how.
        """


def archive_folder(folder: pathlib.Path) -> pathlib.Path:
    """Return where the archive of the journal in ``folder`` is."""
    return folder / "archive"


def is_archived(segment: Segment) -> bool:
    """Return whether a segment was archived when it was listed."""
    return segment.path.suffix == ".gz"


def list_archived(folder: pathlib.Path) -> list[Segment]:
    """Return the archived segments of the journal in ``folder`` in order, each once."""
    found: dict[tuple[int, int], Segment] = {}
    for path in sorted(archive_folder(folder).glob("*.segment.gz")):
        if match := _FILE_NAME.fullmatch(path.name):
            segment = Segment(path, int(match[1]), int(match[2]))
            found[segment[1:]] = segment
    return list(found.values())


def list_all(folder: pathlib.Path, from_sequence: int) -> tuple[list[Segment], bool]:
    """Return the segments in which the records from ``from_sequence`` on are, and whether they are all that there are.

    Archived ones are looked for last: one that is archived meanwhile is listed where it was.
    """
    live, _ = list_segments(folder)
    if live and live[0].first_sequence <= from_sequence and live[0].first_sequence > 1:
        return live, False
    names = {segment[1:] for segment in live}
    archived = [segment for segment in list_archived(folder) if segment[1:] not in names]
    return sorted([*archived, *live], key=lambda segment: segment[1:]), True


@contextlib.contextmanager
def open_segment(segment: Segment) -> Iterator[SegmentBytes]:
    """Open a segment for reading, also one that was archived since it was listed.

    Raises:
        FileNotFoundError: It is gone.
    """
    path = segment.path
    try:
        file = FileIO(path)
    except FileNotFoundError:
        folder = path.parent.parent if is_archived(segment) else path.parent
        archived = [other for other in list_archived(folder) if other[1:] == segment[1:]]
        if not archived:
            raise
        path = archived[0].path
        file = FileIO(path)
    with file:
        yield _Plain(file) if path.suffix == ".segment" else _Unpacked(file, path)


def archive(segment: Segment) -> pathlib.Path:
    """Compress a closed segment into the archive, put that on disk, and remove the segment; return the new file.

    Raises:
        OSError: The disk is full or failed; the segment is still there.
    """
    folder = archive_folder(segment.path.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    stem = segment_name(segment.epoch, segment.first_sequence).removesuffix(".segment")
    aside = folder / f"{stem}.new"
    digest = hashlib.sha256()
    try:
        with FileIO(segment.path) as source, open(aside, "wb", opener=_private) as target:
            for part in _compressed(source):
                digest.update(part)
                target.write(part)
            target.flush()
            os.fsync(target.fileno())
        path = folder / f"{stem}.{digest.hexdigest()}.segment.gz"
        os.rename(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    for older in folder.glob(f"{stem}.*.segment.gz"):  # of a try that did not come to its end
        if older != path:
            older.unlink(missing_ok=True)
    sync_folder(folder)
    segment.path.unlink(missing_ok=True)
    sync_folder(segment.path.parent)
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _compressed(source: FileIO) -> Iterator[bytes]:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    while chunk := source.read(_CHUNK):
        yield compressor.compress(chunk)
    yield compressor.flush()


class _Plain:
    """A segment's file."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(size) or b""


class _Unpacked:
    """What an archived segment is unpacked to; as far as it goes where it is damaged."""

    def __init__(self, file: FileIO, path: pathlib.Path) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._expected = path.name.split(".")[1]
        self._unpacker = zlib.decompressobj(_GZIP)
        self._problem: str | None = None

    def read(self, size: int) -> bytes:
        while self._problem is None and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail
            if not packed:
                packed = self._file.read(_CHUNK) or b""
                self._digest.update(packed)
                if not packed:
                    self._problem = "the archive ends too early"
                    break
            before = self._unpacker.copy()
            try:
                part = self._unpacker.decompress(packed, size)
            except zlib.error as error:
                self._problem = f"the archive can't be unpacked: {error}"
                part = _unpack_bytewise(before, packed)
            if part:
                return part
        if self._problem is None:
            self._problem = self._rest() or ""
        if self._problem:
            raise ValueError(self._problem)
        return b""

    def _rest(self) -> str | None:
        rest = self._file.read() or b""
        self._digest.update(rest)
        if rest or self._unpacker.unused_data:
            return "bytes follow the end of the archive"
        if self._digest.hexdigest() != self._expected:
            return "the archive's checksum is not the one in its name"
        return None


def _unpack_bytewise(unpacker: zlib._Decompress, packed: bytes) -> bytes:
    """Return what can be had before the damage, so that the record in which it is can be named."""
    parts = []
    with contextlib.suppress(zlib.error):
        for byte in range(len(packed)):
            parts.append(unpacker.decompress(packed[byte : byte + 1]))
    return b"".join(parts)
