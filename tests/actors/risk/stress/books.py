"""Books, markets and panels for tests of stress."""

from __future__ import annotations

import datetime

import numpy as np

from actors.clock import DAY
from actors.ingest.closes import ClosePanel
from actors.risk.pricing.contracts import European, Right
from actors.risk.stress import Correlations, LinearPosition, OptionPosition, StressBook, StressMarket

TODAY = datetime.date(2024, 1, 2)
LATER = datetime.date(2025, 1, 1)  # 365 days on


def market(**changes: object) -> StressMarket:
    given = {
        "date": TODAY,
        "base": "USD",
        "prices": {"AAA": 100.0, "BBB": 50.0},
        "volatilities": {"AAA": 0.2, "BBB": 0.3},
        "rates": {"USD": {1.0: 0.03}, "EUR": {1.0: 0.02}},
        "exchange": {"EUR": 1.25},
        "correlations": Correlations(("AAA", "BBB"), np.array([[1.0, 0.5], [0.5, 1.0]])),
    }
    return StressMarket(**{**given, **changes})  # type: ignore[arg-type]


def shares(symbol: str, amount: float, currency: str = "USD", *, name: str = "", funded: bool = True) -> LinearPosition:
    return LinearPosition(name=name or symbol, symbol=symbol, amount=amount, currency=currency, funded=funded)


def option(
    right: Right = Right.PUT, strike: float = 100.0, quantity: float = 10.0, **changes: object
) -> OptionPosition:
    given = {
        "name": f"{right} {strike:g}",
        "symbol": "AAA",
        "contract": European(right=right, strike=strike, expiry=LATER),
        "quantity": quantity,
        "currency": "USD",
        "reference": 100.0,
    }
    return OptionPosition(**{**given, **changes})  # type: ignore[arg-type]


def book(*positions: object, **changes: object) -> StressBook:
    return StressBook(positions, market(**changes))  # type: ignore[arg-type]


def panel(closes: dict[str, list[float]], first: datetime.date) -> ClosePanel:
    """Closes of days that follow one another."""
    start = (first - datetime.date(1970, 1, 1)).days
    rows = len(next(iter(closes.values())))
    times = (start + np.arange(rows, dtype=np.int64)) * DAY
    return ClosePanel(tuple(closes), times, np.array(list(closes.values()), np.float64).T, 0)


def random_panel(symbols: tuple[str, ...], first: datetime.date, rows: int, seed: int = 0) -> ClosePanel:
    """Closes with a common move and moves of their own."""
    chance = np.random.default_rng(seed)
    moves = 0.01 * chance.standard_normal((rows, 1)) + 0.01 * chance.standard_normal((rows, len(symbols)))
    closes = 100 * np.exp(np.cumsum(moves, axis=0))
    return panel({symbol: closes[:, at].tolist() for at, symbol in enumerate(symbols)}, first)
