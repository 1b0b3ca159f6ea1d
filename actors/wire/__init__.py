"""The framed protocol of the data plane: its frames, its server and its client.

A frame is ``length (u32) | kind (u8) | version (u8) | correlation (u64) | payload``, little-endian; ``length`` counts
what follows it. A connection opens with HELLO and WELCOME; then the client sends REQUEST (answered by RESPONSE or
ERROR under the same correlation) and NOTIFY (never answered); the server sends EVENT under the correlation of the
request that subscribed. Frames of one connection arrive in the order in which they were sent, which is what
subscribers build on: whatever the server emitted before it answered arrives before the answer.

On a node the transport is a Unix-domain socket in a directory that only its owner can enter; the server also checks
that its peer runs as the same user.
"""

from actors.wire.blocking import BlockingClient
from actors.wire.client import WireClient
from actors.wire.frames import (
    ERROR,
    EVENT,
    HELLO,
    MAXIMUM_FRAME,
    MAXIMUM_PAYLOAD,
    NOTIFY,
    REQUEST,
    RESPONSE,
    VERSION,
    WELCOME,
    FrameReader,
    frame,
    request_payload,
)
from actors.wire.server import Handler, Request, ServerConnection, WireServer, peer_user

__all__ = [
    "ERROR",
    "EVENT",
    "HELLO",
    "MAXIMUM_FRAME",
    "MAXIMUM_PAYLOAD",
    "NOTIFY",
    "REQUEST",
    "RESPONSE",
    "VERSION",
    "WELCOME",
    "BlockingClient",
    "FrameReader",
    "Handler",
    "Request",
    "ServerConnection",
    "WireClient",
    "WireServer",
    "frame",
    "peer_user",
    "request_payload",
]
