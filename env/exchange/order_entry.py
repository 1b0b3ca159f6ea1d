"""Order entry sessions: who may send orders, and which reports are not yet on record at the other side."""

from __future__ import annotations

import functools
from collections import deque

from actors.errors import Conflict, Unavailable
from actors.messages import ExecutionReport, encode
from actors.wire import Request, ServerConnection


class OrderEntrySession:
    """The exchange's end of the line to one OMS partition.

    Attributes:
        name: The partition's name.
        epoch: Lease of the newest owner that opened it; older ones are refused.
        last_report: Sequence of the newest report.
        acknowledged: Everything up to here is on record at the owner.
    """

    def __init__(self, name: str, epoch: int) -> None:
        self.name = name
        self.epoch = epoch
        self.last_report = 0
        self.acknowledged = 0
        self._unacknowledged: deque[tuple[int, bytes]] = deque()
        self._subscriber: Request | None = None

    @property
    def connected(self) -> bool:
        """Whether its owner is there."""
        return self._subscriber is not None

    @property
    def unacknowledged(self) -> int:
        """Number of reports that the owner has not confirmed."""
        return len(self._unacknowledged)

    def check(self, epoch: int) -> None:
        """Refuse whoever is not the present owner.

        Raises:
            Conflict: ``SESSION_FENCED`` for a stale owner.
            Unavailable: ``SESSION_NOT_OPEN`` for one that has not opened the session.
        """
        if epoch < self.epoch:
            raise Conflict(
                f"session {self.name} has a newer owner",
                field="epoch",
                value=epoch,
                rule=f"{self.epoch}",
                remedy="end: another process owns this partition now",
                code="SESSION_FENCED",
            )
        if epoch > self.epoch:
            raise not_open(self.name)

    def attach(self, request: Request) -> ServerConnection | None:
        """Send reports to this subscriber from now on, and to no other.

        Returns:
            The connection of the subscriber that was displaced, where that is another one.
        """
        former, self._subscriber = self._subscriber, request
        request.connection.on_close.append(functools.partial(self._gone, request))
        return None if former is None or former.connection is request.connection else former.connection

    def uses(self, connection: ServerConnection) -> bool:
        """Return whether the present subscriber is at the other end of ``connection``."""
        return self._subscriber is not None and self._subscriber.connection is connection

    def _gone(self, request: Request) -> None:
        if self._subscriber is request:
            self._subscriber = None

    def send(self, report: ExecutionReport) -> None:
        """Keep a report until it is acknowledged, and send it where the owner is there."""
        body = encode(report)
        self.last_report = report.sequence
        self._unacknowledged.append((report.sequence, body))
        if self._subscriber is not None:
            self._subscriber.emit(body)

    def acknowledge(self, sequence: int) -> None:
        """Forget the reports up to ``sequence``."""
        self.acknowledged = max(self.acknowledged, min(sequence, self.last_report))
        while self._unacknowledged and self._unacknowledged[0][0] <= self.acknowledged:
            self._unacknowledged.popleft()

    def recall(self, reports: list[ExecutionReport]) -> None:
        """Go on behind the newest reports of a replay; of older ones it is taken that they are acknowledged."""
        for report in reports:
            self.send(report)
        self.acknowledged = reports[0].sequence - 1

    def restore(self, reports: list[ExecutionReport]) -> None:
        """Put reports that had been forgotten back before the others: the owner has gone back to an older record."""
        self._unacknowledged.extendleft((report.sequence, encode(report)) for report in reversed(reports))
        self.acknowledged = reports[0].sequence - 1

    def resend(self) -> None:
        """Send all that is not acknowledged, in order."""
        if self._subscriber is not None:
            for _, body in self._unacknowledged:
                self._subscriber.emit(body)


def not_open(name: str) -> Unavailable:
    """Return the error for a session that has to be opened first."""
    return Unavailable(
        f"session {name} is not open under this epoch",
        field="session",
        value=name,
        remedy="open it by the request session",
        code="SESSION_NOT_OPEN",
    )
