"""The framed protocol of the data plane: its frames, its server and its clients.

A frame is ``length (u32) | kind (u8) | version (u8) | correlation (u64) | payload``, little-endian; ``length`` counts
what follows it. A connection opens with HELLO (the client's name and the versions that it speaks) and WELCOME (the
server's name, the newest version that both speak, and the server's epoch, by which a client sees that a server was
replaced); who says no HELLO in time, or shares no version, is told so and cut off. Then the client sends REQUEST
(answered by RESPONSE or ERROR under the same correlation) and NOTIFY (never answered); the server sends EVENT under the
correlation of the request that subscribed. Frames of one connection arrive in the order in which they were sent, which
is what subscribers build on: whatever the server emitted before it answered arrives before the answer.

On a node the transport is a Unix-domain socket in a directory that only its owner can enter; the server also checks
that its peer runs as the same user. Between nodes it is TCP with TLS 1.3, where both sides show a certificate of the
run's authority: a client talks to nobody but the server whose name it asked for, and a server knows its clients by name
(``ServerConnection.principal``). There is no plain TCP. ``actors.peers`` finds out where a server is.
"""

from actors.wire.address import Address, Peer, TlsAddress, UnixAddress
from actors.wire.blocking import BlockingClient
from actors.wire.client import WireClient
from actors.wire.connection import SocketConnection, peer_user
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
from actors.wire.request import Handler, Request, ServerConnection
from actors.wire.server import WireServer
from actors.wire.tls import Identity

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
    "Address",
    "BlockingClient",
    "FrameReader",
    "Handler",
    "Identity",
    "Peer",
    "Request",
    "ServerConnection",
    "SocketConnection",
    "TlsAddress",
    "UnixAddress",
    "WireClient",
    "WireServer",
    "frame",
    "peer_user",
    "request_payload",
]
