"""What became of an order while the venue thought about a change; and triggers that would meet our own orders."""

from __future__ import annotations

import dataclasses

import pytest

from actors.errors import Conflict
from actors.messages import Contingency, OrderType, PegReference, ReplaceOrder, ReportType, Side, TimeInForce
from actors.oms.admission import repeated_replacement
from tests.actors.oms.support import IN_PLACE, LIMITS, Bench, market, submission

SHORT = dataclasses.replace(LIMITS, allow_short=1)
GTC, GTD = TimeInForce.GTC, TimeInForce.GTD


@pytest.mark.parametrize("granted_at", [150, 250])
def test_an_expire_time_that_was_made_earlier_counts_once_it_is_granted(granted_at: int) -> None:
    here = Bench(capabilities=IN_PLACE)
    here.submit("a", quantity=100, limit_price=9_990, time_in_force=GTD, expire_time=500)
    here.report(ReportType.NEW)
    here.replace("a", "r", quantity=50, expire_time=200)
    here.time = granted_at
    here.reach(granted_at)
    here.report(ReportType.REPLACED, revision=1, order_quantity=50)
    (cancel,) = here.reach(max(granted_at, 200)).messages
    assert cancel.order_id == "3-1"
    here.report(ReportType.CANCELED)
    assert here.order("a").status == "expired"


@pytest.mark.parametrize("expire_time", [2**62 + 1, 2**64 - 1])
def test_a_time_beyond_all_clocks_is_refused(expire_time: int) -> None:
    here = Bench()
    here.submit("a", quantity=1, limit_price=9_990, time_in_force=GTD, expire_time=expire_time)
    assert here.order("a").reason == "EXPIRE_TIME_INVALID"


@pytest.mark.parametrize(
    ("kind", "limit_price", "goes"),
    [(OrderType.STOP, None, False), (OrderType.STOP_LIMIT, 10_120, False), (OrderType.STOP_LIMIT, 10_060, True)],
)
def test_a_stop_that_would_meet_an_order_of_our_own_ends_where_it_triggers(
    kind: OrderType, limit_price: int | None, goes: bool
) -> None:
    here = Bench(SHORT)
    here.submit("s", side=Side.SELL, quantity=10, limit_price=10_100, time_in_force=GTC)
    here.report(ReportType.NEW)
    here.submit("stop", quantity=10, type=kind, stop_price=10_050, limit_price=limit_price, time_in_force=GTC)
    sent = here.observe(market(10_100, bid=10_099, ask=10_100)).messages
    assert bool(sent) is goes
    order = here.order("stop")
    assert (order.status, order.reason) == (("new", "") if goes else ("canceled", "SELF_TRADE"))


def test_self_trades_that_are_allowed_let_a_stop_go() -> None:
    here = Bench(dataclasses.replace(SHORT, self_trade_prevention=0))
    here.submit("s", side=Side.SELL, quantity=10, limit_price=10_100, time_in_force=GTC)
    here.report(ReportType.NEW)
    here.submit("stop", quantity=10, type=OrderType.STOP, stop_price=10_050, time_in_force=GTC)
    assert len(here.observe(market(10_100)).messages) == 1


def test_the_stop_price_of_an_order_that_has_triggered_can_not_be_changed() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit(
        "stop", quantity=10, type=OrderType.STOP_LIMIT, stop_price=10_050, limit_price=10_060, time_in_force=GTC
    )
    moved = ReplaceOrder(account="main", client_order_id="stop", replacement_id="r", stop_price=10_055)
    assert repeated_replacement(here.partition, moved) is None, "it still waits"
    here.observe(market(10_050))
    with pytest.raises(Conflict) as caught:
        repeated_replacement(here.partition, moved)
    assert (caught.value.code, caught.value.field) == ("ORDER_TRIGGERED", "stop_price")
    cheaper = ReplaceOrder(account="main", client_order_id="stop", replacement_id="r", limit_price=10_055)
    assert repeated_replacement(here.partition, cheaper) is None


def test_the_stop_price_of_an_order_that_is_held_is_the_one_that_it_will_wait_for() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    entry = submission("p", quantity=10, limit_price=9_990, time_in_force=GTC)
    stop = submission("s", side=Side.SELL, quantity=10, type=OrderType.STOP, stop_price=9_500, time_in_force=GTC)
    here.submit_list(Contingency.OTO, entry, stop)
    here.report_new()
    here.replace("s", "r", stop_price=9_600)
    assert here.order("s").trigger_price == 9_600
    here.trade(10)
    assert here.observe(market(9_550)).messages[0].order_id == "3-2"


def test_a_stop_price_of_an_order_that_never_waits_is_no_trigger_that_has_come() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit("peg", quantity=10, type=OrderType.PEGGED, peg=PegReference.BEST, time_in_force=GTC)
    here.report(ReportType.NEW)
    assert here.replace("peg", "r", stop_price=9_600).refusal[0] == "STOP_PRICE_INVALID"
