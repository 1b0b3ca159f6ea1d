"""Orders that are held until another one is filled, and brackets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.messages import (
    MONEY_UNIT,
    Contingency,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    Stage,
    TradingState,
    VenueCancel,
    VenueOrder,
)
from actors.oms.inputs import StateChange
from actors.oms.watching import concerned
from tests.actors.oms.exits import statuses, stop, target
from tests.actors.oms.support import IN_PLACE, LIMITS, Bench, market, submission

BUY, SELL = Side.BUY, Side.SELL
OCO, OTO, BRACKET = Contingency.OCO, Contingency.OTO, Contingency.BRACKET


def bracket(**options: Any) -> Bench:
    """A bench with a buy, its profit target and its stop (3-1 to 3-3, c1 to c3); the buy is acknowledged."""
    here = Bench(LIMITS, **{"capabilities": IN_PLACE, **options})
    here.submit_list(BRACKET, submission("c1"), target("c2"), stop("c3"))
    here.report_new()
    return here


def test_the_others_are_held_until_the_first_is_filled() -> None:
    here = bracket()
    assert [message.order_id for message in here.sent()] == ["3-1"]
    assert [here.order(name).stage for name in ("c1", "c2", "c3")] == [Stage.WORKING, Stage.HELD, Stage.HELD]
    assert here.open_quantity(SELL) == 0
    assert here.observe(market(9_000)).messages == []
    (message,) = here.trade(100).messages
    assert isinstance(message, VenueOrder) and (message.order_id, message.quantity) == ("3-2", 100)
    assert [here.order(name).stage for name in ("c1", "c2", "c3")] == [Stage.WORKING, Stage.WORKING, Stage.WATCHING]
    assert here.open_quantity(SELL) == 100


def test_a_part_of_the_first_releases_nothing_until_it_has_closed_and_then_as_much_as_was_filled() -> None:
    here = bracket()
    assert here.trade(40).messages == []
    here.cancel()
    (message,) = here.report(ReportType.CANCELED).messages
    assert (message.order_id, message.quantity) == ("3-2", 40)
    assert (here.order("c2").quantity, here.order("c3").quantity) == (40, 40)


@pytest.mark.parametrize("end", [ReportType.CANCELED, ReportType.REJECTED, ReportType.EXPIRED, ReportType.DONE_FOR_DAY])
def test_the_others_end_with_a_first_that_closes_unfilled(end: ReportType) -> None:
    here = bracket()
    assert here.report(end).messages == []
    assert statuses(here)[1:] == ["canceled", "canceled"]
    assert here.order("c2").reason == "FIRST_ORDER_OF_LIST"
    assert here.alarms() == []


def test_the_first_that_is_filled_while_its_cancel_is_pending_releases_the_others() -> None:
    here = bracket()
    here.cancel()
    assert [message.order_id for message in here.trade(100).messages] == ["3-2"]


def test_the_first_that_is_filled_while_it_is_replaced_by_more_waits_for_the_answer() -> None:
    here = bracket()
    here.replace(quantity=150)
    assert here.trade(100).messages == []
    here.report(ReportType.REPLACED, revision=1)
    assert [message.order_id for message in here.trade(50).messages] == ["3-2"]


def test_a_stop_that_triggers_takes_the_target_back() -> None:
    here = bracket()
    here.trade(100)
    here.report_new("3-2")
    here.observe(market(9_900))
    here.report_new("3-3")
    assert here.trade(100, "3-3").messages == [VenueCancel(order_id="3-2", time=here.time)]
    here.report(ReportType.CANCELED, "3-2")
    assert statuses(here) == ["filled", "canceled", "filled"] and here.position() == 0


def test_a_target_that_is_filled_takes_the_stop_back_here() -> None:
    here = bracket()
    here.trade(100)
    here.report_new("3-2")
    assert here.trade(100, "3-2").messages == []
    assert statuses(here) == ["filled", "filled", "canceled"] and not here.partition.watching


def test_the_slice_that_filled_the_first_does_not_trigger_the_others() -> None:
    here = bracket()
    here.trade(100)
    record = msgspec.structs.replace(here.observe_record(market(9_800)), time=here.time - 1)
    assert not concerned(here.partition, record.sequence, record.time, record.prices[0])
    assert here.give(record).events == []
    assert here.observe(market(9_800)).messages


def test_orders_that_are_triggered_without_a_bracket_do_not_know_of_one_another() -> None:
    here = Bench(LIMITS, capabilities=IN_PLACE)
    here.submit_list(OTO, submission("c1"), target("c2", 50), target("c3", 50, limit_price=10_300))
    sent = here.trade(100).messages
    assert [(message.order_id, message.quantity) for message in sent] == [("3-2", 50), ("3-3", 50)]
    assert here.trade(50, "3-2").messages == []
    assert here.order("c3").leaves_quantity == 50 and here.open_quantity(SELL) == 50


def test_one_that_the_gate_refuses_at_its_release_ends_and_raises_an_alarm() -> None:
    here = Bench(LIMITS, capabilities=IN_PLACE)
    here.submit_list(OTO, submission("c1"), target("c2", 100), target("c3", 100, limit_price=10_300))
    here.trade(100)
    order = here.order("c3")
    assert (order.status, order.reason) == (OrderStatus.CANCELED, "SHORT_SALE_FORBIDDEN")
    assert here.alarms() == ["CONTINGENT_ORDER_REFUSED"]
    assert here.order("c2").stage is Stage.WORKING


def test_nothing_is_released_while_trading_is_halted() -> None:
    here = bracket()
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    assert here.trade(100).messages == []
    assert statuses(here)[1:] == ["canceled", "canceled"]
    assert here.order("c2").reason == "TRADING_HALTED"
    assert here.alarms() == ["CONTINGENT_ORDER_REFUSED"] * 2


def test_one_that_was_canceled_while_it_was_held_stays_so() -> None:
    here = bracket()
    assert here.cancel("c3").messages == []
    assert [message.order_id for message in here.trade(100).messages] == ["3-2"]
    assert here.order("c3").status is OrderStatus.CANCELED


def test_one_that_was_replaced_while_it_was_held_goes_out_as_it_is_wanted_now() -> None:
    here = bracket()
    assert here.replace("c2", quantity=60, limit_price=10_150).messages == []
    (message,) = here.trade(100).messages
    assert (message.order_id, message.quantity, message.limit_price) == ("3-2", 60, 10_150)


def test_a_trailing_stop_trails_from_what_the_first_was_filled_at() -> None:
    here = Bench(LIMITS, capabilities=IN_PLACE)
    trailing = submission("c2", SELL, type=OrderType.TRAILING_STOP, trail_amount=50)
    here.submit_list(OTO, submission("c1"), trailing)
    here.trade(100, price=9_800)
    assert here.order("c2").trigger_price == 9_750


def test_a_stop_for_the_day_that_was_held_expires_at_the_close() -> None:
    here = bracket()
    here.trade(100)
    here.reach(here.look.session_close)
    assert here.order("c3").status is OrderStatus.EXPIRED


def test_what_is_held_needs_no_cash_yet_and_what_it_needs_is_asked_for_at_its_release() -> None:
    here = Bench(LIMITS, 2_000_000 * MONEY_UNIT // 100, IN_PLACE)
    here.submit("held", quantity=100)
    here.trade(100)
    here.submit_list(OTO, submission("c1", SELL), submission("c2", BUY, 150))
    assert here.order("c2").status is OrderStatus.NEW
    here.trade(100, "3-2")
    assert here.order("c2").stage is Stage.WORKING
