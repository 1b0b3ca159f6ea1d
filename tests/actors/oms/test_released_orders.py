"""The moments of orders that are held behind another: the session that counts is that of their release."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import numpy as np
import pytest

from actors.clock import DAY, MINUTE
from actors.messages import (
    Contingency,
    ExecutionReport,
    OrderStatus,
    OrderType,
    ReportType,
    Side,
    Stage,
    TimeInForce,
    VenueOrder,
)
from actors.oms.inputs import AccountOpening, Deposit, LimitsChange, ListSubmission, SessionLook, Terms, VenueReport
from actors.oms.partition import Partition
from actors.oms.releasing import sessions_for
from actors.oms.sessions import SessionTimes
from tests.actors.oms.exits import SHORT, stop, target
from tests.actors.oms.support import IN_PLACE, INSTRUMENTS, NATIVE, Bench, market, replayed, submission
from tests.actors.oms.world import world

SELL, OTO, BRACKET = Side.SELL, Contingency.OTO, Contingency.BRACKET
GTC, GTD, AT_OPEN, AT_CLOSE = TimeInForce.GTC, TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE
LATER = 20_001  # the session that was looked up when the list came ended at 10,000
NEXT = SessionLook("3-2", 20_000, 20_000 + 60 * MINUTE)


def entered(child: Any, **options: Any) -> Bench:
    """A bench with an entry that waits for days, and an order behind it."""
    here = Bench(SHORT, **options)
    here.submit_list(OTO, submission("c1", limit_price=9_000, time_in_force=GTC), child)
    here.report_new()
    return here


def fill(here: Bench, *sessions: SessionLook) -> Any:
    """Fill the entry a day later, with sessions on record."""
    here.time = LATER
    report = ExecutionReport(
        sequence=here.partition.last_report + 1, order_id="3-1", type=ReportType.TRADE, time=LATER, quantity=100,
        price=9_000, execution_id="x",
    )  # fmt: skip
    return here.give(VenueReport(time=LATER, report=report, sessions=sessions))


CHILDREN = {
    "at close": target("c2", type=OrderType.MARKET, limit_price=None, time_in_force=AT_CLOSE),
    "at open": target("c2", type=OrderType.MARKET, limit_price=None, time_in_force=AT_OPEN),
    "stop for the day": stop("c2", stop_price=8_900),
}


@pytest.mark.parametrize("child", CHILDREN.values(), ids=CHILDREN.keys())
def test_one_whose_session_has_passed_and_nobody_knows_the_next_ends_with_an_alarm(child: Any) -> None:
    here = entered(child)
    assert fill(here).messages == []
    assert (here.order("c2").status, here.order("c2").reason) == (OrderStatus.CANCELED, "SESSION_UNKNOWN")
    assert here.alarms() == ["CONTINGENT_ORDER_REFUSED"]
    assert here.reach(LATER + 1).messages == []


def test_one_for_the_close_waits_for_that_of_the_session_of_its_release() -> None:
    here = entered(CHILDREN["at close"])
    assert fill(here, NEXT).messages == []
    assert here.order("c2").stage is Stage.HELD
    moment = NEXT.session_close - MINUTE
    assert here.reach(moment - 1).messages == []
    assert [message.order_id for message in here.reach(moment).messages] == ["3-2"]
    assert replayed(here.inputs)[0].digest() == here.partition.digest()


def test_a_stop_for_the_day_lasts_until_the_close_of_the_session_of_its_release() -> None:
    here = entered(CHILDREN["stop for the day"])
    fill(here, NEXT)
    assert here.alarms() == []
    here.reach(NEXT.session_close - 1)
    assert here.order("c2").stage is Stage.WATCHING
    here.reach(NEXT.session_close)
    assert here.order("c2").status is OrderStatus.EXPIRED


@pytest.mark.parametrize("child", CHILDREN.values(), ids=CHILDREN.keys())
def test_a_venue_that_sees_to_the_session_itself_gets_it_at_once(child: Any) -> None:
    here = entered(child, capabilities=NATIVE)
    assert [message.order_id for message in fill(here).messages] == ["3-2"]
    assert here.alarms() == []


@pytest.mark.parametrize("child", [target("c2"), target("c2", time_in_force=GTC), stop("c2", time_in_force=GTC)])
def test_one_that_depends_on_no_session_is_released_at_any_time(child: Any) -> None:
    here = entered(child)
    fill(here)
    assert here.alarms() == [] and here.order("c2").status.is_open


def test_where_orders_are_taken_in_sessions_only_the_one_of_the_release_is_asked() -> None:
    here = entered(target("c2"))
    own = {"require_open_session": 1}
    here.give(LimitsChange(time=0, limits=own, version=2, principal="t", reason="t", scope="account:main"))
    assert [message.order_id for message in fill(here, NEXT).messages] == ["3-2"]


def test_where_the_market_never_closes_the_session_is_the_day_of_the_release() -> None:
    partition = Partition(3)
    always = msgspec.structs.replace(INSTRUMENTS[0], calendar="24/7")
    here = Bench(SHORT)
    here.partition, here.inputs = partition, []
    here.give(Terms(time=0, instruments=(always,), fee_rate=0))
    here.give(AccountOpening(time=0, account="main", currency="USD"))
    here.give(Deposit(time=0, account="main", currency="USD", amount=10**15, reason="r", key="k"))
    here.give(LimitsChange(time=0, limits=SHORT.mapping(), version=1, principal="t", reason="t"))
    here.submit_list(OTO, submission("c1", limit_price=9_000, time_in_force=GTC), CHILDREN["at close"])
    here.report_new()
    here.time = 3 * DAY + 5
    here.trade(100)
    assert here.partition.timers.next == 4 * DAY - MINUTE


@pytest.mark.parametrize("capabilities", [IN_PLACE, NATIVE])
def test_one_that_is_good_till_a_date_expires_at_it_while_it_is_held(capabilities: Any) -> None:
    here = entered(target("c2", time_in_force=GTD, expire_time=500), capabilities=capabilities)
    here.reach(499)
    assert here.order("c2").status is OrderStatus.NEW
    here.reach(500)
    assert (here.order("c2").status, here.order("c2").reason) == (OrderStatus.EXPIRED, "EXPIRED")
    assert fill(here).messages == [] and here.alarms() == []


def test_a_date_that_is_replaced_while_it_is_held_holds() -> None:
    here = entered(target("c2", time_in_force=GTD, expire_time=500), capabilities=NATIVE)
    here.replace("c2", expire_time=900)
    here.reach(500)
    assert here.order("c2").status is OrderStatus.NEW
    here.reach(900)
    assert here.order("c2").status is OrderStatus.EXPIRED


@pytest.mark.parametrize("in_force", [AT_OPEN, AT_CLOSE])
def test_an_order_for_a_session_that_nobody_knows_is_refused(in_force: TimeInForce) -> None:
    here = Bench(SHORT)
    here.look = msgspec.structs.replace(here.look, session_open=0, session_close=0)
    assert here.submit(time_in_force=in_force).messages == []
    assert here.order().reason == "SESSION_UNKNOWN"
    here.submit_list(OTO, submission("c2", time_in_force=in_force), target("c3"))
    assert here.order("c2").reason == "SESSION_UNKNOWN"


def test_only_a_report_of_the_first_order_carries_sessions_and_only_of_orders_that_depend_on_them() -> None:
    here = Bench(SHORT)
    sessions = SessionTimes(INSTRUMENTS, lambda _: (moments(50, 20_000), moments(10_000, 30_000)))
    here.submit("c0")
    here.submit_list(BRACKET, submission("c1", limit_price=9_000), target("c2"), stop("c3", stop_price=8_900))
    found = sessions_for(here.partition, "3-2", LATER, sessions)
    assert found == (SessionLook("3-4", 20_000, 30_000),)
    for order_id in ("3-1", "3-3", "3-4", "9-9"):
        assert sessions_for(here.partition, order_id, LATER, sessions) == ()
    here.trade(100, "3-2")
    assert sessions_for(here.partition, "3-2", LATER, sessions) == ()


def moments(*values: int) -> Any:
    """Moments as calendars give them."""
    return np.array(values, dtype=np.int64)


def test_the_service_puts_the_session_on_record_with_the_fill_that_releases() -> None:
    async def scene() -> None:
        async with world() as here:
            host = here.oms.hosted.hosts[4]
            orders = (submission("c1"), stop("c2"))
            record = ListSubmission(
                time=here.oms.clock.now(),
                orders=Bench(SHORT).list_record(OTO, *orders).orders,
                looks=(Bench(SHORT).look,) * 2,
            )
            host.execute(record)
            here.oms.clock.advance(DAY * 20_000)  # days later
            host.take_report(
                ExecutionReport(
                    sequence=host.last_report + 1, order_id="4-1", type=ReportType.TRADE, time=DAY * 20_000,
                    quantity=100, price=10_000, execution_id="x",
                )  # fmt: skip
            )
            await asyncio.sleep(0)
            assert (await here.order("c2")).stage is Stage.WATCHING
            assert host.partition.timers.next > DAY * 20_000

    asyncio.run(scene())


def test_a_stop_of_a_later_session_triggers() -> None:
    here = entered(CHILDREN["stop for the day"])
    fill(here, NEXT)
    (message,) = here.observe(market(8_800)).messages
    assert isinstance(message, VenueOrder) and message.quantity == 100
