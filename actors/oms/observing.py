"""From the rows of a market slice to what watching orders look at."""

from __future__ import annotations

from collections.abc import Collection

from actors.market.ticks import Kind, Ticks
from actors.oms.inputs import Price

_BAR, _QUOTE, _TRADE = int(Kind.BAR), int(Kind.QUOTE), int(Kind.TRADE)


def prices_of(ticks: Ticks, watched: Collection[int]) -> list[Price]:
    """Return, for each watched instrument that the rows speak of, the range of its prices and its newest quote.

    A bar gives its low, high and close; a trade its price; a two-sided quote its middle, rounded down.
    """
    found: dict[int, tuple[int, int, int, int, int]] = {}
    for row in ticks.tolist():
        instrument = row[4]
        if instrument not in watched:
            continue
        kind, bid, ask = row[0], 0, 0
        if kind == _BAR:
            low, high, last = row[10], row[9], row[11]
        elif kind == _TRADE:
            low = high = last = row[8]
        elif kind == _QUOTE and row[8] > 0 and row[9] > 0:
            bid, ask = row[8], row[9]
            low = high = last = (bid + ask) // 2
        else:
            continue
        before = found.get(instrument)
        if before is not None:
            low, high = min(low, before[0]), max(high, before[1])
            if not bid:
                bid, ask = before[3], before[4]
        found[instrument] = (low, high, last, bid, ask)
    return [Price(instrument, *values) for instrument, values in found.items()]
