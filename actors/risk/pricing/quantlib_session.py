"""QuantLib, one valuation at a time: its evaluation date and its past fixings are global, and its objects follow them.

Whoever prices does so within ``valuation_on``: one thread of the process at a time has QuantLib, with the date that it
asked for, and the date that was there is put back; within ``fixings_of`` the same holds for the past rates of an index.
Nothing that is built within may leave: objects recompute when the date moves. What leaves are plain numbers.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
from collections.abc import Iterator, Sequence

import QuantLib as ql

from actors.errors import InputError

_alone = threading.RLock()


@contextlib.contextmanager
def valuation_on(date: datetime.date) -> Iterator[None]:
    """Have QuantLib to oneself, with ``date`` as its evaluation date; may be nested."""
    with _alone:
        settings = ql.Settings.instance()
        before = settings.evaluationDate
        settings.evaluationDate = ql_date(date)
        try:
            yield
        finally:
            settings.evaluationDate = before


@contextlib.contextmanager
def fixings_of(index: ql.InterestRateIndex, fixings: Sequence[tuple[datetime.date, float]]) -> Iterator[None]:
    """Have QuantLib know these past rates of an index and no others. Only to be used within ``valuation_on``.

    Raises:
        InputError: A rate of a day on which the index has none.
    """
    before = index.timeSeries()
    days, rates = before.dates(), before.values()
    index.clearFixings()
    try:
        for day, rate in fixings:
            if not index.isValidFixingDate(ql_date(day)):
                raise InputError(
                    f"{index.name()} has no rate of this day",
                    field="fixings",
                    value=day.isoformat(),
                    rule="a business day of the index",
                )
            index.addFixing(ql_date(day), rate)
        yield
    finally:
        index.clearFixings()
        if days:
            index.addFixings(days, rates)


def ql_date(date: datetime.date) -> ql.Date:
    """Return a date as QuantLib has it."""
    return ql.Date(date.day, date.month, date.year)
