"""The volatility surface without arbitrage that is nearest to quotes."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares

from actors.errors import InputError
from actors.risk.pricing.black_scholes import Array
from actors.risk.pricing.contracts import positive
from actors.risk.pricing.smiles import TOLERANCE, Smile, check_quotes
from actors.risk.pricing.volatility_surface import VolatilitySurface, ssvi

_LEAST = 1e-8


@dataclasses.dataclass(frozen=True)
class SurfaceFit:
    """A surface and how near it is to its quotes; the surface has few parameters and goes through none exactly.

    Attributes:
        surface: The surface.
        largest: Largest distance of a volatility from its quote.
        expiry: Expiry of that quote.
        strike: Its strike.
        mean: Root of the mean squared distance.
    """

    surface: VolatilitySurface
    largest: float
    expiry: datetime.date
    strike: float
    mean: float


def fit_surface(
    date: datetime.date,
    spot: float,
    smiles: Sequence[Smile],
    *,
    tolerance: float = TOLERANCE,
    oldest: int = 0,
    largest: float | None = None,
) -> SurfaceFit:
    """Return the surface nearest to quotes, by least squares of volatilities.

    Args:
        date: The day.
        spot: Price of the underlying.
        smiles: Quotes of ascending expiries.
        tolerance: Of arbitrage in quotes; see ``check_quotes``.
        oldest: Days that quotes may be older than the surface.
        largest: Distance of a volatility from its quote beyond which the surface is refused; ``None``: only told.

    Raises:
        InputError: Quotes that are stale or give money away, naming expiry and strike, or one that is farther away than
            ``largest``.
    """
    positive("spot", spot)
    check_quotes(date, smiles, tolerance=tolerance, oldest=oldest)
    years = np.array([smile.years(date) for smile in smiles])
    counts = [len(smile.strikes) for smile in smiles]
    of = np.repeat(np.arange(len(smiles)), counts)
    moneyness = np.concatenate([np.log(smile.moneyness()) for smile in smiles])
    quoted = np.concatenate([np.array(smile.volatilities) for smile in smiles])

    def off(parameters: Array) -> Array:
        steps, (rho, curvature, gamma) = parameters[:-3], parameters[-3:]
        theta = np.cumsum(steps)
        return np.asarray(np.sqrt(ssvi(moneyness, theta[of], rho, _eta(curvature, rho), gamma) / years[of]) - quoted)

    at_the_money = np.array(
        [np.interp(0.0, np.log(smile.moneyness()), np.array(smile.volatilities)) for smile in smiles]
    )
    first = np.maximum(np.diff(np.maximum.accumulate(at_the_money**2 * years), prepend=0.0), 2 * _LEAST)
    count = len(smiles)
    # The first variance is positive; the others do not fall. The curvature is told as a share of the most without
    # arbitrage, so that the bounds of the search are those of the surface.
    low = np.array([_LEAST] + [0.0] * (count - 1) + [-0.999, 1e-4, 1e-3])
    high = np.array([np.inf] * count + [0.999, 1.0, 0.5])
    scale = np.append(np.maximum(first, 1e-3), [0.3, 0.3, 0.1])
    starts = (np.append(first, [rho, 0.5, gamma]) for rho, gamma in ((-0.5, 0.4), (0.3, 0.4), (0.0, 0.1)))
    found = min(
        (
            least_squares(off, start, bounds=(low, high), x_scale=scale, xtol=1e-13, ftol=1e-13, gtol=1e-13)
            for start in starts
        ),
        key=lambda one: float(one.cost),
    )
    rho, curvature, gamma = (float(number) for number in found.x[-3:])
    surface = VolatilitySurface(
        date, spot, tuple(smile.expiry for smile in smiles), tuple(smile.forward for smile in smiles),
        tuple(smile.discount for smile in smiles), tuple(np.cumsum(found.x[:-3]).tolist()), rho,
        _eta(curvature, rho), gamma,
    )  # fmt: skip
    distances = np.abs(off(found.x))
    worst = int(np.argmax(distances))
    smile, strike = smiles[of[worst]], float(np.concatenate([smile.strikes for smile in smiles])[worst])
    fit = SurfaceFit(surface, float(distances[worst]), smile.expiry, strike, float(np.sqrt(np.mean(distances**2))))
    if largest is not None and fit.largest > largest:
        raise InputError(
            "no surface of this form comes near enough to the quotes",
            field=f"smiles[{fit.expiry.isoformat()}].volatilities[{fit.strike:g}]",
            value=float(quoted[worst]),
            rule=f"within {largest:g} of the surface; it is {fit.largest:.4g} away",
            remedy="check the quote, fit fewer expiries at a time, or allow more with largest",
        )
    return fit


def _eta(curvature: float, rho: float) -> float:
    return curvature * 2 / (1 + abs(rho))
