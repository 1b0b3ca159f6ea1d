"""The server's side of the protocol: it listens, and hands requests to the handlers that they name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import time
from collections.abc import Callable, Mapping

import msgspec
import structlog

from actors.errors import AlphaMindError, InputError, NotFound, Unavailable
from actors.wire.connection import SocketConnection
from actors.wire.handshake import HELLO_SECONDS, SPOKEN
from actors.wire.request import Handler, Request, ServerConnection
from actors.wire.tls import Identity, server_context

log = structlog.get_logger()


class WireServer:
    """Answers requests by name on a Unix-domain socket and, where it is asked to, on a port with mutual TLS.

    A handler runs on the loop, takes the request and returns the answer, or ``None`` to answer later by
    ``request.reply``. An ``AlphaMindError`` that it raises is sent to the client as it is; any other exception is
    logged and sent as an internal error without details.

    Frames that arrive together are one batch. What is sent meanwhile, to whomever, leaves after the last of them and
    after ``after_batch``, one write a connection.

    Args:
        name: Name of the service, told to clients.
        handlers: Handler by method.

    Attributes:
        epoch: Told to clients, so that they see that a server was replaced; grows with every start.
        after_batch: Called after every batch, before its answers leave: to commit a journal once for all of it.
        versions: Protocol versions that it speaks.
        hello_seconds: Time within which a client has to say HELLO.
        port: The port that it listens on with TLS; 0 where it does not.
    """

    def __init__(self, name: str, handlers: Mapping[str, Handler]) -> None:
        self.name = name
        self.handlers = handlers
        self.epoch = time.time_ns()
        self.after_batch: list[Callable[[], None]] = []
        self.versions = SPOKEN
        self.hello_seconds = HELLO_SECONDS
        self.connections: set[SocketConnection] = set()
        self.path: pathlib.Path | None = None
        self.port = 0
        self.in_batch = False
        self.holding: list[SocketConnection] = []
        self._servers: list[asyncio.Server] = []
        self._inode = 0

    async def listen(self, path: pathlib.Path) -> None:
        """Listen at ``path``, replacing a socket that a dead process left there.

        Raises:
            InputError: The path is longer than a socket address can be.
        """
        if len(os.fsencode(path)) > 107:
            raise InputError(
                "socket path too long",
                field="run directory",
                value=path,
                rule="at most 107 bytes",
                remedy="choose a shorter home with ALPHAMIND_HOME",
            )
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(lambda: SocketConnection(self), str(path)))
        path.chmod(0o600)
        self._inode = path.stat().st_ino
        self.path = path

    async def listen_tls(self, host: str, identity: Identity, port: int = 0) -> None:
        """Listen on a port with mutual TLS; ``port`` tells which afterwards.

        Args:
            host: Address of this node to bind.
            identity: Who this server is.
            port: The port; 0: any free one.

        Raises:
            ConfigurationError: The certificate can't be used.
            Unavailable: The address or port can't be bound.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(
                lambda: SocketConnection(self),
                host,
                port,
                ssl=server_context(identity),
                ssl_handshake_timeout=self.hello_seconds,
            )
        except OSError as error:
            raise Unavailable(
                f"{self.name} can't listen on {host}: {error.strerror or error}",
                field="network.tls.host",
                value=f"{host}:{port}",
                rule="an address of this node",
            ) from None
        self._servers.append(server)
        self.port = server.sockets[0].getsockname()[1]

    def begin_batch(self) -> None:
        """Hold back what is sent until ``end_batch``."""
        self.in_batch = True

    def end_batch(self) -> None:
        """Call ``after_batch``, then send what was held back."""
        for callback in self.after_batch:
            try:
                callback()
            except Exception:
                log.exception("handling of a batch failed", service=self.name)
        self.in_batch = False
        if self.holding:
            holding, self.holding = self.holding, []
            for connection in holding:
                connection.flush()

    def dispatch(
        self,
        connection: ServerConnection,
        correlation: int,
        payload: bytes,
        expects_answer: bool,
    ) -> None:
        """Run the handler that a REQUEST or NOTIFY names."""
        end = 1 + payload[0] if payload else 0
        method = payload[1:end].decode("ascii", "replace")
        request = Request(method, payload[end:], connection, correlation, expects_answer)
        handler = self.handlers.get(method)
        try:
            if handler is None:
                raise NotFound(
                    f"{self.name} has no method {method!r}",
                    field="method",
                    value=method,
                    rule=f"one of {', '.join(sorted(self.handlers))}",
                    code="METHOD_UNKNOWN",
                )
            answer = handler(request)
        except AlphaMindError as error:
            request.fail(error)
        except (msgspec.MsgspecError, RecursionError) as error:
            problem = "it is nested too deeply" if isinstance(error, RecursionError) else error
            request.fail(
                InputError(
                    f"unreadable body of {method}: {problem}",
                    field="body",
                    rule="the method's message",
                )
            )
        except Exception:
            log.exception(
                "handler failed",
                service=self.name,
                method=method,
                client=connection.client,
            )
            request.fail(AlphaMindError(f"{self.name} failed to answer {method}; its log has the cause"))
        else:
            if answer is not None:
                request.reply(answer)

    async def close(self) -> None:
        """Stop listening and close every connection."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        if not servers:
            return
        for connection in list(self.connections):
            connection.close()
        self.port = 0
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_ino == self._inode:
                    self.path.unlink()
