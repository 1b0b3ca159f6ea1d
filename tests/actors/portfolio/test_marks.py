from __future__ import annotations

import numpy as np

from actors.market.ticks import TICK, Kind
from actors.portfolio.marks import Marks


def test_marks_take_the_newest_price_of_a_slice() -> None:
    rows = np.zeros(3, TICK)
    rows["kind"] = Kind.TRADE
    rows["instrument"] = [1, 2, 1]
    rows["first"] = [100, 200, 101]
    marks = Marks()
    assert marks.take(rows, 7) == [1, 2]
    assert (marks.prices, marks.times) == ({1: 101, 2: 200}, {1: 7, 2: 7})
    assert marks.take(rows[:0], 8) == []


def test_a_snapshot_does_not_overwrite_newer_prices() -> None:
    marks = Marks()
    marks.take_snapshot([(1, 100, 5), (2, 200, 5), (3, 0, 5)])
    marks.take_snapshot([(1, 90, 4), (2, 210, 6)])
    assert marks.prices == {1: 100, 2: 210}
    assert marks.times == {1: 5, 2: 6}
