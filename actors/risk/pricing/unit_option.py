"""American options on a strike of 1 by QuantLib: what others are measured by, and what stands in for them.

A value depends on prices in units of the strike, and on time by way of the total variance, rate and yield alone. All
options are therefore one: on a strike of 1 over one year.
"""

from __future__ import annotations

import datetime

import QuantLib as ql

from actors.risk.pricing.quantlib_session import ql_date, valuation_on
from actors.vocabulary import Word

_DAY = datetime.date(2001, 1, 1)
_DAMPED = 2


class Method(Word):
    """How QuantLib values it."""

    BOUNDARY = "boundary"
    """The fixed point of L. Andersen, M. Lake and D. Offengenden (2016), to a high precision."""
    DIFFERENCES = "differences"
    """Finite differences by J. Crank and P. Nicolson, with damping."""


class UnitOption:
    """A put on a strike of 1, of which the market moves. What it builds stays within its own calls.

    Args:
        method: How it is valued.
        grid: Steps of time, and of price, of finite differences.
    """

    def __init__(self, method: Method, grid: int = 400) -> None:
        with valuation_on(_DAY):
            today, count = ql_date(_DAY), ql.Actual365Fixed()
            self._numbers = [ql.SimpleQuote(number) for number in (1.0, 0.2, 0.0, 0.0)]
            spot, volatility, rate, dividend = (ql.QuoteHandle(number) for number in self._numbers)
            process = ql.BlackScholesMertonProcess(
                spot,
                ql.YieldTermStructureHandle(ql.FlatForward(today, dividend, count)),
                ql.YieldTermStructureHandle(ql.FlatForward(today, rate, count)),
                ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), volatility, count)),
            )
            self._option = ql.VanillaOption(
                ql.PlainVanillaPayoff(ql.Option.Put, 1.0), ql.AmericanExercise(today, today + 365)
            )
            if method is Method.BOUNDARY:
                engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.accurateScheme())
            else:
                engine = ql.FdBlackScholesVanillaEngine(process, grid, grid, _DAMPED)
            self._option.setPricingEngine(engine)

    def put(self, spot: float, years: float, volatility: float, rate: float, dividend: float) -> float:
        """Return what the put is worth; the spot is in units of the strike.

        Raises:
            RuntimeError: QuantLib can't value it.
        """
        with valuation_on(_DAY):
            given = spot, volatility * years**0.5, rate * years, dividend * years
            for quote, number in zip(self._numbers, given, strict=True):
                quote.setValue(float(number))
            return float(self._option.NPV())
