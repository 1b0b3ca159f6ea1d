"""Where a server listens, and how a client that knows its name finds it."""

from __future__ import annotations

import pathlib
import ssl
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class UnixAddress:
    """A socket on this node."""

    path: pathlib.Path

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)


@dataclass(frozen=True)
class TlsAddress:
    """A port of any node, spoken to with mutual TLS.

    Attributes:
        host: Name or IP address of the node.
        port: The port.
        name: The name that the server's certificate has to bear.
        context: This side's certificate and the authority that it trusts (``tls.client_context``).
    """

    host: str
    port: int
    name: str
    context: ssl.SSLContext = field(repr=False, compare=False)

    def __str__(self) -> str:
        """Return ``host:port``."""
        return f"{self.host}:{self.port}"


Address = UnixAddress | TlsAddress


class Peer(Protocol):
    """A server by its name, wherever it is by now."""

    @property
    def name(self) -> str:
        """Its name."""

    def at_hand(self) -> Address | None:
        """Return where it is, as far as that is known without asking anybody."""

    def look_up(self) -> Address:
        """Find out where it is; may wait for a second or two.

        Raises:
            Unavailable: It is nowhere.
        """

    def missed(self, address: Address) -> None:
        """Take note that it was not to be found at ``address``."""


@dataclass(frozen=True)
class FixedPeer:
    """A server that is always in the same place."""

    name: str
    address: Address

    def at_hand(self) -> Address:
        """Return the place."""
        return self.address

    look_up = at_hand

    def missed(self, address: Address) -> None:
        """Go on looking there."""


def as_peer(where: Peer | Address | pathlib.Path) -> Peer:
    """Return the peer at an address; a path is that of a socket, named as the server."""
    if isinstance(where, pathlib.Path):
        return FixedPeer(where.stem, UnixAddress(where))
    if isinstance(where, UnixAddress):
        return FixedPeer(where.path.stem, where)
    if isinstance(where, TlsAddress):
        return FixedPeer(where.name, where)
    return where
