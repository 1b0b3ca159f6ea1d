from __future__ import annotations

from actors.clock import DAY, MINUTE
from actors.features.history import VarianceHistory
from tests.actors.features.ticks import START, bar, ticks


def test_a_history_is_given_once_it_is_full_and_keeps_the_newest_periods() -> None:
    history = VarianceHistory(period_minutes=0, kept=3)
    for day in range(1, 6):
        rows = [bar(0, START + day * DAY, 100, 110, 95, 100 + day, period=DAY)]
        if day > 3:
            rows.append(bar(1, START + day * DAY, 100, 110, 95, 100, period=DAY))
        found = history.update(ticks(rows), START + day * DAY)
        assert len(found) == len(rows)
    assert [row.known_time for row in history.histories([0, 1])[0]] == [START + day * DAY for day in (3, 4, 5)]
    assert list(history.histories([0, 1])) == [0]
    assert history.length(0) == DAY
    assert history.length(9) == 30 * MINUTE
