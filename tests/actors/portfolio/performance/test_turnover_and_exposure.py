"""Turnover, exposure and concentration by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.performance.exposure import concentration, exposure, exposures_of_positions
from actors.portfolio.performance.turnover import turnover, turnover_of_positions, turnover_of_weights


def test_turnover_counts_what_changed_hands_over_mean_equity() -> None:
    # Buys 10 at 5, then sells 4 at 6: 50 bought, 24 sold, mean equity 100, half a year.
    found = turnover_of_positions([[0], [10], [6]], [[5], [5], [6]], [90, 100, 110], 0.5)
    assert (found.two_sided, found.one_sided, found.lesser_side) == pytest.approx((0.74, 0.37, 0.24))
    assert (found.annual_two_sided, found.annual_one_sided) == pytest.approx((1.48, 0.74))
    assert turnover(74, 100, 1).lesser_side is None


def test_only_what_is_traded_back_from_the_drift_counts() -> None:
    # Halves drift to 0.6 and 0.4 (of 1.25: .75 and .5) and are brought back.
    assert turnover_of_weights([[0.5, 0.5], [0.5, 0.5]], [[0.5, 0.0], [0, 0]]).tolist() == pytest.approx([0.2])
    assert turnover_of_weights([[0.5, 0.5], [0.6, 0.4]], [[0.5, 0.0], [0, 0]]).tolist() == pytest.approx([0.0])


def test_exposure_is_over_equity() -> None:
    gross, net = exposures_of_positions([[1, -1], [0, 0], [2, 0]], [[10, 10], [10, 10], [10, 10]])
    assert gross.tolist() == [20, 0, 20] and net.tolist() == [0, 0, 20]
    found = exposure(gross, net, [10, 10, 20])
    assert (found.mean_gross, found.highest_gross, found.invested) == pytest.approx((1.0, 2.0, 2 / 3))
    assert (found.mean_net, found.lowest_net, found.highest_net) == pytest.approx((1 / 3, 0.0, 1.0))


def test_equal_positions_are_as_many_bets_as_there_are() -> None:
    found = concentration([5, -5, 5, 5])
    assert (found.largest, found.herfindahl) == pytest.approx((0.25, 0.25))
    assert (found.effective_positions, found.effective_bets) == pytest.approx((4, 4))
    assert concentration([7]).effective_bets == 1.0
    uneven = concentration([3, 1])
    assert uneven.effective_bets == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
    assert uneven.effective_positions == pytest.approx(1.6)


def test_two_positions_that_move_together_are_one_bet() -> None:
    assert concentration([1, 1], [[1, 1], [1, 1]]).effective_bets == pytest.approx(1)
    assert concentration([1, 2], np.diag([4.0, 1.0])).effective_bets == pytest.approx(2)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: turnover(-1, 1, 1), "traded"),
        (lambda: turnover(1, 0, 1), "capital"),
        (lambda: turnover(1, 1, 0), "years"),
        (lambda: turnover_of_positions([[1]], [[1], [2]], [1], 1), "prices"),
        (lambda: turnover_of_positions([[1, 2]], [[1]], [1], 1), "prices"),
        (lambda: turnover_of_weights([[1, float("nan")]], [[1, 1]]), "weights[0][1]"),
        (lambda: turnover_of_weights([1], [[1, 1]]), "weights"),
        (lambda: exposure([1], [1], [0]), "equity"),
        (lambda: exposure([1], [1, 2], [1]), "net"),
        (lambda: concentration([0, 0]), "values"),
        (lambda: concentration([1, 1], [[1]]), "covariance"),
        (lambda: concentration([1, 1], [[0, 0], [0, 0]]), "covariance"),
    ],
)
def test_wrong_input_is_told_with_its_field(call: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
