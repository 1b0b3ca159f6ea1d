"""Full revaluation of a book of European options under many scenarios at once."""

from __future__ import annotations

import dataclasses

import numpy as np

from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.black_scholes import Array

_BLOCK = 1 << 16
"""Prices that are worked out at a time: what fits into a processor's cache."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptionBook:
    """European options; shapes (options,).

    Attributes:
        underlying: Number of each option's underlying, from 0.
        strike: Strikes.
        years: Years to expiry.
        sign: +1 for calls, -1 for puts.
        quantity: Units held, negative where short.
        dividend: Dividend yield of the underlying.
    """

    underlying: np.typing.NDArray[np.int64]
    strike: Array
    years: Array
    sign: Array
    quantity: Array
    dividend: Array


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenarios:
    """Joint markets; shapes (scenarios, underlyings), rates (scenarios,)."""

    spot: Array
    volatility: Array
    rate: Array


def revalue(book: OptionBook, scenarios: Scenarios) -> Array:
    """Return the value of the whole book in each scenario, shape (scenarios,).

    Raises:
        InputError: A number that is missing or can't be, or an underlying that the scenarios do not have.
    """
    underlyings = scenarios.spot.shape[1]
    wrong = np.flatnonzero((book.underlying < 0) | (book.underlying >= underlyings))
    if len(wrong):
        raise InputError(
            "an option on an underlying that the scenarios do not have",
            field=f"underlying[{wrong[0]}]",
            value=int(book.underlying[wrong[0]]),
            rule=f"0 to {underlyings - 1}",
        )
    black_scholes.checked(
        spot=scenarios.spot, volatility=scenarios.volatility, rate=scenarios.rate, strike=book.strike, years=book.years,
        dividend=book.dividend, quantity=book.quantity,
    )  # fmt: skip
    total = np.empty(len(scenarios.spot))
    rows = max(1, _BLOCK // max(1, len(book.strike)))
    for start in range(0, len(total), rows):
        part = slice(start, start + rows)
        spot, volatility = scenarios.spot[part][:, book.underlying], scenarios.volatility[part][:, book.underlying]
        rate = scenarios.rate[part, None]
        values = black_scholes.prices(spot, book.strike, book.years, volatility, rate, book.dividend, book.sign)
        total[part] = values @ book.quantity
    return total
