from __future__ import annotations

import ast
import itertools
import pathlib

import pytest

from actors.errors import Conflict
from actors.messages import OrderStatus as Status
from actors.messages import ReportType
from actors.oms.transitions import (
    ENDED,
    PAUSED,
    PRECEDENCE,
    REQUESTABLE,
    TRANSITIONS,
    Step,
    restated,
    resumed,
    shown,
    step_of,
    transition,
)

OMS = pathlib.Path(__file__).parents[3] / "actors" / "oms"

# What FIX 4.4 says may follow, written down a second time by settled status, with what the order is afterwards where it
# is not what the step's name says; all else is illegal.
_FILLS = "partly_filled:partially_filled wholly_filled:filled"
_ENDINGS = "canceled expired calculated"
_PAUSES = "done_for_day stopped suspended"
_RESTATED = "restated_unfilled:new restated_partly_filled:partially_filled restated_wholly_filled:filled"
_RESUMED = "resumed_unfilled:new resumed_partly_filled:partially_filled"


def _staying(status: str) -> str:
    """What is filled of an order, or other terms, leave a status that outranks ``partially_filled``."""
    rest = f"partly_filled:{status} restated_unfilled:{status} restated_partly_filled:{status}"
    return f"{rest} wholly_filled:filled restated_wholly_filled:filled {_ENDINGS} {_PAUSES}"


def _closed(status: str) -> str:
    """A late fill of a closed order is booked, and completes it; to say again that it is closed changes nothing."""
    rest = " ".join(f"restated_{how}:{status}" for how in ("unfilled", "partly_filled", "wholly_filled"))
    return f"{status} partly_filled:{status} wholly_filled:filled calculated {rest}"


LEGAL = {
    Status.PENDING_NEW: f"accepted:new rejected {_FILLS} {_ENDINGS} {_PAUSES} {_RESTATED}",
    Status.NEW: f"accepted:new rejected {_FILLS} {_ENDINGS} {_PAUSES} {_RESTATED}",
    Status.PARTIALLY_FILLED: f"accepted:partially_filled {_FILLS} {_ENDINGS} {_PAUSES} {_RESTATED}",
    Status.DONE_FOR_DAY: f"{_staying('done_for_day')} {_RESUMED}",
    Status.SUSPENDED: f"rejected {_staying('suspended')} {_RESUMED}",
    Status.STOPPED: f"accepted:stopped rejected {_staying('stopped')}",
    Status.FILLED: f"accepted:filled wholly_filled:filled calculated {_RESTATED}",
    Status.CALCULATED: "accepted:calculated partly_filled:calculated wholly_filled:calculated calculated "
    "restated_unfilled:calculated restated_partly_filled:calculated restated_wholly_filled:calculated",
    Status.CANCELED: _closed("canceled"),
    Status.EXPIRED: _closed("expired"),
    Status.REJECTED: _closed("rejected"),
    Status.PENDING_CANCEL: "",
    Status.PENDING_REPLACE: "",
}


@pytest.mark.parametrize(("status", "step"), list(itertools.product(Status, Step)))
def test_every_pair_is_either_in_the_table_or_refused(status: Status, step: Step) -> None:
    legal = {step: after or step for step, _, after in (entry.partition(":") for entry in LEGAL[status].split())}
    if step.value in legal:
        assert transition(status, step) is Status(legal[step.value])
    else:
        with pytest.raises(Conflict) as caught:
            transition(status, step)
        assert caught.value.code == "TRANSITION_ILLEGAL"


def test_a_closed_order_opens_only_where_its_fills_or_terms_become_others() -> None:
    for (before, step), after in TRANSITIONS.items():
        if not before.is_open and after.is_open:
            assert before is Status.FILLED and step.value.startswith("restated"), (before, step)


def test_what_has_ended_never_opens_again() -> None:
    for (before, step), after in TRANSITIONS.items():
        assert before not in ENDED or not after.is_open, (before, step)


def test_a_fill_is_legal_in_every_status() -> None:
    for status in {status for status, _ in TRANSITIONS}:
        assert (status, Step.WHOLLY_FILLED) in TRANSITIONS
        assert status is Status.FILLED or (status, Step.PARTLY_FILLED) in TRANSITIONS


def test_a_whole_fill_leaves_no_order_open() -> None:
    for (_, step), after in TRANSITIONS.items():
        assert step not in (Step.WHOLLY_FILLED, Step.RESTATED_WHOLLY_FILLED) or not after.is_open


def test_a_transition_never_leads_to_a_request_or_back_to_the_beginning() -> None:
    assert {Status.PENDING_NEW, Status.PENDING_CANCEL, Status.PENDING_REPLACE}.isdisjoint(TRANSITIONS.values())


