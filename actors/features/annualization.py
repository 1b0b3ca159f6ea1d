"""From a variance per period to a volatility per year."""

from __future__ import annotations

import math

from actors.clock import DAY, MINUTE

SESSIONS_PER_YEAR = 252
SESSION = 390 * MINUTE
_ROUND_THE_CLOCK = "24/7"


def periods_per_year(period: int, calendar: str = "XNYS") -> float:
    """Return how many periods of trading time make a year.

    An exchange has 252 sessions of 6.5 hours (13 half-hours each), a market of calendar ``24/7`` has 365 days of 24
    hours. A period longer than a session but not than a day is a session; beyond that calendar time counts.

    Args:
        period: Nominal length of a period in nanoseconds, positive.
        calendar: The instrument's trading calendar.
    """
    if period > DAY:
        return 365.25 * DAY / period
    sessions, session = (365, DAY) if calendar == _ROUND_THE_CLOCK else (SESSIONS_PER_YEAR, SESSION)
    return sessions * session / min(period, session)


def annual_volatility(variance: float, per_year: float) -> float:
    """Return the volatility per square root of a year (0.2 = 20%) of a ``variance`` per period.

    Args:
        variance: Variance of log returns over one period.
        per_year: Periods in a year.
    """
    return math.sqrt(variance * per_year)
