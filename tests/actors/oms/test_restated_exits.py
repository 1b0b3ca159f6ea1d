"""Exits follow what the order that they close has filled, also where that becomes more or less later."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import (
    Contingency,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    TimeInForce,
    TradingState,
    VenueCancel,
    VenueOrder,
)
from actors.oms.inputs import StateChange
from tests.actors.oms.exits import SHORT, stop, target
from tests.actors.oms.laws import exits_follow_the_first, exposure_is_the_worst_case
from tests.actors.oms.support import IN_PLACE, PLAIN, Bench, market, replayed, submission

SELL, GTC = Side.SELL, TimeInForce.GTC
OTO, BRACKET = Contingency.OTO, Contingency.BRACKET


def bracket(quantity: int = 10, limits: Any = SHORT, capabilities: Any = IN_PLACE, **fields: Any) -> Bench:
    """A bench with a buy, its profit target and its stop (3-1 to 3-3, c1 to c3); the buy is acknowledged."""
    here = Bench(limits, capabilities=capabilities)
    entry = submission("c1", quantity=quantity, limit_price=10_000, time_in_force=GTC)
    here.submit_list(
        BRACKET, entry, target("c2", quantity, time_in_force=GTC, **fields),
        stop("c3", quantity, time_in_force=GTC, **fields),
    )  # fmt: skip
    here.report_new()
    return here


def filled(*lots: int, **options: Any) -> Bench:
    """A bracket whose entry is filled in parts (executions x0, x1, ...), and whose target is acknowledged."""
    here = bracket(**options)
    for number, quantity in enumerate(lots):
        here.trade(quantity, execution_id=f"x{number}")
    if here.order().leaves_quantity:
        here.cancel()
        here.report(ReportType.CANCELED)
    here.report_new("3-2")
    return here


def test_exits_of_an_entry_that_is_taken_back_are_taken_back_and_sell_nothing() -> None:
    here = filled(10)
    assert (
        VenueCancel(order_id="3-2", time=here.time) in here.report(ReportType.TRADE_CANCEL, reference_id="x0").messages
    )
    here.report(ReportType.CANCELED, "3-2")
    assert here.position() == 0 and here.observe(market(9_400)).messages == []
    assert [here.order(name).status for name in ("c2", "c3")] == [OrderStatus.CANCELED] * 2
    assert here.order("c3").reason == "FIRST_ORDER_OF_LIST"
    assert here.alarms() == [] and here.open_quantity(SELL) == 0


@pytest.mark.parametrize("capabilities", [PLAIN, IN_PLACE])
def test_exits_shrink_with_a_part_that_is_taken_back(capabilities: Any) -> None:
    here = filled(4, 6, capabilities=capabilities)
    here.report(ReportType.TRADE_CANCEL, reference_id="x1")
    if capabilities is PLAIN:
        here.report(ReportType.CANCELED, "3-2")
    else:
        here.report(ReportType.REPLACED, "3-2", revision=1)
    assert [here.order(name).leaves_quantity for name in ("c2", "c3")] == [4, 4]
    (message,) = (one for one in here.observe(market(9_400)).messages if isinstance(one, VenueOrder))
    assert (message.order_id, message.quantity) == ("3-3", 4)
    assert here.alarms() == []


def test_exits_grow_with_a_late_fill_of_the_entry() -> None:
    here = filled(4)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [4, 4]
    here.trade(6)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [10, 10]
    assert here.open_quantity(SELL) == 10 and here.alarms() == []


def test_exits_come_back_with_the_entry_that_was_taken_back_and_filled_again() -> None:
    here = filled(4, 6)
    here.report(ReportType.TRADE_CANCEL, reference_id="x1")
    here.report(ReportType.REPLACED, "3-2", revision=1)
    here.trade(6, execution_id="y")
    here.report(ReportType.REPLACED, "3-2", revision=2)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [10, 10]


def test_an_execution_that_is_corrected_moves_the_exits_by_the_difference() -> None:
    here = filled(10)
    here.report(ReportType.TRADE_CORRECT, reference_id="x0", execution_id="y", quantity=7)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [7, 7]


def test_what_an_exit_has_filled_of_an_entry_that_is_taken_back_raises_an_alarm() -> None:
    here = filled(10)
    here.trade(6, "3-2")
    here.report(ReportType.TRADE_CANCEL, reference_id="x0")
    assert here.alarms() == ["LIST_OVERFILLED"]
    assert here.order("c3").status is OrderStatus.CANCELED


def test_a_late_fill_that_no_exit_is_left_for_raises_an_alarm() -> None:
    here = filled(4)
    here.trade(4, "3-2")
    assert here.order("c3").status is OrderStatus.CANCELED
    here.trade(6)
    assert set(here.alarms()) == {"CONTINGENT_ORDER_DIFFERS"}


def test_a_late_fill_of_an_entry_that_had_closed_unfilled_raises_an_alarm() -> None:
    here = bracket()
    here.cancel()
    here.report(ReportType.CANCELED)
    here.trade(10)
    assert set(here.alarms()) == {"CONTINGENT_ORDER_DIFFERS"}


def test_an_exit_that_the_venue_does_not_enlarge_raises_an_alarm_once() -> None:
    here = filled(4)
    here.trade(6)
    here.report(ReportType.REPLACE_REJECTED, "3-2", revision=1)
    assert here.alarms() == ["CONTINGENT_ORDER_DIFFERS"]
    here.trade(1, "3-2")
    assert here.alarms() == ["CONTINGENT_ORDER_DIFFERS"]


def test_an_exit_that_the_gate_does_not_let_grow_stays_with_an_alarm() -> None:
    here = filled(4)
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    here.trade(6)
    assert here.alarms() == ["CONTINGENT_ORDER_REFUSED"] * 2
    assert [here.order(name).quantity for name in ("c2", "c3")] == [4, 4]


def test_an_exit_that_the_client_wants_smaller_does_not_grow_beyond_that() -> None:
    here = filled(6)
    here.replace("c3", "r1", quantity=5)
    here.trade(4)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [10, 5]


def test_a_wish_that_the_venue_has_not_answered_holds_an_exit_down_but_not_up() -> None:
    here = filled(4)
    here.replace("c2", "r1", quantity=3)
    assert here.trade(3).messages == []
    assert here.partition.orders["3-2"].terms.quantity == 3
    here.report(ReportType.REPLACE_REJECTED, "3-2", revision=1)
    here.replace("c2", "r2", quantity=30)
    here.trade(2)
    assert here.partition.accounts["main"].lists["l1"].meant["3-2"] <= 10


def test_reduce_only_exits_follow_too() -> None:
    here = filled(4, reduce_only=True)
    here.trade(6, execution_id="y")
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [10, 10]
    here.report(ReportType.TRADE_CANCEL, reference_id="y")
    here.report(ReportType.REPLACED, "3-2", revision=2)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [4, 4]
    assert here.alarms() == []


def test_each_order_that_was_triggered_without_a_bracket_follows_by_itself() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    entry = submission("c1", quantity=10, limit_price=10_000)
    here.submit_list(OTO, entry, target("c2", 10), target("c3", 5, limit_price=10_300))
    here.report_new()
    here.trade(4, execution_id="x")
    here.cancel()
    here.report(ReportType.CANCELED)
    here.report_new("3-2")
    here.report_new("3-3")
    assert [here.order(name).quantity for name in ("c2", "c3")] == [4, 4]
    here.trade(6)
    assert [(message.order_id, message.quantity) for message in here.effects[-1].messages] == [("3-2", 10), ("3-3", 5)]
    here.report(ReportType.REPLACED, "3-2", revision=1)
    here.report(ReportType.REPLACED, "3-3", revision=1)
    here.report(ReportType.TRADE_CANCEL, reference_id="x")
    assert [(message.order_id, message.quantity) for message in here.effects[-1].messages] == [("3-2", 6)]


def test_an_entry_that_trades_another_instrument_or_overfills_enlarges_nothing_beyond_the_wish() -> None:
    here = filled(10)
    here.trade(3)
    assert [here.order(name).quantity for name in ("c2", "c3")] == [10, 10]
    assert "ORDER_OVERFILLED" in here.alarms()


@pytest.mark.parametrize("capabilities", [PLAIN, IN_PLACE])
def test_an_exit_that_was_filled_while_it_was_to_grow_does_not_open_again_after_a_bust(capabilities: Any) -> None:
    here = Bench(SHORT, capabilities=capabilities)
    entry = submission("c1", quantity=2, limit_price=10_000, time_in_force=GTC)
    here.submit_list(OTO, entry, target("c2", 2, time_in_force=GTC))
    here.report_new()
    here.trade(1, execution_id="x0")
    here.report(ReportType.CANCELED)
    here.report_new("3-2")
    here.trade(1, execution_id="x1")
    here.trade(1, "3-2", execution_id="y0")
    here.report(ReportType.TRADE_CANCEL, reference_id="x1")
    if capabilities is PLAIN:
        here.report(ReportType.CANCELED, "3-2")
    else:
        here.report(ReportType.REPLACED, "3-2", revision=1, order_quantity=2)
    leg = here.partition.orders["3-2"]
    assert here.position() == 0 and here.order("c2").leaves_quantity == 0
    assert leg.slice is None or not leg.slice.live or leg.canceling


def test_an_exit_that_a_correction_opens_again_does_no_more_than_the_entry_has_by_then() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    entry = submission("c1", quantity=10, limit_price=10_000, time_in_force=GTC)
    here.submit_list(OTO, entry, target("c2", 10, time_in_force=GTC))
    here.report_new()
    here.trade(10, execution_id="x")
    here.report_new("3-2")
    here.trade(10, "3-2", execution_id="y")
    here.report(ReportType.TRADE_CORRECT, "3-1", reference_id="x", execution_id="x2", quantity=6, price=10_000)
    assert here.alarms() == ["LIST_OVERFILLED"]
    here.report(ReportType.TRADE_CORRECT, "3-2", reference_id="y", execution_id="y2", quantity=4, price=10_000)
    exits_follow_the_first(here.partition)
    here.report(ReportType.REPLACED, "3-2", revision=1, order_quantity=6)
    assert here.order("c2").leaves_quantity == 2


@settings(max_examples=150, deadline=None)
@given(
    quantity=st.integers(1, 20),
    steps=st.lists(
        st.tuples(st.sampled_from(["fill", "bust", "exit", "end", "answer"]), st.integers(1, 20)), max_size=14
    ),
    kind=st.sampled_from([BRACKET, OTO]),
    reduce_only=st.booleans(),
    capabilities=st.sampled_from([PLAIN, IN_PLACE]),
)
def test_exits_together_never_do_more_than_the_entry_filled(
    quantity: int, steps: list[tuple[str, int]], kind: Contingency, reduce_only: bool, capabilities: Any
) -> None:
    here = Bench(SHORT, capabilities=capabilities)
    exits = [
        target("c2", quantity, time_in_force=GTC, reduce_only=reduce_only),
        stop("c3", quantity, time_in_force=GTC, reduce_only=reduce_only, type=OrderType.STOP),
    ]
    here.submit_list(
        kind,
        submission("c1", quantity=quantity, limit_price=10_000, time_in_force=GTC),
        *exits[: 2 if kind is BRACKET else 1],
    )
    here.report_new()
    booked: list[str] = []
    for number, (what, lots) in enumerate(steps):
        entry, leg = here.partition.orders["3-1"], here.partition.orders["3-2"]
        if what == "fill" and entry.order.filled_quantity < quantity:
            booked.append(f"x{number}")
            here.trade(min(lots, quantity - entry.order.filled_quantity), execution_id=booked[-1])
        elif what == "bust" and booked:
            here.report(ReportType.TRADE_CANCEL, reference_id=booked.pop())
        elif what == "end" and entry.slice is not None and entry.slice.live:
            here.report(ReportType.CANCELED)
        elif what == "exit" and leg.slice is not None and leg.slice.live:
            here.trade(min(lots, leg.slice.left), leg.venue_id, execution_id=f"y{number}")
        elif what == "answer" and leg.slice is not None:
            if leg.canceling or leg.replacing_by_cancel:
                here.report(ReportType.CANCELED, leg.venue_id)
            elif leg.amendments:
                here.report(ReportType.REPLACED, leg.venue_id, revision=leg.amendments[0].revision)
            elif not leg.slice.confirmed:
                here.report_new(leg.venue_id)
        exits_follow_the_first(here.partition)
        exposure_is_the_worst_case(here.partition)
    assert replayed(here.inputs)[0].digest() == here.partition.digest()