def test_requests_may_be_made_in_exactly_the_statuses_in_which_something_can_still_be_filled() -> None:
    settled = {status for status, _ in TRANSITIONS}
    assert REQUESTABLE == {status for status in settled if status.is_open}
    assert PAUSED < REQUESTABLE and ENDED == settled - REQUESTABLE - {Status.FILLED}


def test_precedence_is_that_of_fix() -> None:
    fix = {
        "pending_cancel": 12, "pending_replace": 11, "done_for_day": 10, "calculated": 9, "filled": 8, "stopped": 7,
        "suspended": 6, "canceled": 5, "expired": 5, "partially_filled": 4, "new": 2, "rejected": 2, "pending_new": 2,
    }  # fmt: skip
    assert {str(status): number for status, number in PRECEDENCE.items()} == fix


@pytest.mark.parametrize("canceling", [False, True])
@pytest.mark.parametrize("replacing", [False, True])
@pytest.mark.parametrize("settled", [status for status in Status if LEGAL[status]])
def test_an_order_shows_the_highest_of_the_statuses_that_it_has(
    settled: Status, canceling: bool, replacing: bool
) -> None:
    has = [settled] + [Status.PENDING_CANCEL] * canceling + [Status.PENDING_REPLACE] * replacing
    assert shown(settled, canceling, replacing) is max(has, key=PRECEDENCE.__getitem__)


@pytest.mark.parametrize(
    ("report", "filled", "step"),
    [
        (ReportType.NEW, 0, Step.ACCEPTED),
        (ReportType.TRADE, 4, Step.PARTLY_FILLED),
        (ReportType.TRADE, 10, Step.WHOLLY_FILLED),
        (ReportType.TRADE, 11, Step.WHOLLY_FILLED),
        (ReportType.CANCELED, 4, Step.CANCELED),
        (ReportType.REJECTED, 0, Step.REJECTED),
        (ReportType.EXPIRED, 0, Step.EXPIRED),
        (ReportType.DONE_FOR_DAY, 4, Step.DONE_FOR_DAY),
        (ReportType.CALCULATED, 10, Step.CALCULATED),
        (ReportType.STOPPED, 0, Step.STOPPED),
        (ReportType.SUSPENDED, 4, Step.SUSPENDED),
        (ReportType.CANCEL_REJECTED, 0, None),
        (ReportType.REPLACE_REJECTED, 0, None),
        (ReportType.REPLACED, 0, None),
        (ReportType.RESTATED, 0, None),
        (ReportType.PENDING_NEW, 0, None),
        (ReportType.PENDING_CANCEL, 0, None),
        (ReportType.PENDING_REPLACE, 0, None),
        (ReportType.TRADE_CORRECT, 4, None),
        (ReportType.TRADE_CANCEL, 4, None),
        (ReportType.ORDER_STATUS, 4, None),
    ],
)
def test_a_report_is_one_step_or_moves_nothing_by_itself(report: ReportType, filled: int, step: Step | None) -> None:
    assert step_of(report, 10, filled) is step


@pytest.mark.parametrize(
    ("quantity", "filled", "step"),
    [
        (10, 0, Step.RESTATED_UNFILLED),
        (10, 4, Step.RESTATED_PARTLY_FILLED),
        (10, 10, Step.RESTATED_WHOLLY_FILLED),
        (10, 11, Step.RESTATED_WHOLLY_FILLED),
    ],
)
def test_other_terms_or_fills_are_one_step(quantity: int, filled: int, step: Step) -> None:
    assert restated(quantity, filled) is step


def test_an_order_that_is_taken_up_again_is_as_its_fills_say() -> None:
    assert (resumed(0), resumed(4)) == (Step.RESUMED_UNFILLED, Step.RESUMED_PARTLY_FILLED)


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def test_nothing_but_the_move_and_the_creation_of_an_order_gives_it_a_status() -> None:
    found = set()
    for path in OMS.glob("**/*.py"):
        for function in _functions(ast.parse(path.read_text())):
            for node in ast.walk(function):
                gives = isinstance(node, ast.keyword) and node.arg == "status"
                names = isinstance(node, ast.Constant) and node.value == "status"
                sets = isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and any(
                    isinstance(target, ast.Attribute) and target.attr in ("status", "settled")
                    for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                )
                if gives or sets or names:
                    found.add((path.name, function.name))
    assert found == {
        ("state.py", "move"),  # settled by the table, and what that shows
        ("submission.py", "create"),
        ("working_order.py", "__init__"),  # settled as created
        ("transitions.py", "transition"),  # the field that its error names
    }


def test_the_table_is_asked_by_nothing_but_the_move_of_an_order_and_the_question_whether_it_would_move() -> None:
    found = set()
    for path in OMS.glob("**/*.py"):
        for function in _functions(ast.parse(path.read_text())):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "transition":
                    found.add((path.name, function.name))
    assert found == {("state.py", "move"), ("state.py", "would_change")}
