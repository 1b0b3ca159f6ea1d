from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from actors.messages import CashEvent, OmsEvent, decoder, encode
from actors.oms.event_stream import EventStream
from actors.wire import Request

decode = decoder(OmsEvent)


class SlowConnection:
    """A connection of which the test says how much its client has not taken."""

    def __init__(self) -> None:
        self.unsent = 0
        self.closed = False
        self.sent: list[int] = []

    def send(self, kind: int, correlation: int, payload: bytes) -> bool:
        if not self.closed:
            self.sent.append(decode(payload).sequence)
        return not self.closed

    def close(self) -> None:
        self.closed = True


def event(sequence: int) -> CashEvent:
    return CashEvent(
        partition=0, sequence=sequence, time=0, account="main", currency="USD", amount=sequence, reason="test"
    )


def stream(count: int, retained: int) -> EventStream:
    def replay() -> Iterator[OmsEvent]:
        for sequence in range(1, made.last + 1):
            yield event(sequence)

    made = EventStream(replay, retained)
    made.publish(event(sequence) for sequence in range(1, count + 1))
    return made


def request(connection: Any) -> Request:
    return Request("subscribe", encode({}), connection, 1, True)


def test_a_subscriber_that_takes_nothing_is_let_go() -> None:
    connection, events = SlowConnection(), stream(2, 10)
    assert events.attach(request(connection), 1) is None
    connection.unsent = 2**30
    events.publish([event(3)])
    assert connection.closed
    connection.unsent, connection.closed = 0, False
    events.publish([event(4)])
    assert connection.sent == [1, 2]


def test_catching_up_waits_for_a_slow_subscriber() -> None:
    async def play() -> None:
        connection, events = SlowConnection(), stream(1_000, 10)
        connection.unsent = 2**30
        task = events.attach(request(connection), 1)
        assert task is not None
        await asyncio.sleep(0.03)
        assert not task.done()
        connection.unsent = 0
        await task
        assert connection.sent == list(range(1, 1_001))

    asyncio.run(play())


def test_catching_up_ends_when_the_subscriber_goes() -> None:
    async def play() -> None:
        connection, events = SlowConnection(), stream(1_000, 10)
        connection.closed = True
        task = events.attach(request(connection), 1)
        assert task is not None
        await task
        assert connection.sent == []

    asyncio.run(play())


def test_events_that_leave_the_memory_while_catching_up_are_made_again() -> None:
    async def play() -> None:
        connection, events = SlowConnection(), stream(600, 5)
        task = events.attach(request(connection), 590)
        assert task is not None
        await asyncio.sleep(0)
        events.publish(event(sequence) for sequence in range(601, 701))
        await task
        assert connection.sent == list(range(590, 701))

    asyncio.run(play())
