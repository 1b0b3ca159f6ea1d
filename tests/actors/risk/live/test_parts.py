"""Peaks, hours, the feed's silence and the schedule, each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from actors.calendars import ALWAYS_OPEN
from actors.clock import DAY, HOUR, SECOND
from actors.messages import MONEY_UNIT
from actors.portfolio.books import LARGEST_AMOUNT
from actors.risk.live.feed_watch import FeedWatch
from actors.risk.live.high_water import HighWater, Profits
from actors.risk.live.open_hours import OpenHours
from actors.risk.live.tail_schedule import TailSchedule
from actors.risk.live.totals import Totals
from configs.schema import FeedSection


def water(*profits: tuple[int, int]) -> HighWater:
    found = HighWater()
    for sequence, (time, profit) in enumerate(profits, 1):
        found.take(Profits(sequence, time, {"main": profit}, {"USD": 2 * profit}))
    return found


def test_drawdown_is_a_share_of_the_peak_of_the_equity() -> None:
    found = water((HOUR, 50), (2 * HOUR, 100), (3 * HOUR, 20))
    assert found.drawdown("main", "USD", 10, 900) == 90 * MONEY_UNIT // 1000
    assert found.drawdown(None, "USD", 190, 1800) == 10 * MONEY_UNIT // 2000
    assert found.drawdown("main", "USD", 150, 900) == 0, "above the last recorded peak"
    assert found.drawdown("new", "USD", -10, 100) == 10 * MONEY_UNIT // 100
    assert found.drawdown("main", "USD", 0, -100) == LARGEST_AMOUNT, "no equity to lose a share of"


@pytest.mark.parametrize(
    ("profits", "time", "profit", "loss"),
    [
        ([], HOUR, -5, 5),
        ([(HOUR, 10)], 2 * HOUR, 4, -4),
        ([(HOUR, 10), (23 * HOUR, 30)], DAY + HOUR, 25, 5),
        ([(HOUR, 10), (DAY, 30)], DAY + HOUR, 25, 5),
        ([(HOUR, 10), (DAY, 30), (DAY + HOUR, 40)], DAY + 2 * HOUR, 25, 5),
        ([(HOUR, 10), (DAY, 30), (DAY + HOUR, 40)], 5 * DAY, 25, 15),
    ],
    ids=["no record", "the first day", "over night", "midnight ends a day", "within a day", "days later"],
)
def test_the_loss_of_a_day_counts_from_the_end_of_the_day_before(
    profits: list[tuple[int, int]], time: int, profit: int, loss: int
) -> None:
    assert water(*profits).day_loss("main", "USD", profit, time) == loss


def hours() -> OpenHours:
    """Open from 10 to 16 on days 1 and 2."""
    opens = np.array([DAY + 10 * HOUR, 2 * DAY + 10 * HOUR])
    found = OpenHours(lambda _: (opens, opens + 6 * HOUR))
    found.read("XNYS")
    return found


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, DAY, 0),
        (0, DAY + 11 * HOUR, HOUR),
        (DAY + 11 * HOUR, DAY + 12 * HOUR, HOUR),
        (DAY + 15 * HOUR, 2 * DAY + 11 * HOUR, 2 * HOUR),
        (DAY + 17 * HOUR, 2 * DAY + 9 * HOUR, 0),
        (0, 9 * DAY, 12 * HOUR),
        (DAY, 0, 0),
    ],
)
def test_only_sessions_count_as_open(start: int, end: int, expected: int) -> None:
    assert hours().between("XNYS", start, end) == expected
    assert hours().between(ALWAYS_OPEN, start, end) == max(0, end - start)


def test_a_calendar_that_was_not_read_tells_nothing() -> None:
    assert OpenHours().between("XNYS", 0, DAY) is None


def test_silence_counts_from_the_last_slice() -> None:
    feed = FeedWatch(FeedSection(speed=1), ["XNYS"], hours())
    assert feed.silence(5) is None
    feed.heard(DAY + 15 * HOUR, 100)
    assert (feed.silence(100 + SECOND), feed.silence(50)) == (SECOND, 0)
    assert feed.silence(100 + 5 * HOUR) == 5 * HOUR, "closed hours are left out, so the next slice is due at once"


def test_nothing_is_expected_from_a_feed_in_real_time_while_all_markets_are_closed() -> None:
    feed = FeedWatch(FeedSection(speed=2, skip_closed_hours=False), ["XNYS"], hours())
    feed.heard(DAY + 15 * HOUR, 0)
    assert feed.silence(HOUR // 4) == HOUR // 4
    assert feed.silence(4 * HOUR) == HOUR // 2, "an hour of trading at twice the speed"
    assert FeedWatch(FeedSection(speed=2, skip_closed_hours=False), ["XNYS"], OpenHours()).silence(3) is None


def test_measures_are_made_only_where_inputs_moved_or_moved_far() -> None:
    seen: list[dict[int, int]] = []
    schedule: TailSchedule[str, int] = TailSchedule(
        lambda exposures: seen.append(dict(exposures)) or len(seen), 60, 0.1
    )
    totals = Totals()
    totals.set(0, 1000)
    totals.set(1, -500)
    assert schedule.round_is_due(0) and schedule.refresh("main", totals, 1, 0, 1)
    assert not schedule.round_is_due(59 * SECOND) and schedule.round_is_due(60 * SECOND)
    assert not schedule.refresh("main", totals, 1, 60 * SECOND, 2), "nothing moved"
    assert schedule.refresh("main", totals, 2, 61 * SECOND, 3), "a new close"
    totals.set(0, 1100)
    schedule.moved("main", totals, (0, 1))
    assert schedule.hurried() == [], "100 of 1,600 is under a tenth"
    totals.set(0, 1200)
    schedule.moved("main", totals, (0,))
    assert schedule.hurried() == ["main"] and schedule.refresh("main", totals, 2, 62 * SECOND, 4)
    found = schedule.of("main")
    assert found is not None and (found.time, found.sequence, found.exposures) == (62 * SECOND, 4, {0: 1200, 1: -500})
    assert schedule.hurried() == [] and schedule.measurements == len(seen) == 3
    schedule.moved("other", totals, (0,))
    assert schedule.hurried() == [] and schedule.of("other") is None
