"""American puts on a strike of 1 by their exercise boundary, for many markets at once.

L. Andersen, M. Lake and D. Offengenden (2016), "High-performance American option pricing", Journal of Computational
Finance 20(1). With tau the time to expiry, r the rate, q the dividend yield and B(tau) the price below which exercise
is best, the value is that of a European put and, by I. Kim (1990),

    the integral over u from 0 to tau of  r e^(-r (tau - u)) N(-d2) - q S e^(-q (tau - u)) N(-d1),
    d1, d2 those of S / B(u) over tau - u,

and B is the fixed point of B = e^(-(r - q) tau) N(tau, B) / D(tau, B), their equations FP-A. It is kept as
H = ln(B / X)^2, X = min(1, r / q), a polynomial in the root of time. B does not depend on the expiry, so that one
boundary serves all options on one underlying. Integrals are taken in the angle whose sine is the root of u / tau, which
makes their integrands smooth at both ends.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import ndtr

from actors.risk.pricing import black_scholes
from actors.risk.pricing.black_scholes import Array

NODES, ANGLES, ROUNDS, PRICE_ANGLES = 8, 9, 8, 16
"""Nodes of the boundary, points of its integrals, rounds of its fixed point, and points of the integral of a value."""
CONVERGED = 1e-4
"""Largest last step of the logarithm of the boundary of one that is told to have been found."""
_ROOT = np.sqrt(2 * np.pi)


@dataclasses.dataclass(frozen=True)
class Boundaries:
    """Exercise boundaries of puts, each in its own market; shapes (markets,) but for ``squares``.

    Attributes:
        years: Of all, the longest time to expiry.
        volatility: Of each market.
        rate: Positive.
        dividend: Dividend yields.
        squares: H at the nodes, shape (nodes + 1, markets).
        found: Whether the fixed point was found.
    """

    years: float
    volatility: Array
    rate: Array
    dividend: Array
    squares: Array
    found: np.typing.NDArray[np.bool_]


def boundaries(years: float, volatility: Array, rate: Array, dividend: Array) -> Boundaries:
    """Return exercise boundaries up to a time to expiry; volatilities and rates positive, shapes (markets,)."""
    v, r, q = (one[:, None] for one in (volatility, rate, dividend))
    last = _last(rate, dividend)[:, None]
    tau = years * _PLACES[:-1] ** 2  # of all nodes but that of expiry, where H is 0
    depths = np.log(last / _first_guess(tau, v, r, q, last))
    root, carry = np.sqrt(tau), r - q
    log_last = np.log(last)
    # Of the integrals, shapes (markets, nodes, angles).
    u = tau[:, None] * _SINES**2
    left = root[:, None] * _COSINES
    weights = 2 * root[:, None] * _SINES * _WEIGHTS
    deviation = v[:, :, None] * left
    inverse = 1 / deviation
    drift = (carry[:, :, None] * left**2) * inverse + deviation / 2
    earned = (r[:, :, None] / v[:, :, None]) * np.exp(r[:, :, None] * u) * weights
    paid = q[:, :, None] * np.exp(q[:, :, None] * u) * weights
    paid_density, paid_weight = paid / v[:, :, None], paid * left
    whole = v * root
    step = np.full(len(volatility), np.inf)
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            squares = np.concatenate([depths**2, np.zeros((len(depths), 1))], axis=1)
            before = np.sqrt(np.maximum(squares @ _BETWEEN.T, 0.0)).reshape(len(depths), NODES, ANGLES)
            d1 = (before - depths[:, :, None]) * inverse + drift
            d2 = d1 - deviation
            first = (log_last - depths + carry * tau) / whole + whole / 2
            second = first - whole
            above = _density(second) / whole + (earned * _density(d2)).sum(axis=2)
            below = _density(first) / whole + ndtr(first)
            below += (paid_density * _density(d1) + paid_weight * ndtr(d1)).sum(axis=2)
            following = np.maximum(log_last - (np.log(above / below) - carry * tau), 0.0)
            step = np.abs(following - depths).max(axis=1)
            depths = following
    squares = np.concatenate([depths**2, np.zeros((len(depths), 1))], axis=1).T
    found = step <= CONVERGED
    return Boundaries(years, volatility, rate, dividend, np.where(found, squares, 0.0), found)


def values(of: Boundaries, spot: Array, years: float) -> Array:
    """Return American puts on a strike of 1, one in each market, shape (markets,).

    Args:
        of: The boundaries.
        spot: Prices in units of the strike.
        years: To expiry, at most those of the boundaries.
    """
    v, r, q = of.volatility, of.rate, of.dividend
    last = _last(r, q)
    reach = np.sqrt(years / of.years)
    depths = np.sqrt(np.maximum(_interpolation(reach * _PRICE_SINES) @ of.squares, 0.0))
    now = np.sqrt(np.maximum(_interpolation(np.array([reach])) @ of.squares, 0.0))[0]
    left = (years * _PRICE_COSINES**2)[:, None]
    weights = (2 * years * _PRICE_SINES * _PRICE_COSINES * _PRICE_WEIGHTS)[:, None]
    deviation = v * np.sqrt(left)
    d1 = (np.log(spot / last) + depths + (r - q) * left) / deviation + deviation / 2
    premium = r * np.exp(-r * left) * ndtr(deviation - d1) - q * spot * np.exp(-q * left) * ndtr(-d1)
    european = black_scholes.prices(spot, 1.0, years, v, r, q, -1.0)
    alive = european + np.maximum((premium * weights).sum(axis=0), 0.0)
    return np.asarray(np.where(spot <= last * np.exp(-now), 1 - spot, np.maximum(alive, 1 - spot)))


def _last(rate: Array, dividend: Array) -> Array:
    """Return X, the boundary just before expiry."""
    return np.asarray(np.where(dividend > rate, rate / np.where(dividend > rate, dividend, 1.0), 1.0))


def _first_guess(tau: Array, v: Array, r: Array, q: Array, last: Array) -> Array:
    """Return boundaries that fall from the last to the perpetual one.

    P. Bjerksund and G. Stensland (1993), "Closed-form approximation of American options", for puts.
    """
    slope = (r - q) / (v * v) - 0.5
    power = -slope - np.sqrt(slope * slope + 2 * r / (v * v))
    perpetual = np.minimum(power / (power - 1), last * (1 - 1e-9))
    decay = np.minimum((r - q) * tau - 2 * v * np.sqrt(tau), 0.0) * last / (last - perpetual)
    return np.asarray(perpetual + (last - perpetual) * np.exp(decay))


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-0.5 * x * x) / _ROOT)


def _interpolation(places: Array) -> Array:
    """Return the matrix from values at the nodes to those at places from 0 to 1, shape (places, nodes + 1).

    J. Berrut and L. Trefethen (2004), "Barycentric Lagrange interpolation", equation 4.2 with Chebyshev points.
    """
    signs = (-1.0) ** np.arange(NODES + 1)
    signs[[0, -1]] /= 2
    apart = places[:, None] - _PLACES
    exact = np.abs(apart) < 1e-14
    terms = signs / np.where(exact, 1.0, apart)
    matrix = terms / terms.sum(axis=1, keepdims=True)
    return np.asarray(np.where(exact.any(axis=1, keepdims=True), exact, matrix))


def _angles(count: int) -> tuple[Array, Array, Array]:
    """Return sines, cosines and weights of Gauss and Legendre from 0 to a right angle."""
    points, weights = np.polynomial.legendre.leggauss(count)
    angle = np.pi / 4 * (points + 1)
    return np.sin(angle), np.cos(angle), np.pi / 4 * weights


_PLACES: Array = (1 + np.cos(np.pi * np.arange(NODES + 1) / NODES)) / 2
"""The nodes as shares of the root of the longest time, descending from 1 to 0."""
_SINES, _COSINES, _WEIGHTS = _angles(ANGLES)
_PRICE_SINES, _PRICE_COSINES, _PRICE_WEIGHTS = _angles(PRICE_ANGLES)
_BETWEEN = _interpolation((_PLACES[:-1, None] * _SINES).ravel())
