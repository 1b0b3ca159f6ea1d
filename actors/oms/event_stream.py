"""The events of one partition as a stream that anyone can take up at any point."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from actors.errors import InputError
from actors.messages import OmsEvent, encode
from actors.wire import Request

_PAUSE_EVERY = 256
_MOST_UNSENT = 64 * 1024 * 1024


class EventStream:
    """Keeps the newest events, tells them to subscribers, and has older ones made again from the journal.

    Args:
        replay: Makes every event again from the first, from the journal.
        retained: Number of events that are kept.
        is_whole: Tells whether the journal still has its first record; without it no event can be made again.

    Attributes:
        last: Sequence of the newest event, 0 while there is none.
        retained: Number of events that are kept.
    """

    def __init__(
        self, replay: Callable[[], Iterator[OmsEvent]], retained: int, is_whole: Callable[[], bool] = lambda: True
    ) -> None:
        self.last = 0
        self.retained = retained
        self._replay = replay
        self._is_whole = is_whole
        self._retained: deque[OmsEvent] = deque(maxlen=retained)
        self._subscribers: list[Request] = []

    @property
    def oldest(self) -> int:
        """Sequence of the oldest event that is kept (the next one, while there is none)."""
        return self.last - len(self._retained) + 1

    def publish(self, events: Iterable[OmsEvent]) -> None:
        """Keep events and tell them to all subscribers."""
        for event in events:
            self._retained.append(event)
            self.last = event.sequence
            if self._subscribers:
                body = encode(event)
                self._subscribers = [request for request in self._subscribers if _emit(request, body)]

    def check(self, wanted: int, partition: int) -> None:
        """Refuse a subscription to events that lie further ahead than the next one, or can't be made again.

        Raises:
            InputError: Code ``EVENTS_NOT_REACHED``: the subscriber knows events that are not on record here. Code
                ``EVENTS_NOT_RETAINED``: retention has deleted what they were made from.
        """
        if wanted > self.last + 1:
            raise InputError(
                f"partition {partition} has no events beyond {self.last}",
                field=f"from.{partition}",
                value=wanted,
                rule=f"at most {self.last + 1}",
                remedy="the subscriber follows another run's journal, or this one was truncated: begin from 1",
                code="EVENTS_NOT_REACHED",
            )
        if wanted < self.oldest and not self._is_whole():
            raise InputError(
                f"partition {partition} has no events before {self.oldest} any more: retention deleted their causes",
                field=f"from.{partition}",
                value=wanted,
                rule=f"{self.oldest} to {self.last + 1}",
                remedy=f"begin from {self.oldest}, and ask for orders and positions to know what was before",
                code="EVENTS_NOT_RETAINED",
            )

    def attach(self, request: Request, wanted: int) -> asyncio.Task[None] | None:
        """Send everything from ``wanted`` on, then each new event as it comes, in order and without gaps.

        Returns:
            The task that sends what is no longer kept, or ``None`` where all of it is sent already.
        """
        wanted = max(1, wanted)
        if wanted >= self.oldest:
            self._go_live(request, wanted)
            return None
        return asyncio.get_running_loop().create_task(self._catch_up(request, wanted))

    def _go_live(self, request: Request, wanted: int) -> None:
        for event in list(self._retained)[wanted - self.oldest :]:
            request.emit(encode(event))
        self._subscribers.append(request)

    async def _catch_up(self, request: Request, wanted: int) -> None:
        count = 0
        while wanted < self.oldest:
            for event in self._replay():
                if wanted >= self.oldest:
                    break
                if event.sequence == wanted:
                    if not request.emit(encode(event)):
                        return
                    wanted += 1
                count += 1
                if count % _PAUSE_EVERY == 0:  # orders come first: an old subscriber must not hold the loop
                    await asyncio.sleep(0)
                    while request.connection.unsent > _MOST_UNSENT // 4:
                        await asyncio.sleep(0.01)
        self._go_live(request, wanted)


def _emit(request: Request, body: bytes) -> bool:
    if request.connection.unsent > _MOST_UNSENT:
        request.connection.close()  # it can take the stream up again where it stopped reading
        return False
    return request.emit(body)
