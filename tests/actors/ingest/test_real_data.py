from __future__ import annotations

import numpy as np

from actors.clock import DAY, MINUTE
from actors.instruments import InstrumentMaster
from actors.market.ticks import Kind
from configs.schema import InstrumentsSection
from tests.actors.ingest.files import opened, sliced, utc
from tests.data import real_data


def test_fifteen_dow_stocks_come_session_by_session() -> None:
    path = real_data("dow30")
    slices = sliced(path)
    rows = np.concatenate([one.ticks() for one in slices])
    assert len(rows) == 45_297 and len(slices) == 3_020
    assert utc(slices[0].time) == "2006-01-03T21:00:00" and len(slices[0].ticks()) == 15
    master = InstrumentMaster.from_source(opened(path), InstrumentsSection())
    express = master.by_symbol("AXP").id
    first = rows[rows["instrument"] == express][0]
    assert [first[name] for name in ("first", "second", "third", "fourth", "fifth")] == [
        51.7,
        52.58,
        51.05,
        52.58,
        7825700,
    ]
    assert set(rows["reference"]) == {DAY}


def test_the_daily_panel_comes_whole() -> None:
    slices = sliced(real_data("us_daily", "panel_a.parquet"))
    assert sum(len(one.rows) for one in slices) == 80 * 645_478
    assert (np.diff([one.time for one in slices]) > 0).all()
    assert slices[0].ticks()["fourth"][0] == 3.8906


def test_spy_minutes_of_one_week_are_those_of_new_york() -> None:
    slices = sliced(real_data("lean", "equity", "usa", "minute", "spy"), start="2013-10-07", end="2013-10-12")
    rows = np.concatenate([one.ticks() for one in slices])
    assert sorted({utc(time)[:10] for time in rows["event_time"]}) == [f"2013-10-{day:02d}" for day in range(7, 12)]
    minute = (rows["event_time"] // MINUTE) % 1440
    regular = rows[(minute >= 13 * 60 + 30) & (minute < 20 * 60)]
    assert len(regular) == 5 * 390
    assert set(rows["known_time"] - rows["event_time"]) == {MINUTE}
    assert 160 < regular["first"].min() and regular["first"].max() < 175


def test_apple_messages_keep_their_nanoseconds_and_order() -> None:
    slices = sliced(real_data("lobster"))
    rows = np.concatenate([one.ticks() for one in slices])
    assert len(rows) == 91_997 and set(rows["kind"]) == {Kind.BOOK}
    assert (np.diff(rows["event_time"]) >= 0).all() and (np.diff(rows["row"]) > 0).all()
    assert (
        utc(rows["event_time"][0]) == "2012-06-21T13:30:00" and int(rows["event_time"][0]) % 1_000_000_000 == 4_241_176
    )
    assert rows["first"][0] == 585.33
