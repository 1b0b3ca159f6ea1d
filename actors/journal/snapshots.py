"""Snapshots: their bytes, the same for every medium, and how the newest one that is whole is found.

Layout, little-endian: magic (8 bytes), format u16, length of the name u16, epoch u64, sequence u64, chain hash of the
record with that sequence (32 bytes), version u16, journal's name (64 bytes, zero-padded), payload length u64, payload,
SHA-256 of all that (32 bytes).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import structlog

from actors.errors import InputError, JournalCorrupt
from actors.journal.journal import Snapshot
from actors.journal.records import Head

FORMAT = 1
"""Version of the layout."""

MAXIMUM_PAYLOAD = 512 * 1024 * 1024
"""Largest payload in bytes."""

KEPT = 2
"""Number of snapshots that are kept: the newest, and the one before where that is damaged."""

_MAGIC = b"AMSNAPSH"
_LAYOUT = struct.Struct("<8sHHQQ32sH64sQ")
_DIGEST_SIZE = 32
_log = structlog.get_logger()


class Stored(NamedTuple):
    """A snapshot as a medium keeps it.

    Attributes:
        label: What people find it by.
        content: Returns its bytes, ``None`` where it was replaced by newer ones meanwhile.
    """

    label: str
    content: Callable[[], bytes | None]


def pack(name: str, epoch: int, snapshot: Snapshot) -> tuple[bytes, bytes, bytes]:
    """Return the bytes of a snapshot of the journal ``name`` in three parts.

    Raises:
        InputError: The version or the payload can't be written as it is.
    """
    version, payload = snapshot.version, snapshot.payload
    rules = (
        ("version", version, isinstance(version, int) and 0 < version < 1 << 16, "1 to 65,535"),
        ("payload", type(payload).__name__, isinstance(payload, bytes), "bytes"),
        ("payload", "too long", len(payload) <= MAXIMUM_PAYLOAD, f"at most {MAXIMUM_PAYLOAD} bytes"),
    )
    for field, value, holds, rule in rules:
        if not holds:
            raise InputError("a snapshot can't be written", field=field, value=value, rule=rule)
    encoded_name = name.encode()
    fields = (_MAGIC, FORMAT, len(encoded_name), epoch, snapshot.sequence, snapshot.hash, version, encoded_name)
    header = _LAYOUT.pack(*fields, len(payload))
    digest = hashlib.sha256(header)
    digest.update(payload)
    return header, payload, digest.digest()


def unpack(content: bytes, name: str) -> Snapshot:
    """Return the snapshot that the bytes are.

    Raises:
        ValueError: They are not what was written; says what is wrong.
        JournalCorrupt: They are a snapshot of another journal.
    """
    if len(content) < _LAYOUT.size + _DIGEST_SIZE:
        raise ValueError(f"{len(content)} bytes are too few")
    magic, version, length, _, sequence, chain_hash, payload_version, encoded_name, _ = _LAYOUT.unpack_from(content)
    if magic != _MAGIC:
        raise ValueError("no snapshot")
    if hashlib.sha256(memoryview(content)[:-_DIGEST_SIZE]).digest() != content[-_DIGEST_SIZE:]:
        raise ValueError("checksum")
    if version != FORMAT:
        raise ValueError(f"format {version}; this program reads format {FORMAT}")
    if encoded_name[:length] != name.encode():
        raise _foreign(name, f"belongs to journal {encoded_name[:length].decode(errors='replace')}", sequence)
    return Snapshot(sequence, chain_hash, payload_version, content[_LAYOUT.size : -_DIGEST_SIZE])


def whole(name: str, stored: Iterable[Stored], damaged: Callable[[str, str], object]) -> Iterator[tuple[str, Snapshot]]:
    """Yield the snapshots that are whole, each with its label.

    Args:
        name: The journal's name.
        stored: All that there are.
        damaged: Told the label of each that is not whole, and what is wrong.

    Raises:
        JournalCorrupt: One is of another journal.
    """
    for label, content in stored:
        found = content()
        if found is None:
            continue
        try:
            snapshot = unpack(found, name)
        except ValueError as error:
            damaged(label, str(error))
        else:
            yield label, snapshot


def newest(
    name: str, stored: Iterable[Stored], last_sequence: int, origin: Head, hash_of: Callable[[int], bytes]
) -> Snapshot | None:
    """Return the newest snapshot that is whole and belongs to the chain.

    Args:
        name: The journal's name.
        stored: All that there are, the newest first.
        last_sequence: The newest record.
        origin: The record before the first that is kept.
        hash_of: Returns the chain hash of a record.

    Raises:
        JournalCorrupt: It belongs to another history, or there is none and the first records were deleted.
    """

    def damaged(label: str, reason: str) -> None:
        _log.warning("damaged snapshot left out", journal=name, snapshot=label, problem=reason)

    for label, snapshot in whole(name, stored, damaged):
        if snapshot.sequence > last_sequence:
            damaged(label, f"the journal ends with record {last_sequence}")
        elif hash_of(snapshot.sequence) != snapshot.hash:
            raise _foreign(name, "belongs to another history: its record has another hash", snapshot.sequence)
        else:
            return snapshot
    if origin.sequence:
        raise JournalCorrupt(
            f"no snapshot of journal {name} is whole, and retention deleted the records up to {origin.sequence}",
            field="snapshot",
            value=origin.sequence,
            remedy="restore a snapshot from a copy",
        )
    return None


def _foreign(name: str, reason: str, sequence: int) -> JournalCorrupt:
    return JournalCorrupt(
        f"the snapshot after record {sequence} of journal {name} {reason}",
        field="snapshot",
        value=sequence,
        remedy="put the journal's own snapshot in its place, or remove it: the one before is used then",
    )
