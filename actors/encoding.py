"""The one form of messages on the wire and in the journal: MessagePack arrays, a tag first where a union needs it.

Fields may be added at the end of a message with a default: what was written before stays readable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder()
encode: Callable[[Any], bytes] = _encoder.encode


def decoder(kind: Any) -> Callable[[bytes | memoryview], Any]:
    """Return a function that decodes and validates bytes as ``kind``."""
    return msgspec.msgpack.Decoder(kind).decode


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all messages: immutable, compared by value, encoded as an array."""
