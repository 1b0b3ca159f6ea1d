"""The closes that a book is priced at: each symbol's newest up to the book's day, if that is not too long ago."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

import numpy as np

from actors.clock import DAY
from actors.errors import InputError
from actors.ingest.closes import ClosePanel

OLDEST_DAYS = 10
"""Calendar days before a book's day from which a close no longer counts as a price, unless the book says otherwise."""
_EPOCH = datetime.date(1970, 1, 1)


@dataclasses.dataclass(frozen=True)
class NewestPrices:
    """Newest closes up to a day.

    Attributes:
        day: The book's.
        oldest_days: Calendar days that a close may be older than it.
        found: Close and its day by symbol, however old.
    """

    day: datetime.date
    oldest_days: int
    found: Mapping[str, tuple[float, datetime.date]]

    @property
    def fresh(self) -> dict[str, float]:
        """Close by symbol, of those that are not too old."""
        return {symbol: close for symbol, (close, _) in self.found.items() if self.stale(symbol) is None}

    def stale(self, symbol: str) -> str | None:
        """Return why a symbol's newest close does not count; ``None`` where it does, or there is none."""
        _, seen = self.found.get(symbol, (0.0, self.day))
        age = (self.day - seen).days
        if age <= self.oldest_days:
            return None
        return (
            f"the newest price of {symbol} is of {seen.isoformat()}, {age} days before {self.day.isoformat()} "
            f"(rule: not over {self.oldest_days}, oldest_price_days; way out: give it under prices)"
        )


def newest_prices(panel: ClosePanel, day: datetime.date, oldest_days: int = OLDEST_DAYS) -> NewestPrices:
    """Return the newest closes of a panel up to a day.

    Raises:
        InputError: The panel begins after the day, or ends over ``oldest_days`` before it.
    """
    first, last = first_day(panel), last_day(panel)
    if not first <= day <= last + datetime.timedelta(days=oldest_days):
        raise InputError(
            "the data do not reach the book's date",
            field="date",
            value=day.isoformat(),
            rule=f"from {first.isoformat()} to {oldest_days} days after {last.isoformat()} (oldest_price_days)",
            remedy="give data of that time, or the date that the data are of",
        )
    known = panel.through(day)
    found = {}
    for column, symbol in enumerate(known.symbols):
        rows = np.flatnonzero(np.isfinite(known.closes[:, column]))
        if len(rows):
            found[symbol] = float(known.closes[rows[-1], column]), _day(int(known.times[rows[-1]]))
    return NewestPrices(day, oldest_days, found)


def first_day(panel: ClosePanel) -> datetime.date:
    """Return the day of a panel's first row."""
    return _day(int(panel.times[0]))


def last_day(panel: ClosePanel) -> datetime.date:
    """Return the day of a panel's last row."""
    return _day(int(panel.times[-1]))


def _day(time: int) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=time // DAY)
