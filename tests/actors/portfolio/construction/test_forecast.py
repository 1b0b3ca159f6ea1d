"""What a forecast may be, and what is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from actors.errors import InputError
from actors.portfolio.construction.checks import by_symbol, check_definite
from actors.portfolio.construction.forecast import Forecast, moments_of_quantiles
from tests.actors.portfolio.construction.builders import returns, symbols

GOOD = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])


def changed(row: int, column: int, value: float, both: bool = True) -> Any:
    matrix = GOOD.copy()
    matrix[row, column] = value
    if both:
        matrix[column, row] = value
    return matrix


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("a mean that is missing", {"mean": [0.1, np.nan, 0.2]}, "mean[BBB]", "BBB"),
    ("a mean that is infinite", {"mean": [0.1, 0.2, np.inf]}, "mean[CCC]", "CCC"),
    ("means of other assets", {"mean": [0.1, 0.2]}, "mean", "shape"),
    ("means in words", {"mean": ["high", "low", "none"]}, "mean", "no numbers"),
    ("a covariance that is missing", {"covariance": changed(1, 2, np.nan, False)}, "covariance[CCC, BBB]", "CCC"),
    ("a variance of zero", {"covariance": changed(1, 1, 0.0)}, "covariance[BBB, BBB]", "BBB has no positive variance"),
    ("two covariances of one pair", {"covariance": changed(0, 2, 0.03, False)}, "covariance[AAA, CCC]", "symmetric"),
    ("a correlation above one", {"covariance": changed(0, 1, 0.08)}, "covariance", "AAA"),
    ("a scenario that is missing", {"scenarios": [[0.1, 0.1, 0.1], [0.1, np.nan, 0]]}, "scenarios[BBB, 1]", "BBB"),
    ("a symbol twice", {"symbols": ("AAA", "BBB", "AAA")}, "symbols", "twice"),
    ("no symbol", {"symbols": ()}, "symbols", "nothing"),
]


@pytest.mark.parametrize(("wrong", "field", "told"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_is_no_forecast_is_refused_by_name(wrong: dict[str, Any], field: str, told: str) -> None:
    parts: dict[str, Any] = {"symbols": ("AAA", "BBB", "CCC"), "mean": [0.1, 0.2, 0.3], "covariance": GOOD}
    Forecast(**parts)
    with pytest.raises(InputError) as caught:
        Forecast(**(parts | wrong))
    assert caught.value.field == field and told in str(caught.value)


def test_the_numbers_of_a_forecast_cannot_be_changed() -> None:
    found = Forecast(("AAA", "BBB", "CCC"), np.zeros(3), GOOD)
    with pytest.raises(ValueError):
        found.mean[0] = 1.0
    with pytest.raises(ValueError):
        found.covariance[0, 0] = 1.0


def test_a_portfolio_without_risk_is_named_by_what_is_in_it() -> None:
    twins = returns(4)
    twins[:, 3] = 2 * twins[:, 1]
    matrix = np.cov(twins, rowvar=False)
    found = Forecast(symbols(4), np.zeros(4), matrix)
    with pytest.raises(InputError) as caught:
        check_definite(found.covariance, found.symbols)
    assert "A001" in str(caught.value) and "A003" in str(caught.value) and "A002" not in str(caught.value)
    assert "ledoit_wolf" in str(caught.value.remedy)
    with pytest.raises(InputError) as caught:
        check_definite(found.covariance, found.symbols, shrunk=True)
    assert "ledoit_wolf" not in str(caught.value.remedy)


def test_fewer_periods_than_assets_give_a_forecast_that_is_singular() -> None:
    found = Forecast.from_returns(symbols(20), returns(20, 10))
    with pytest.raises(InputError, match="singular"):
        check_definite(found.covariance, found.symbols)


def test_returns_that_never_move_or_are_too_few_are_refused() -> None:
    still = returns(3)
    still[:, 1] = 0.001
    with pytest.raises(InputError, match="A001 never moves"):
        Forecast.from_returns(symbols(3), still)
    with pytest.raises(InputError, match="too few periods"):
        Forecast.from_returns(symbols(3), returns(3)[:1])


def test_numbers_by_symbol_are_put_in_order_and_strangers_refused() -> None:
    assert by_symbol("current", {"BBB": 2.0}, ("AAA", "BBB")).tolist() == [0.0, 2.0]
    with pytest.raises(InputError) as caught:
        by_symbol("current", {"CCC": 1.0}, ("AAA", "BBB"))
    assert caught.value.field == "current.CCC"
    with pytest.raises(InputError, match="missing"):
        by_symbol("risk_budgets", {"AAA": 1.0}, ("AAA", "BBB"), None)


@given(
    mean=st.floats(-0.1, 0.1),
    deviation=st.floats(1e-4, 0.5),
    levels=st.lists(st.integers(1, 99), min_size=2, max_size=9, unique=True).map(lambda found: sorted(found)),
)
@settings(max_examples=60, deadline=None)
def test_quantiles_of_a_normal_distribution_give_its_moments(mean: float, deviation: float, levels: list[int]) -> None:
    ranks = [level / 100 for level in levels]
    quantiles = mean + deviation * special.ndtri(ranks)
    found = moments_of_quantiles(("AAA",), ranks, quantiles[None])
    assert found[0][0] == pytest.approx(mean, abs=1e-9) and found[1][0] == pytest.approx(deviation, rel=1e-6)


def test_quantiles_of_a_skewed_distribution_give_a_skewed_mean() -> None:
    law = stats.gamma(4.0)
    ranks = np.linspace(0.02, 0.98, 49).tolist()
    mean, deviation = moments_of_quantiles(("AAA",), ranks, law.ppf(ranks)[None])
    assert mean[0] == pytest.approx(law.mean(), rel=0.01) and deviation[0] == pytest.approx(law.std(), rel=0.03)
    assert mean[0] > law.median()


def test_quantiles_and_a_correlation_make_a_forecast() -> None:
    levels = (0.1, 0.5, 0.9)
    quantiles = np.array([0.01, -0.02])[:, None] + np.array([0.1, 0.2])[:, None] * special.ndtri(levels)
    found = Forecast.from_quantiles(("AAA", "BBB"), levels, quantiles, np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert found.mean == pytest.approx([0.01, -0.02])
    assert found.covariance == pytest.approx(np.array([[0.01, 0.01], [0.01, 0.04]]))
    assert found.scenarios is None


@pytest.mark.parametrize(
    ("levels", "quantiles", "field"),
    [
        ((0.1, 0.5, 0.9), [[-0.1, 0.0, 0.1], [-0.1, 0.2, 0.1]], "quantiles[BBB, 0.9]"),
        ((0.1, 0.5, 0.9), [[-0.1, 0.0, 0.1], [0.1, 0.1, 0.1]], "quantiles[BBB, 0.9]"),
        ((0.1, 0.5, 0.9), [[-0.1, 0.0, 0.1], [-0.1, np.nan, 0.1]], "quantiles[BBB, 0.5]"),
        ((0.5, 0.1, 0.9), [[-0.1, 0.0, 0.1], [-0.1, 0.0, 0.1]], "levels"),
        ((0.0, 0.5, 0.9), [[-0.1, 0.0, 0.1], [-0.1, 0.0, 0.1]], "levels"),
        ((0.5,), [[0.0], [0.1]], "levels"),
    ],
)
def test_quantiles_that_are_none_are_refused_by_symbol_and_level(levels: Any, quantiles: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        moments_of_quantiles(("AAA", "BBB"), levels, np.array(quantiles))
    assert caught.value.field == field


def test_a_correlation_has_ones_on_its_diagonal() -> None:
    with pytest.raises(InputError) as caught:
        Forecast.from_quantiles(("AAA", "BBB"), (0.1, 0.9), np.array([[0, 1.0], [0, 1.0]]), np.diag([1.0, 2.0]))
    assert caught.value.field == "correlation[BBB, BBB]"
