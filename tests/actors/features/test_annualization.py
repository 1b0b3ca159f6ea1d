from __future__ import annotations

import pytest

from actors.clock import DAY, HOUR, MINUTE
from actors.features.annualization import annual_volatility, periods_per_year


@pytest.mark.parametrize(
    ("period", "calendar", "expected"),
    [
        (30 * MINUTE, "XNYS", 13 * 252),
        (MINUTE, "XNYS", 390 * 252),
        (390 * MINUTE, "XNYS", 252),
        (DAY, "XNYS", 252),
        (20 * HOUR, "XNYS", 252),
        (7 * DAY, "XNYS", 365.25 / 7),
        (30 * MINUTE, "24/7", 48 * 365),
        (DAY, "24/7", 365),
    ],
)
def test_periods_per_year_count_trading_time(period: int, calendar: str, expected: float) -> None:
    assert periods_per_year(period, calendar) == pytest.approx(expected)


def test_one_percent_a_day_is_sixteen_percent_a_year() -> None:
    assert annual_volatility(0.0001, periods_per_year(DAY)) == pytest.approx(0.1587, abs=1e-4)
