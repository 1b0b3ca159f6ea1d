"""Scenarios J of FIX 4.4's order state changes: executions that are corrected or taken back.

On purpose the OMS differs from them in this: a filled order is not replaced (J.1.a, row 9, see scenario C.1.c), so the
venue restates it; and a day order that was done for the day is ``expired`` (J.1.d, see scenario A.1.b).
"""

from __future__ import annotations

import pytest

from actors.messages import Fill, OrderEvent, ReportType, Side
from tests.actors.oms.scenarios import play
from tests.actors.oms.support import CASH, IN_PLACE, PRICE, Bench

_NEW = """
    order 10000 = pending_new 10000 0 10000
    new = new 10000 0 10000
"""

FIX = {
    "J.1.a filled order, executions corrected and taken back": _NEW
    + """
    trade C 1000 @100 = partially_filled 10000 1000 9000
    trade D 9000 @110 = filled 10000 10000 0
    trade_cancel E C = partially_filled 10000 9000 1000
    trade_correct F D 9000 @100 = partially_filled 10000 9000 1000
    trade G 1000 @120 = filled 10000 10000 0
    trade_correct H F 9000 @120 = filled 10000 10000 0
    replace Y 12000 ! ORDER_CLOSED
    restated 12000 = partially_filled 12000 10000 2000
    trade_correct K H 9500 @120 = partially_filled 12000 10500 1500
    """,
    "J.1.b canceled order, an execution taken back, another one": _NEW
    + """
    trade B 5000 @50 = partially_filled 10000 5000 5000
    cancel = pending_cancel 10000 5000 5000
    pending_cancel = pending_cancel 10000 5000 5000
    canceled = canceled 10000 5000 0
    trade_cancel E B = canceled 10000 0 0
    trade F 4000 @51 = canceled 10000 4000 0
    """,
    "J.1.c part-filled over two days, both executions corrected": """
    order 10000 gtc = pending_new 10000 0 10000
    new = new 10000 0 10000
    trade B 2000 = partially_filled 10000 2000 8000
    done_for_day = done_for_day 10000 2000 8000
    restated = partially_filled 10000 2000 8000
    trade E 1000 = partially_filled 10000 3000 7000
    trade_correct F B 1500 = partially_filled 10000 2500 7500
    trade_correct G E 500 = partially_filled 10000 2000 8000
    """,
    "J.1.d part-filled day order, done for the day, corrected and taken back": _NEW
    + """
    trade B 5000 @50 = partially_filled 10000 5000 5000
    done_for_day = expired 10000 5000 0
    trade_correct D B 4000 @50 = expired 10000 4000 0
    trade_cancel E D = expired 10000 0 0
    """,
}

BEYOND = {
    "taken back while the cancel is pending": _NEW
    + """
    trade B 10000 = filled 10000 10000 0
    trade_cancel C B = new 10000 0 10000
    cancel = pending_cancel 10000 0 10000
    trade D 3000 = pending_cancel 10000 3000 7000
    trade_cancel E D = pending_cancel 10000 0 10000
    canceled = canceled 10000 0 0
    """,
    "done for the day, taken back": """
    order 10000 gtc = pending_new 10000 0 10000
    new = new 10000 0 10000
    trade B 2000 = partially_filled 10000 2000 8000
    done_for_day = done_for_day 10000 2000 8000
    trade_cancel C B = done_for_day 10000 0 10000
    restated = new 10000 0 10000
    """,
    "suspended, corrected": _NEW
    + """
    trade B 2000 = partially_filled 10000 2000 8000
    suspended = suspended 10000 2000 8000
    trade_correct C B 1000 = suspended 10000 1000 9000
    """,
    "calculated, taken back": _NEW
    + """
    trade B 10000 = filled 10000 10000 0
    calculated = calculated 10000 10000 0
    trade_cancel C B = calculated 10000 0 0
    """,
    "taken back and filled again": _NEW
    + """
    trade B 10000 = filled 10000 10000 0
    trade_cancel C B = new 10000 0 10000
    trade D 10000 = filled 10000 10000 0
    """,
    "filled after the cancel, then corrected below its quantity": _NEW
    + """
    canceled = canceled 10000 0 0
    trade B 10000 = filled 10000 10000 0
    trade_correct C B 9000 = canceled 10000 9000 0
    """,
}


