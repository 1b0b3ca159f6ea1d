"""Black and Litterman: the returns at which the market would hold what it holds, moved by one's own views."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.construction.checks import by_symbol, check_definite, is_number
from actors.portfolio.construction.forecast import Forecast


@dataclasses.dataclass(frozen=True)
class View:
    """What one expects of a combination of assets.

    Attributes:
        positions: Amount by symbol: one of 1 is a view of that asset, 1 and -1 a view of the first against the second.
        value: The combination's expected return over the period of the forecast.
        confidence: How sure one is, above 0 up to 1, where the view is held to be certain. ``None``: as sure as the
            prior is of the combination, in all views alike.
    """

    positions: Mapping[str, float]
    value: float
    confidence: float | None = None


def black_litterman(
    forecast: Forecast,
    market: Mapping[str, float],
    views: Sequence[View],
    risk_aversion: float,
    uncertainty: float = 0.05,
) -> Forecast:
    """Return the forecast after views: mean and covariance a posteriori, without scenarios.

    F. Black and R. Litterman (1992), "Global portfolio optimization", Financial Analysts Journal 48(5); confidences
    after T. Idzorek (2005), "A step-by-step guide to the Black-Litterman model", in the closed form of J. Walters.

    Args:
        forecast: Its covariance counts; its mean does not.
        market: Weight by symbol of the market, 0 where not named, of positive sum.
        views: One at least; all with a confidence, or none.
        risk_aversion: The market's: its variance counts half of this.
        uncertainty: Of the equilibrium, as a fraction of the covariance (tau).

    Raises:
        InputError: A number that is none, an unknown symbol, a singular covariance, or no view.
    """
    from skfolio.prior import BlackLitterman

    from actors.portfolio.construction.distribution import Known, frame

    for name, value in (("risk_aversion", risk_aversion), ("uncertainty", uncertainty)):
        if not (is_number(value) and value > 0):
            raise InputError(f"{name} is not positive", field=name, value=value, rule="a positive number")
    symbols = forecast.symbols
    held = by_symbol("market", market, symbols)
    if not held.sum() > 0:
        raise InputError("the market holds nothing", field="market", value=float(held.sum()), rule="a positive sum")
    check_definite(forecast.covariance, symbols)
    equilibrium = risk_aversion * forecast.covariance @ (held / held.sum())
    prior = Known(Forecast(symbols, equilibrium, forecast.covariance))
    model = BlackLitterman(
        views=[_equation(number, view, symbols) for number, view in enumerate(views)],
        view_confidences=_confidences(views),
        prior_estimator=prior,
        tau=uncertainty,
    ).fit(frame(forecast))
    found = model.return_distribution_
    covariance = np.asarray(found.covariance)
    return Forecast(symbols, found.mu, (covariance + covariance.T) / 2)


def _equation(number: int, view: View, symbols: tuple[str, ...]) -> str:
    """Return the view as ``skfolio`` reads it, with assets by number: real symbols may hold signs of arithmetic."""
    positions = by_symbol(f"views[{number}].positions", view.positions, symbols)
    if not positions.any():
        raise InputError("a view of nothing", field=f"views[{number}].positions", value={}, rule="an amount but 0")
    if not is_number(view.value):
        raise InputError("not a return", field=f"views[{number}].value", value=view.value, rule="a finite number")
    terms = [f"{'-' if amount < 0 else '+'} {abs(float(amount)):.17f} * {name}" for amount, name in _named(positions)]
    return f"{' '.join(terms).removeprefix('+ ')} == {view.value:.17f}"


def _named(positions: Any) -> list[tuple[float, str]]:
    from actors.portfolio.construction.distribution import column

    return [(amount, column(at)) for at, amount in enumerate(positions) if amount]


def _confidences(views: Sequence[View]) -> list[float] | None:
    if not views:
        raise InputError("there is no view", field="views", value=0, rule="one at least")
    given = [view.confidence for view in views]
    for number, confidence in enumerate(given):
        if (confidence is None) != (given[0] is None) or not (
            confidence is None or (is_number(confidence) and 0 < confidence <= 1)
        ):
            raise InputError(
                "not a confidence",
                field=f"views[{number}].confidence",
                value=confidence,
                rule="above 0 up to 1 in every view, or in none",
            )
    return None if given[0] is None else [float(confidence) for confidence in given if confidence is not None]
