from __future__ import annotations

import pytest

from actors.portfolio.curve import EquityCurve, EquitySample
from actors.portfolio.valuation import Valuation

# (equity, deposits to date) in order, then the drawdown now and the largest.
CASES = {
    "nothing happened": ([(100, 100)], 0.0, 0.0),
    "a loss": ([(100, 100), (90, 100)], 0.1, 0.1),
    "a loss made good": ([(100, 100), (90, 100), (110, 100)], 0.0, 0.1),
    "a deposit is no profit": ([(100, 100), (90, 100), (190, 200)], 0.1, 0.1),
    "a withdrawal is no loss": ([(100, 100), (50, 50)], 0.0, 0.0),
    "an account that begins empty": ([(0, 0), (100, 100), (80, 100)], 0.2, 0.2),
}


def sample(number: int, equity: int, deposits: int) -> EquitySample:
    return EquitySample(number, number, "main", Valuation("USD", equity, equity, 0, 0, 0, 0, 0, deposits))


@pytest.mark.parametrize("case", CASES)
def test_drawdown_is_measured_on_what_the_money_earned(case: str) -> None:
    figures, now, largest = CASES[case]
    curve = EquityCurve()
    assert curve.drawdown == 0.0 and curve.mean_equity == 0
    for number, (equity, deposits) in enumerate(figures, 1):
        curve.add(sample(number, equity, deposits))
    assert curve.drawdown == pytest.approx(now)
    assert curve.maximum_drawdown == pytest.approx(largest)
    assert curve.mean_equity == sum(equity for equity, _ in figures) // len(figures)


def test_old_points_are_dropped_but_the_largest_drawdown_stays() -> None:
    curve = EquityCurve(kept=2)
    for number, equity in enumerate((100, 50, 100, 100), 1):
        curve.add(sample(number, equity, 100))
    assert [point.sample.sequence for point in curve.points] == [3, 4]
    assert curve.maximum_drawdown == pytest.approx(0.5)
