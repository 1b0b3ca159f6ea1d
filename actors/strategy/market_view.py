"""What strategies see of the market: last prices, and the newest bars of each instrument."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from actors.market.ticks import FEW, Kind, Ticks, last_prices
from actors.messages import Bar, Quote, Trade


class MarketView:
    """Prices and bars as they become known.

    Args:
        bars_kept: Bars kept for each instrument.
        quotes, trades: Whether ``arrivals`` gives these kinds; they move the last price in any case.

    Attributes:
        prices: Last price in increments by instrument id: a bar's close, a trade's price, the middle of a two-sided
            quote rounded down.
        revision: Number of rows taken: what was reckoned from the prices holds while it stays.
    """

    def __init__(self, bars_kept: int, *, quotes: bool = True, trades: bool = True) -> None:
        self.prices: dict[int, int] = {}
        self.revision = 0
        self._bars: dict[int, deque[Bar]] = {}
        self._bars_kept = bars_kept
        self._quotes = quotes
        self._trades = trades

    def bars(self, instrument: int, count: int) -> list[Bar]:
        """Return up to ``count`` newest bars of an instrument, oldest first."""
        kept = self._bars.get(instrument)
        return [] if kept is None or count <= 0 else list(kept)[-count:]

    def arrivals(self, ticks: Ticks) -> Iterator[list[Bar | Quote | Trade]]:
        """Take the rows of one known time after the other into the view, and yield each time's events.

        When events are yielded, the view holds all of their time and nothing later.
        """
        if len(ticks) > FEW and not self._has_events(ticks):
            self.prices.update(last_prices(ticks))
            self.revision += len(ticks)
            return
        together: list[Bar | Quote | Trade] = []
        now: int | None = None
        for row in ticks.tolist():
            known_time = row[6]
            if known_time != now:
                if together:
                    yield together
                    together = []
                now = known_time
            event = self._take(row)
            if event is not None:
                together.append(event)
        if together:
            yield together

    def _has_events(self, ticks: Ticks) -> bool:
        kinds = np.bincount(ticks["kind"], minlength=len(Kind) + 1)
        return bool(kinds[Kind.BAR] or (self._quotes and kinds[Kind.QUOTE]) or (self._trades and kinds[Kind.TRADE]))

    def _take(self, row: tuple[int, ...]) -> Bar | Quote | Trade | None:
        kind, _, side, _, instrument, event_time, known_time, _, first, second, third, fourth, fifth, reference = row
        self.revision += 1
        if kind == Kind.BAR:
            bar = Bar(instrument, event_time, known_time, first, second, third, fourth, fifth, reference)
            self.prices[instrument] = fourth
            self._bars.setdefault(instrument, deque(maxlen=self._bars_kept)).append(bar)
            return bar
        if kind == Kind.QUOTE:
            if first > 0 and second > 0:
                self.prices[instrument] = (first + second) // 2
            return Quote(instrument, event_time, known_time, first, second, third, fourth) if self._quotes else None
        if kind == Kind.TRADE:
            self.prices[instrument] = first
            return Trade(instrument, event_time, known_time, first, second, side) if self._trades else None
        return None
