"""Drawdowns by hand."""

from __future__ import annotations

import math

import pytest

from actors.errors import InputError
from actors.portfolio.performance.drawdowns import (
    Drawdown,
    calmar_ratio,
    drawdowns,
    maximum_drawdown,
    ulcer_index,
    underwater,
)

# 1 -> 1.1 -> 0.99 -> 1.188 -> 0.594 -> 0.891
RETURNS = [0.1, -0.1, 0.2, -0.5, 0.5]


def test_each_way_down_has_its_peak_trough_and_recovery() -> None:
    assert underwater(RETURNS).tolist() == pytest.approx([0, 0, 0.1, 0, 0.5, 0.25])
    deep, shallow = drawdowns(RETURNS)
    assert deep == Drawdown(3, 4, None, pytest.approx(0.5), 2)
    assert shallow == Drawdown(1, 2, 3, pytest.approx(0.1), 2)
    assert maximum_drawdown(RETURNS) == pytest.approx(0.5)
    assert ulcer_index(RETURNS) == pytest.approx(math.sqrt((0.1**2 + 0.5**2 + 0.25**2) / 5))


def test_a_loss_in_the_first_period_counts_from_the_beginning() -> None:
    assert drawdowns([-0.2, 0.25]) == (Drawdown(0, 1, 2, pytest.approx(0.2), 2),)


def test_a_drawdown_ends_where_its_peak_is_reached_again_whatever_compounding_lost_to_rounding() -> None:
    values = (100, 90, 80, 100, 200)
    returns = [after / before - 1 for before, after in zip(values, values[1:], strict=False)]
    assert drawdowns(returns) == (Drawdown(0, 2, 3, pytest.approx(0.2), 3),)


def test_calmar_is_the_compound_return_over_the_deepest() -> None:
    assert calmar_ratio([0.5, -0.2], 2) == pytest.approx(0.2 / 0.2)


def test_without_a_loss_there_is_no_drawdown_and_no_calmar() -> None:
    assert drawdowns([0.1, 0.0]) == () and drawdowns([]) == ()
    with pytest.raises(InputError, match="no drawdown"):
        calmar_ratio([0.1], 12)
    with pytest.raises(InputError):
        ulcer_index([])
