"""Black and Litterman."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actors.errors import InputError
from actors.portfolio.construction.black_litterman import View, black_litterman
from actors.portfolio.construction.constraints import Constraints
from actors.portfolio.construction.forecast import Forecast
from actors.portfolio.construction.methods import Method, Settings
from actors.portfolio.construction.optimise import optimise
from tests.actors.portfolio.construction.builders import forecast

NAMES = ("BRK.B", "BTC-USD", "7203", "A B")
FOUR = Forecast(NAMES, np.zeros(4), forecast(4).covariance)
MARKET = dict(zip(NAMES, (4.0, 3.0, 2.0, 1.0), strict=True))


def posterior(pick: Any, values: Any, omega: Any, aversion: float, tau: float) -> tuple[Any, Any]:
    """Return mean and covariance a posteriori as the article has them, by inverses."""
    prior = aversion * FOUR.covariance @ np.array([0.4, 0.3, 0.2, 0.1])
    before = np.linalg.inv(tau * FOUR.covariance)
    after = np.linalg.inv(before + pick.T @ np.linalg.inv(omega) @ pick)
    return after @ (before @ prior + pick.T @ np.linalg.inv(omega) @ values), FOUR.covariance + after


def test_the_posterior_is_that_of_the_article_whatever_symbols_look_like() -> None:
    views = [View({"BTC-USD": 1.0, "BRK.B": -0.5, "A B": -0.5}, 0.002), View({"7203": 1.0}, -1e-7)]
    found = black_litterman(FOUR, MARKET, views, 2.5, 0.05)
    pick = np.array([[-0.5, 1.0, 0.0, -0.5], [0.0, 0.0, 1.0, 0.0]])
    omega = np.diag(np.diag(0.05 * pick @ FOUR.covariance @ pick.T))
    mean, covariance = posterior(pick, np.array([0.002, -1e-7]), omega, 2.5, 0.05)
    assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-12)
    assert found.covariance == pytest.approx(covariance, rel=1e-9)


def test_a_view_that_is_certain_holds_afterwards_and_a_weak_one_hardly_counts() -> None:
    certain = black_litterman(FOUR, MARKET, [View({"7203": 1.0}, 0.01, confidence=1.0)], 2.5)
    assert certain.mean[2] == pytest.approx(0.01)
    weak = black_litterman(FOUR, MARKET, [View({"7203": 1.0}, 0.01, confidence=1e-6)], 2.5)
    assert weak.mean == pytest.approx(2.5 * FOUR.covariance @ [0.4, 0.3, 0.2, 0.1], rel=1e-3)


def test_who_sees_what_the_market_sees_holds_the_market() -> None:
    equilibrium = 2.5 * FOUR.covariance @ [0.4, 0.3, 0.2, 0.1]
    views = [View({"7203": 1.0}, float(equilibrium[2]))]
    told = Settings(risk_aversion=2.5, market=MARKET, views=views)
    found = optimise(FOUR, Method.BLACK_LITTERMAN, Constraints(), told)
    assert found.weights == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.02)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"views": []}, "views"),
        ({"views": [View({"XYZ": 1.0}, 0.1)]}, "views[0].positions.XYZ"),
        ({"views": [View({"7203": 0.0}, 0.1)]}, "views[0].positions"),
        ({"views": [View({"7203": 1.0}, float("nan"))]}, "views[0].value"),
        ({"views": [View({"7203": 1.0}, 0.1, confidence=1.5)]}, "views[0].confidence"),
        ({"views": [View({"7203": 1.0}, 0.1, confidence=0.5), View({"A B": 1.0}, 0.1)]}, "views[1].confidence"),
        ({"market": {}}, "market"),
        ({"market": {"XYZ": 1.0}}, "market.XYZ"),
        ({"risk_aversion": 0.0}, "risk_aversion"),
        ({"uncertainty": float("nan")}, "uncertainty"),
    ],
)
def test_what_is_no_view_or_market_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    given: dict[str, Any] = {"market": MARKET, "views": [View({"7203": 1.0}, 0.1)], "risk_aversion": 2.5}
    with pytest.raises(InputError) as caught:
        black_litterman(FOUR, **(given | changes))
    assert caught.value.field == field
