"""The one import that a quant needs. It only hands names on.

A strategy::

    import alphamind

    class Crossover(alphamind.Strategy):
        fast: int = 10
        slow: int = 50

        def on_bar(self, context: alphamind.Context, bar: alphamind.Bar) -> None:
            ...

A script beside a run::

    with alphamind.connect() as client:
        print(client.positions())
"""

from __future__ import annotations

from actors.client import Client, connect
from actors.errors import AlphaMindError
from actors.features.annualization import annual_volatility
from actors.messages import (
    MONEY_UNIT,
    Bar,
    Fill,
    Instrument,
    Order,
    OrderStatus,
    OrderType,
    PegReference,
    Prediction,
    Quote,
    RealizedVariance,
    Side,
    Stage,
    TimeInForce,
    Trade,
)
from actors.portfolio.books import BooksView, Position
from actors.strategy.context import Context
from actors.strategy.strategy import Strategy

__all__ = [
    "MONEY_UNIT",
    "AlphaMindError",
    "Bar",
    "BooksView",
    "Client",
    "Context",
    "Fill",
    "Instrument",
    "Order",
    "OrderStatus",
    "OrderType",
    "PegReference",
    "Position",
    "Prediction",
    "Quote",
    "RealizedVariance",
    "Side",
    "Stage",
    "Strategy",
    "TimeInForce",
    "Trade",
    "annual_volatility",
    "connect",
]
