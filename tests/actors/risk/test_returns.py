from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actors.clock import DAY, HOUR, MINUTE
from actors.risk.returns import ReturnHistory


class Player:
    """Feeds a history as the service does."""

    def __init__(self, history: ReturnHistory) -> None:
        self.history, self.prices, self.sequence = history, {}, 0

    def slice(self, time: int, prices: dict[int, int]) -> None:
        history = self.history
        if history.is_due(time):
            history.add(history.closes(self.sequence, self.prices))
        self.sequence += 1
        self.prices.update(prices)
        if prices:
            history.tick(list(prices), time)
        if history.is_complete(time):
            history.add(history.closes(self.sequence, self.prices))


def test_daily_bars_make_one_period_a_session() -> None:
    history = ReturnHistory(1, 10)
    player = Player(history)
    for day, price in enumerate((100, 110, 99)):
        player.slice(day * DAY + 21 * HOUR, {0: price})
    np.testing.assert_allclose(history.returns(), [[0.1], [-0.1]])
    assert history.horizon == DAY


def test_intraday_bars_make_one_period_every_half_hour_of_trading() -> None:
    history = ReturnHistory(1, 100)
    player = Player(history)
    for day in range(2):
        for bar in range(1, 13):
            player.slice(day * DAY + 14 * HOUR + bar * 5 * MINUTE, {0: 100 * (day + 1) + bar})
    assert history.count == 4
    np.testing.assert_allclose(history.returns()[:, 0], [112 / 106 - 1, 206 / 112 - 1, 212 / 206 - 1])


def test_a_period_that_ends_between_slices_is_closed_by_the_next_slice_at_the_prices_before_it() -> None:
    history = ReturnHistory(1, 10)
    player = Player(history)
    for time, price in ((1, 100), (29, 200), (31, 400), (65, 800)):
        player.slice(time * MINUTE, {0: price})
    assert history.count == 2 and history.closed_until == 60 * MINUTE
    np.testing.assert_allclose(history.returns(), [[1.0]])


def test_an_untraded_price_stands_for_a_few_periods_and_is_missing_after() -> None:
    history = ReturnHistory(3, 10, stale_periods=2)
    player = Player(history)
    player.slice(DAY, {0: 100, 1: 50})
    for day in range(2, 6):
        player.slice(day * DAY, {0: 100})
    second = history.returns()[:, 1]
    np.testing.assert_array_equal(second[:2], [0.0, 0.0])
    assert np.isnan(second[2:]).all() and np.isnan(history.returns()[:, 2]).all()
    assert history.stale([0, 1, 2]) == [1, 2]
    player.slice(5 * DAY + 1, {1: 60})
    assert history.stale([0, 1, 2]) == [2]


def test_empty_slices_and_times_without_trading_make_no_periods() -> None:
    history = ReturnHistory(1, 10)
    player = Player(history)
    player.slice(DAY, {})
    player.slice(2 * DAY, {})
    assert history.count == 0 and history.horizon is None
    assert history.returns().shape == (0, 1)


def test_only_the_newest_returns_are_kept() -> None:
    history = ReturnHistory(1, 3)
    player = Player(history)
    for day in range(1, 8):
        player.slice(day * DAY, {0: 2**day})
    assert history.returns().shape == (3, 1)
    np.testing.assert_allclose(history.returns(), 1.0)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=20), st.integers(1, 12))
def test_returns_are_those_of_successive_closes_and_no_later_price_moves_them(prices: list[int], window: int) -> None:
    history = ReturnHistory(1, window)
    player = Player(history)
    for day, price in enumerate(prices, 1):
        player.slice(day * DAY, {0: price})
    expected = [after / before - 1 for before, after in zip(prices, prices[1:])][-window:]
    np.testing.assert_allclose(history.returns()[:, 0], expected)
    player.slice(len(prices) * DAY + 1, {0: 10**9})
    np.testing.assert_allclose(history.returns()[:, 0], expected)


def test_the_closes_on_record_rebuild_the_history() -> None:
    random = np.random.default_rng(5)
    history, copy = ReturnHistory(4, 5), ReturnHistory(4, 5)
    prices: dict[int, int] = {}
    for day in range(1, 12):
        ticked = {one: int(random.integers(1, 1000)) for one in range(4) if random.random() < 0.5} or {0: 7}
        prices.update(ticked)
        history.tick(list(ticked), day * DAY)
        closes = history.closes(day, prices)
        history.add(closes)
        copy.add(closes)
    np.testing.assert_array_equal(copy.returns(), history.returns())
    assert copy.stale(range(4)) == history.stale(range(4))
    assert copy.closed_until == history.closed_until and copy.horizon == history.horizon
    assert not math.isnan(history.returns()[-1, 0]) or history.stale([0]) == [0]
