"""How long the feed has been silent."""

from __future__ import annotations

from collections.abc import Sequence

from actors.risk.live.open_hours import OpenHours
from configs.schema import FeedSection


class FeedWatch:
    """Time without a slice. It is handed in, from a clock that never goes back.

    A feed that leaves closed hours out is never silent for long; from one that does not nothing is expected while all
    markets are closed, by the time that it would be there now.

    Args:
        feed: How the feed is paced.
        calendars: Trading calendars of the instruments.
        hours: When they are open.
    """

    def __init__(self, feed: FeedSection, calendars: Sequence[str], hours: OpenHours) -> None:
        closed_hours = not feed.skip_closed_hours and feed.speed != "max"
        self._speed = float(feed.speed) if closed_hours and feed.speed != "max" else None
        self._calendars = tuple(sorted(set(calendars)))
        self._hours = hours
        self._market = 0
        self._heard: int | None = None

    def heard(self, market: int, clock: int) -> None:
        """Take note of a slice, or that the feed is listened to from now on.

        Args:
            market: Its market time, UTC nanoseconds; 0 where there was none yet.
            clock: The clock, nanoseconds.
        """
        self._market, self._heard = market, clock

    def silence(self, clock: int) -> int | None:
        """Return the nanoseconds for which a slice was to be expected and did not come; ``None``: not known."""
        if self._heard is None:
            return None
        elapsed = max(0, clock - self._heard)
        if self._speed is None or not self._market:
            return elapsed
        until = self._market + round(elapsed * self._speed)
        each = [self._hours.between(calendar, self._market, until) for calendar in self._calendars]
        known = [open_for for open_for in each if open_for is not None]
        return round(max(known) / self._speed) if known else None
