from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import DAY, MINUTE, SECOND
from actors.features.realized_variance import (
    RealizedVarianceEstimator,
    garman_klass,
    realized_variances,
    smallest_variance,
)
from actors.market.ticks import FEW, Ticks
from actors.messages import RealizedVariance
from tests.actors.features.ticks import START, bar, flat_bar, quote, ticks, trade
from tests.data import real_data

HALF_HOUR = 30 * MINUTE


def test_the_test_data_begin_on_the_half_hour() -> None:
    assert START % HALF_HOUR == 0


@pytest.mark.parametrize(
    ("open", "high", "low", "close", "variance"),
    [
        (100, 100, 100, 100, 0.0),
        (100, 110, 90, 100, 0.5 * math.log(110 / 90) ** 2),
        (100, 110, 100, 110, (0.5 - (2 * math.log(2) - 1)) * math.log(1.1) ** 2),
    ],
)
def test_garman_klass_is_computed_from_the_range(open: int, high: int, low: int, close: int, variance: float) -> None:
    assert garman_klass(open, high, low, close) == pytest.approx(variance, abs=1e-15)


def test_garman_klass_is_unbiased_for_a_random_walk() -> None:
    rng = np.random.default_rng(1)
    steps = rng.normal(0.0, 0.01 / math.sqrt(2000), size=(2000, 2000)).cumsum(axis=1)
    estimates = [
        garman_klass(1.0, math.exp(max(0.0, path.max())), math.exp(min(0.0, path.min())), math.exp(path[-1]))
        for path in steps
    ]
    assert np.mean(estimates) == pytest.approx(1e-4, rel=0.05)


def test_minute_bars_give_the_sum_of_squared_returns_of_their_closes_from_the_first_open() -> None:
    rows = [
        bar(0, START + MINUTE, 1000, 1020, 990, 1010),
        bar(0, START + 2 * MINUTE, 1010, 1030, 1000, 1005),
        bar(0, START + 30 * MINUTE, 1005, 1006, 1000, 1001),
    ]
    found = RealizedVarianceEstimator().update(ticks(rows), START + HALF_HOUR)
    assert [(row.instrument, row.period_start, row.known_time) for row in found] == [(0, START, START + HALF_HOUR)]
    returns = [math.log(1010 / 1000), math.log(1005 / 1010), math.log(1001 / 1005)]
    assert found[0].variance == pytest.approx(sum(value * value for value in returns))


def test_a_variance_is_given_out_when_the_clock_reaches_the_end_of_the_period_and_not_before() -> None:
    estimator = RealizedVarianceEstimator()
    assert estimator.update(ticks([flat_bar(0, START + MINUTE, 100)]), START + MINUTE) == []
    assert estimator.update(ticks([]), START + HALF_HOUR - 1) == []
    assert len(estimator.update(ticks([]), START + HALF_HOUR)) == 1
    assert estimator.update(ticks([]), START + DAY) == []


def test_what_becomes_known_at_the_end_of_a_period_belongs_to_it_and_what_comes_later_to_the_next() -> None:
    rows = [flat_bar(0, START + HALF_HOUR, 100), flat_bar(0, START + HALF_HOUR + MINUTE, 200)]
    found = RealizedVarianceEstimator().update(ticks(rows), START + 2 * HALF_HOUR)
    assert [row.variance for row in found] == [smallest_variance(100), smallest_variance(200)]


def test_a_period_with_one_bar_is_measured_by_its_range() -> None:
    found = RealizedVarianceEstimator().update(ticks([bar(0, START + MINUTE, 100, 110, 95, 105)]), START + HALF_HOUR)
    assert found[0].variance == garman_klass(100, 110, 95, 105)


def test_a_daily_bar_is_a_period_of_its_own() -> None:
    estimator = RealizedVarianceEstimator()
    rows = [bar(3, START + n * DAY, 100, 110 + n, 95, 105, period=DAY) for n in (1, 2)]
    found = estimator.update(ticks(rows), START + 2 * DAY)
    assert [(row.instrument, row.period_start, row.known_time) for row in found] == [
        (3, START, START + DAY),
        (3, START + DAY, START + 2 * DAY),
    ]
    assert [row.variance for row in found] == [garman_klass(100, 111, 95, 105), garman_klass(100, 112, 95, 105)]
    assert estimator.length(3) == DAY
    assert estimator.length(4) == HALF_HOUR


