"""QuantLib, one valuation at a time: its evaluation date is global, and its objects follow it.

Whoever prices does so within ``valuation_on``: one thread of the process at a time has QuantLib, with the date that it
asked for, and the date that was there is put back. Nothing that is built within may leave: objects recompute when the
date moves. What leaves are plain numbers.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
from collections.abc import Iterator

import QuantLib as ql

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


def ql_date(date: datetime.date) -> ql.Date:
    """Return a date as QuantLib has it."""
    return ql.Date(date.day, date.month, date.year)
