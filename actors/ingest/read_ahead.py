"""Takes slices from a source in a thread, a chunk ahead of the one that is being sent."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class ReadAhead:
    """Runs everything slow of a source off the loop, one thing at a time.

    Args:
        chunk: Number of items that are taken at once.
    """

    def __init__(self, chunk: int = 32) -> None:
        self._chunk = chunk
        self._executor = concurrent.futures.ThreadPoolExecutor(1, "source")

    async def run(self, work: Callable[[], Item]) -> Item:
        """Return the result of ``work``, done in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def items(self, iterator: Iterator[Item]) -> AsyncIterator[Item]:
        """Yield the items of ``iterator``; the next chunk is taken while the present one is used."""

        def take() -> list[Item]:
            return list(itertools.islice(iterator, self._chunk))

        chunk = await self.run(take)
        while chunk:
            following = asyncio.ensure_future(self.run(take))
            try:
                for item in chunk:
                    yield item
                chunk = await following
            finally:
                following.cancel()

    def close(self) -> None:
        """Let the thread end."""
        self._executor.shutdown(wait=False, cancel_futures=True)