@pytest.mark.parametrize("scenario", FIX.values(), ids=FIX.keys())
def test_executions_are_restated_through_the_states_of_fix(scenario: str) -> None:
    play(scenario)


@pytest.mark.parametrize("scenario", BEYOND.values(), ids=BEYOND.keys())
def test_executions_are_restated(scenario: str) -> None:
    play(scenario)


def _filled() -> Bench:
    bench = Bench(capabilities=IN_PLACE)
    bench.submit()
    bench.trade(100, execution_id="e", fee=5)
    return bench


def _told(bench: Bench) -> list[Fill]:
    events = (event for effects in bench.effects for event in effects.events)
    return [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]


def test_a_bust_is_told_as_a_fill_the_other_way_that_returns_the_fee() -> None:
    bench = _filled()
    bench.report(ReportType.TRADE_CANCEL, reference_id="e", execution_id="x")
    fill, bust = _told(bench)
    assert (bust.side, bust.quantity, bust.price, bust.fee, bust.reverses) == (Side.SELL, 100, PRICE, -5, "e")
    assert fill.reverses == ""
    assert bench.partition.accounts["main"].books.cash("USD") == CASH


def test_a_correction_is_told_as_a_bust_and_a_fill() -> None:
    bench = _filled()
    bench.report(ReportType.TRADE_CORRECT, reference_id="e", execution_id="f", quantity=60, price=9_990, fee=3)
    assert [(fill.execution_id, fill.quantity, fill.reverses) for fill in _told(bench)] == [
        ("e", 100, ""),
        ("e~bust", 100, "e"),
        ("f", 60, ""),
    ]
    assert bench.partition.accounts["main"].books.cash("USD") == CASH - 60 * 9_990 * 1_000_000 - 3


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        (ReportType.TRADE_CANCEL, {"reference_id": "none"}, "EXECUTION_UNKNOWN"),
        (ReportType.TRADE_CANCEL, {"reference_id": "other"}, "EXECUTION_UNKNOWN"),
        (ReportType.TRADE_CORRECT, {"reference_id": "none", "quantity": 1}, "EXECUTION_UNKNOWN"),
        (ReportType.TRADE_CORRECT, {"reference_id": "e", "quantity": 0}, "REPORT_INVALID"),
        (ReportType.TRADE_CORRECT, {"reference_id": "e", "quantity": 1, "price": 0}, "REPORT_INVALID"),
    ],
)
def test_what_can_not_be_restated_changes_nothing_and_raises_an_alarm(
    kind: ReportType, fields: dict[str, object], code: str
) -> None:
    bench = _filled()
    bench.submit("c2")
    bench.trade(10, "3-2", execution_id="other")
    before = bench.order(), bench.order("c2"), bench.position()
    bench.report(kind, **fields)
    assert (bench.order(), bench.order("c2"), bench.position()) == before
    assert bench.alarms() == [code]


@pytest.mark.parametrize("kind", [ReportType.TRADE_CANCEL, ReportType.TRADE_CORRECT])
def test_the_same_restatement_again_changes_nothing(kind: ReportType) -> None:
    bench = _filled()
    for _ in range(2):
        bench.report(kind, reference_id="e", execution_id="f", quantity=60)
    assert bench.position() == (0 if kind is ReportType.TRADE_CANCEL else 60)
    assert bench.alarms() == []


def test_an_execution_that_was_corrected_can_be_corrected_again_but_not_by_its_first_name() -> None:
    bench = _filled()
    bench.report(ReportType.TRADE_CORRECT, reference_id="e", execution_id="f", quantity=60)
    bench.report(ReportType.TRADE_CORRECT, reference_id="f", execution_id="g", quantity=50)
    assert bench.position() == 50
    bench.report(ReportType.TRADE_CORRECT, reference_id="e", execution_id="h", quantity=70)
    assert bench.position() == 50
