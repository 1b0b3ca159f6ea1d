"""A relay before a server that can lose an answer: the server has done what was asked, and the client never hears."""

from __future__ import annotations

import asyncio
import contextlib


class Relay:
    """Passes connections on to a server on loopback.

    Args:
        port: The server's port.

    Attributes:
        port: The relay's own port, once it listens.
        cuts: Number of answers that were lost.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.cuts = 0
        self._upstream = port
        self._cut = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def lose_next_answer(self) -> None:
        """Break the connection of the next answer instead of passing it on."""
        self._cut = True

    async def _accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream)
        for pump in (self._pass(client, to_server, to_client), self._pass(server, to_client, to_server, answers=True)):
            task = asyncio.get_running_loop().create_task(pump)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, back: asyncio.StreamWriter, answers: bool = False
    ) -> None:
        try:
            while data := await source.read(1 << 16):
                if answers and self._cut:
                    self._cut = False
                    self.cuts += 1
                    return
                to.write(data)
                await to.drain()
        except ConnectionError:
            return
        finally:
            to.close()
            back.close()
