"""The handshake: client and server say which versions they speak, and choose the newest that both do.

HELLO and WELCOME are frames of version 1 for ever, so that any two sides understand one another this far. Nothing
follows WELCOME until the client asks for something, in the chosen version.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from actors.errors import ProtocolError

HELLO_SECONDS = 5.0
"""Time within which a client has to say HELLO, and a server to answer it."""


class Versions(NamedTuple):
    """A range of protocol versions."""

    oldest: int
    newest: int

    def __str__(self) -> str:
        """Return ``1 to 3``."""
        return f"{self.oldest} to {self.newest}"


SPOKEN = Versions(1, 1)
"""What this code speaks."""


class Hello(msgspec.Struct, frozen=True):
    """Body of HELLO; a client that names no versions speaks the first alone."""

    client: str
    versions: tuple[int, int] = (1, 1)


class Welcome(msgspec.Struct, frozen=True):
    """Body of WELCOME.

    Attributes:
        server: Name of the service.
        version: The version that was chosen.
        versions: Those that the server speaks.
        epoch: Grows with every start of the service; 0 from a server that does not say.
    """

    server: str
    version: int
    versions: tuple[int, int] = (1, 1)
    epoch: int = 0


def read_hello(payload: bytes) -> Hello:
    """Read the body of HELLO.

    Raises:
        ProtocolError: It is not one.
    """
    try:
        hello = msgspec.msgpack.decode(payload, type=Hello)
    except (msgspec.MsgspecError, RecursionError):
        hello = Hello(client="")
    if not hello.client:
        raise ProtocolError("unreadable HELLO", field="client", rule="the name of the client")
    return hello


def read_welcome(payload: bytes, spoken: Versions) -> Welcome:
    """Read the body of WELCOME.

    Args:
        payload: The body.
        spoken: The versions that this side speaks.

    Raises:
        ProtocolError: It is not one, or the chosen version is not spoken here.
    """
    try:
        welcome = msgspec.msgpack.decode(payload, type=Welcome)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ProtocolError(f"unreadable WELCOME: {error}", field="server", rule="the name of the server") from None
    if not spoken.oldest <= welcome.version <= spoken.newest:
        raise ProtocolError(
            f"{welcome.server} chose a version that was not offered",
            field="version",
            value=welcome.version,
            rule=f"{spoken}; {welcome.server} speaks {Versions(*welcome.versions)}",
            remedy="run the same release on both sides",
        )
    return welcome


def newest_common(spoken: Versions, offered: Versions, server: str) -> int:
    """Return the newest version of both ranges.

    Args:
        spoken: What the server speaks.
        offered: What the client offers.
        server: The server's name, for the error.

    Raises:
        ProtocolError: There is none; names both ranges.
    """
    chosen = min(spoken.newest, offered.newest)
    if chosen < max(spoken.oldest, offered.oldest):
        raise ProtocolError(
            "no common protocol version",
            field="versions",
            value=offered,
            rule=f"{spoken}, which {server} speaks",
            remedy="run the same release on both sides",
        )
    return chosen
