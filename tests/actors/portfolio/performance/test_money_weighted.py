"""The internal rate of return: one solution, none, several, each of them right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import InputError
from actors.portfolio.performance.money_weighted import money_weighted, net_present_value
from actors.portfolio.performance.returns import YEAR

CASES = {
    "one year": ([-100, 110], (0.10,)),
    "a loss": ([-100, 60], (-0.40,)),
    "three years": ([-100, 0, 0, 133.1], (0.10,)),
    "paid in twice": ([-100, -100, 231], (0.10,)),
    "two rates": ([-100, 230, -132], (0.10, 0.20)),
    "two that fall together": ([-1, 2.2, -1.21], (0.10,)),
    "three rates": ([-1, 6, -11, 6], (0.0, 1.0, 2.0)),
    "changes of sign, no rate": ([-1, 1, -1], ()),
    "money only comes": ([1, 1], ()),
    "everything was lost": ([-100, 0], ()),
}


@pytest.mark.parametrize("case", CASES)
def test_all_rates_are_found(case: str) -> None:
    flows, rates = CASES[case]
    found = money_weighted(np.arange(len(flows)) * YEAR, flows)
    assert found.solutions == pytest.approx(rates, abs=1e-7)
    if len(rates) == 1:
        assert found.annual == pytest.approx(rates[0], abs=1e-7) and not found.reason
        assert found.over_span == pytest.approx((1 + rates[0]) ** (len(flows) - 1) - 1, abs=1e-6)
    else:
        assert found.annual is None and found.over_span is None and found.reason


def test_a_short_span_does_not_overflow() -> None:
    found = money_weighted([0, 10**9], [-100, 101])
    assert found.over_span == pytest.approx(0.01)


@given(st.lists(st.floats(-1000, 1000).filter(lambda flow: abs(flow) > 1), min_size=2, max_size=12))
def test_every_rate_makes_the_net_present_value_zero(flows: list[float]) -> None:
    times = np.arange(len(flows)) * YEAR
    found = money_weighted(times, flows)
    changes = int((np.diff(np.sign(flows)) != 0).sum())
    assert len(found.solutions) <= changes
    assert changes % 2 == 0 or found.solutions
    for rate in found.solutions:
        size = float(np.sum(np.abs(flows) * (1 + rate) ** -np.arange(len(flows))))
        assert abs(net_present_value(rate, times, flows)) <= 1e-7 * size


def test_flows_at_the_border_give_the_time_weighted_return() -> None:
    # 10 % each year whatever is paid in.
    found = money_weighted(np.arange(4) * YEAR, [-100, -50, 30, 100 * 1.331 + 50 * 1.21 - 30 * 1.1])
    assert found.annual == pytest.approx(0.10)


@pytest.mark.parametrize(
    ("times", "flows", "field"),
    [
        ([0], [1], "times"),
        ([0, 0], [-1, 1], "times[1]"),
        ([0, 1], [-1, float("inf")], "flows[1]"),
        ([0, 1], [-1, 1, 1], "flows"),
        (list(range(300)), [(-1) ** at for at in range(300)], "flows"),
    ],
)
def test_wrong_input_is_told_with_its_field(times: list[int], flows: list[float], field: str) -> None:
    with pytest.raises(InputError) as caught:
        money_weighted(times, flows)
    assert caught.value.field == field
