"""Orders that may only reduce the account's position: they shrink with it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from actors.messages import (
    Contingency,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    Stage,
    VenueCancel,
    VenueOrder,
    VenueReplace,
)
from actors.oms.venue import Capabilities
from tests.actors.oms.support import IN_PLACE, LIMITS, PLAIN, PRICE, Bench, market, submission

BUY, SELL = Side.BUY, Side.SELL


def holding(lots: int = 100, capabilities: Capabilities = IN_PLACE, **fields: Any) -> Bench:
    """A bench that holds lots of AAA and has a reduce-only order (3-2, c2) to close them, acknowledged."""
    here = Bench(dataclasses.replace(LIMITS, allow_short=1), capabilities=capabilities)
    here.submit("held", side=BUY if lots > 0 else SELL, quantity=abs(lots))
    here.trade(abs(lots))
    exit_ = {"side": SELL if lots > 0 else BUY, "quantity": abs(lots), "limit_price": PRICE, "reduce_only": True}
    here.submit("c2", **{**exit_, **fields})
    if here.order("c2").stage is Stage.WORKING:
        here.report_new("3-2")
    return here


def fill_elsewhere(here: Bench, quantity: int) -> list[Any]:
    """Let another order of the account reduce the position; return what goes to the venue then."""
    name = f"c{len(here.partition.orders) + 1}"
    order = here.submit(name, side=here.order("c2").side, quantity=quantity).order
    assert order is not None
    return here.trade(quantity, order.order_id).messages


@pytest.mark.parametrize("lots", [100, -100], ids=["long", "short"])
def test_it_shrinks_to_what_is_left_of_the_position(lots: int) -> None:
    here = holding(lots)
    assert here.order("c2").emulated == ("reduce_only",)
    (message,) = fill_elsewhere(here, 40)
    assert isinstance(message, VenueReplace) and message.quantity == 60
    assert here.order("c2").status is OrderStatus.NEW  # no client asked for it
    here.report(ReportType.REPLACED, "3-2", revision=1)
    assert here.order("c2").quantity == 60
    here.trade(60, "3-2")
    assert (here.order("c2").status, here.position()) == (OrderStatus.FILLED, 0)


def test_it_is_taken_back_once_the_position_is_gone() -> None:
    here = holding()
    (message,) = fill_elsewhere(here, 100)
    assert message == VenueCancel(order_id="3-2", time=here.time)
    here.report(ReportType.CANCELED, "3-2")
    assert (here.order("c2").status, here.order("c2").reason) == (OrderStatus.CANCELED, "REDUCE_ONLY")


def test_its_own_fills_do_not_shrink_it() -> None:
    here = holding()
    assert here.trade(30, "3-2").messages == []
    assert (here.order("c2").quantity, here.order("c2").leaves_quantity) == (100, 70)


def test_it_shrinks_once_for_one_fill() -> None:
    here = holding()
    assert len(fill_elsewhere(here, 40)) == 1
    assert here.observe(market(PRICE)).messages == []
    assert here.trade(10, "3-2").messages == []
    (message,) = fill_elsewhere(here, 10)
    assert message.quantity == 50


def test_a_position_that_grows_leaves_it_alone() -> None:
    here = holding()
    here.submit("c3", quantity=50)
    assert here.trade(50, "3-3").messages == []


def test_one_that_watches_shrinks_here() -> None:
    here = holding(type=OrderType.STOP, limit_price=None, stop_price=9_900)
    assert fill_elsewhere(here, 40) == []
    assert here.order("c2").quantity == 60
    (message,) = here.observe(market(9_900)).messages
    assert isinstance(message, VenueOrder) and (message.quantity, message.conditions) == (60, None)


def test_without_replacements_at_the_venue_it_shrinks_by_cancel_and_new() -> None:
    here = holding(capabilities=PLAIN)
    (cancel,) = fill_elsewhere(here, 40)
    assert cancel == VenueCancel(order_id="3-2", time=here.time)
    (order,) = here.report(ReportType.CANCELED, "3-2").messages
    assert (order.order_id, order.quantity) == ("3-2/2", 60)


def test_several_are_left_together_what_is_left_the_oldest_first() -> None:
    here = holding(quantity=60)
    here.submit("c3", side=SELL, quantity=40, limit_price=PRICE, reduce_only=True)
    here.report_new("3-3")
    assert [(message.order_id, message.quantity) for message in fill_elsewhere(here, 30)] == [("3-3", 10)]
    here.report(ReportType.REPLACED, "3-3", revision=1)
    first, second = fill_elsewhere(here, 20)
    assert (first.order_id, first.quantity) == ("3-2", 50)
    assert second == VenueCancel(order_id="3-3", time=here.time)


def test_those_of_which_one_cancels_the_other_share_what_is_left() -> None:
    here = holding(quantity=20)
    exits = [
        submission("c3", SELL, 80, limit_price=PRICE + 50, reduce_only=True),
        submission("c4", SELL, 80, type=OrderType.STOP, stop_price=9_900, reduce_only=True),
    ]
    here.submit_list(Contingency.OCO, *exits)
    here.report_new("3-3")
    (message,) = fill_elsewhere(here, 30)
    assert (message.order_id, message.quantity) == ("3-3", 50)
    assert here.order("c4").quantity == 50


def test_a_bust_that_makes_the_position_smaller_shrinks_it_too() -> None:
    here = holding()
    (message,) = here.report(ReportType.TRADE_CORRECT, reference_id="e1", execution_id="x", quantity=70).messages
    assert isinstance(message, VenueReplace) and (message.order_id, message.quantity) == ("3-2", 70)


def test_other_instruments_do_not_concern_it() -> None:
    here = holding()
    here.submit("c3", instrument=1, quantity=10)
    assert here.trade(10, "3-3").messages == []


def test_one_that_a_bust_opens_again_shrinks_again() -> None:
    here = holding()
    here.trade(100, "3-2", execution_id="e")
    here.report(ReportType.TRADE_CANCEL, "3-2", reference_id="e", execution_id="f")
    assert here.order("c2").leaves_quantity == 100
    (message,) = fill_elsewhere(here, 40)
    assert message.quantity == 60
