"""European options over whole arrays: prices, Greeks and implied volatilities in closed form.

With S the spot, K the strike, T the years, v the volatility, r the rate, q the dividend yield and w = +1 for calls, -1
for puts:

    d1 = [ln(S / K) + (r - q + v^2 / 2) T] / (v sqrt(T)),  d2 = d1 - v sqrt(T)
    price = w [S exp(-q T) N(w d1) - K exp(-r T) N(w d2)]

F. Black and M. Scholes (1973); R. Merton (1973) with the dividend yield. All arguments are broadcast against one
another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from actors.errors import InputError

Array = npt.NDArray[np.float64]
Numbers = npt.ArrayLike

_ROOT = np.sqrt(2 * np.pi)
_ROUNDS = 100
_PRECISION = 1e-12
_LEAST, _MOST = 1e-6, 10.0


class ArrayGreeks(NamedTuple):
    """Prices and what moves them, each of the common shape of the arguments.

    Attributes:
        price: Value of one option on one unit.
        delta: Change of the price for a change of 1 of the spot.
        gamma: Change of delta for the same.
        vega: Change of the price for a change of 1 (100 percentage points) of the volatility.
        theta: Change of the price in a year, were nothing else to change.
        rho: Change of the price for a change of 1 of the rate.
    """

    price: Array
    delta: Array
    gamma: Array
    vega: Array
    theta: Array
    rho: Array


def prices(
    spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, rate: Numbers, dividend: Numbers, sign: Numbers
) -> Array:
    """Return the value of European options; ``sign`` is +1 for calls and -1 for puts.

    Nothing is checked: what is not a number gives NaN. See ``checked``.
    """
    s, k, t, v, r, q, w = _arrays(spot, strike, years, volatility, rate, dividend, sign)
    deviation = v * np.sqrt(t)
    d1 = (np.log(s / k) + (r - q + v * v / 2) * t) / deviation
    return np.asarray(w * (s * np.exp(-q * t) * ndtr(w * d1) - k * np.exp(-r * t) * ndtr(w * (d1 - deviation))))


def array_greeks(
    spot: Numbers, strike: Numbers, years: Numbers, volatility: Numbers, rate: Numbers, dividend: Numbers, sign: Numbers
) -> ArrayGreeks:
    """Return prices and Greeks of European options."""
    s, k, t, v, r, q, w = _arrays(spot, strike, years, volatility, rate, dividend, sign)
    root = np.sqrt(t)
    deviation = v * root
    d1 = (np.log(s / k) + (r - q + v * v / 2) * t) / deviation
    d2 = d1 - deviation
    carried, discounted = s * np.exp(-q * t), k * np.exp(-r * t)
    density = np.exp(-d1 * d1 / 2) / _ROOT
    in_the_money, exercised = ndtr(w * d1), ndtr(w * d2)
    return ArrayGreeks(
        price=w * (carried * in_the_money - discounted * exercised),
        delta=w * np.exp(-q * t) * in_the_money,
        gamma=carried * density / (s * s * deviation),
        vega=carried * density * root,
        theta=-carried * density * v / (2 * root) + w * (q * carried * in_the_money - r * discounted * exercised),
        rho=w * t * discounted * exercised,
    )


def implied_volatilities(
    price: Numbers, spot: Numbers, strike: Numbers, years: Numbers, rate: Numbers, dividend: Numbers, sign: Numbers
) -> Array:
    """Return the volatilities that give prices, each NaN where none from 0.0001% to 1000% does.

    By Newton's method, kept inside of bounds that are halved where a step would leave them.
    """
    p, s, k, t, r, q, w = _arrays(price, spot, strike, years, rate, dividend, sign)
    carried, discounted = s * np.exp(-q * t), k * np.exp(-r * t)
    least = np.maximum(w * (carried - discounted), 0.0)
    most = np.where(w > 0, carried, discounted)
    low, high = np.full(p.shape, _LEAST), np.full(p.shape, _MOST)
    found = np.clip(np.sqrt(2 * np.abs(np.log(carried / discounted)) / t), 0.05, 2.0)
    with np.errstate(all="ignore"):
        for _ in range(_ROUNDS):
            known = array_greeks(s, k, t, found, r, q, w)
            over = known.price - p
            low, high = np.where(over < 0, found, low), np.where(over > 0, found, high)
            step = found - over / known.vega
            inside = (step > low) & (step < high)
            following = np.where(over == 0, found, np.where(inside, step, (low + high) / 2))
            done = np.abs(following - found) <= _PRECISION * found
            found = following
            if done.all():
                break
        exists = (p > least) & (p < most) & (found > 2 * _LEAST) & (found < _MOST / 2 * 1.99)
    return np.where(exists, found, np.nan)


def checked(**numbers: Numbers) -> None:
    """Refuse what can't be priced.

    Raises:
        InputError: Naming the argument, the first place in it and the value.
    """
    for name, values in numbers.items():
        array = np.atleast_1d(np.asarray(values, np.float64))
        wrong = ~np.isfinite(array)
        if name in ("spot", "strike", "years", "volatility"):
            wrong |= array <= 0
        places = np.argwhere(wrong)
        if len(places):
            place = tuple(places[0].tolist())
            rule = "positive and finite" if name in ("spot", "strike", "years", "volatility") else "finite"
            where = ", ".join(map(str, place))
            raise InputError(f"no {name}", field=f"{name}[{where}]", value=str(array[place]), rule=rule)


def _arrays(*values: Numbers) -> tuple[Array, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(one, np.float64) for one in values)))
