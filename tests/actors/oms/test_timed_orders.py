"""Orders whose moment the OMS waits for, because the venue can't: good till a date, at the open, at the close."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actors.clock import MINUTE
from actors.messages import (
    MONEY_UNIT,
    OrderStatus,
    OrderType,
    ReportType,
    Stage,
    TimeInForce,
    TradingState,
    VenueCancel,
    VenueOrder,
)
from actors.oms import snapshots
from actors.oms.inputs import StateChange
from actors.oms.timers import NEVER
from tests.actors.oms.support import IN_PLACE, NATIVE, PLAIN, PRICE, Bench

GTD, AT_OPEN, AT_CLOSE = TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE
OPEN, CLOSE = 5 * MINUTE, 60 * MINUTE


def bench(**options: Any) -> Bench:
    """A bench before a session that lasts from 5 to 60 minutes of the trading clock."""
    here = Bench(**options)
    here.look = msgspec.structs.replace(here.look, session_open=OPEN, session_close=CLOSE)
    return here


def dated(expire_time: int = 1_000, **options: Any) -> Bench:
    """A bench with an order good till a date that the venue has acknowledged."""
    here = bench(**options)
    here.submit(limit_price=PRICE, time_in_force=GTD, expire_time=expire_time)
    here.report_new()
    return here


def test_an_order_good_till_a_date_goes_out_good_till_canceled_and_is_canceled_at_its_date() -> None:
    here = dated()
    (message,) = here.sent()
    assert isinstance(message, VenueOrder)
    assert (message.time_in_force, message.conditions, here.order().emulated) == (TimeInForce.GTC, None, ("gtd",))
    assert here.partition.timers.next == 1_000
    assert here.reach(999).messages == []
    assert here.reach(1_000).messages == [VenueCancel(order_id="3-1", time=1_000)]
    assert here.order().status is OrderStatus.PENDING_CANCEL
    here.report(ReportType.CANCELED)
    assert (here.order().status, here.order().reason) == (OrderStatus.EXPIRED, "EXPIRED")
    assert here.partition.timers.next == NEVER


def test_a_venue_that_knows_dates_gets_the_order_as_it_is() -> None:
    here = dated(capabilities=NATIVE)
    (message,) = here.sent()
    assert isinstance(message, VenueOrder) and message.conditions is not None
    assert (message.time_in_force, message.conditions.expire_time) == (GTD, 1_000)
    assert here.partition.timers.next == NEVER


def test_a_fill_that_crosses_the_expiry_is_booked_and_what_is_left_expires() -> None:
    here = dated()
    here.reach(1_000)
    here.trade(30)
    here.report(ReportType.CANCELED)
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.EXPIRED, 30)


def test_an_order_that_is_closed_at_its_date_stays_as_it_is() -> None:
    here = dated()
    here.trade(100)
    assert here.reach(1_000).events == []
    assert here.order().status is OrderStatus.FILLED


def test_a_date_that_is_replaced_by_a_later_one_holds() -> None:
    here = dated(capabilities=IN_PLACE)
    assert here.replace(expire_time=2_000).messages == []
    assert here.order().conditions.expire_time == 2_000
    assert here.reach(1_000).messages == []
    assert here.reach(2_000).messages


def test_a_date_that_is_replaced_by_an_earlier_one_holds() -> None:
    here = dated(capabilities=IN_PLACE)
    here.replace(expire_time=500)
    assert here.reach(500).messages
    here.report(ReportType.CANCELED)
    assert here.reach(1_000).events == []


def test_an_order_whose_cancel_is_refused_after_its_date_is_canceled_again_a_minute_later() -> None:
    here = dated()
    here.cancel()
    assert here.reach(1_000).messages == []  # it is being canceled already
    here.report(ReportType.CANCEL_REJECTED)
    assert here.order().status is OrderStatus.NEW
    assert here.reach(1_000 + MINUTE).messages == [VenueCancel(order_id="3-1", time=1_000 + MINUTE)]


@pytest.mark.parametrize(
    ("in_force", "moment"), [(AT_OPEN, OPEN), (AT_CLOSE, CLOSE - MINUTE)], ids=["at the open", "at the close"]
)
def test_an_order_for_an_auction_waits_and_goes_out_immediate_or_cancel(in_force: TimeInForce, moment: int) -> None:
    here = bench()
    assert here.submit(time_in_force=in_force).messages == []
    order = here.order()
    assert (order.status, order.stage, order.emulated) == (OrderStatus.NEW, Stage.HELD, (str(in_force),))
    assert here.partition.timers.next == moment
    assert here.reach(moment - 1).messages == []
    (message,) = here.reach(moment).messages
    assert isinstance(message, VenueOrder) and message.time_in_force is TimeInForce.IOC
    assert here.order().stage is Stage.WORKING
    here.report_new()
    here.trade(40)
    here.report(ReportType.CANCELED)
    assert (here.order().status, here.order().filled_quantity) == (OrderStatus.CANCELED, 40)


@pytest.mark.parametrize("in_force", [AT_OPEN, AT_CLOSE])
def test_a_venue_that_has_auctions_gets_the_order_as_it_is(in_force: TimeInForce) -> None:
    here = bench(capabilities=NATIVE)
    (message,) = here.submit(time_in_force=in_force).messages
    assert isinstance(message, VenueOrder) and message.time_in_force is in_force


def test_an_order_for_the_close_that_comes_within_the_last_minute_goes_out_at_the_next_moment() -> None:
    here = bench()
    here.time = CLOSE - 1
    assert here.submit(time_in_force=AT_CLOSE).messages == []
    assert here.reach(CLOSE).messages


def test_an_order_that_waits_for_its_moment_is_canceled_at_once() -> None:
    here = bench()
    here.submit(time_in_force=AT_CLOSE)
    assert here.cancel().messages == []
    assert here.order().status is OrderStatus.CANCELED
    assert here.reach(CLOSE).messages == []


def test_an_order_whose_moment_comes_while_trading_is_halted_is_over() -> None:
    here = bench()
    here.submit(time_in_force=AT_CLOSE)
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    assert here.reach(CLOSE).messages == []
    assert (here.order().status, here.order().reason) == (OrderStatus.CANCELED, "TRADING_HALTED")


def test_what_is_due_at_one_moment_is_done_in_the_order_in_which_it_came() -> None:
    here = bench()
    for name in ("c1", "c2", "c3"):
        here.submit(name, quantity=1, time_in_force=AT_OPEN)
    assert [message.order_id for message in here.reach(OPEN).messages] == ["3-1", "3-2", "3-3"]


def test_what_waits_for_its_moment_counts_as_what_it_may_cost() -> None:
    here = bench(cash=1_500 * MONEY_UNIT, capabilities=PLAIN)
    terms = {"limit_price": 10_000, "time_in_force": TimeInForce.AT_CLOSE}
    here.submit("first", quantity=10, **terms)
    assert here.order("first").stage is Stage.HELD
    assert here.partition.accounts["main"].exposure.reserved("USD") > 1_000 * MONEY_UNIT
    here.submit("second", quantity=10, **terms)
    assert here.order("second").reason == "BUYING_POWER"
    here.cancel("first")
    assert here.partition.accounts["main"].exposure.reserved("USD") == 0


def test_a_refused_order_costs_nothing_however_large_its_numbers_are() -> None:
    here = Bench(capabilities=PLAIN)
    here.submit("a", quantity=1, type=OrderType.STOP, stop_price=2**64 - 1)
    assert here.order("a").reason == "STOP_PRICE_INVALID"
    assert snapshots.load(snapshots.save(here.partition)).digest() == here.partition.digest()
