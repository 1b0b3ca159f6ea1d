"""The strategy of the benchmarks: it looks at everything and never trades."""

from __future__ import annotations

from actors.messages import Bar, Quote
from actors.strategy.context import Context
from actors.strategy.strategy import Strategy

IMPLEMENTATION = f"{__name__}:AveragePrice"


class AveragePrice(Strategy):
    """Counts bars and quotes and keeps the average of their prices, in increments."""

    def on_start(self, context: Context) -> None:
        """Begin with nothing seen."""
        self.seen = 0
        self.average = 0.0

    def on_bar(self, context: Context, bar: Bar) -> None:
        """Take the close into the average."""
        self._take(bar.close)

    def on_quote(self, context: Context, quote: Quote) -> None:
        """Take the middle of the quote into the average."""
        self._take((quote.bid + quote.ask) / 2)

    def _take(self, price: float) -> None:
        self.seen += 1
        self.average += (price - self.average) / self.seen
