"""Where the other services of a run are: on this node behind a socket, elsewhere where their actors publish."""

from __future__ import annotations

import pathlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from actors.errors import AlphaMindError, Unavailable
from actors.wire import Address, Identity, TlsAddress, UnixAddress
from actors.wire.tls import client_context

FRESH_SECONDS = 0.5
"""Time for which an answer counts for all who ask: many connections lose one service at the same moment."""


class Published(NamedTuple):
    """Where a service listens beyond its node.

    Attributes:
        node: Its node's id.
        host: The node's address.
        port: The port, spoken to with mutual TLS.
        epoch: Grows with every start of the service.
    """

    node: str
    host: str
    port: int
    epoch: int


LookUp = Callable[[str], Published]
"""Asks a service by its name where it listens; raises ``Unavailable`` where it does not say."""


class Beyond(NamedTuple):
    """How a process takes part in what happens between nodes.

    Attributes:
        identity: Who it is.
        node: Its node's id.
        host: Address of its node to listen on.
        look_up: Asks a service where it listens.
    """

    identity: Identity
    node: str
    host: str
    look_up: LookUp


class Peers:
    """The other services of a run by name.

    A socket in the run's directory comes first. Where there is none, or nobody answers there, the service is asked for
    by name, and the answer is kept until it proves wrong.

    Args:
        directory: The run's directory.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._elsewhere: _Elsewhere | None = None

    def reach_beyond(self, beyond: Beyond) -> None:
        """Find services of other nodes too.

        Raises:
            ConfigurationError: The certificate can't be used.
        """
        self._elsewhere = _Elsewhere(beyond)

    def peer(self, name: str) -> ServicePeer:
        """Return the service ``name``, for a client to connect to."""
        return ServicePeer(name, self)

    def address(self, name: str) -> Address:
        """Return where the service ``name`` is; may ask it through Ray, for a second or two.

        Raises:
            Unavailable: It is nowhere.
        """
        return self.at_hand(name) or self.look_up(name)

    def at_hand(self, name: str) -> Address | None:
        """Return where a service is, as far as that is known without asking anybody."""
        socket = UnixAddress(socket_path(self._directory, name))
        if self._elsewhere is None:
            return socket
        found = self._elsewhere.found.get(name)
        if found is None and name not in self._elsewhere.away and socket.path.exists():
            return socket
        return found

    def look_up(self, name: str) -> Address:
        """Ask a service where it is.

        Raises:
            Unavailable: It does not say.
        """
        socket = UnixAddress(socket_path(self._directory, name))
        if self._elsewhere is None:
            return socket
        published, context = self._elsewhere.ask(name), self._elsewhere.context
        if published.node == self._elsewhere.node:
            return socket
        address = TlsAddress(published.host, published.port, name, context)
        self._elsewhere.found[name] = address
        return address

    def missed(self, name: str, address: Address) -> None:
        """Take note that a service was not to be found at an address."""
        if self._elsewhere is not None:
            self._elsewhere.missed(name, address)


@dataclass(frozen=True)
class ServicePeer:
    """One service of a run, wherever it is by now."""

    name: str
    peers: Peers

    def at_hand(self) -> Address | None:
        """Return where it is, as far as that is known without asking anybody."""
        return self.peers.at_hand(self.name)

    def look_up(self) -> Address:
        """Ask it where it is; raises ``Unavailable`` where it does not say."""
        return self.peers.look_up(self.name)

    def missed(self, address: Address) -> None:
        """Take note that it was not to be found at ``address``."""
        self.peers.missed(self.name, address)


class _Elsewhere:
    """What is known of services on other nodes; asked from several threads."""

    def __init__(self, beyond: Beyond) -> None:
        self.node = beyond.node
        self.context = client_context(beyond.identity)
        self.found: dict[str, TlsAddress] = {}
        self.away: set[str] = set()
        """Services whose socket is there and does not answer: they may have moved to another node."""
        self._look_up = beyond.look_up
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._answers: dict[str, tuple[float, Published | AlphaMindError]] = {}

    def ask(self, name: str) -> Published:
        with self._locks[name]:
            asked, answer = self._answers.get(name, (float("-inf"), None))
            if answer is None or time.monotonic() - asked > FRESH_SECONDS:
                answer = self._ask(name)
                self._answers[name] = (time.monotonic(), answer)
        self.away.discard(name)  # whatever the answer, its socket is worth another look afterwards
        if isinstance(answer, AlphaMindError):
            raise answer
        return answer

    def _ask(self, name: str) -> Published | AlphaMindError:
        try:
            return self._look_up(name)
        except Unavailable as error:
            return error

    def missed(self, name: str, address: Address) -> None:
        if isinstance(address, UnixAddress):
            self.away.add(name)
        elif self.found.get(name) == address:
            del self.found[name]
            self._answers.pop(name, None)


def socket_path(directory: pathlib.Path, name: str) -> pathlib.Path:
    """Return where the service ``name`` of the run in ``directory`` listens on its node."""
    return directory / "sockets" / f"{name}.sock"
