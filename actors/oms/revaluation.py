"""Keeps the prices at which exposure is counted near the market: those that moved go on record now and then.

Between two orders in an instrument nothing else says what it is worth; a total of positions at prices of hours ago
would let through, or hold up, what it should not.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.oms.exposure_totals import ExposureTotals
from actors.oms.inputs import Price

_PARTS = 1_000


def moved_marks(totals: ExposureTotals, price_of: Callable[[int], int]) -> tuple[Price, ...]:
    """Return the prices of what is held that are off the ones on record by more than a thousandth.

    Args:
        totals: A partition's totals; none of them are worth a record while no limit asks for them.
        price_of: Gives the last price of an instrument in increments, 0 where there is none.
    """
    if not totals.kept:
        return ()
    found = []
    for instrument in sorted(totals.held()):
        mark, price = totals.marks.get(instrument, 0), price_of(instrument)
        if price and abs(price - mark) * _PARTS > mark:
            found.append(Price(instrument, price, price, price, 0, 0))
    return tuple(found)
