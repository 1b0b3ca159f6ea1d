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
LARGEST_REVISION = 2**31
"""Largest number of changes of one order."""
_LAST_TIME = 2**62
_FURTHEST = 366 * DAY


def is_plausible(time: int, now: int) -> bool:
    """Return whether a report may be of ``time``: the trading clock follows it."""
    return 0 <= time < _LAST_TIME and (not now or time - now <= _FURTHEST)


def wrong_number(report: ExecutionReport, working: WorkingOrder) -> str | None:
    """Return what of a report about an order can't be, in words; ``None`` where all of it can."""
    quantity, price = report.quantity, report.price
    if not (  # one look at all of them: every report comes by here
        0 <= quantity <= LARGEST
        and 0 <= price <= LARGEST
        and 0 <= report.order_quantity <= LARGEST
        and 0 <= report.limit_price <= LARGEST
        and 0 <= report.revision <= LARGEST_REVISION
        and -LARGEST_VALUE <= report.fee <= LARGEST_VALUE
    ):
        bounds = {"revision": (0, LARGEST_REVISION), "fee": (-LARGEST_VALUE, LARGEST_VALUE)}
        for name in ("quantity", "price", "order_quantity", "limit_price", "revision", "fee"):
            number, (least, most) = getattr(report, name), bounds.get(name, (0, LARGEST))
            if not least <= number <= most:
                return f"{name} {number}, which is not from {least} to {most}"
    if quantity and price:
        if working.order.filled_value + quantity * price > LARGEST_VALUE:
            return f"{quantity} at {price}, which is more than can be counted"
        if working.instrument is not None and working.instrument.notional(price, quantity) > LARGEST_VALUE:
            return f"{quantity} at {price}, which is more money than can be counted"
    return None


def timed(state: PartitionState, effects: Effects, report: ExecutionReport, now: int) -> ExecutionReport:
    """Return a report with a time that can be: what is said to happen after the trading clock happens now."""
    if report.time <= now:
        return report
    text = f"reported for {report.time}, which the trading clock ({now}) does not follow"
    state.raise_alarm(effects, "REPORT_TIME_INVALID", now, report.order_id, report.sequence, text)
    return msgspec.structs.replace(report, time=now)
