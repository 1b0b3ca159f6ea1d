from __future__ import annotations

import numpy as np
import pytest

from actors.clock import HOUR, MINUTE, SECOND
from actors.ingest.pacing import MarketHours, Pacer
from configs.schema import FeedSection


def at(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.mark.parametrize(
    ("calendars", "earlier", "later", "passed"),
    [
        (["XNYS"], "2013-11-26T21:00", "2013-11-27T14:35", 5 * MINUTE),
        (["XNYS"], "2013-11-27T14:35", "2013-11-27T14:40", 5 * MINUTE),
        (["XNYS"], "2013-11-26T21:00", "2013-11-27T21:00", 6 * HOUR + 30 * MINUTE),
        (["XNYS"], "2013-11-27T21:00", "2013-11-29T18:00", 3 * HOUR + 30 * MINUTE),
        (["XNYS"], "2013-11-27T12:00", "2013-11-27T12:01", MINUTE),
        (["XNYS"], "2013-11-27T11:00", "2013-11-27T12:01", 0),
        (["XNYS"], "1969-01-01", "1969-02-01", 0),
        (["XNYS", "24/7"], "2013-11-27T21:00", "2013-11-29T18:00", 45 * HOUR),
        ([], "2013-11-27T21:00", "2013-11-29T18:00", 45 * HOUR),
        (["XNYS"], "2013-11-27T15:00", "2013-11-27T14:59", 0),
    ],
    ids=[
        "overnight",
        "in session",
        "a session",
        "a holiday",
        "extended hours",
        "before the open",
        "before all sessions",
        "one market never closes",
        "no market",
        "backwards",
    ],
)
def test_market_time_leaves_closed_hours_out(calendars: list[str], earlier: str, later: str, passed: int) -> None:
    assert MarketHours(calendars).between(at(earlier), at(later)) == passed


def test_closed_hours_count_where_they_are_asked_for() -> None:
    assert (
        MarketHours(["XNYS"], skip_closed_hours=False).between(at("2013-11-26T21:00"), at("2013-11-27T21:00"))
        == 24 * HOUR
    )


def test_sessions_are_counted_by_their_close_or_by_the_day() -> None:
    hours = MarketHours(["XNYS"])
    assert hours.session(at("2013-11-27T21:00")) == hours.session(at("2013-11-27T14:35"))
    assert hours.session(at("2013-11-29T14:35")) == hours.session(at("2013-11-27T21:00")) + 1
    days = MarketHours(["24/7"])
    assert days.session(at("2013-11-28")) + 1 == days.session(at("2013-11-28T00:01"))


def test_a_slice_is_due_when_its_market_time_has_passed_at_that_speed() -> None:
    first = at("2013-11-27T14:35")
    pacer = Pacer(FeedSection(speed=60), MarketHours(["XNYS"]), first)
    assert pacer.due(first, 1000.0) == 1000.0
    assert pacer.due(first + 60 * SECOND, 1000.2) == pytest.approx(1001.0)
    assert pacer.due(first + 120 * SECOND, 1009.0) == pytest.approx(1002.0), "lateness is caught up"
    pacer.shift(5.0)
    assert pacer.due(first + 180 * SECOND, 1009.0) == pytest.approx(1008.0)


def test_nothing_is_due_at_full_speed_and_during_warm_up() -> None:
    first = at("2013-11-26T21:00")
    assert Pacer(FeedSection(), MarketHours(["XNYS"]), first).due(first, 0.0) is None
    pacer = Pacer(FeedSection(speed=1, warmup_sessions=2), MarketHours(["XNYS"]), first)
    assert [pacer.due(at(f"2013-11-{day}T18:00"), 7.0) for day in ("26", "27", "29")] == [None, None, 7.0]


def test_market_time_lasts_as_long_as_the_speed_says() -> None:
    hours = MarketHours(["24/7"])
    sections = (FeedSection(speed=1.0), FeedSection(speed=60.0), FeedSection(speed="max"))
    assert [Pacer(section, hours, 0).span(MINUTE, 2 * MINUTE) for section in sections] == [60.0, 1.0, 0.0]
