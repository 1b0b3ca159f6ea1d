"""Moments of the trading clock at which something is due for an order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from actors.messages import Word

NEVER = 2**63 - 1


class Due(Word):
    """What is due."""

    EXPIRE = "expire"
    SEND = "send"


class Timers:
    """What is due when, the earliest first; an entry of an order that has closed since means nothing.

    Attributes:
        added: Number of entries added so far: of one moment the first added comes first.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str, Due]] = []
        self.added = 0

    @property
    def next(self) -> int:
        """The next moment, UTC nanoseconds; far in the future where there is none."""
        return self._heap[0][0] if self._heap else NEVER

    def add(self, time: int, order_id: str, due: Due) -> None:
        """Let something be due for an order at ``time``."""
        self.added += 1
        heapq.heappush(self._heap, (time, self.added, order_id, due))

    def pop(self, time: int) -> list[tuple[str, Due]]:
        """Take out and return what is due at ``time`` or before, in order."""
        found = []
        while self._heap and self._heap[0][0] <= time:
            _, _, order_id, due = heapq.heappop(self._heap)
            found.append((order_id, due))
        return found

    def restore(self, entries: Iterable[tuple[int, int, str, Due]], added: int) -> None:
        """Take over what ``entries`` returned, and how many had been added in all."""
        self._heap = sorted(entries)
        self.added = added

    def entries(self) -> list[tuple[int, int, str, Due]]:
        """Return everything, in order."""
        return sorted(self._heap)
