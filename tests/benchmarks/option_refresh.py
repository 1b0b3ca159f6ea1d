"""Value at risk and stress of a large book of stocks and options: revalued in full, and only where inputs moved."""

from __future__ import annotations

import datetime
import os
import sys
import time

import numpy as np

from actors.messages import MONEY_UNIT, Instrument
from actors.risk.live.greeks_book import ListedOption
from actors.risk.live.option_revaluation import OptionRevaluation, run
from actors.risk.live.tails import Tails, measure_tails
from actors.risk.pricing import American, European, Market, Right, price
from actors.risk.pricing.american import revalue_here
from actors.risk.stress import price_jumps
from tests.benchmarks.figures import figure

STOCKS, OPTIONS, UNDERLYINGS, PERIODS = 9_000, 1_000, 100, 500
TODAY = datetime.date(2026, 1, 5)
SHOCKS = {"equity -10%": -0.1, "equity -20%": -0.2, "equity +10%": 0.1}
CONFIDENCE, MINIMUM = (0.95, 0.99), 100
NEAR = 1e-3
"""Of the strike: largest distance of a stressed value from QuantLib's finite differences."""


class Book:
    """Stocks, and European and American options on some of them, with a past."""

    def __init__(self) -> None:
        random = np.random.default_rng(17)
        self.returns = random.normal(0.0, 0.015, (PERIODS, STOCKS + OPTIONS))
        self.instruments = [Instrument(id=one, symbol=f"S{one}") for one in range(STOCKS)]
        self.prices = {one: int(spot) for one, spot in enumerate(random.integers(2_000, 20_000, STOCKS))}
        self.options: dict[int, ListedOption] = {}
        for number in range(STOCKS, STOCKS + OPTIONS):
            underlying = number % UNDERLYINGS
            kind = American if number % 2 else European
            terms = ListedOption(
                contract=kind(
                    right=Right.PUT if number % 3 else Right.CALL,
                    strike=round(self.prices[underlying] / 100 * random.uniform(0.8, 1.2), 2),
                    expiry=TODAY + datetime.timedelta(days=int(random.integers(20, 700))),
                ),
                underlying=underlying,
                volatility=0.15 + 0.002 * underlying,
                rate=0.03,
                dividend=0.01,
            )
            self.options[number] = terms
            self.instruments.append(Instrument(id=number, symbol=f"O{number}", multiplier=100))
            self.prices[number] = max(1, round(100 * self.worth(number)))
        self.exposures = {
            one: int(random.integers(-50, 50)) * self.prices[one] * MONEY_UNIT // 100 for one in self.prices
        }
        self.jumps = price_jumps(SHOCKS, self.instruments)
        self.revaluation = OptionRevaluation(self.options, self.instruments, self.prices, self.jumps)

    def worth(self, number: int, change: float = 0.0) -> float:
        """Return what one unit of an option is worth by QuantLib after its underlying's price changed."""
        terms = self.options[number]
        spot = self.prices[terms.underlying] / 100 * (1 + change)
        market = Market(date=TODAY, spot=spot, volatility=terms.volatility, rate=terms.rate, dividend=terms.dividend)
        return price(terms.contract, market)

    def refresh(self) -> tuple[Tails, int]:
        """Revalue what moved and measure; return the measures and how many options were revalued."""
        job = self.revaluation.job(self.prices, self.returns, PERIODS + 1, TODAY)
        if job is not None:
            self.revaluation.take(job, run(job, revalue_here))
        tails = measure_tails(
            self.exposures, self.returns, PERIODS + 1, CONFIDENCE, MINIMUM, self.jumps, self.revaluation
        )
        return tails, 0 if job is None else len(job.options)


def measure_refresh() -> bool:
    """Print the figures; return whether the stressed values are QuantLib's."""
    book = Book()
    cores = os.cpu_count() or 1
    for name, prepare in (
        ("all of it", lambda: None),
        ("one underlying moved by 1%", lambda: book.prices.update({7: round(book.prices[7] * 1.01)})),
        ("measured anew, nothing to revalue", lambda: None),
    ):
        prepare()
        began, busy = time.perf_counter(), time.process_time()
        tails, revalued = book.refresh()
        took, worked = time.perf_counter() - began, time.process_time() - busy
        figure(
            f"value at risk and stress of {STOCKS} stocks and {OPTIONS} options over {PERIODS} days: {name}",
            1e3 * took,
            "ms",
            options_revalued=revalued,
            share_of_cores=round(worked / took / cores, 2),
            share_covered=tails.stress_share,
            conditions="half of the options American; in one process, beside the loop that follows fills and prices; "
            "over the cluster by tasks of the same chunks",
        )
        if tails.stress_share != 1.0 or tails.simulation.share_covered != 1.0:
            return False
    return _is_near(book)


def _is_near(book: Book) -> bool:
    for number in range(STOCKS, STOCKS + OPTIONS, 40):
        gains = book.revaluation.stressed(number)
        assert gains is not None
        gain = gains["equity -20%"] * book.prices[number] / 100
        wanted = book.worth(number, -0.2) - book.worth(number)
        if abs(gain - wanted) > NEAR * book.options[number].contract.strike:
            sys.stderr.write(f"option {number} gains {gain}, by QuantLib {wanted}\n")
            return False
    return True
