"""The value of one American option, precise enough for second differences.

By the exercise boundary of L. Andersen, M. Lake and D. Offengenden (2016) as QuantLib has it (``unit_option``). A call
is a put on the other currency (R. McDonald and M. Schroder 1998), an option whose early exercise is never worth
anything a European one, and where exercise is best between two boundaries finite differences stand in; see
``american``.
"""

from __future__ import annotations

import functools

from actors.risk.pricing import black_scholes
from actors.risk.pricing.american import NO_RATE
from actors.risk.pricing.contracts import American
from actors.risk.pricing.market import Market
from actors.risk.pricing.unit_option import Method, UnitOption


def american_price(contract: American, market: Market, years: float) -> float:
    """Return what an American option is worth.

    Args:
        contract: The option; its expiry does not count.
        market: The market of its underlying.
        years: To expiry, positive.

    Raises:
        RuntimeError: QuantLib can't value it.
    """
    strike, spot = contract.strike, market.spot
    rate, other, unit, ratio = market.rate, market.dividend, strike, spot / strike
    if contract.right.sign > 0:
        rate, other, unit, ratio = other, rate, spot, strike / spot
    return unit * max(_put(ratio, years, market.volatility, rate, other), 1 - ratio)


def has_one_boundary(contract: American, market: Market) -> bool:
    """Tell whether the value is by boundary or closed form; else it is by finite differences, and less precise."""
    rate, other = market.rate, market.dividend
    if contract.right.sign > 0:
        rate, other = other, rate
    return rate > NO_RATE or other >= rate


def _put(ratio: float, years: float, volatility: float, rate: float, other: float) -> float:
    """Return a put on a strike of 1."""
    if rate <= NO_RATE and other >= rate:
        return float(black_scholes.prices(ratio, 1.0, years, volatility, rate, other, -1.0))
    if rate > NO_RATE:
        try:
            return _unit_option(Method.BOUNDARY).put(ratio, years, volatility, rate, other)
        except RuntimeError:  # no boundary is found
            pass
    return _unit_option(Method.DIFFERENCES).put(ratio, years, volatility, rate, other)


@functools.cache
def _unit_option(method: Method) -> UnitOption:
    """Return one that all threads share; it has QuantLib to itself while it values."""
    return UnitOption(method)
