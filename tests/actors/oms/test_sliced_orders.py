"""Icebergs where the venue hides nothing: one slice after another; and what late news of a former slice does."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import OrderStatus, ReportType, TradingState, VenueCancel, VenueOrder, VenueReplace
from actors.oms.inputs import StateChange
from actors.oms.venue import Capabilities
from tests.actors.oms.support import IN_PLACE, NATIVE, PLAIN, PRICE, Bench


def iceberg(capabilities: Capabilities = IN_PLACE, **fields: Any) -> Bench:
    """A bench with an order of 100 lots that shows 30 at a time; the venue has acknowledged the first slice."""
    here = Bench(capabilities=capabilities)
    here.submit(**{"quantity": 100, "limit_price": PRICE, "display_quantity": 30, **fields})
    here.report_new()
    return here


def slices(here: Bench) -> list[tuple[str, int]]:
    """Every order that the venue got, with its quantity."""
    return [(message.order_id, message.quantity) for message in here.sent() if isinstance(message, VenueOrder)]


def test_a_venue_that_hides_gets_the_order_as_it_is() -> None:
    here = iceberg(NATIVE)
    (message,) = here.sent()
    assert isinstance(message, VenueOrder) and message.conditions is not None
    assert (message.quantity, message.conditions.display_quantity, here.order().emulated) == (100, 30, ())


def test_one_slice_after_another_until_all_is_filled() -> None:
    here = iceberg()
    assert here.order().emulated == ("display_quantity",)
    expected = [("3-1", 30)]
    for number, quantity in (("3-1", 30), ("3-1/2", 30), ("3-1/3", 30), ("3-1/4", 10)):
        assert slices(here)[-1] == (number, quantity)
        here.report_new(number)
        here.trade(quantity, number)
    expected += [("3-1/2", 30), ("3-1/3", 30), ("3-1/4", 10)]
    assert slices(here) == expected
    order = here.order()
    assert (order.status, order.filled_quantity, order.quantity) == (OrderStatus.FILLED, 100, 100)
    assert here.alarms() == [] and not here.partition.awaiting


def test_what_goes_out_shows_nothing_of_what_is_hidden() -> None:
    (message,) = iceberg().sent()
    assert isinstance(message, VenueOrder)
    assert (message.quantity, message.conditions) == (30, None)


def test_a_part_of_a_slice_sends_nothing() -> None:
    here = iceberg()
    here.trade(29)
    assert slices(here) == [("3-1", 30)]
    assert (here.order().status, here.order().leaves_quantity) == (OrderStatus.PARTIALLY_FILLED, 71)
    assert here.open_quantity() == 71


def test_a_cancel_takes_the_slice_back_and_with_it_the_order() -> None:
    here = iceberg()
    here.trade(30)
    (message,) = here.cancel().messages
    assert message == VenueCancel(order_id="3-1/2", time=here.time)
    here.report(ReportType.CANCELED, "3-1/2")
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.CANCELED, 30)


def test_a_slice_that_is_filled_while_the_cancel_is_pending_is_the_last() -> None:
    here = iceberg()
    here.cancel()
    here.trade(30)
    assert slices(here) == [("3-1", 30)]
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.CANCELED, 30)
    assert here.report(ReportType.CANCEL_REJECTED).events == []
    assert not here.partition.awaiting and here.open_quantity() == 0


def test_a_slice_that_is_refused_ends_the_order_and_raises_an_alarm() -> None:
    here = iceberg()
    here.trade(30)
    here.report(ReportType.REJECTED, "3-1/2")
    assert (here.order().status, here.order().reason) == (OrderStatus.CANCELED, "SLICE_REJECTED")
    assert here.alarms() == ["SLICE_REJECTED"]


@pytest.mark.parametrize(
    ("state", "reason"), [(TradingState.HALTED, "TRADING_HALTED"), (TradingState.REDUCE_ONLY, "TRADING_HALTED")]
)
def test_no_slice_goes_out_that_the_kill_switch_would_not_let_out(state: TradingState, reason: str) -> None:
    here = iceberg()
    here.give(StateChange(time=1, scope="firm", state=state, principal="p", reason="r"))
    here.trade(30)
    assert slices(here) == [("3-1", 30)]
    assert (here.order().status, here.order().reason) == (OrderStatus.CANCELED, reason)
    assert here.open_quantity() == 0


# quantity asked for, after how many lots; what the venue is asked, what the slices are in the end
REPLACED = {
    "by more: the venue need not know": (160, 0, None, [30, 30, 30, 30, 30, 10]),
    "by less: the venue need not know": (70, 0, None, [30, 30, 10]),
    "by less than a slice": (20, 0, 20, [30]),
    "by less than a slice, partly filled": (25, 10, 25, [30]),
    "by less than the second slice": (40, 30, 10, [30, 30]),
}


@pytest.mark.parametrize(("quantity", "first", "asked", "expected"), REPLACED.values(), ids=REPLACED.keys())
def test_it_is_replaced(quantity: int, first: int, asked: int | None, expected: list[int]) -> None:
    here = iceberg()
    if first:
        here.trade(first)
        here.report_new(slices(here)[-1][0])
    effects = here.replace(quantity=quantity)
    if asked is None:
        assert effects.messages == []
    else:
        (message,) = effects.messages
        assert isinstance(message, VenueReplace) and message.quantity == asked
        here.report(ReportType.REPLACED, message.order_id, revision=1)
    assert (here.order().quantity, here.order().replacement_id) == (quantity, "r1")
    while here.order().leaves_quantity:
        current = here.partition.orders["3-1"].slice
        assert current is not None
        here.trade(current.quantity - current.filled, slices(here)[-1][0])
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.FILLED, quantity)
    assert [lots for _, lots in slices(here)] == expected
    assert here.alarms() == []


def test_a_replacement_that_leaves_nothing_of_the_slice_is_its_cancel() -> None:
    here = iceberg()
    here.trade(30)
    (message,) = here.replace(quantity=30).messages
    assert message == VenueCancel(order_id="3-1/2", time=here.time)
    effects = here.report(ReportType.CANCELED, "3-1/2")
    order = here.order()
    assert (order.status, order.quantity, order.filled_quantity) == (OrderStatus.FILLED, 30, 30)
    assert effects.messages == [] and not here.partition.awaiting


@pytest.mark.parametrize("capabilities", [PLAIN, IN_PLACE])
def test_a_slice_that_is_filled_before_its_replacement_leaves_that_to_the_next(capabilities: Capabilities) -> None:
    here = iceberg(capabilities)
    here.replace(quantity=80, limit_price=9_990)
    assert here.order().status is OrderStatus.PENDING_REPLACE
    (message,) = here.trade(30).messages
    assert isinstance(message, VenueOrder)
    assert (message.order_id, message.quantity, message.limit_price) == ("3-1/2", 30, 9_990)
    order = here.order()
    assert (order.status, order.quantity, order.limit_price) == (OrderStatus.PARTIALLY_FILLED, 80, 9_990)
    here.report_new("3-1/2")
    refusal = ReportType.REPLACE_REJECTED if capabilities.replaces else ReportType.CANCEL_REJECTED
    assert here.report(refusal, revision=1).events == []
    assert not here.partition.awaiting


def test_another_display_quantity_is_that_of_the_next_slice() -> None:
    here = iceberg()
    assert here.replace(display_quantity=40).messages == []
    here.trade(30)
    assert slices(here) == [("3-1", 30), ("3-1/2", 40)]


def test_a_late_fill_of_a_former_slice_makes_the_present_one_smaller() -> None:
    here = iceberg(quantity=50)
    here.trade(30)
    here.report_new("3-1/2")
    (message,) = here.trade(5, execution_id="late").messages
    assert isinstance(message, VenueReplace) and (message.order_id, message.quantity) == ("3-1/2", 15)
    here.report(ReportType.REPLACED, "3-1/2", revision=1)
    here.trade(15, "3-1/2")
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.FILLED, 50)
    assert here.alarms() == []


def test_a_late_fill_of_a_former_slice_that_completes_the_order_takes_the_present_one_back() -> None:
    here = iceberg(quantity=50)
    here.trade(30)
    here.report_new("3-1/2")
    (message,) = here.trade(20, execution_id="late").messages
    assert message == VenueCancel(order_id="3-1/2", time=here.time)
    assert here.order().status is OrderStatus.PENDING_CANCEL
    here.report(ReportType.CANCELED, "3-1/2")
    assert here.order().status is OrderStatus.FILLED
    assert here.alarms() == [] and not here.partition.awaiting


def test_a_bust_of_a_former_slice_is_filled_by_the_next_one_and_the_former_is_taken_back() -> None:
    here = iceberg(quantity=60)
    here.trade(30, execution_id="e")
    here.trade(30, "3-1/2")
    assert here.order().status is OrderStatus.FILLED
    cancel, order = here.report(ReportType.TRADE_CANCEL, reference_id="e", execution_id="f").messages
    assert cancel == VenueCancel(order_id="3-1", time=here.time)
    assert isinstance(order, VenueOrder) and (order.order_id, order.quantity) == ("3-1/3", 30)
    assert here.report(ReportType.CANCELED).events == []
    here.trade(30, "3-1/3")
    assert (here.order().status, here.order().filled_quantity, here.position()) == (OrderStatus.FILLED, 60, 60)


def test_a_slice_that_the_venue_makes_larger_than_what_is_left_is_made_smaller_again() -> None:
    here = iceberg(quantity=50)
    here.trade(30)
    here.report_new("3-1/2")
    (message,) = here.report(ReportType.RESTATED, "3-1/2", order_quantity=90).messages
    assert isinstance(message, VenueReplace) and message.quantity == 20
    assert (here.order().quantity, here.open_quantity()) == (50, 90)
    here.report(ReportType.REPLACE_REJECTED, "3-1/2", revision=1)
    assert here.alarms() == ["VENUE_QUANTITY_DIFFERS"]
    assert here.open_quantity() == 90  # it may still be filled, whatever was asked for
    here.trade(90, "3-1/2")
    assert here.alarms() == ["VENUE_QUANTITY_DIFFERS", "ORDER_OVERFILLED"]
    assert (here.order().status, here.open_quantity(), here.position()) == (OrderStatus.FILLED, 0, 120)


def test_a_bust_of_an_order_that_was_closed_here_takes_back_what_it_left_at_the_venue() -> None:
    here = iceberg()
    here.cancel()
    here.trade(30, execution_id="e")
    assert here.order().status is OrderStatus.CANCELED
    effects = here.report(ReportType.TRADE_CANCEL, reference_id="e", execution_id="f")
    assert effects.messages == [VenueCancel(order_id="3-1", time=here.time)]
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.CANCELED, 0)
    assert here.report(ReportType.CANCELED).events == []


def test_a_slice_that_was_never_sent_is_an_order_that_was_never_sent() -> None:
    here = iceberg()
    here.trade(5, "3-1/2")
    assert (here.alarms(), here.position()) == (["ORDER_UNKNOWN"], 0)
