"""Black and Litterman: the returns at which the market would hold what it holds, moved by one's own views."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.portfolio.construction.checks import by_symbol, check_definite, is_number, number_remedy
from actors.portfolio.construction.forecast import Forecast

_SAME = 1e-9


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
        InputError: A number that is none, an unknown symbol, a singular covariance, no view, or views held to be
            certain of which one follows from the others or contradicts them.
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
    check_definite(forecast.covariance, symbols, shrunk=forecast.shrunk)
    equilibrium = risk_aversion * forecast.covariance @ (held / held.sum())
    prior = Known(Forecast(symbols, equilibrium, forecast.covariance))
    equations = [_equation(number, view, symbols) for number, view in enumerate(views)]
    confidences = _confidences(views)
    _check_certain(views, symbols)
    try:
        model = BlackLitterman(
            views=equations, view_confidences=confidences, prior_estimator=prior, tau=uncertainty
        ).fit(frame(forecast))
    except np.linalg.LinAlgError:
        raise InputError(
            "the views can't be told apart",
            field="views",
            value=len(views),
            rule="views of which none follows from others",
        ) from None
    found = model.return_distribution_
    covariance = np.asarray(found.covariance)
    return Forecast(symbols, found.mu, (covariance + covariance.T) / 2, shrunk=forecast.shrunk)


def _equation(number: int, view: View, symbols: tuple[str, ...]) -> str:
    """Return the view as ``skfolio`` reads it, with assets by number: real symbols may hold signs of arithmetic."""
    positions = by_symbol(f"views[{number}].positions", view.positions, symbols)
    if not positions.any():
        raise InputError("a view of nothing", field=f"views[{number}].positions", value={}, rule="an amount but 0")
    if not is_number(view.value):
        raise InputError(
            "not a return",
            field=f"views[{number}].value",
            value=view.value,
            rule="a finite number",
            remedy=number_remedy(view.value),
        )
    terms = [f"{'-' if amount < 0 else '+'} {abs(float(amount)):.17f} * {name}" for amount, name in _named(positions)]
    return f"{' '.join(terms).removeprefix('+ ')} == {view.value:.17f}"


def _check_certain(views: Sequence[View], symbols: tuple[str, ...]) -> None:
    """Refuse a certain view of what others are certain of already: it repeats them or contradicts them."""
    before: list[int] = []
    rows: list[Any] = []
    for number, view in enumerate(views):
        if view.confidence != 1:
            continue
        row = by_symbol(f"views[{number}].positions", view.positions, symbols)
        if rows:
            shares = np.linalg.lstsq(np.array(rows).T, row, rcond=None)[0]
            if np.abs(np.array(rows).T @ shares - row).max() <= _SAME * np.abs(row).max():
                used = [(before[at], float(share)) for at, share in enumerate(shares) if abs(share) > _SAME]
                follows = sum(share * views[at].value for at, share in used)
                named = ", ".join(f"views[{at}]" for at, _ in used)
                raise InputError(
                    f"views[{number}] is of what {named} {'is' if len(used) == 1 else 'are'} certain of already",
                    field=f"views[{number}]",
                    value=view.value,
                    rule=f"{follows:g} follows from {named}",
                    remedy="leave one of them out, or give them confidences below 1",
                )
        before.append(number)
        rows.append(row)


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
