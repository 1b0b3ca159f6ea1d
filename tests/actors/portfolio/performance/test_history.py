from __future__ import annotations

import numpy as np
import pytest

from actors.clock import DAY
from actors.errors import InputError
from actors.portfolio.curve import EquityCurve, EquitySample
from actors.portfolio.performance.history import Period, history, history_of_returns, history_of_samples
from actors.portfolio.valuation import Valuation
from tests.actors.portfolio.samples import money

HOUR = DAY // 24


def sample(time: int, equity: float, deposits: float = 0.0, gross: float = 0.0) -> EquitySample:
    """Return a sample of an account whose exposure is net long."""
    figures = Valuation("USD", 0, money(equity), money(gross), money(gross), 0, 0, 0, money(deposits))
    return EquitySample(time // HOUR, time, "main", figures)


SAMPLES = [
    sample(0, 0),
    sample(HOUR, 100, 100, 50),
    sample(2 * HOUR, 110, 100, 60),
    sample(DAY, 121, 100, 70),
    sample(DAY + HOUR, 171, 150, 0),
    sample(3 * DAY, 153.9, 150, 80),
]


def test_samples_are_brought_to_days_and_money_that_came_in_is_no_profit() -> None:
    past = history_of_samples(SAMPLES)
    assert past.times.tolist() == [HOUR, 2 * HOUR, DAY + HOUR, 3 * DAY]
    assert past.equity.tolist() == [100, 110, 171, 153.9] and past.flows.tolist() == [0, 50, 0]
    assert past.returns == pytest.approx([0.1, 0.1, -0.1])
    assert past.gross.tolist() == past.net.tolist() == [50, 60, 0, 80]
    assert past.years == pytest.approx((3 * 24 - 1) / 24 / 365.25)
    assert past.per_year == pytest.approx(3 / past.years)


def test_the_periods_link_to_what_the_equity_curve_says() -> None:
    curve = EquityCurve()
    for one in SAMPLES[1:]:
        curve.add(one)
    for period in Period:
        past = history_of_samples(SAMPLES, period)
        assert np.prod(1 + past.returns) == pytest.approx(1.21 * 0.9)
    assert curve.drawdown == pytest.approx(0.1)


# Thursday 1970-01-01; Monday is the 5th, February the 31st day after.
def test_weeks_begin_on_mondays_and_months_on_their_first() -> None:
    times = [at * DAY for at in range(40)]
    weeks, months = (history(times, np.arange(1.0, 41.0), period=period) for period in ("week", "month"))
    assert [time // DAY for time in weeks.times.tolist()] == [0, 3, 10, 17, 24, 31, 38, 39]
    assert [time // DAY for time in months.times.tolist()] == [0, 30, 39]
    assert months.returns == pytest.approx([30.0, 40 / 31 - 1])


def test_of_several_samples_at_one_time_the_last_counts() -> None:
    past = history_of_samples([sample(0, 100), sample(DAY, 90), sample(DAY, 110)])
    assert past.returns == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("equity", "word"),
    [
        ([], "fewer than two"),
        ([100], "fewer than two"),
        ([0, 0], "fewer than two"),
        ([100, 0, 50], "no equity at 1970-01-02"),
    ],
)
def test_without_returns_it_says_why(equity: list[float], word: str) -> None:
    past = history([at * DAY for at in range(len(equity))], equity)
    assert word in past.problem and not len(past.returns)


def test_a_history_of_returns_is_no_money() -> None:
    past = history_of_returns([DAY, 2 * DAY], [0.1, -0.5], 0)
    assert past.equity == pytest.approx([1.0, 1.1, 0.55]) and not past.has_money and past.per_year is not None


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: history([0, 1], [1, float("nan")]), "equity[1]"),
        (lambda: history([0, 1], [1, 2], [0, float("nan")]), "deposits[1]"),
        (lambda: history([0, 1], [1]), "equity"),
        (lambda: history([0, 0], [1, 2]), "times[1]"),
        (lambda: history([0, 1], [1, 2], period="year"), "period"),
        (lambda: history_of_returns([], [], 0), "returns"),
        (lambda: history_of_returns([1], [0.1], 1), "times[1]"),
        (lambda: history_of_returns([1, 2], [0.1], 0), "returns"),
    ],
)
def test_rows_that_do_not_fit_are_refused(call, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field and caught.value.rule is not None
