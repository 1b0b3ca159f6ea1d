"""What a venue can't mean is told by an alarm, and costs nothing else: no money, no clock, no partition."""

from __future__ import annotations

import dataclasses

import pytest

from actors.clock import DAY
from actors.messages import MONEY_UNIT, OrderStatus, ReportType, Side, TimeInForce
from actors.oms.working_order import split_venue_id
from tests.actors.oms.support import LIMITS, PRICE, Bench, replayed
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

GTC = TimeInForce.GTC


def resting() -> Bench:
    bench = Bench(cash=2_000 * MONEY_UNIT)
    bench.submit("a", quantity=10, limit_price=PRICE, time_in_force=GTC)
    bench.report(ReportType.NEW)
    return bench


@pytest.mark.parametrize(
    "fields",
    [
        {"type": ReportType.TRADE, "quantity": 2**60, "price": 2**60, "execution_id": "x"},
        {"type": ReportType.TRADE, "quantity": 2**52, "price": 2**52, "execution_id": "x"},
        {"type": ReportType.TRADE, "quantity": 1, "price": -1, "execution_id": "x"},
        {"type": ReportType.TRADE, "quantity": 1, "price": 1, "fee": 2**63, "execution_id": "x"},
        {"type": ReportType.RESTATED, "limit_price": -(10**6)},
        {"type": ReportType.RESTATED, "order_quantity": -1},
        {"type": ReportType.RESTATED, "order_quantity": 2**63},
        {"type": ReportType.REPLACED, "revision": -1},
    ],
)
def test_numbers_that_can_not_be_change_nothing_and_raise_an_alarm(fields: dict) -> None:
    bench = resting()
    account, before = bench.partition.accounts["main"], bench.order("a")
    reserved = account.exposure.reserved("USD")
    bench.report(fields.pop("type"), **fields)
    assert bench.alarms() == ["REPORT_INVALID"]
    assert bench.order("a") == before and account.exposure.reserved("USD") == reserved
    bench.trade(10, price=PRICE)
    assert bench.order("a").status is OrderStatus.FILLED
    assert replayed(bench.inputs)[0].digest() == bench.partition.digest()


@pytest.mark.parametrize("venue", ["3-1/²", "3-1/" + "9" * 5_000, "3-1/-1", "3-1/", "3-1/1/1", "²", "", "/", "3-1/٣"])
def test_ids_that_are_none_of_ours_are_unknown_orders(venue: str) -> None:
    assert split_venue_id(venue) in ((venue, 1), ("", 1))
    bench = resting()
    bench.report(ReportType.TRADE, venue, quantity=1, price=PRICE, execution_id="x")
    assert bench.alarms() == ["ORDER_UNKNOWN"] and bench.order("a").filled_quantity == 0


def test_the_same_execution_with_other_content_raises_an_alarm() -> None:
    bench = resting()
    bench.submit("b", quantity=5, limit_price=PRICE, time_in_force=GTC)
    bench.report(ReportType.NEW, "3-2")
    bench.trade(4, "3-1", execution_id="x", price=PRICE)
    bench.trade(4, "3-1", execution_id="x", price=PRICE)
    assert bench.alarms() == [], "the same again is a repetition"
    bench.trade(5, "3-1", execution_id="x", price=PRICE)
    bench.trade(4, "3-2", execution_id="x", price=PRICE)
    assert bench.alarms() == ["EXECUTION_CONFLICT"] * 2 and bench.position() == 4


def test_a_correction_under_the_id_that_it_corrects_raises_an_alarm() -> None:
    bench = resting()
    bench.trade(4, execution_id="x", price=PRICE)
    bench.report(ReportType.TRADE_CORRECT, execution_id="x", reference_id="x", quantity=3, price=PRICE)
    assert bench.alarms() == ["EXECUTION_CONFLICT"] and bench.position() == 4


def test_a_correction_that_is_repeated_is_no_conflict() -> None:
    bench = resting()
    bench.trade(4, execution_id="x", price=PRICE)
    for _ in range(2):
        bench.report(ReportType.TRADE_CORRECT, execution_id="y", reference_id="x", quantity=3, price=PRICE)
    assert bench.alarms() == [] and bench.position() == 3


def test_a_bust_that_leaves_a_forbidden_short_position_raises_an_alarm() -> None:
    bench = resting()
    bench.trade(10, execution_id="x", price=PRICE)
    bench.submit("s", side=Side.SELL, quantity=10)
    bench.report(ReportType.NEW, "3-2")
    bench.trade(10, "3-2", execution_id="y", price=PRICE)
    bench.report(ReportType.TRADE_CANCEL, "3-1", reference_id="x")
    assert bench.position() == -10 and "POSITION_SHORT" in bench.alarms()
    shorts = Bench(limits=dataclasses.replace(LIMITS, allow_short=1))
    shorts.submit("s", quantity=10)
    shorts.report(ReportType.NEW)
    shorts.trade(10, execution_id="x", price=PRICE)
    shorts.submit("t", side=Side.SELL, quantity=10)
    shorts.report(ReportType.NEW, "3-2")
    shorts.trade(10, "3-2", execution_id="y", price=PRICE)
    shorts.report(ReportType.TRADE_CANCEL, "3-1", reference_id="x")
    assert shorts.position() == -10 and shorts.alarms() == []


@pytest.mark.parametrize("time", [2**62, 2**63, 2_000 + 367 * DAY])
def test_a_time_that_can_not_be_does_not_move_the_clock_and_the_fill_is_booked(time: int) -> None:
    async def scene(here: World) -> None:
        await here.submit("a", limit_price=PRICE, quantity=10)
        await here.becomes(OrderStatus.NEW, "a")
        clock = here.oms.clock.now()
        here.venue.tell("p04", "4-1", ReportType.TRADE, quantity=10, price=PRICE, execution_id="x", time=time)
        await here.becomes(OrderStatus.FILLED, "a")
        alarms = here.oms.hosted.hosts[4].partition.alarms
        assert here.oms.clock.now() == clock > 0 and [alarm.code for alarm in alarms] == ["REPORT_TIME_INVALID"]
        assert (await here.submit("b", limit_price=PRICE, quantity=10)).reason == ""
        await here.kill()
        await here.restart()
        assert (await here.order("a")).status is OrderStatus.FILLED
        assert (await here.submit("c", limit_price=PRICE, quantity=10)).reason == ""

    run(scene)
