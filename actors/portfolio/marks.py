"""The last price of every instrument, and since when."""

from __future__ import annotations

from collections.abc import Iterable

from actors.market.ticks import Ticks, last_prices


class Marks:
    """Last prices as market slices bring them.

    Attributes:
        prices: Last price in increments by instrument id.
        times: Time of the slice that brought it, UTC nanoseconds.
    """

    def __init__(self) -> None:
        self.prices: dict[int, int] = {}
        self.times: dict[int, int] = {}

    def take(self, ticks: Ticks, time: int) -> list[int]:
        """Take the prices of one slice and return the ids of the instruments that had one."""
        if not len(ticks):
            return []
        prices = last_prices(ticks)
        self.prices.update(prices)
        self.times.update(dict.fromkeys(prices, time))
        return list(prices)

    def take_snapshot(self, last: Iterable[tuple[int, int, int]]) -> None:
        """Take ``(instrument, price, time)`` rows of a market shard; a row older than what is known is left out."""
        for instrument, price, time in last:
            if price > 0 and time >= self.times.get(instrument, 0):
                self.prices[instrument] = price
                self.times[instrument] = time
