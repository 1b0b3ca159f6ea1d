"""Books, risk and pricing: ``python -m tests.benchmarks.portfolio_risk`` prints every figure as a JSON line."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from actors.entries import LotMethod
from actors.messages import Fill, Side
from actors.portfolio.books import Books
from actors.risk.measures.tails import tail_loss
from actors.risk.pricing.revaluation import revalue
from tests.actors.oms.support import INSTRUMENTS, PRICE
from tests.actors.risk.pricing.random_books import quantlib_values, random_book
from tests.benchmarks.american_revaluation import measure_american
from tests.benchmarks.construction_figures import measure_construction
from tests.benchmarks.figures import figure
from tests.benchmarks.live_risk import measure_live
from tests.benchmarks.option_refresh import measure_refresh

ROUNDS = 5
FILLS = 50_000
OPTIONS, SCENARIOS, UNDERLYINGS = 1_000, 500, 50
AGREEMENT = 1e-9


def main() -> int:
    """Print the figures; return 1 where an answer is wrong."""
    for lots in (LotMethod.AVERAGE, LotMethod.FIFO):
        measure_fills(lots)
    agreed = [measure_live(), measure_revaluation(), measure_refresh(), measure_american(), measure_construction()]
    return 0 if all(agreed) else 1


def measure_fills(lots: LotMethod) -> None:
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
        books = Books("main", INSTRUMENTS, "USD", lots)
        for fill in fills:
            books.book(fill)
        if books.imbalance("USD"):
            raise ValueError("the books do not balance")

    rates = [FILLS / _seconds(book) for _ in range(ROUNDS)]
    figure(
        f"fills booked a second, one account, exact arithmetic, {lots.value} lots",
        statistics.median(rates),
        "fills/s",
        goal=50_000.0,
        better="higher",
        rounds=[round(rate) for rate in rates],
        conditions="4 strategies, 2 instruments, opening, closing and turning positions; balanced at the end",
    )


def measure_revaluation() -> bool:
    """Print full revaluation of European options beside a loop over QuantLib's objects, and compare the answers."""
    book, scenarios = random_book(OPTIONS, SCENARIOS, UNDERLYINGS)
    ours = [_seconds(lambda: revalue(book, scenarios)) for _ in range(ROUNDS)]
    theirs, values = quantlib_values(book, scenarios)
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


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
