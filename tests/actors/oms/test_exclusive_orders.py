"""Orders of which one cancels the other."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import (
    Contingency,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    VenueCancel,
    VenueOrder,
    VenueReplace,
)
from actors.oms.inputs import Discrepancy

from tests.actors.oms.exits import SHORT, statuses, stop, target
from tests.actors.oms.support import IN_PLACE, PLAIN, Bench, market, submission

BUY, SELL = Side.BUY, Side.SELL
OCO, OTO, BRACKET = Contingency.OCO, Contingency.OTO, Contingency.BRACKET


def oco(*quantities: int, **options: Any) -> Bench:
    """A bench with two sales at the venue of which one cancels the other (3-1, c1 and 3-2, c2)."""
    here = Bench(SHORT, **{"capabilities": IN_PLACE, **options})
    first, second = quantities or (100, 100)
    here.submit_list(OCO, target("c1", first), target("c2", second, limit_price=10_300))
    here.report_new("3-1")
    here.report_new("3-2")
    return here


def test_both_orders_are_at_the_venue_and_count_once() -> None:
    here = oco()
    assert [message.order_id for message in here.sent()] == ["3-1", "3-2"]
    assert here.open_quantity(SELL) == 100
    order = here.order()
    assert (order.list_id, order.contingency) == ("l1", OCO)


def test_the_one_that_is_filled_cancels_the_other() -> None:
    here = oco()
    (message,) = here.trade(100).messages
    assert message == VenueCancel(order_id="3-2", time=here.time)
    here.report(ReportType.CANCELED, "3-2")
    assert statuses(here) == ["filled", "canceled"]
    assert here.order("c2").reason == "OTHER_ORDER_OF_LIST"
    assert here.open_quantity(SELL) == 0 and here.alarms() == []


def test_a_part_that_is_filled_reduces_the_other() -> None:
    here = oco()
    (message,) = here.trade(30).messages
    assert isinstance(message, VenueReplace) and (message.order_id, message.quantity) == ("3-2", 70)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    (message,) = here.trade(20, "3-2").messages
    assert (message.order_id, message.quantity) == ("3-1", 80)
    here.report(ReportType.REPLACED, "3-1", revision=1)
    assert (here.order().leaves_quantity, here.order("c2").leaves_quantity) == (50, 50)
    assert here.open_quantity(SELL) == 50
    here.trade(50)
    here.report(ReportType.CANCELED, "3-2")
    assert here.position() == -100 and here.alarms() == []


def test_without_replacements_at_the_venue_it_is_reduced_by_cancel_and_new() -> None:
    here = oco(capabilities=PLAIN)
    (cancel,) = here.trade(30).messages
    assert cancel == VenueCancel(order_id="3-2", time=here.time)
    here.trade(10)
    (order,) = here.report(ReportType.CANCELED, "3-2").messages
    assert isinstance(order, VenueOrder) and (order.order_id, order.quantity) == ("3-2/2", 60)


def test_orders_of_unequal_size_reduce_each_other_lot_by_lot() -> None:
    here = oco(100, 60)
    assert here.open_quantity(SELL) == 100
    assert [(message.order_id, message.quantity) for message in here.trade(30).messages] == [("3-2", 30)]
    assert here.trade(30).messages == [VenueCancel(order_id="3-2", time=here.time)]
    assert here.order().leaves_quantity == 40


@pytest.mark.parametrize("end", [ReportType.CANCELED, ReportType.CALCULATED])
def test_one_that_ends_takes_the_other_with_it(end: ReportType) -> None:
    here = oco()
    assert here.report(end).messages == [VenueCancel(order_id="3-2", time=here.time)]


@pytest.mark.parametrize("end", [ReportType.REJECTED, ReportType.EXPIRED, ReportType.DONE_FOR_DAY])
def test_one_that_the_venue_does_not_take_or_whose_time_is_over_leaves_the_other(end: ReportType) -> None:
    here = oco()
    assert here.report(end).messages == []
    assert here.order("c2").status is OrderStatus.NEW
    assert here.open_quantity(SELL) == 100


def test_a_late_fill_of_one_that_has_expired_reduces_the_other() -> None:
    here = oco()
    here.report(ReportType.EXPIRED)
    (message,) = here.trade(40).messages
    assert (message.order_id, message.quantity) == ("3-2", 60)


def test_the_other_is_reduced_once_its_own_cancel_is_refused() -> None:
    here = oco()
    here.cancel("c2")
    assert here.trade(30).messages == []
    (message,) = here.report(ReportType.CANCEL_REJECTED, "3-2").messages
    assert isinstance(message, VenueReplace) and (message.order_id, message.quantity) == ("3-2", 70)
    assert here.report(ReportType.REPLACE_REJECTED, "3-2", revision=1).messages == []


def test_a_cancel_by_the_client_takes_the_other_with_it() -> None:
    here = oco()
    here.cancel()
    assert here.report(ReportType.CANCELED).messages == [VenueCancel(order_id="3-2", time=here.time)]


def test_both_filled_at_once_is_booked_and_raises_an_alarm() -> None:
    here = oco()
    here.trade(100)
    here.trade(100, "3-2")
    here.report(ReportType.CANCEL_REJECTED, "3-2")
    assert statuses(here) == ["filled", "filled"]
    assert here.alarms() == ["LIST_OVERFILLED"]
    assert here.position() == -200


def test_parts_of_both_that_add_up_raise_no_alarm() -> None:
    here = oco()
    here.trade(60)
    here.trade(40, "3-2")
    assert here.alarms() == []
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert statuses(here) == ["pending_cancel", "filled"]
    here.report(ReportType.CANCELED)
    assert here.position() == -100 and here.alarms() == []


def test_an_execution_that_is_corrected_reduces_the_other_by_the_difference_only() -> None:
    here = oco()
    here.trade(30, execution_id="e")
    here.report(ReportType.REPLACED, "3-2", revision=1)
    (message,) = here.report(ReportType.TRADE_CORRECT, reference_id="e", execution_id="f", quantity=40).messages
    assert (message.order_id, message.quantity) == ("3-2", 60)
    here.report(ReportType.REPLACED, "3-2", revision=2)
    effects = here.report(ReportType.TRADE_CORRECT, reference_id="f", execution_id="g", quantity=10)
    assert effects.messages == []  # what was given up is not taken up again


def test_an_order_that_the_client_replaces_is_reduced_from_there() -> None:
    here = oco()
    here.replace("c2", quantity=150)
    here.report(ReportType.REPLACED, "3-2", revision=1)
    (message,) = here.trade(30).messages
    assert (message.order_id, message.quantity) == ("3-2", 120)


def test_a_reduction_keeps_the_price_that_a_pending_replacement_asks_for() -> None:
    here = oco()
    here.replace("c2", limit_price=10_250)
    (message,) = here.trade(30).messages
    assert (message.order_id, message.revision, message.quantity, message.limit_price) == ("3-2", 2, 70, 10_250)


def test_one_may_watch_here_while_the_other_is_at_the_venue() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit_list(OCO, target("c1"), stop("c2"))
    here.report_new()
    assert [message.order_id for message in here.sent()] == ["3-1"]
    here.trade(30)
    assert here.order("c2").quantity == 70
    sent, cancel = here.observe(market(9_900)).messages[0], here.trade(70, "3-2").messages
    assert isinstance(sent, VenueOrder) and (sent.order_id, sent.quantity) == ("3-2", 70)
    assert cancel == [VenueCancel(order_id="3-1", time=here.time)]


def test_reconciliation_that_closes_one_takes_the_other_with_it() -> None:
    here = oco()
    found = Discrepancy(time=1, code="VENUE_ORDER_MISSING", order_id="3-1", text="gone", closes=True)
    assert here.give(found).messages == [VenueCancel(order_id="3-2", time=1)]


def test_of_two_buys_the_dearer_one_is_set_aside() -> None:
    here = Bench(capabilities=IN_PLACE)
    here.submit_list(
        OCO, submission("c1", limit_price=9_500), submission("c2", type=OrderType.STOP_LIMIT, stop_price=10_300,
                                                             limit_price=10_400)
    )  # fmt: skip
    dearer = Bench()
    dearer.submit(limit_price=10_400)
    reserved = dearer.partition.accounts["main"].exposure.reserved("USD")
    assert here.partition.accounts["main"].exposure.reserved("USD") == reserved
    assert here.open_quantity() == 100
    here.report_new()
    here.cancel()
    here.report(ReportType.CANCELED)
    assert here.partition.accounts["main"].exposure.reserved("USD") == 0
