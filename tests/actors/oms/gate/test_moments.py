"""What is checked when: an order that is held for another, one that goes on, and one that is replaced."""

from __future__ import annotations

import pytest

from actors.messages import Conditions, OrderType, Side, SubmitOrder, TradingState
from actors.oms import gate
from actors.oms.gate import Moment
from actors.oms.inputs import Look
from actors.oms.submission import candidate_for
from tests.actors.oms.gate.bench import GateBench, money
from tests.actors.oms.support import PRICE, submission

STOP = submission("stop", Side.SELL, 10, type=OrderType.STOP, conditions=Conditions(stop_price=PRICE - 5))
TARGET = submission("target", Side.SELL, 10, limit_price=PRICE + 5)


def code(bench: GateBench, order: SubmitOrder, moment: Moment, price: int = PRICE, **terms: int) -> str:
    account = bench.partition.account("main")
    look = Look(price=price, received=1)
    candidate = candidate_for(bench.partition, account, order, look, bench.time, moment=moment, **terms)
    refusal = gate.look(candidate)
    return "" if refusal is None else refusal.code


@pytest.mark.parametrize("order", [STOP, TARGET])
def test_the_exit_of_a_position_that_is_not_there_yet_can_be_held(order: SubmitOrder) -> None:
    bench = GateBench(allow_short=0)
    assert code(bench, order, Moment.SUBMITTED) == "SHORT_SALE_FORBIDDEN"
    assert code(bench, order, Moment.HELD) == ""
    assert code(bench, order, Moment.RELEASED) == "SHORT_SALE_FORBIDDEN"
    bench.hold(10)
    assert code(bench, order, Moment.RELEASED) == ""


def test_what_can_not_change_until_then_is_checked_at_once() -> None:
    bench = GateBench(maximum_order_quantity=money(9))
    assert code(bench, STOP, Moment.HELD) == "ORDER_QUANTITY_LIMIT"
    bench.limit("instrument:AAA", restricted=1)
    assert code(bench, STOP, Moment.HELD) == "INSTRUMENT_RESTRICTED"
    wrong = submission("wrong", type=OrderType.STOP)
    assert code(GateBench(), wrong, Moment.HELD) == "STOP_PRICE_INVALID"


def test_a_stop_that_the_market_has_passed_meanwhile_is_released_all_the_same() -> None:
    bench = GateBench().hold(10)
    below = PRICE - 10
    assert code(bench, STOP, Moment.SUBMITTED, below) == "STOP_PRICE_WRONG_SIDE"
    assert code(bench, STOP, Moment.RELEASED, below) == ""


def test_rates_and_bursts_do_not_hold_up_what_was_let_in_before() -> None:
    bench = GateBench(maximum_duplicates=1).limit("account:main", maximum_order_rate=1)
    assert bench.buy(10, received=1) == ""
    again = submission("again", quantity=10)
    assert code(bench, again, Moment.SUBMITTED) == "DUPLICATE_ORDER"
    assert code(bench, again, Moment.REPLACED) == "ORDER_RATE_LIMIT"
    assert code(bench, again, Moment.RELEASED) == ""


def test_a_halt_holds_for_all_of_them() -> None:
    bench = GateBench().state("firm", TradingState.HALTED)
    assert {code(bench, STOP, moment) for moment in Moment} == {"TRADING_HALTED"}


def test_an_iceberg_can_be_made_smaller_than_it_shows() -> None:
    iceberg = submission("iceberg", quantity=5, limit_price=PRICE - 1, conditions=Conditions(display_quantity=6))
    assert code(GateBench(), iceberg, Moment.SUBMITTED) == "DISPLAY_QUANTITY_INVALID"
    assert code(GateBench(), iceberg, Moment.REPLACED) == ""


def test_a_replacement_is_judged_by_what_it_adds() -> None:
    bench = GateBench(cash=money(1_001), maximum_position_quantity=money(10))
    assert bench.buy(10, limit_price=PRICE) == ""
    reserved = bench.partition.account("main").exposure.reserved("USD")
    smaller = submission("smaller", quantity=8, limit_price=PRICE + 5)
    assert code(bench, smaller, Moment.SUBMITTED) == "POSITION_QUANTITY_LIMIT"
    assert code(bench, smaller, Moment.REPLACED, added=-2, released=reserved) == ""
    larger = submission("larger", quantity=11, limit_price=PRICE - 1_000)
    assert code(bench, larger, Moment.REPLACED, added=1, released=reserved) == "POSITION_QUANTITY_LIMIT"
    dearer = submission("dearer", quantity=10, limit_price=PRICE + 100)
    assert code(bench, dearer, Moment.REPLACED, added=0, released=reserved) == "BUYING_POWER"
