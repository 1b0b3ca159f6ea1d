"""Whether what a venue reports can be true at all: numbers, times and ids that nobody could book or keep."""

from __future__ import annotations

import msgspec

from actors.clock import DAY
from actors.messages import ExecutionReport
from actors.oms.effects import Effects
from actors.oms.state import PartitionState
from actors.oms.working_order import WorkingOrder

LARGEST = 2**53
"""Largest quantity in lots, and largest price in increments."""
LARGEST_VALUE = 2**62
"""Largest value of an order's fills, in 1e-8 units of money as well as in increments times lots."""
_LAST_TIME = 2**62
_FURTHEST = 366 * DAY


def is_plausible(time: int, now: int) -> bool:
    """Return whether a report may be of ``time``: the trading clock follows it."""
    return 0 <= time < _LAST_TIME and (not now or time - now <= _FURTHEST)


def wrong_number(report: ExecutionReport, working: WorkingOrder) -> str | None:
    """Return what of a report about an order can't be, in words; ``None`` where all of it can."""
    for name, largest in _BOUNDS:
        number = getattr(report, name)
        if not 0 <= number <= largest:
            return f"{name} {number}, which is not from 0 to {largest}"
    if not -LARGEST_VALUE <= report.fee <= LARGEST_VALUE:
        return f"fee {report.fee}, which is not within {LARGEST_VALUE}"
    value = report.quantity * report.price
    if working.order.filled_value + value > LARGEST_VALUE:
        return f"{report.quantity} at {report.price}, which is more than can be counted"
    instrument = working.instrument
    if instrument is not None and instrument.notional(report.price, report.quantity) > LARGEST_VALUE:
        return f"{report.quantity} at {report.price}, which is more money than can be counted"
    return None


def timed(state: PartitionState, effects: Effects, report: ExecutionReport, now: int) -> ExecutionReport:
    """Return a report with a time that can be: what is said to happen after the trading clock happens now."""
    if report.time <= now:
        return report
    text = f"reported for {report.time}, which the trading clock ({now}) does not follow"
    state.raise_alarm(effects, "REPORT_TIME_INVALID", now, report.order_id, report.sequence, text)
    return msgspec.structs.replace(report, time=now)


_BOUNDS = (
    ("quantity", LARGEST),
    ("price", LARGEST),
    ("order_quantity", LARGEST),
    ("limit_price", LARGEST),
    ("revision", 2**31),
)
