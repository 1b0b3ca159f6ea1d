"""The span of time that a feed is configured to read."""

from __future__ import annotations

import datetime
import zoneinfo

import numpy as np

from actors.calendars import hours_of_dates
from actors.clock import DAY
from actors.errors import DataError
from actors.ingest.table import MISSING_TIME, Integers, Table
from actors.instruments import FOREVER
from configs.schema import FeedSection


def choose_within(when: Integers, feed: FeedSection, name: str) -> Integers:
    """Return the positions of the times (UTC nanoseconds) that lie between ``feed.start`` and ``feed.end``.

    Raises:
        DataError: None does.
    """
    start, end = _bound(feed.start, feed.timezone, 0), _bound(feed.end, feed.timezone, FOREVER)
    chosen: Integers = np.flatnonzero((when >= start) & (when < end))
    if not len(chosen):
        first, last = (str(np.datetime64(int(at), "ns").astype("datetime64[s]")) for at in (when.min(), when.max()))
        raise DataError(
            f"{name} has no rows between feed.start and feed.end",
            field="feed.start",
            value=f"{feed.start} .. {feed.end}",
            rule=f"the data run from {first} to {last} UTC",
        )
    return chosen


def within(table: Table, feed: FeedSection, calendar: str, name: str) -> Table:
    """Return the rows of a table that the feed's span leaves; a daily bar is in it where its session's open is.

    Raises:
        DataError: None does.
    """
    if (feed.start is None and feed.end is None) or not len(table):
        return table
    readable = table.take(table.stamps != MISSING_TIME)
    if not len(readable):
        return table
    when = hours_of_dates(calendar, readable.stamps // DAY)[0] if readable.daily else readable.stamps
    return readable.take(choose_within(when, feed, name))


def _bound(moment: datetime.datetime | None, timezone: str, missing: int) -> int:
    if moment is None:
        return missing
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(timezone))
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
