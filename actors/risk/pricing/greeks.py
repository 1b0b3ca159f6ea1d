"""What moves the value of any option on one underlying: by revaluation with each number of the market bumped.

Central differences; theta by a day that passes.
"""

from __future__ import annotations

import dataclasses
import datetime

from actors.errors import InputError
from actors.risk.pricing import black_scholes
from actors.risk.pricing.contracts import Basket, Contract, European
from actors.risk.pricing.market import DAYS_A_YEAR, Market
from actors.risk.pricing.options import price

_SPOT_BUMP, _BUMP = 1e-2, 1e-4


@dataclasses.dataclass(frozen=True)
class Greeks:
    """A value and what moves it; units as of ``black_scholes.ArrayGreeks``.

    Attributes:
        theta: Change of the value in a year; ``None`` on the last day, where no day can pass.
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
        found = black_scholes.array_greeks(*given, contract.right.sign)
        return Greeks(*(float(one) for one in found))
    return bumped(contract, market)


def bumped(contract: Contract, market: Market) -> Greeks:
    """Return the Greeks by revaluation, whatever the contract."""
    here = price(contract, market)
    step = market.spot * _SPOT_BUMP
    up, down = (price(contract, dataclasses.replace(market, spot=market.spot + move)) for move in (step, -step))
    wilder, calmer = _moved(contract, market, "volatility")
    dearer, cheaper = _moved(contract, market, "rate")
    theta = None
    tomorrow = market.date + datetime.timedelta(days=1)
    if tomorrow < contract.expiry:
        theta = (price(contract, dataclasses.replace(market, date=tomorrow, observed=None)) - here) * DAYS_A_YEAR
    return Greeks(
        price=here,
        delta=(up - down) / (2 * step),
        gamma=(up - 2 * here + down) / step**2,
        vega=(wilder - calmer) / (2 * _BUMP),
        theta=theta,
        rho=(dearer - cheaper) / (2 * _BUMP),
    )


def _moved(contract: Contract, market: Market, name: str) -> tuple[float, float]:
    value = getattr(market, name)
    up, down = (price(contract, dataclasses.replace(market, **{name: value + move})) for move in (_BUMP, -_BUMP))
    return up, down
