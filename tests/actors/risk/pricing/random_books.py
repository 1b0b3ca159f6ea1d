"""A random book of European options, and what a loop over QuantLib's objects says that it is worth."""

from __future__ import annotations

import datetime
import time

import numpy as np
import QuantLib as ql

from actors.risk.pricing.quantlib_session import ql_date, valuation_on
from actors.risk.pricing.revaluation import OptionBook, Scenarios

TODAY = datetime.date(2024, 1, 2)
DIVIDEND = 0.01


def random_book(options: int, scenarios: int, underlyings: int) -> tuple[OptionBook, Scenarios]:
    """Return options on some underlyings, and joint moves of their prices, volatilities and the rate."""
    chance = np.random.Generator(np.random.PCG64(11))
    spot, volatility = chance.uniform(50, 200, underlyings), chance.uniform(0.15, 0.5, underlyings)
    chosen = chance.integers(0, underlyings, options)
    book = OptionBook(
        underlying=chosen,
        strike=np.round(spot[chosen] * chance.uniform(0.8, 1.2, options), 2),
        years=chance.integers(30, 730, options) / 365,
        sign=chance.choice([1.0, -1.0], options),
        quantity=chance.integers(-100, 100, options).astype(float),
        dividend=np.full(options, DIVIDEND),
    )
    moved = np.exp(0.02 * chance.standard_normal((scenarios, underlyings)))
    wilder = np.exp(0.05 * chance.standard_normal((scenarios, underlyings)))
    rates = 0.03 + 0.0005 * chance.standard_normal(scenarios)
    return book, Scenarios(spot=spot * moved, volatility=volatility * wilder, rate=rates)


def quantlib_values(book: OptionBook, scenarios: Scenarios) -> tuple[float, np.ndarray]:
    """Return the seconds that QuantLib's objects take for all scenarios, and the book's values.

    The objects are built once, which is not timed; each scenario is set by their quotes.
    """
    options, underlyings = len(book.strike), scenarios.spot.shape[1]
    with valuation_on(TODAY):
        today, count = ql_date(TODAY), ql.Actual365Fixed()
        spots = [ql.SimpleQuote(100.0) for _ in range(underlyings)]
        volatilities = [ql.SimpleQuote(0.2) for _ in range(underlyings)]
        rate = ql.SimpleQuote(0.03)
        curve = ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(rate), count))
        dividends = ql.YieldTermStructureHandle(ql.FlatForward(today, DIVIDEND, count))
        engines = []
        for spot, volatility in zip(spots, volatilities, strict=True):
            surface = ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(volatility), count)
            handle = ql.BlackVolTermStructureHandle(surface)
            process = ql.BlackScholesMertonProcess(ql.QuoteHandle(spot), dividends, curve, handle)
            engines.append(ql.AnalyticEuropeanEngine(process))
        built = []
        for number in range(options):
            right = ql.Option.Call if book.sign[number] > 0 else ql.Option.Put
            payoff = ql.PlainVanillaPayoff(right, float(book.strike[number]))
            option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + round(book.years[number] * 365)))
            option.setPricingEngine(engines[int(book.underlying[number])])
            built.append(option)
        values = np.empty(len(scenarios.spot))
        began = time.perf_counter()
        for scenario in range(len(values)):
            rate.setValue(float(scenarios.rate[scenario]))
            for number in range(underlyings):
                spots[number].setValue(float(scenarios.spot[scenario, number]))
                volatilities[number].setValue(float(scenarios.volatility[scenario, number]))
            values[scenario] = sum(
                quantity * option.NPV() for quantity, option in zip(book.quantity, built, strict=True)
            )
        return time.perf_counter() - began, values
