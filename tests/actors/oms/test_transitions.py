from __future__ import annotations

import itertools

import pytest

from actors.errors import Conflict
from actors.messages import OrderStatus as Status
from actors.messages import ReportType
from actors.oms.transitions import TRANSITIONS, Step, step_of, transition

OPEN = {status for status in Status if status.is_open}
CANCEL_REJECTIONS = {step for step in Step if step.value.startswith("cancel_rejected")}
FILLS = {Step.PARTLY_FILLED, Step.WHOLLY_FILLED}

# What FIX 4.4 says may follow, written down a second time by status; all else is illegal.
LEGAL = {
    Status.PENDING_NEW: "accepted partly_filled wholly_filled canceled rejected expired cancel_requested",
    Status.NEW: "accepted partly_filled wholly_filled canceled rejected expired cancel_requested",
    Status.PARTIALLY_FILLED: "accepted partly_filled wholly_filled canceled expired cancel_requested",
    Status.PENDING_CANCEL: "accepted partly_filled wholly_filled canceled rejected expired",
    Status.FILLED: "accepted wholly_filled",
    Status.CANCELED: "canceled partly_filled wholly_filled",
    Status.EXPIRED: "expired partly_filled wholly_filled",
    Status.REJECTED: "rejected partly_filled wholly_filled",
}


@pytest.mark.parametrize(("status", "step"), list(itertools.product(Status, Step)))
def test_every_pair_is_either_in_the_table_or_refused(status: Status, step: Step) -> None:
    if step.value in LEGAL[status].split() or step in CANCEL_REJECTIONS:
        assert isinstance(transition(status, step), Status)
    else:
        with pytest.raises(Conflict) as caught:
            transition(status, step)
        assert caught.value.code == "TRANSITION_ILLEGAL"


def test_a_closed_order_never_opens_again() -> None:
    for (before, step), after in TRANSITIONS.items():
        if before not in OPEN:
            assert after not in OPEN, (before, step)


def test_a_fill_is_legal_in_every_status() -> None:
    for status in Status:
        assert (status, Step.WHOLLY_FILLED) in TRANSITIONS
        assert status is Status.FILLED or (status, Step.PARTLY_FILLED) in TRANSITIONS


def test_a_whole_fill_leaves_no_order_open() -> None:
    assert all(after is Status.FILLED for (_, step), after in TRANSITIONS.items() if step is Step.WHOLLY_FILLED)


def test_only_a_refused_cancel_leads_back() -> None:
    order = [Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED, Status.PENDING_CANCEL]
    for (before, step), after in TRANSITIONS.items():
        if before in OPEN and after in OPEN and step not in CANCEL_REJECTIONS:
            assert order.index(after) >= order.index(before), (before, step)


@pytest.mark.parametrize(
    ("report", "filled", "confirmed", "step"),
    [
        (ReportType.NEW, 0, False, Step.ACCEPTED),
        (ReportType.TRADE, 4, True, Step.PARTLY_FILLED),
        (ReportType.TRADE, 10, True, Step.WHOLLY_FILLED),
        (ReportType.TRADE, 11, True, Step.WHOLLY_FILLED),
        (ReportType.CANCELED, 4, True, Step.CANCELED),
        (ReportType.REJECTED, 0, False, Step.REJECTED),
        (ReportType.EXPIRED, 0, True, Step.EXPIRED),
        (ReportType.CANCEL_REJECTED, 0, False, Step.CANCEL_REJECTED_UNCONFIRMED),
        (ReportType.CANCEL_REJECTED, 0, True, Step.CANCEL_REJECTED_UNFILLED),
        (ReportType.CANCEL_REJECTED, 4, True, Step.CANCEL_REJECTED_PARTLY_FILLED),
        (ReportType.CANCEL_REJECTED, 10, True, Step.CANCEL_REJECTED_WHOLLY_FILLED),
    ],
)
def test_a_report_is_one_step(report: ReportType, filled: int, confirmed: bool, step: Step) -> None:
    assert step_of(report, 10, filled, confirmed) is step
