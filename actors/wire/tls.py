"""Mutual TLS between nodes: both sides show a certificate of the run's authority, and each is known by the name in it.

TLS 1.3 alone, no sessions that are taken up again (each connection shows its certificate), no plain TCP.
"""

from __future__ import annotations

import pathlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from actors.errors import ConfigurationError, Unauthenticated

SCHEME = "alphamind://"
"""What the name in a certificate begins with: a URI among its alternative names, for instance ``alphamind://oms-0``."""
SILENCE_SECONDS = 5
"""Time without a sign of life after which an idle connection counts as lost."""
STALL_SECONDS = 15
"""Time after which it counts as lost when the other side has not taken what was sent."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Identity:
    """Who a process is to the others.

    Attributes:
        name: The name in its certificate.
        authority: File with the certificate of the authority that all of a run trust.
        certificate: File with its private key and its certificate.
    """

    name: str
    authority: pathlib.Path
    certificate: pathlib.Path


class _ToldHandshake(ssl.SSLObject):
    """Says in the log why a handshake failed; the event loops keep that to themselves."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as error:
            log.warning("connection refused", problem=f"no mutual TLS: {_reason(error)}")
            raise


def server_context(identity: Identity) -> ssl.SSLContext:
    """Return what a server needs to be ``identity`` and to ask its clients who they are.

    Raises:
        ConfigurationError: The files are not what they should be.
    """
    context = _context(identity, ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0
    context.sslobject_class = _ToldHandshake
    return context


def client_context(identity: Identity) -> ssl.SSLContext:
    """Return what a client needs to be ``identity``; the server's name is checked by ``check_name``.

    Raises:
        ConfigurationError: The files are not what they should be.
    """
    context = _context(identity, ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # a server is known by its actor's name, which moves from host to host
    return context


def _context(identity: Identity, protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(identity.authority)
        context.load_cert_chain(identity.certificate)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the certificate of {identity.name} can't be used: {error}",
            field="security.certificates",
            value=identity.certificate,
            rule=f"a private key and its certificate, and in {identity.authority.name} that of the authority",
        ) from None
    return context


def certificate_name(certificate: Mapping[str, Any] | None) -> str:
    """Return the name in a certificate as ``getpeercert`` gives it; empty where there is none."""
    for kind, value in (certificate or {}).get("subjectAltName", ()):
        if kind == "URI" and value.startswith(SCHEME):
            return str(value[len(SCHEME) :])
    return ""


def check_name(certificate: Mapping[str, Any] | None, wanted: str) -> None:
    """Check that a server is the one that was wanted.

    Raises:
        Unauthenticated: Its certificate bears another name.
    """
    name = certificate_name(certificate)
    if name != wanted:
        raise Unauthenticated(
            f"another than {wanted} answers",
            field="certificate",
            value=name or "no name",
            rule=f"{SCHEME}{wanted}",
            code="CERTIFICATE_REFUSED",
        )


def refused(server: str, error: Exception | None) -> Unauthenticated:
    """Return what to tell when there is no mutual TLS with a server.

    A server that refuses a client hangs up without a word, which looks as if it had died at that moment.

    Args:
        server: The server's name.
        error: How the connection ended; ``None``: the server hung up before WELCOME.
    """
    return Unauthenticated(
        f"no mutual TLS with {server}: {_reason(error)}",
        field="certificate",
        rule="TLS 1.3, and on both sides a valid certificate of the run's authority",
        remedy=f"the log of {server} says why it refused, if it did; see security.certificates on both nodes",
        code="CERTIFICATE_REFUSED",
    )


def _reason(error: Exception | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return str(error.reason or error)
    return "the other side hung up"


def tune(connection: socket.socket) -> None:
    """Send small frames at once, and notice in seconds when the other node is gone without a word."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENCE_SECONDS - 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALL_SECONDS * 1000)
