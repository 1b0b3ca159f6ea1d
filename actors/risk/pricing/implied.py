"""The volatility that gives any option's price, by revaluation; ``black_scholes`` has European ones in closed form."""

from __future__ import annotations

import dataclasses

from scipy.optimize import brentq

from actors.errors import InputError
from actors.risk.pricing.contracts import Contract, positive
from actors.risk.pricing.market import Market
from actors.risk.pricing.options import price

LEAST, MOST = 1e-3, 5.0


def implied_volatility(contract: Contract, market: Market, quoted: float) -> float:
    """Return the volatility with which an option on one underlying is worth ``quoted``, within 1e-10.

    Where a value does not rise with the volatility throughout, as of barrier options that end, it is one of those.

    Args:
        contract: The option.
        market: The market of its underlying; its volatility does not count.
        quoted: Its price, positive.

    Raises:
        InputError: No volatility from 0.1% to 500% gives the price, or what ``price`` raises.
    """
    positive("quoted", quoted)

    def off(volatility: float) -> float:
        return price(contract, dataclasses.replace(market, volatility=volatility)) - quoted

    least, most = off(LEAST), off(MOST)
    if least * most > 0:
        raise InputError(
            "no volatility gives this price",
            field="quoted",
            value=quoted,
            rule=f"between {quoted + min(least, most):.6g} and {quoted + max(least, most):.6g}",
            remedy="check the price, the spot, the rate and the dividend yield",
        )
    return float(brentq(off, LEAST, MOST, xtol=1e-10))
