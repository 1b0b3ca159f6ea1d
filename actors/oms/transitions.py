"""The one table of order states: what each report makes of an order, after FIX 4.4's order state changes.

A pair that is not in the table can't happen to an order: whoever reports it is contradicting itself, the order stays as
it is and an alarm is raised. Where FIX lets ``PendingCancel`` outrank ``Filled`` until the cancel is answered, a wholly
filled order is ``FILLED`` at once here: nothing is left that could be canceled.
"""

from __future__ import annotations

from collections.abc import Mapping

from actors.errors import Conflict
from actors.messages import OrderStatus, ReportType, Word


class Step(Word):
    """What can happen to an order: a report's type, told apart further by what it leaves of the order."""

    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    WHOLLY_FILLED = "wholly_filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCEL_REQUESTED = "cancel_requested"
    CANCEL_REJECTED_UNCONFIRMED = "cancel_rejected_unconfirmed"
    CANCEL_REJECTED_UNFILLED = "cancel_rejected_unfilled"
    CANCEL_REJECTED_PARTLY_FILLED = "cancel_rejected_partly_filled"
    CANCEL_REJECTED_WHOLLY_FILLED = "cancel_rejected_wholly_filled"


_CANCEL_REJECTED = (
    Step.CANCEL_REJECTED_UNCONFIRMED,
    Step.CANCEL_REJECTED_UNFILLED,
    Step.CANCEL_REJECTED_PARTLY_FILLED,
    Step.CANCEL_REJECTED_WHOLLY_FILLED,
)

_ROWS: dict[OrderStatus, dict[Step, OrderStatus]] = {
    OrderStatus.PENDING_NEW: {
        Step.ACCEPTED: OrderStatus.NEW,
        Step.PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CANCELED: OrderStatus.CANCELED,
        Step.REJECTED: OrderStatus.REJECTED,
        Step.EXPIRED: OrderStatus.EXPIRED,
        Step.CANCEL_REQUESTED: OrderStatus.PENDING_CANCEL,
    },
    OrderStatus.NEW: {
        Step.ACCEPTED: OrderStatus.NEW,
        Step.PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CANCELED: OrderStatus.CANCELED,
        Step.REJECTED: OrderStatus.REJECTED,
        Step.EXPIRED: OrderStatus.EXPIRED,
        Step.CANCEL_REQUESTED: OrderStatus.PENDING_CANCEL,
    },
    OrderStatus.PARTIALLY_FILLED: {
        Step.ACCEPTED: OrderStatus.PARTIALLY_FILLED,
        Step.PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CANCELED: OrderStatus.CANCELED,
        Step.EXPIRED: OrderStatus.EXPIRED,
        Step.CANCEL_REQUESTED: OrderStatus.PENDING_CANCEL,
    },
    OrderStatus.PENDING_CANCEL: {
        Step.ACCEPTED: OrderStatus.PENDING_CANCEL,
        Step.PARTLY_FILLED: OrderStatus.PENDING_CANCEL,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
        Step.CANCELED: OrderStatus.CANCELED,
        Step.REJECTED: OrderStatus.REJECTED,
        Step.EXPIRED: OrderStatus.EXPIRED,
        Step.CANCEL_REJECTED_UNCONFIRMED: OrderStatus.PENDING_NEW,
        Step.CANCEL_REJECTED_UNFILLED: OrderStatus.NEW,
        Step.CANCEL_REJECTED_PARTLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    },
    # Closed orders: a late fill is booked all the same, and completes the order where it reaches the quantity.
    OrderStatus.FILLED: {Step.ACCEPTED: OrderStatus.FILLED, Step.WHOLLY_FILLED: OrderStatus.FILLED},
    OrderStatus.CANCELED: {
        Step.CANCELED: OrderStatus.CANCELED,
        Step.PARTLY_FILLED: OrderStatus.CANCELED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
    },
    OrderStatus.EXPIRED: {
        Step.EXPIRED: OrderStatus.EXPIRED,
        Step.PARTLY_FILLED: OrderStatus.EXPIRED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
    },
    OrderStatus.REJECTED: {
        Step.REJECTED: OrderStatus.REJECTED,
        Step.PARTLY_FILLED: OrderStatus.REJECTED,
        Step.WHOLLY_FILLED: OrderStatus.FILLED,
    },
}

TRANSITIONS: Mapping[tuple[OrderStatus, Step], OrderStatus] = {
    # A cancel that is refused for the second time, or after the order closed, changes nothing.
    **{(status, step): status for status in OrderStatus for step in _CANCEL_REJECTED},
    **{(status, step): after for status, row in _ROWS.items() for step, after in row.items()},
}
"""Every transition there is: (status, step) -> status."""

_SIMPLE = {
    ReportType.NEW: Step.ACCEPTED,
    ReportType.CANCELED: Step.CANCELED,
    ReportType.REJECTED: Step.REJECTED,
    ReportType.EXPIRED: Step.EXPIRED,
}


def step_of(report: ReportType, quantity: int, filled: int, confirmed: bool) -> Step:
    """Return the step that a report is.

    Args:
        report: The report's type.
        quantity: The order's quantity.
        filled: What is filled once the report is booked, in the same increments.
        confirmed: Whether the venue has ever said anything else of the order.
    """
    if report is ReportType.TRADE:
        return Step.WHOLLY_FILLED if filled >= quantity else Step.PARTLY_FILLED
    if report is not ReportType.CANCEL_REJECTED:
        return _SIMPLE[report]
    if filled >= quantity:
        return Step.CANCEL_REJECTED_WHOLLY_FILLED
    if filled:
        return Step.CANCEL_REJECTED_PARTLY_FILLED
    return Step.CANCEL_REJECTED_UNFILLED if confirmed else Step.CANCEL_REJECTED_UNCONFIRMED


def transition(status: OrderStatus, step: Step) -> OrderStatus:
    """Return the status after ``step``.

    Raises:
        Conflict: The table has no such transition (code ``TRANSITION_ILLEGAL``).
    """
    after = TRANSITIONS.get((status, step))
    if after is None:
        legal = sorted(str(other) for before, other in TRANSITIONS if before is status)
        raise Conflict(
            f"an order that is {status} can't be {step}",
            field="status",
            value=str(status),
            rule=f"one of {', '.join(legal)}",
            code="TRANSITION_ILLEGAL",
        )
    return after
