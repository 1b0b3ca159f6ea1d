"""The bytes of one record, the same for every medium, and the hash that chains it to the record before.

Layout, little-endian: payload length u32, sequence u64, time i64, kind u16, version u16, chain hash of the record
before (32 bytes), CRC-32 of the header so far u32, CRC-32 of header and payload u32, payload. The header has a
checksum of its own so that a damaged length is told apart from a record that was cut off by a crash.

The chain hash of a record is the SHA-256 of all its bytes, the hash of the record before among them.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any, NamedTuple

from actors.errors import InputError

MAXIMUM_PAYLOAD = 256 * 1024 * 1024
"""Largest payload in bytes."""

HEADER = struct.Struct("<IQqHH32sII")
"""Length, sequence, time, kind, version, previous hash, header checksum, record checksum."""

START = struct.Struct("<IQqHH")
"""The header up to the previous hash."""

CHECKED = HEADER.size - 8
"""Bytes of the header that its own checksum covers."""

PREVIOUS_HASH_AT = START.size
"""Where in a record the hash of the record before stands."""

_crc32 = zlib.crc32
_pack_fields = struct.Struct("<IQqHH32s").pack
_pack_checksums = struct.Struct("<II").pack


class Head(NamedTuple):
    """A record in the chain: its sequence and chain hash."""

    sequence: int
    hash: bytes


def genesis(name: str) -> bytes:
    """Return the hash that stands before the first record of the journal ``name``: no record fits two journals."""
    return hashlib.sha256(b"alphamind journal " + name.encode()).digest()


def encode(
    sequence: int, time: int, kind: int, version: int, previous_hash: bytes, payload: bytes, own: bool = False
) -> bytes:
    """Return the bytes of one record; ``own``: whether it may be one that the journal itself puts on record, kind 0.

    Raises:
        InputError: A number is out of its range, or the payload is not bytes or too long.
    """
    try:
        if (kind < 1 and not own) or version < 1 or len(payload) > MAXIMUM_PAYLOAD:
            raise _refusal(time, kind, version, payload)
        fields = _pack_fields(len(payload), sequence, time, kind, version, previous_hash)
        header_checksum = _crc32(fields)
        return fields + _pack_checksums(header_checksum, _crc32(payload, header_checksum)) + payload
    except (struct.error, TypeError):
        raise _refusal(time, kind, version, payload) from None


def chain_hash(record: bytes | memoryview) -> bytes:
    """Return the chain hash of a whole record's bytes."""
    return hashlib.sha256(record).digest()


def _refusal(time: Any, kind: Any, version: Any, payload: Any) -> InputError:
    rules = (
        ("kind", kind, isinstance(kind, int) and 0 < kind < 1 << 16, "1 to 65,535"),
        ("version", version, isinstance(version, int) and 0 < version < 1 << 16, "1 to 65,535"),
        ("time", time, isinstance(time, int) and -(1 << 63) <= time < 1 << 63, "UTC nanoseconds in 64 bits"),
        ("payload", type(payload).__name__, isinstance(payload, bytes), "bytes"),
    )
    for field, value, holds, rule in rules:
        if not holds:
            return InputError("a record can't be written", field=field, value=value, rule=rule)
    return InputError(
        "a record can't be written",
        field="payload",
        value=f"{len(payload)} bytes",
        rule=f"at most {MAXIMUM_PAYLOAD} bytes",
    )
