"""Frames: how they are written, and how a stream of bytes is cut into them."""

from __future__ import annotations

import functools
import struct

from actors.errors import InputError, ProtocolError

VERSION = 1
"""Version of every frame until the handshake has chosen one."""
MAXIMUM_FRAME = 64 * 1024 * 1024
MAXIMUM_FRAME_OF_A_STRANGER = 64 * 1024
"""What a client may send before it is known."""

HELLO, WELCOME, REQUEST, RESPONSE, ERROR, EVENT, NOTIFY = range(1, 8)

_HEAD = struct.Struct("<IBBQ")
_LENGTH_OF_HEAD_AFTER_LENGTH = _HEAD.size - 4
MAXIMUM_PAYLOAD = MAXIMUM_FRAME - _LENGTH_OF_HEAD_AFTER_LENGTH


def frame(kind: int, correlation: int, payload: bytes, version: int = VERSION) -> bytes:
    """Return one encoded frame.

    Raises:
        InputError: The payload does not fit into one frame; nothing was sent.
    """
    if len(payload) > MAXIMUM_PAYLOAD:
        raise InputError(
            "message too large for one frame",
            field="body",
            value=f"{len(payload)} bytes",
            rule=f"at most {MAXIMUM_PAYLOAD} bytes",
            remedy="send it in parts",
            code="FRAME_TOO_LARGE",
        )
    return _HEAD.pack(_LENGTH_OF_HEAD_AFTER_LENGTH + len(payload), kind, version, correlation) + payload


def request_payload(method: str, body: bytes) -> bytes:
    """Return the payload of a REQUEST or NOTIFY frame."""
    return _named(method) + body


@functools.lru_cache(maxsize=256)
def _named(method: str) -> bytes:
    name = method.encode("ascii")
    return bytes((len(name),)) + name


class FrameReader:
    """Cuts a stream of bytes into frames.

    Args:
        maximum: Longest frame that is taken, bytes.

    Attributes:
        version: The version that frames must have.
        maximum: Longest frame that is taken, bytes.
        buffered: Number of bytes that wait for the rest of their frame.
    """

    def __init__(self, maximum: int = MAXIMUM_FRAME) -> None:
        self.version = VERSION
        self.maximum = maximum
        self._buffer = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Add ``data`` and return the frames that are now whole as (kind, correlation, payload).

        Raises:
            ProtocolError: A frame of another version, or longer than ``maximum``.
        """
        buffer = self._buffer
        if buffer:
            buffer += data
            frames, end = self._cut(buffer)
            del buffer[:end]
            return frames
        frames, end = self._cut(data)  # most often whole frames come, which need not be copied together
        if end < len(data):
            buffer += data[end:]
        return frames

    def _cut(self, data: bytes | bytearray) -> tuple[list[tuple[int, int, bytes]], int]:
        """Return the whole frames at the beginning of ``data``, and where the last of them ends."""
        frames = []
        expected, maximum = self.version, self.maximum
        start, end = 0, len(data)
        while end - start >= _HEAD.size:
            length, kind, version, correlation = _HEAD.unpack_from(data, start)
            if version != expected:
                raise ProtocolError(
                    "frame of another protocol version", field="version", value=version, rule=f"{expected}"
                )
            if not _LENGTH_OF_HEAD_AFTER_LENGTH <= length <= maximum:
                raise ProtocolError(
                    "frame of an impossible length",
                    field="length",
                    value=length,
                    rule=f"{_LENGTH_OF_HEAD_AFTER_LENGTH} to {maximum} bytes",
                )
            behind = start + 4 + length
            if end < behind:
                break
            frames.append((kind, correlation, bytes(data[start + _HEAD.size : behind])))
            start = behind
        return frames, start
