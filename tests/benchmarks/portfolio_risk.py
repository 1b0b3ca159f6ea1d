"""Books, risk and pricing: ``python -m tests.benchmarks.portfolio_risk`` prints every figure as a JSON line."""

from __future__ import annotations

import datetime
import gc
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import QuantLib as ql

from actors.messages import Fill, Side
from actors.portfolio.books import Books
from actors.risk.measures.tails import tail_loss
from actors.risk.pricing.quantlib_session import ql_date, valuation_on
from actors.risk.pricing.revaluation import OptionBook, Scenarios, revalue
from tests.actors.oms.support import INSTRUMENTS, PRICE
from tests.benchmarks.figures import figure

ROUNDS = 5
FILLS = 50_000
OPTIONS, SCENARIOS, UNDERLYINGS = 1_000, 500, 50
AGREEMENT = 1e-9
TODAY = datetime.date(2024, 1, 2)


def main() -> int:
    """Print the figures; return 1 where an answer is wrong."""
    measure_fills()
    return 0 if measure_revaluation() else 1


def measure_fills() -> None:
    """Print the fills that one account's books take a second, in exact arithmetic."""
    fills = [
        Fill(
            execution_id=f"e{number}",
            order_id=f"0-{number}",
            client_order_id=f"c{number}",
            account="main",
            strategy=f"strategy-{number % 4}",
            instrument=number % 2,
            side=Side.BUY if number % 3 else Side.SELL,
            quantity=1 + number % 97,
            price=PRICE + number % 53 - 26,
            fee=number % 1_000,
            liquidity="taker",
            time=number,
        )
        for number in range(FILLS)
    ]

    def book() -> None:
        books = Books("main", INSTRUMENTS)
        for fill in fills:
            books.book(fill)
        if books.imbalance("USD"):
            raise ValueError("the books do not balance")

    rates = [FILLS / _seconds(book) for _ in range(ROUNDS)]
    figure(
        "fills booked a second, one account, exact arithmetic",
        statistics.median(rates),
        "fills/s",
        goal=50_000.0,
        better="higher",
        rounds=[round(rate) for rate in rates],
        conditions="4 strategies, 2 instruments, opening, closing and turning positions; balanced at the end",
    )


def measure_revaluation() -> bool:
    """Print full revaluation of European options beside a loop over QuantLib's objects, and compare the answers."""
    book, scenarios = _book()
    ours = [_seconds(lambda: revalue(book, scenarios)) for _ in range(ROUNDS)]
    theirs, values = _quantlib(book, scenarios)
    difference = float(np.max(np.abs(revalue(book, scenarios) - values) / np.abs(values)))
    figure(
        f"full revaluation, {OPTIONS} European options x {SCENARIOS} scenarios",
        1e3 * statistics.median(ours),
        "ms",
        reference=1e3 * theirs,
        goal=1 / 20,
        of="ratio",
        rounds=[round(1e3 * seconds, 1) for seconds in ours],
        largest_relative_difference=difference,
        conditions="reference: QuantLib's instruments built once, each scenario set by its quotes, in the same run; "
        "one core each",
    )
    losses = values[0] - values
    took = [_seconds(lambda: tail_loss(losses, 0.99)) for _ in range(ROUNDS)]
    figure(
        f"value at risk and expected shortfall of {SCENARIOS} revaluations",
        1e6 * statistics.median(took),
        "us",
        conditions="order statistics of losses that are there already",
    )
    if difference > AGREEMENT:
        sys.stderr.write(f"the values differ by {difference}, more than {AGREEMENT}\n")
    return difference <= AGREEMENT


def _book() -> tuple[OptionBook, Scenarios]:
    chance = np.random.Generator(np.random.PCG64(11))
    spot, volatility = chance.uniform(50, 200, UNDERLYINGS), chance.uniform(0.15, 0.5, UNDERLYINGS)
    chosen = chance.integers(0, UNDERLYINGS, OPTIONS)
    book = OptionBook(
        underlying=chosen,
        strike=np.round(spot[chosen] * chance.uniform(0.8, 1.2, OPTIONS), 2),
        years=chance.integers(30, 730, OPTIONS) / 365,
        sign=chance.choice([1.0, -1.0], OPTIONS),
        quantity=chance.integers(-100, 100, OPTIONS).astype(float),
        dividend=np.full(OPTIONS, 0.01),
    )
    moved = np.exp(0.02 * chance.standard_normal((SCENARIOS, UNDERLYINGS)))
    wilder = np.exp(0.05 * chance.standard_normal((SCENARIOS, UNDERLYINGS)))
    rates = 0.03 + 0.0005 * chance.standard_normal(SCENARIOS)
    return book, Scenarios(spot=spot * moved, volatility=volatility * wilder, rate=rates)


def _quantlib(book: OptionBook, scenarios: Scenarios) -> tuple[float, np.ndarray]:
    """Return the seconds that QuantLib's objects take for all scenarios, and the book's values."""
    with valuation_on(TODAY):
        today, count = ql_date(TODAY), ql.Actual365Fixed()
        spots = [ql.SimpleQuote(100.0) for _ in range(UNDERLYINGS)]
        volatilities = [ql.SimpleQuote(0.2) for _ in range(UNDERLYINGS)]
        rate = ql.SimpleQuote(0.03)
        curve = ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(rate), count))
        dividends = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.01, count))
        engines = []
        for spot, volatility in zip(spots, volatilities, strict=True):
            surface = ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(volatility), count)
            handle = ql.BlackVolTermStructureHandle(surface)
            process = ql.BlackScholesMertonProcess(ql.QuoteHandle(spot), dividends, curve, handle)
            engines.append(ql.AnalyticEuropeanEngine(process))
        options = []
        for number in range(OPTIONS):
            right = ql.Option.Call if book.sign[number] > 0 else ql.Option.Put
            payoff = ql.PlainVanillaPayoff(right, float(book.strike[number]))
            expiry = today + round(book.years[number] * 365)
            option = ql.VanillaOption(payoff, ql.EuropeanExercise(expiry))
            option.setPricingEngine(engines[int(book.underlying[number])])
            options.append(option)
        values = np.empty(SCENARIOS)
        began = time.perf_counter()
        for scenario in range(SCENARIOS):
            rate.setValue(float(scenarios.rate[scenario]))
            for number in range(UNDERLYINGS):
                spots[number].setValue(float(scenarios.spot[scenario, number]))
                volatilities[number].setValue(float(scenarios.volatility[scenario, number]))
            values[scenario] = sum(
                quantity * option.NPV() for quantity, option in zip(book.quantity, options, strict=True)
            )
        return time.perf_counter() - began, values


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
