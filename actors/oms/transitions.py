"""The one table of order states, after the order state changes of FIX 4.4 (Volume 4, Appendix D).

An order has a *settled* status, which only what happened moves, by this table; and requests that the venue has not
answered, which show on top of it (``shown``) in the precedence that FIX gives them. A pair that is not in the table
can't happen to an order: whoever reports it is contradicting itself, the order stays as it is and an alarm is raised.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.errors import Conflict
from actors.messages import OrderStatus, ReportType, Word


class Step(Word):
    """What can happen to an order: a report's type, told apart further by what it leaves of the order.

    ``accepted`` says that the order works as it did; ``resumed`` that it works again after it was done for the day or
    suspended; ``restated`` that its terms or its fills are others now.
    """

    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    WHOLLY_FILLED = "wholly_filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DONE_FOR_DAY = "done_for_day"
    CALCULATED = "calculated"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    RESUMED_UNFILLED = "resumed_unfilled"
    RESUMED_PARTLY_FILLED = "resumed_partly_filled"
    RESTATED_UNFILLED = "restated_unfilled"
    RESTATED_PARTLY_FILLED = "restated_partly_filled"
    RESTATED_WHOLLY_FILLED = "restated_wholly_filled"


_RESTATED = {
    Step.RESTATED_UNFILLED: OrderStatus.NEW,
    Step.RESTATED_PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    Step.RESTATED_WHOLLY_FILLED: OrderStatus.FILLED,
}
_RESUMED = {
    Step.RESUMED_UNFILLED: OrderStatus.NEW,
    Step.RESUMED_PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
}
_WORKING = {
    Step.PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    Step.WHOLLY_FILLED: OrderStatus.FILLED,
    Step.CANCELED: OrderStatus.CANCELED,
    Step.EXPIRED: OrderStatus.EXPIRED,
    Step.DONE_FOR_DAY: OrderStatus.DONE_FOR_DAY,
    Step.CALCULATED: OrderStatus.CALCULATED,
    Step.STOPPED: OrderStatus.STOPPED,
    Step.SUSPENDED: OrderStatus.SUSPENDED,
    **_RESTATED,
}


def _closed(status: OrderStatus, own: Step) -> dict[Step, OrderStatus]:
    """A late fill of a closed order is booked all the same, and completes it where it reaches the quantity."""
    return {
        own: status,
        Step.PARTLY_FILLED: status,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CALCULATED: OrderStatus.CALCULATED,
        **dict.fromkeys(_RESTATED, status),
    }


def _staying(status: OrderStatus) -> dict[Step, OrderStatus]:
    """A status that outranks what is filled: fills and other terms leave it, unless nothing is left to fill."""
    return {
        **_WORKING,
        Step.PARTLY_FILLED: status,
        Step.RESTATED_UNFILLED: status,
        Step.RESTATED_PARTLY_FILLED: status,
    }


_ROWS: dict[OrderStatus, dict[Step, OrderStatus]] = {
    OrderStatus.PENDING_NEW: {
        **_WORKING,
        Step.ACCEPTED: OrderStatus.NEW,
        Step.REJECTED: OrderStatus.REJECTED,
    },
    OrderStatus.NEW: {
        **_WORKING,
        Step.ACCEPTED: OrderStatus.NEW,
        Step.REJECTED: OrderStatus.REJECTED,
    },
    OrderStatus.PARTIALLY_FILLED: {**_WORKING, Step.ACCEPTED: OrderStatus.PARTIALLY_FILLED},
    OrderStatus.DONE_FOR_DAY: {**_staying(OrderStatus.DONE_FOR_DAY), **_RESUMED},
    OrderStatus.STOPPED: {
        **_staying(OrderStatus.STOPPED),
        Step.ACCEPTED: OrderStatus.STOPPED,
        Step.REJECTED: OrderStatus.REJECTED,
    },
    OrderStatus.SUSPENDED: {
        **_staying(OrderStatus.SUSPENDED),
        **_RESUMED,
        Step.REJECTED: OrderStatus.REJECTED,
    },
    OrderStatus.FILLED: {
        Step.ACCEPTED: OrderStatus.FILLED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CALCULATED: OrderStatus.CALCULATED,
        **_RESTATED,
    },
    OrderStatus.CALCULATED: {
        Step.ACCEPTED: OrderStatus.CALCULATED,
        Step.PARTLY_FILLED: OrderStatus.CALCULATED,
        Step.WHOLLY_FILLED: OrderStatus.CALCULATED,
        Step.CALCULATED: OrderStatus.CALCULATED,
        **dict.fromkeys(_RESTATED, OrderStatus.CALCULATED),
    },
    OrderStatus.CANCELED: _closed(OrderStatus.CANCELED, Step.CANCELED),
    OrderStatus.EXPIRED: _closed(OrderStatus.EXPIRED, Step.EXPIRED),
    OrderStatus.REJECTED: _closed(OrderStatus.REJECTED, Step.REJECTED),
}

TRANSITIONS: Mapping[tuple[OrderStatus, Step], OrderStatus] = {
    (status, step): after for status, row in _ROWS.items() for step, after in row.items()
}
"""Every transition there is: (settled status, step) -> settled status."""

PRECEDENCE: Mapping[OrderStatus, int] = {
    OrderStatus.PENDING_CANCEL: 12,
    OrderStatus.PENDING_REPLACE: 11,
    OrderStatus.DONE_FOR_DAY: 10,
    OrderStatus.CALCULATED: 9,
    OrderStatus.FILLED: 8,
    OrderStatus.STOPPED: 7,
    OrderStatus.SUSPENDED: 6,
    OrderStatus.CANCELED: 5,
    OrderStatus.EXPIRED: 5,
    OrderStatus.PARTIALLY_FILLED: 4,
    OrderStatus.NEW: 2,
    OrderStatus.REJECTED: 2,
    OrderStatus.PENDING_NEW: 2,
}
"""Which status an order shows that has several at once: the one of the highest number (FIX 4.4, ``OrdStatus``)."""

ENDED = frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED, OrderStatus.CALCULATED})
"""Settled statuses that answer every request that was still open."""

REQUESTABLE = frozenset(
    {
        OrderStatus.PENDING_NEW,
        OrderStatus.NEW,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.DONE_FOR_DAY,
        OrderStatus.STOPPED,
        OrderStatus.SUSPENDED,
    }
)
"""Settled statuses in which an order may be asked to be canceled or replaced."""

PAUSED = frozenset({OrderStatus.DONE_FOR_DAY, OrderStatus.SUSPENDED})
"""Settled statuses in which an order rests at the venue and does not trade until it is taken up again."""

_SIMPLE = {
    ReportType.NEW: Step.ACCEPTED,
    ReportType.CANCELED: Step.CANCELED,
    ReportType.REJECTED: Step.REJECTED,
    ReportType.EXPIRED: Step.EXPIRED,
    ReportType.DONE_FOR_DAY: Step.DONE_FOR_DAY,
    ReportType.CALCULATED: Step.CALCULATED,
    ReportType.STOPPED: Step.STOPPED,
    ReportType.SUSPENDED: Step.SUSPENDED,
}


def step_of(report: ReportType, quantity: int, filled: int) -> Step | None:
    """Return the step that a report is, ``None`` where it moves no settled status (acknowledgements, refusals).

    Args:
        report: The report's type.
        quantity: The order's quantity once the report is booked, in increments.
        filled: What is filled then, in the same increments.
    """
    if report is ReportType.TRADE:
        return Step.WHOLLY_FILLED if filled >= quantity else Step.PARTLY_FILLED
    return _SIMPLE.get(report)


def restated(quantity: int, filled: int) -> Step:
    """Return the step of an order whose terms or fills have become others; arguments as of ``step_of``."""
    if filled >= quantity:
        return Step.RESTATED_WHOLLY_FILLED
    return Step.RESTATED_PARTLY_FILLED if filled else Step.RESTATED_UNFILLED


def resumed(filled: int) -> Step:
    """Return the step of a paused order that is taken up again; ``filled`` as of ``step_of``."""
    return Step.RESUMED_PARTLY_FILLED if filled else Step.RESUMED_UNFILLED


def transition(settled: OrderStatus, step: Step) -> OrderStatus:
    """Return the settled status after ``step``.

    Raises:
        Conflict: The table has no such transition (code ``TRANSITION_ILLEGAL``).
    """
    after = TRANSITIONS.get((settled, step))
    if after is None:
        legal = sorted(str(other) for before, other in TRANSITIONS if before is settled)
        raise Conflict(
            f"an order that is {settled} can't be {step}",
            field="status",
            value=str(settled),
            rule=f"one of {', '.join(legal)}",
            code="TRANSITION_ILLEGAL",
        )
    return after


def shown(settled: OrderStatus, canceling: bool, replacing: bool) -> OrderStatus:
    """Return the status that others see: requests that are not answered outrank what is settled.

    Args:
        settled: What the order is without them.
        canceling: Whether a cancel is not answered.
        replacing: Whether a replacement is not answered.
    """
    if canceling:
        return OrderStatus.PENDING_CANCEL
    if replacing and PRECEDENCE[settled] < PRECEDENCE[OrderStatus.PENDING_REPLACE]:
        return OrderStatus.PENDING_REPLACE
    return settled
