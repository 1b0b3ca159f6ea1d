"""Options have the past and the stress that a full revaluation gives them, and none before it."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
import pytest

from actors.errors import Unavailable
from actors.messages import MONEY_UNIT
from actors.risk.live.option_revaluation import Job, OptionRevaluation, run
from actors.risk.live.tails import measure_tails
from actors.risk.measures import simulate
from actors.risk.pricing import American, Market, price
from actors.risk.pricing.american import revalue_here
from actors.risk.pricing.partial import FailedChunk, Revaluation
from actors.risk.stress import price_jumps
from tests.actors.risk.live.test_greeks_book import MASTER, TODAY, option

SHOCKS = {"crash": -0.2, "rally": 0.1}
JUMPS = price_jumps(SHOCKS, MASTER)
PRICES = {0: 10_000, 1: 9_500, 2: 700, 3: 450, 4: 900}
OPTIONS = {2: option(2), 3: option(3), 4: option(4, American)}
COUNT = 40
TOLERANCE = 2e-3  # of the price: American options against QuantLib's finite differences on its usual grid


def past(periods: int = COUNT - 1) -> np.ndarray:
    found = np.random.default_rng(5).normal(0, 0.02, (periods, len(MASTER)))
    found[3, 0] = np.nan
    return found


def revaluation(prices: dict[int, int] | None = None) -> OptionRevaluation:
    return OptionRevaluation(OPTIONS, MASTER, PRICES if prices is None else prices, JUMPS)


def revalued(options: OptionRevaluation, returns: np.ndarray, count: int = COUNT, held: tuple = (0, 2, 3, 4)) -> Job:
    job = options.job(held, returns, count, TODAY)
    assert job is not None
    assert options.take(job, run(job, revalue_here)) == []
    return job


def worth(number: int, change: float) -> float:
    terms = OPTIONS[number]
    spot = PRICES[terms.underlying] / 100 * (1 + change)
    return price(
        terms.contract,
        Market(date=TODAY, spot=spot, volatility=terms.volatility, rate=terms.rate, dividend=terms.dividend),
    )


@pytest.mark.parametrize("number", OPTIONS)
def test_an_option_gained_in_each_period_what_its_model_says(number: int) -> None:
    options, returns = revaluation(), past()
    revalued(options, returns)
    found = options.returns(number, len(returns), COUNT)
    for period in (0, 7, 20):
        change = returns[period, OPTIONS[number].underlying]
        gain = (worth(number, change) - worth(number, 0.0)) / (PRICES[number] / 100)
        assert found[period] == pytest.approx(gain, abs=TOLERANCE)
    assert np.isnan(found[3]) == (OPTIONS[number].underlying == 0)
    stressed = options.stressed(number)
    assert stressed is not None
    for name, shock in SHOCKS.items():
        gain = (worth(number, shock) - worth(number, 0.0)) / (PRICES[number] / 100)
        assert stressed[name] == pytest.approx(gain, abs=TOLERANCE)


def test_only_what_moved_is_revalued_again() -> None:
    prices = dict(PRICES)
    options, returns = revaluation(prices), past()
    revalued(options, returns)
    assert options.job((2, 3, 4), returns, COUNT, TODAY) is None
    prices[0] = round(10_000 * 1.004)
    assert options.job((2, 3, 4), returns, COUNT, TODAY) is None
    prices[0] = round(10_000 * 1.006)
    moved = options.job((2, 3, 4), returns, COUNT, TODAY)
    assert moved is not None and set(moved.options) == {one for one in OPTIONS if OPTIONS[one].underlying == 0}
    tomorrow = options.job((2, 3, 4), returns, COUNT, TODAY + datetime.timedelta(days=1))
    assert tomorrow is not None and tomorrow.options == (2, 3, 4)
    later = options.job((2,), returns, COUNT + 1, TODAY)
    assert later is not None and later.options == (2,)
    assert options.job((0, 1), returns, COUNT, TODAY) is None


def test_expired_options_and_those_without_a_market_are_not_tried() -> None:
    returns = past()
    assert revaluation({1: 9_500}).job((2, 4), returns, COUNT, TODAY) is None
    assert revaluation().job((2, 3, 4), returns, COUNT, TODAY + datetime.timedelta(days=90)) is None


def test_periods_that_came_since_are_unknown_until_the_next_revaluation() -> None:
    options, returns = revaluation(), past()
    revalued(options, returns)
    now = options.returns(3, len(returns), COUNT)
    then = options.returns(3, len(returns), COUNT + 2)
    assert np.isnan(then[-2:]).all()
    assert then[:-2] == pytest.approx(now[2:], nan_ok=True)
    longer = options.returns(3, len(returns) + 5, COUNT)
    assert np.isnan(longer[:5]).all() and longer[5:] == pytest.approx(now, nan_ok=True)


def tails_of(options: OptionRevaluation, exposures: dict[int, int], returns: np.ndarray) -> object:
    return measure_tails(exposures, returns, COUNT, (0.9,), 20, JUMPS, options)


def test_before_a_revaluation_an_option_is_missing_and_never_taken_for_linear() -> None:
    options, returns = revaluation(), past()
    exposures = {0: 60 * MONEY_UNIT, 2: 40 * MONEY_UNIT}
    before = tails_of(options, exposures, returns)
    assert (before.simulation.covered, before.simulation.share_covered) == ((0,), 0.6)
    assert (before.unstressed, before.stress_share) == ((2,), 0.6)
    assert before.stress == {"crash": -12 * MONEY_UNIT, "rally": 6 * MONEY_UNIT}
    revalued(options, returns)
    after = tails_of(options, exposures, returns)
    assert after.simulation.covered == (0, 2) and after.simulation.share_covered == 1.0
    assert (after.unstressed, after.stress_share) == ((), 1.0)
    gain = (worth(2, -0.2) - worth(2, 0)) / 7.0 * 40
    assert after.stress["crash"] / MONEY_UNIT == pytest.approx(-12 + gain, abs=1e-6)


def test_a_book_of_stock_and_option_loses_what_the_joint_revaluation_says() -> None:
    options, returns = revaluation(), past()
    revalued(options, returns)
    exposures = {1: 50 * MONEY_UNIT, 3: 45 * MONEY_UNIT}
    found = tails_of(options, exposures, returns)
    columns = np.stack([returns[:, 1], options.returns(3, len(returns), COUNT)], axis=1)
    expected = simulate({0: exposures[1], 1: exposures[3]}, columns, (0.9,), 20)
    assert found.simulation.tails == expected.tails
    alone = simulate({1: exposures[1]}, returns, (0.9,), 20)
    assert found.simulation.tails[0].value_at_risk > alone.tails[0].value_at_risk


def test_a_book_without_options_is_measured_as_ever() -> None:
    returns, exposures = past(), {0: 60 * MONEY_UNIT, 1: -10 * MONEY_UNIT}
    found = tails_of(revaluation(), exposures, returns)
    assert found.simulation == simulate(exposures, returns, (0.9,), 20)
    assert found.stress == {"crash": -10 * MONEY_UNIT, "rally": 5 * MONEY_UNIT}


def test_what_fails_is_told_and_stays_missing() -> None:
    options, returns = revaluation(), past()
    job = options.job((2, 4), returns, COUNT, TODAY)
    assert job is not None

    def failing(book: object, scenarios: object) -> Revaluation:
        values = np.full((len(job.scenarios.spot), 1), np.nan)
        return Revaluation(values, (FailedChunk((0,), Unavailable("a task was lost")),))

    assert options.take(job, run(job, failing)) == [4]
    assert options.stressed(4) is None and options.stressed(2) is not None
    retried = options.job((2, 4), returns, COUNT, TODAY)
    assert retried is not None and retried.options == (4,)


def test_an_option_without_a_price_has_no_return() -> None:
    prices = {one: price for one, price in PRICES.items() if one != 2}
    options, returns = revaluation(prices), past()
    revalued(options, returns)
    assert np.isnan(options.returns(2, len(returns), COUNT)).all() and options.stressed(2) is None


def test_what_fails_in_this_process_is_told_by_its_options() -> None:
    options, returns = revaluation(), past()
    job = options.job((4,), returns, COUNT, TODAY)
    assert job is not None
    broken = dataclasses.replace(job.book, strike=np.array([np.nan]))
    found = revalue_here(broken, job.scenarios)
    assert found.missing == 1.0 and found.failed[0].options == (0,)
