"""Returns with flows: by hand, by law, and what is refused."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clock import DAY
from actors.errors import InputError
from actors.portfolio.performance.calendar_table import calendar_table
from actors.portfolio.performance.returns import (
    FlowTime,
    annualised,
    day_weights,
    linked,
    modified_dietz,
    periods_per_year,
    time_weighted,
    wealth,
    years_between,
)

rates = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30)


def test_flows_count_at_the_end_or_at_the_start_of_their_period() -> None:
    # 100 earns 10, then 50 comes in; then 160 loses 16.
    assert time_weighted([100, 160, 144], [50, 0]).tolist() == pytest.approx([0.10, -0.10])
    # 50 comes in first, and 150 earns 10.
    assert time_weighted([100, 160], [50], FlowTime.START).tolist() == pytest.approx([10 / 150])


@given(rates, st.lists(st.floats(-40, 1000), min_size=30, max_size=30))
def test_what_is_paid_in_or_out_does_not_change_the_time_weighted_return(
    earned: list[float], flows: list[float]
) -> None:
    equity, moved = [1e6], flows[: len(earned)]
    for rate, flow in zip(earned, moved, strict=True):
        equity.append(equity[-1] * (1 + rate) + flow if equity[-1] * (1 + rate) + flow > 1 else equity[-1] * (1 + rate))
    paid = [after - before * (1 + rate) for before, after, rate in zip(equity, equity[1:], earned, strict=False)]
    assert time_weighted(equity, paid) == pytest.approx(np.array(earned), abs=1e-9)


def test_modified_dietz_weighs_flows_by_the_time_they_were_there() -> None:
    # 1,000 grows to 1,300 with 200 in on day 10 of 30: (1300 - 1000 - 200) / (1000 + 200 * 20 / 30).
    weights = day_weights([10 * DAY], 0, 30 * DAY)
    assert weights.tolist() == pytest.approx([2 / 3])
    assert modified_dietz(1000, 1300, [200], weights) == pytest.approx(100 / (1000 + 400 / 3))
    assert modified_dietz(1000, 1100) == pytest.approx(0.1)


def test_returns_are_linked_and_annualised() -> None:
    assert wealth([0.1, -0.1]).tolist() == pytest.approx([1, 1.1, 0.99])
    assert linked([0.1, -0.1]) == pytest.approx(-0.01)
    assert annualised(0.21, 2) == pytest.approx(0.10)
    assert years_between(0, round(365.25 * DAY)) == 1.0
    assert periods_per_year(np.arange(5) * DAY) == pytest.approx(365.25)


def test_months_and_years_link_what_ended_in_them() -> None:
    ends = [
        int(datetime.datetime(*day, tzinfo=datetime.timezone.utc).timestamp()) * 10**9
        for day in ((2020, 11, 30), (2020, 12, 15), (2020, 12, 31), (2021, 2, 1))
    ]
    first, second = calendar_table(ends, [0.1, 0.1, 0.1, -0.5])
    assert (first.year, second.year) == (2020, 2021)
    assert first.months[10] == pytest.approx(0.1) and first.months[11] == pytest.approx(0.21)
    assert first.months[:10] == (None,) * 10 and first.total == pytest.approx(0.331)
    assert second.months[1] == second.total == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: time_weighted([100]), "equity"),
        (lambda: time_weighted([100, float("nan")]), "equity[1]"),
        (lambda: time_weighted([0, 100]), "equity[0]"),
        (lambda: time_weighted([100, 100], [1, 2]), "flows"),
        (lambda: time_weighted(["a", 1]), "equity"),
        (lambda: time_weighted([[1, 2]]), "equity"),
        (lambda: modified_dietz(100, 100, [-100], [1.0]), "start"),
        (lambda: modified_dietz(100, 100, [1], [1.5]), "weights"),
        (lambda: day_weights([5], 6, 10), "times"),
        (lambda: wealth([0.1, -1.0]), "returns[1]"),
        (lambda: annualised(0.1, 0), "years"),
        (lambda: annualised(-1, 1), "total"),
        (lambda: periods_per_year([5, 5]), "times[1]"),
        (lambda: periods_per_year([5]), "times"),
        (lambda: calendar_table([], []), "returns"),
    ],
)
def test_wrong_input_is_told_with_its_field(call: object, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field and caught.value.rule
