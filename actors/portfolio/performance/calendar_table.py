"""Returns by month and year."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from actors.portfolio.performance.inputs import ascending, numbers, require_same_length
from actors.portfolio.performance.returns import linked

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class CalendarYear(NamedTuple):
    """The returns of one year (UTC), fractions.

    Attributes:
        year: Which.
        months: Twelve returns, January first; ``None`` for a month in which no period ended.
        total: All of them linked.
    """

    year: int
    months: tuple[float | None, ...]
    total: float


def calendar_table(ends: Any, returns: Any) -> tuple[CalendarYear, ...]:
    """Return the linked returns of each month and year.

    Args:
        ends: When each period ended, UTC nanoseconds, shape (n,): a period counts in the month in which it ended.
        returns: Returns, shape (n,).

    Raises:
        InputError: NaN, lengths that do not fit, times that do not ascend.
    """
    rates = numbers(returns, "returns")
    times = ascending(ends, "ends", 1)
    require_same_length("ends", len(times), len(rates), "one for each return")
    parts: dict[int, dict[int, list[float]]] = {}
    for time, rate in zip(times.tolist(), rates.tolist(), strict=True):
        day = datetime.datetime.fromtimestamp(time // 1_000_000_000, datetime.timezone.utc)
        parts.setdefault(day.year, {}).setdefault(day.month, []).append(rate)
    return tuple(
        CalendarYear(
            year,
            tuple(linked(months[month]) if month in months else None for month in range(1, 13)),
            linked([rate for month in months.values() for rate in month]),
        )
        for year, months in parts.items()
    )
