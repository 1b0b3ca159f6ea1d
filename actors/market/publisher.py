"""Publishes market slices to subscribers in two stages, one slice at a time, and remembers the newest ones.

Stage 0 (order management, venue) gets a slice first; when every subscriber that is expected there has acknowledged it,
stage 1 (strategy, portfolio, risk) gets it; when every one expected there has, the slice is complete. Expected
subscribers are waited for while they are away: a killed actor comes back in seconds and subscribes again. All others
may subscribe at stage 1 and are never waited for.

A subscriber that is expected and has not acknowledged the pending slice gets it (again) on subscribing, even if it
asks for a later one: it may have it on record, but only its acknowledgement says that everything that follows from it
is done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from actors.errors import Conflict, InputError, NotFound

RETAINED = 256
"""Newest slices that are kept for subscribers that come back."""

MAXIMUM_UNSENT = 64 * 1024 * 1024
"""Bytes that may wait for a subscriber that nobody waits for, before it is cut off."""

STAGES = 2

log = structlog.get_logger()


class Channel(Protocol):
    """The way to one subscriber."""

    def emit(self, body: bytes) -> bool:
        """Send one event; False once the subscriber has gone."""

    @property
    def unsent(self) -> int:
        """Bytes that the subscriber has not taken yet."""

    def close(self) -> None:
        """Cut the subscriber off."""


class _Subscriber(NamedTuple):
    channel: Channel
    stage: int


class Publisher:
    """Sends slices in order and knows who has acknowledged what.

    Args:
        expected: Names of the subscribers that are waited for, by stage.
        on_complete: Called with a slice's sequence when everyone expected has acknowledged it.
        retained: Newest slices that are kept.

    Attributes:
        published: Sequence of the newest slice handed over, 0 before the first.
        complete: Sequence of the newest slice that everyone expected has acknowledged.
        stage: Stage that the pending slice has reached; ``STAGES`` while none is pending.
        ready: Slices on record behind the published one: a subscriber may have had them in an earlier life.
    """

    def __init__(
        self,
        expected: tuple[tuple[str, ...], tuple[str, ...]],
        on_complete: Callable[[int], None],
        retained: int = RETAINED,
    ) -> None:
        self._stage_of = {name: stage for stage, names in enumerate(expected) for name in names}
        if len(self._stage_of) != sum(len(names) for names in expected):
            raise InputError("a subscriber is expected twice", field="expected", value=expected, rule="each name once")
        self._waiting_for: list[set[str]] = [set() for _ in range(STAGES)]
        self._on_complete = on_complete
        self._retained: deque[tuple[int, bytes]] = deque(maxlen=retained)
        self._subscribers: dict[str, _Subscriber] = {}
        self._quiet_body = b""
        self.published = 0
        self.complete = 0
        self.stage = STAGES
        self.ready = 0

    @property
    def waiting_for(self) -> list[str]:
        """Names that have to acknowledge the pending slice at the stage that it has reached."""
        return sorted(self._waiting_for[self.stage]) if self.stage < STAGES else []

    @property
    def unsent(self) -> int:
        """Bytes that all subscribers together have not taken yet."""
        return sum(subscriber.channel.unsent for subscriber in self._subscribers.values())

    def __len__(self) -> int:
        """Return the number of subscribers that are connected."""
        return len(self._subscribers)

    def retain(self, sequence: int, body: bytes) -> None:
        """Keep a slice that was completed in an earlier life, without sending it."""
        self._retained.append((sequence, body))
        self.published = self.complete = sequence

    def publish(self, sequence: int, body: bytes, quiet_body: bytes | None = None) -> None:
        """Begin to publish the next slice; the one before must be complete.

        Args:
            sequence: The slice's sequence, one more than that of the slice before.
            body: The encoded slice.
            quiet_body: The slice as stage 1 gets it where stage 0 said that it caused nothing; like ``body`` if absent.
        """
        self._retained.append((sequence, body))
        self._quiet_body = body if quiet_body is None else quiet_body
        self.published = sequence
        self._waiting_for = [{name for name, at in self._stage_of.items() if at == stage} for stage in range(STAGES)]
        self.stage = 0
        self._send_pending()
        self._proceed()

    def subscribe(self, name: str, stage: int, from_sequence: int | None, channel: Channel) -> int:
        """Check a subscription and take it in; ``catch_up`` then sends what it lacks.

        A second subscription under one name displaces the first.

        Returns:
            Sequence of the newest slice that this stage has been sent.

        Raises:
            InputError: Wrong stage, or a negative sequence.
            NotFound: The slices asked for are no longer kept (code ``SLICE_NOT_RETAINED``).
            Conflict: It asks for slices after one that was never published here (code ``SEQUENCE_AHEAD``).
        """
        right = self._stage_of.get(name, 1)
        if stage != right:
            raise InputError(f"{name} can't subscribe at stage {stage}", field="stage", value=stage, rule=f"{right}")
        last = self._reached(stage)
        if from_sequence is not None:
            oldest = self._retained[0][0] if self._retained else 1
            if from_sequence < 1:
                raise InputError("sequences begin at 1", field="from_sequence", value=from_sequence, rule="1 or more")
            if from_sequence > self.published + 1 + self.ready:
                raise Conflict(
                    "this market has not published that slice yet: it is behind its subscriber",
                    field="from_sequence",
                    value=from_sequence,
                    rule=f"at most {self.published + 1 + self.ready}",
                    remedy="check that the market's journal belongs to this run",
                    code="SEQUENCE_AHEAD",
                )
            if from_sequence < oldest:
                raise NotFound(
                    f"slices before {oldest} are no longer kept in memory",
                    field="from_sequence",
                    value=from_sequence,
                    rule=f"{oldest} or later",
                    remedy="ask for the snapshot, then subscribe to what comes next",
                    code="SLICE_NOT_RETAINED",
                )
        self._subscribers[name] = _Subscriber(channel, stage)
        return last

    def catch_up(self, name: str, from_sequence: int | None) -> None:
        """Send a new subscriber the kept slices from ``from_sequence`` on, and the pending one if it is waited for."""
        subscriber = self._subscribers[name]
        last = self._reached(subscriber.stage)
        begin = last + 1 if from_sequence is None else from_sequence
        if last > self.complete and name in self._waiting_for[subscriber.stage]:
            begin = min(begin, last)
        for sequence, body in self._retained:
            if begin <= sequence <= last:
                subscriber.channel.emit(body)

    def unsubscribe(self, name: str, channel: Channel) -> None:
        """Forget a subscriber that has gone, unless a newer subscription has taken its name."""
        subscriber = self._subscribers.get(name)
        if subscriber is not None and subscriber.channel is channel:
            del self._subscribers[name]

    def acknowledge(self, name: str, sequence: int, quiet: bool = False) -> None:
        """Note that a subscriber is done with a slice and all before it.

        Args:
            name: The subscriber.
            sequence: The slice.
            quiet: Whether it knows that the slice caused nothing; of use from stage 0 only.
        """
        if self.stage == STAGES or sequence != self.published:
            return
        stage = self._stage_of.get(name)
        if stage is not None and stage <= self.stage:
            if quiet and self.stage == 0:
                self._retained[-1] = (sequence, self._quiet_body)
            self._waiting_for[stage].discard(name)
            self._proceed()

    def _reached(self, stage: int) -> int:
        """Return the newest slice that subscribers of a stage have been sent."""
        return self.published if stage <= self.stage else self.published - 1

    def _send_pending(self) -> None:
        body = self._retained[-1][1]
        for name, subscriber in list(self._subscribers.items()):
            if subscriber.stage != self.stage:
                continue
            subscriber.channel.emit(body)
            if name not in self._stage_of and subscriber.channel.unsent > MAXIMUM_UNSENT:
                log.warning("subscriber too slow, cut off", subscriber=name, unsent=subscriber.channel.unsent)
                del self._subscribers[name]
                subscriber.channel.close()

    def _proceed(self) -> None:
        while self.stage < STAGES and not self._waiting_for[self.stage]:
            self.stage += 1
            if self.stage < STAGES:
                self._send_pending()
            else:
                self.complete = self.published
                self._on_complete(self.published)
