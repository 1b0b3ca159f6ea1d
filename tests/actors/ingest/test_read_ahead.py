from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from actors.ingest.read_ahead import ReadAhead


def test_items_come_in_order_from_another_thread() -> None:
    threads = set()

    def numbers() -> Iterator[int]:
        for number in range(10):
            threads.add(threading.current_thread())
            yield number

    async def collect() -> list[int]:
        ahead = ReadAhead(chunk=3)
        found = [number async for number in ahead.items(numbers())]
        ahead.close()
        return found

    assert asyncio.run(collect()) == list(range(10))
    assert threading.main_thread() not in threads


def test_what_the_source_raises_arrives_after_what_it_gave() -> None:
    def numbers() -> Iterator[int]:
        yield from range(4)
        raise ValueError("broken")

    async def collect() -> list[int]:
        ahead, found = ReadAhead(chunk=2), []
        with pytest.raises(ValueError, match="broken"):
            async for number in ahead.items(numbers()):
                found.append(number)
        ahead.close()
        return found

    assert asyncio.run(collect()) == [0, 1, 2, 3]