def test_a_price_that_does_not_move_has_the_variance_of_its_rounding() -> None:
    found = RealizedVarianceEstimator().update(ticks([flat_bar(0, START + MINUTE, 1000)]), START + HALF_HOUR)
    assert found[0].variance == pytest.approx(1 / 12e6)


def test_quotes_are_sampled_at_the_end_of_each_thirtieth_of_the_period() -> None:
    rows = [
        quote(0, START + 1 * SECOND, 99, 101),
        quote(0, START + 20 * SECOND, 90, 92),
        quote(0, START + 50 * SECOND, 101, 103),
        quote(0, START + 70 * SECOND, 103, 105),
        quote(0, START + 80 * SECOND, 104, 106),
        quote(0, START + 90 * SECOND, 0, 106),
    ]
    found = RealizedVarianceEstimator().update(ticks(rows), START + HALF_HOUR)
    assert found[0].variance == pytest.approx(math.log(102 / 100) ** 2 + math.log(105 / 102) ** 2)


def test_trades_give_a_variance_where_there_is_nothing_better() -> None:
    rows = [trade(0, START + SECOND, 100), trade(0, START + 2 * MINUTE, 110), trade(1, START + SECOND, 50)]
    found = RealizedVarianceEstimator().update(ticks(rows), START + HALF_HOUR)
    assert [row.instrument for row in found] == [0, 1]
    assert found[0].variance == pytest.approx(math.log(1.1) ** 2)


def test_bars_are_preferred_to_quotes_and_quotes_to_trades() -> None:
    rows = [
        trade(0, START + SECOND, 100),
        quote(0, START + SECOND, 99, 101),
        trade(0, START + 2 * MINUTE, 200),
        quote(0, START + 2 * MINUTE, 109, 111),
    ]
    found = RealizedVarianceEstimator().update(ticks(rows), START + HALF_HOUR)
    assert [row.variance for row in found] == [pytest.approx(math.log(1.1) ** 2)]
    rows.append(bar(0, START + 3 * MINUTE, 100, 110, 95, 105))
    found = RealizedVarianceEstimator().update(ticks(rows), START + HALF_HOUR)
    assert [row.variance for row in found] == [garman_klass(100, 110, 95, 105)]


def test_a_tick_that_comes_after_its_period_was_given_out_changes_nothing_and_is_counted() -> None:
    estimator = RealizedVarianceEstimator()
    estimator.update(ticks([flat_bar(0, START + MINUTE, 100)]), START + HALF_HOUR)
    assert estimator.update(ticks([flat_bar(0, START + 2 * MINUTE, 100)]), START + HALF_HOUR) == []
    assert estimator.late == 1


def test_the_period_is_configured_in_minutes() -> None:
    found = realized_variances([ticks([flat_bar(0, START + n * MINUTE, 100) for n in (1, 2, 3)])], period_minutes=1)
    assert [row.known_time - row.period_start for row in found] == [MINUTE] * 3


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[int, ...]]:
    steps = draw(st.lists(st.integers(1, 40), min_size=2, max_size=60))
    rows, time = [], START
    for step in steps:
        time += step * MINUTE
        instrument, price = draw(st.integers(0, 2)), draw(st.integers(50, 200))
        kind = draw(st.sampled_from(["bar", "quote", "trade", "daily"]))
        if kind == "bar":
            rows.append(bar(instrument, time, price, price + 5, price - 5, price + 1))
        elif kind == "quote":
            rows.append(quote(instrument, time, price, price + 2))
        elif kind == "trade":
            rows.append(trade(instrument, time, price))
        else:
            rows.append(bar(instrument, time, price, price + 9, price - 9, price - 1, period=DAY))
    return rows


