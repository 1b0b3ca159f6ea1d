"""What moves the value of any option on one underlying: by revaluation with each number of the market bumped.

Central differences; theta by a day that passes, of American options by a small part of the time that is left. The step
of the price is a small part of what it moves until expiry, so that gamma also holds on the eve of it.
"""

from __future__ import annotations

import dataclasses
import datetime
import math

import numpy as np

from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.american_option import american_price, has_one_boundary
from actors.risk.pricing.contracts import American, Basket, Contract, European
from actors.risk.pricing.market import DAYS_A_YEAR, Market
from actors.risk.pricing.options import price, unpriceable

_SPOT_BUMP, _BUMP = 1e-2, 1e-4
_FINE, _COARSE = (0.05, 0.02), (0.2, 0.1)
"""Steps as shares of the price's deviation until expiry, and of the time until then: where values are exact to ten
digits, and by finite differences."""


@dataclasses.dataclass(frozen=True)
class Greeks:
    """A value and what moves it; units as of ``black_scholes.ArrayGreeks``.

    Attributes:
        theta: Change of the value in a year; ``None`` on the last day, where no day can pass;
            American and European options have it there too.
    """

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float | None
    rho: float


def greeks(contract: Contract, market: Market) -> Greeks:
    """Return the value of an option and what moves it; European ones in closed form.

    Raises what ``price`` raises.
    """
    if isinstance(contract, Basket):
        raise InputError("a basket has the Greeks of two assets", field="contract", value="Basket", rule="one asset")
    if isinstance(contract, European):
        years = market.years_to(contract)
        given = market.spot, contract.strike, years, market.volatility, market.rate, market.dividend
        with np.errstate(all="ignore"):  # what overflows is told below
            found = Greeks(*(float(one) for one in black_scholes.array_greeks(*given, contract.right.sign)))
    else:
        found = bumped(contract, market)
    if not all(one is None or math.isfinite(one) for one in dataclasses.astuple(found)):
        raise unpriceable(contract, market, "finite Greeks")
    return found


def bumped(contract: Contract, market: Market) -> Greeks:
    """Return the Greeks by revaluation, whatever the contract."""
    here = price(contract, market)
    years = market.years_to(contract)
    exact = not isinstance(contract, American) or has_one_boundary(contract, market)
    of_deviation, of_time = _FINE if exact else _COARSE
    step = market.spot * min(_SPOT_BUMP, of_deviation * market.volatility * math.sqrt(years))
    up, down = (price(contract, dataclasses.replace(market, spot=market.spot + move)) for move in (step, -step))
    wilder, calmer = _moved(contract, market, "volatility")
    dearer, cheaper = _moved(contract, market, "rate")
    theta = None
    tomorrow = market.date + datetime.timedelta(days=1)
    if isinstance(contract, American):
        wait = min(1 / DAYS_A_YEAR, of_time * years)
        sooner, later = (american_price(contract, market, years + move) for move in (-wait, wait))
        theta = (sooner - later) / (2 * wait)
    elif tomorrow < contract.expiry:
        theta = (price(contract, dataclasses.replace(market, date=tomorrow, observed=None)) - here) * DAYS_A_YEAR
    return Greeks(
        price=here,
        delta=(up - down) / (2 * step),
        gamma=(up - 2 * here + down) / step / step,  # whose square may be beyond numbers
        vega=(wilder - calmer) / (2 * _BUMP),
        theta=theta,
        rho=(dearer - cheaper) / (2 * _BUMP),
    )


def _moved(contract: Contract, market: Market, name: str) -> tuple[float, float]:
    value = getattr(market, name)
    up, down = (price(contract, dataclasses.replace(market, **{name: value + move})) for move in (_BUMP, -_BUMP))
    return up, down