def _ordered(rows: list[RealizedVariance]) -> list[RealizedVariance]:
    return sorted(rows, key=lambda row: (row.known_time, row.instrument, row.period_start))


@settings(max_examples=60, deadline=None)
@given(streams(), streams(), st.integers(0, 60))
def test_another_future_changes_no_variance_that_was_known_before_it(
    stream: list[tuple[int, ...]], other: list[tuple[int, ...]], cut: int
) -> None:
    past = stream[:cut]
    now = past[-1][6] if past else START
    shift = now - START + MINUTE
    future = [(*row[:5], row[5] + shift, row[6] + shift, *row[7:]) for row in other]
    known = [row for row in realized_variances([ticks([one]) for one in stream]) if row.known_time <= now]
    changed = [row for row in realized_variances([ticks([one]) for one in past + future]) if row.known_time <= now]
    assert known == changed


@settings(max_examples=60, deadline=None)
@given(streams(), st.integers(1, 10))
def test_the_stream_and_the_batch_give_the_same_variances(stream: list[tuple[int, ...]], size: int) -> None:
    batches: list[Ticks] = [ticks(stream[start : start + size]) for start in range(0, len(stream), size)]
    one_by_one = _ordered(realized_variances([ticks([row]) for row in stream]))
    assert _ordered(realized_variances(batches)) == one_by_one
    assert _ordered(realized_variances([ticks(stream)])) == one_by_one


@st.composite
def dense_streams(draw: st.DrawFn) -> list[tuple[int, ...]]:
    """Return many prices of few instruments, now and then none on a side, too late, or out of order."""
    count = draw(st.integers(FEW + 1, 300))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pause = draw(st.sampled_from([SECOND, 20 * SECOND, 3 * MINUTE]))
    times = START + np.cumsum(random.integers(0, pause, count))
    if draw(st.booleans()):
        times[random.integers(0, count)] = START + 1
    rows = []
    for time in times.tolist():
        instrument, price, kind = (int(number) for number in random.integers((0, 50, 0), (3, 60, 8)))
        if kind < 3:
            rows.append(trade(instrument, time, price))
        else:
            rows.append(quote(instrument, time, 0 if kind == 7 else price, price + 2))
    return rows


class _RowByRow(RealizedVarianceEstimator):
    """Looks at every row."""

    def _thinned(self, ticks: Ticks) -> Ticks:
        return ticks


@settings(max_examples=100, deadline=None)
@given(dense_streams(), st.integers(FEW + 1, 200))
def test_many_prices_together_give_the_same_variances_as_row_by_row(stream: list[tuple[int, ...]], size: int) -> None:
    together, row_by_row = RealizedVarianceEstimator(), _RowByRow()
    for start in range(0, len(stream), size):
        batch = ticks(stream[start : start + size])
        clock = int(batch["known_time"].max())
        assert together.update(batch, clock) == row_by_row.update(batch, clock)
    assert together.update(ticks([]), START + DAY) == row_by_row.update(ticks([]), START + DAY)
    assert together.late == row_by_row.late


def test_realised_variance_of_real_minutes_is_close_to_the_published_one() -> None:
    """SPY on 2013-10-07 to 11 by minutes: volatility within the session lies in the range of that week's index."""
    import csv
    import io
    import zipfile

    folder = real_data("lean")
    files = sorted(folder.rglob("minute/spy/201310*_trade.zip"))
    if not files:
        pytest.skip("no minutes of SPY")
    for file in files:
        with zipfile.ZipFile(file) as archive:
            text = archive.read(archive.namelist()[0]).decode()
        rows = []
        for row in csv.reader(io.StringIO(text)):
            offset, open, high, low, close, volume = (int(float(cell)) for cell in row)
            if 9.5 * 3_600_000 <= offset < 16 * 3_600_000:
                rows.append(bar(0, START + offset * 1_000_000 + MINUTE, open, high, low, close, volume))
        found = realized_variances([ticks(rows)])
        assert len(found) == 13
        assert 0.03 < math.sqrt(sum(row.variance for row in found) * 252) < 0.4
