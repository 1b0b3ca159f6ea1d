"""Every check as a row of one table: one beyond the limit is refused and says so, at the limit it passes."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from actors.messages import MONEY_UNIT, OrderStatus, OrderType, PegReference, Side, TimeInForce, TradingState
from actors import oms
from actors.oms.gate import CHECKS
from actors.oms.gate.table import render
from actors.oms.limits import Limits
from tests.actors.oms.gate.bench import GateBench, money
from tests.actors.oms.support import CASH, LIMITS, PRICE

SELL = {"side": Side.SELL}
STOP = {"type": OrderType.STOP}
PEGGED = {"type": OrderType.PEGGED, "peg": PegReference.BEST}
SECOND = 1_000_000_000


class Row(NamedTuple):
    """One check: what comes before, an order that is refused, one that passes, the field and some of the text."""

    code: str
    before: Callable[[], GateBench]
    refused: dict[str, Any]
    passes: dict[str, Any]
    field: str
    text: str


def busy(orders: int = 0, cancels: int = 0, fills: int = 0, at: int = SECOND, **firm: int) -> GateBench:
    """A bench whose account has sent and traded something, all at one moment."""
    bench = GateBench()
    bench.limit("account:main", **firm)
    for number in range(orders):
        order = bench.send(quantity=number + 1, limit_price=PRICE - 1 - number, received=at)
        assert order.reason == "", order
        if number < cancels:
            bench.cancel(order.client_order_id)
        elif number - cancels < fills:
            bench.fill(order)
    return bench


ROWS = [
    Row("INSTRUMENT_UNKNOWN", GateBench, {"instrument": 99}, {}, "instrument", "value: 99"),
    Row("INSTRUMENT_NOT_VALID", GateBench, {"instrument": 3}, {}, "instrument", "until 50"),
    Row("CURRENCY_MISMATCH", GateBench, {"instrument": 2}, {}, "instrument", "accepted: instruments in USD"),
    Row(
        "INSTRUMENT_RESTRICTED", lambda: GateBench().limit("account:main/instrument:AAA", restricted=1),
        {}, {"instrument": 1}, "instrument", "AAA is on the restricted list",
    ),
    Row(
        "TRADING_HALTED", lambda: GateBench().state("instrument:AAA", TradingState.HALTED),
        {}, {"instrument": 1}, "instrument", "halted for instrument:AAA",
    ),
    Row("QUANTITY_INVALID", GateBench, {"quantity": 0}, {"quantity": 1}, "quantity", "value: 0"),
    Row("PRICE_INVALID", GateBench, {"type": OrderType.LIMIT}, {"limit_price": 1}, "limit_price", "positive limit"),
    Row(
        "TIME_IN_FORCE_INVALID", GateBench, {**STOP, "stop_price": 10_001, "time_in_force": TimeInForce.IOC},
        {**STOP, "stop_price": 10_001, "time_in_force": TimeInForce.GTC}, "time_in_force", "accepted: day, gtc, gtd",
    ),
    Row(
        "EXPIRE_TIME_INVALID", GateBench, {"time_in_force": TimeInForce.GTD, "expire_time": 100},
        {"time_in_force": TimeInForce.GTD, "expire_time": 101}, "expire_time", "limit: later than 100",
    ),
    Row("STOP_PRICE_INVALID", GateBench, STOP, {**STOP, "stop_price": 10_001}, "stop_price", "positive"),
    Row(
        "TRAIL_INVALID", GateBench, {"type": OrderType.TRAILING_STOP, "trail_amount": 5, "trail_rate": 5},
        {"type": OrderType.TRAILING_STOP, "trail_rate": 5}, "trail_amount", "one of the two",
    ),
    Row(
        "DISPLAY_QUANTITY_INVALID", GateBench, {"quantity": 5, "limit_price": 9, "display_quantity": 6},
        {"quantity": 5, "limit_price": 9, "display_quantity": 5}, "display_quantity", "quantity up to 5",
    ),
    Row("PEG_INVALID", GateBench, {"type": OrderType.PEGGED, "bid": 9}, {**PEGGED, "bid": 9}, "peg", "mid or best"),
    Row(
        "POST_ONLY_INVALID", GateBench, {**STOP, "stop_price": 10_001, "post_only": True},
        {**STOP, "stop_price": 10_001}, "post_only", "type limit or pegged",
    ),
    Row(
        "SESSION_CLOSED", lambda: GateBench(require_open_session=1), {"session_open": 101, "session_close": 200},
        {"session_open": 100, "session_close": 101}, "instrument", "limit: from 101 until 200",
    ),
    Row(
        "SESSION_UNKNOWN", GateBench, {"time_in_force": TimeInForce.AT_OPEN, "session_open": 0, "session_close": 0},
        {"time_in_force": TimeInForce.AT_OPEN, "session_open": 101, "session_close": 200}, "time_in_force",
        "another time in force",
    ),
    Row("PRICE_UNAVAILABLE", GateBench, {"price": 0}, {"price": 1}, "instrument", "after its first price"),
    Row("QUOTE_UNAVAILABLE", GateBench, {**PEGGED, "ask": 9}, {**PEGGED, "bid": 9}, "peg", "after a quote"),
    Row(
        "STOP_PRICE_WRONG_SIDE", GateBench, {**STOP, "stop_price": PRICE}, {**STOP, "stop_price": PRICE + 1},
        "stop_price", "accepted: above 100.00",
    ),
    Row(
        "REDUCE_ONLY", lambda: GateBench().hold(10).state("instrument:AAA", TradingState.REDUCE_ONLY),
        {**SELL, "quantity": 11}, {**SELL, "quantity": 10}, "quantity", "limit: sell 10",
    ),
    Row(
        "REDUCE_ONLY_WOULD_OPEN", lambda: GateBench().hold(10), {**SELL, "quantity": 11, "reduce_only": True},
        {**SELL, "quantity": 10, "reduce_only": True}, "quantity", "quantity up to 10",
    ),
    Row("PRICE_COLLAR", GateBench, {"limit_price": 11_001}, {"limit_price": 11_000}, "limit_price", "110.00 or lower"),
    Row(
        "PRICE_COLLAR_VOLATILITY", lambda: GateBench(price_collar_deviations=4 * MONEY_UNIT),
        {"limit_price": 10_201, "volatility": MONEY_UNIT // 200},
        {"limit_price": 10_200, "volatility": MONEY_UNIT // 200}, "limit_price", "102.00 or lower",
    ),
    Row(
        "POST_ONLY_WOULD_TAKE", GateBench, {"limit_price": PRICE, "post_only": True, "ask": PRICE},
        {"limit_price": PRICE - 1, "post_only": True, "ask": PRICE}, "limit_price", "99.99 or lower",
    ),
    Row(
        "ORDER_QUANTITY_LIMIT", lambda: GateBench(maximum_order_quantity=money(50)), {"quantity": 51},
        {"quantity": 50}, "quantity", "quantity up to 50",
    ),
    Row(
        "ORDER_NOTIONAL_LIMIT", lambda: GateBench(LIMITS), {"quantity": 2_501}, {"quantity": 2_500}, "quantity",
        "value: 250100.00; limit: 250000.00; accepted: quantity up to 2500",
    ),
    Row(
        "ORDER_VALUE_LIMIT", lambda: GateBench(maximum_order_value=money(11_000.55)), {"quantity": 101},
        {"quantity": 100}, "quantity", "limit: 11000.55; accepted: quantity up to 100",
    ),
    Row(
        "DUPLICATE_ORDER", lambda: twice(GateBench(maximum_duplicates=2, duplicate_window=500)),
        {"quantity": 7, "received": 2 * SECOND + 499_999_999}, {"quantity": 7, "received": 2 * SECOND + 500_000_000},
        "client_order_id", "value: 3; limit: 2 within 500 ms",
    ),
    Row(
        "ORDER_RATE_LIMIT", lambda: busy(orders=3, maximum_order_rate=3), {"received": 2 * SECOND - 1},
        {"received": 2 * SECOND}, "account", "value: 4; limit: 3 a second",
    ),
    Row(
        "CANCEL_RATE_LIMIT", lambda: busy(orders=3, cancels=3, maximum_cancel_rate=2), {"received": 2 * SECOND - 1},
        {"received": 2 * SECOND}, "account", "value: 3; limit: 2 a second",
    ),
    Row(
        "MESSAGE_RATE_LIMIT", lambda: busy(orders=3, cancels=1, maximum_message_rate=4), {"received": 2 * SECOND - 1},
        {"received": 2 * SECOND}, "account", "value: 5; limit: 4 a second",
    ),
    Row(
        "ORDER_TO_TRADE_RATIO",
        lambda: busy(orders=11, fills=3, maximum_order_to_trade_ratio=3 * MONEY_UNIT - 1, order_to_trade_grace=11),
        {}, {"strategy": "other", "account": "other"}, "account", "value: 3: 12 messages, 3 fills",
    ),
    Row(
        "SHORT_SALE_FORBIDDEN", lambda: GateBench().hold(10).limit("instrument:AAA", allow_short=0),
        {**SELL, "quantity": 11}, {**SELL, "quantity": 10}, "quantity", "quantity up to 10",
    ),
    Row(
        "SELF_TRADE", lambda: resting(GateBench(), Side.SELL, PRICE + 5), {"limit_price": PRICE + 5},
        {"limit_price": PRICE + 4}, "limit_price", "a limit price below 100.05",
    ),
    Row(
        "POSITION_LIMIT", lambda: GateBench(maximum_position_notional=CASH).hold(5_000), {"quantity": 5_001},
        {"quantity": 5_000 - 500}, "quantity", "quantity up to 5000",
    ),
    Row(
        "POSITION_QUANTITY_LIMIT", lambda: GateBench(maximum_position_quantity=money(20)).hold(5), {"quantity": 16},
        {"quantity": 15}, "quantity", "value: 21; limit: 20.00; accepted: quantity up to 15",
    ),
    Row(
        "CONCENTRATION_LIMIT", lambda: GateBench(maximum_concentration=MONEY_UNIT // 4).hold(1_000),
        {"quantity": 1_501}, {"quantity": 1_500}, "quantity", "0.25 of 1000000.00; accepted: quantity up to 1500",
    ),
    Row(
        "GROSS_EXPOSURE_LIMIT",
        lambda: GateBench().hold(-100, instrument=1).limit("account:main", maximum_gross_exposure=money(2_000)),
        {"quantity": 20}, {"quantity": 19}, "quantity", "quantity up to 19",
    ),
    Row(
        "NET_EXPOSURE_LIMIT", lambda: GateBench().hold(-10).limit("strategy:manual", maximum_net_exposure=money(1_000)),
        {"quantity": 21}, {"quantity": 20}, "quantity", "net exposure of strategy manual",
    ),
    Row("BUYING_POWER", GateBench, {"quantity": 9_091}, {"quantity": 9_090}, "quantity", "quantity up to 9090"),
    Row(
        "MARGIN", lambda: GateBench().limit("account:main", margin_rate=MONEY_UNIT // 2), {"quantity": 19_999},
        {"quantity": 19_998}, "quantity", "accepted: quantity up to 19998",
    ),
    Row(
        "FIRM_EXPOSURE_LIMIT",
        lambda: GateBench(maximum_gross_exposure=money(10**6)).grant(maximum_gross_exposure=money(5_000)),
        {"quantity": 51}, {"quantity": 50}, "quantity", "limit: 5000.00; accepted: quantity up to 50",
    ),
]  # fmt: skip


def twice(bench: GateBench) -> GateBench:
    """Send the same order twice."""
    assert bench.buy(7, received=SECOND * 2) == bench.buy(7, received=SECOND * 2) == ""
    return bench


def resting(bench: GateBench, side: Side, price: int, **fields: Any) -> GateBench:
    """Let an order rest."""
    assert bench.send(side, limit_price=price, **fields).reason == ""
    return bench


@pytest.mark.parametrize("row", ROWS, ids=[row.code for row in ROWS])
def test_one_beyond_the_limit_is_refused_and_at_the_limit_passes(row: Row) -> None:
    bench = row.before().account("other")
    digest = [bench.partition.accounts["main"].exposure.reserved("USD"), len(bench.partition.standing)]
    order = bench.send(**row.refused)
    assert (order.status, order.reason) == (OrderStatus.REJECTED, row.code), order.text
    assert f"field: {row.field}" in order.text and row.text in order.text
    for part in ("value: ", "limit: ", "accepted: "):
        assert part in order.text
    assert bench.effects[-1].messages == []
    assert [bench.partition.accounts["main"].exposure.reserved("USD"), len(bench.partition.standing)] == digest
    passing = bench.send(**row.passes)
    assert passing.status.is_open, passing.text


def test_the_rows_are_those_of_the_table() -> None:
    assert [row.code for row in ROWS] == [check.code for check in CHECKS]


def test_a_plain_order_under_the_firms_usual_limits_passes_few_checks() -> None:
    bench = GateBench(LIMITS)
    assert bench.buy() == ""
    limits = bench.partition.limits.effective("main", "manual", bench.partition.instruments[0])
    assert [check.__name__ for check in limits.plan[0][True]] == [
        "instrument_known",
        "instrument_valid",
        "currency_matches",
        "trading_not_halted",
        "quantity_positive",
        "price_fits_type",
        "price_available",
        "position_reduced",
        "price_in_collar",
        "order_quantity_within_limit",
        "order_notional_within_limit",
        "sale_covered",
        "no_self_trade",
        "position_within_limit",
        "buying_power_suffices",
    ]


def test_before_the_first_limits_nothing_passes() -> None:
    assert GateBench(Limits(0, 0, 0, 0, 0)).buy() == "ORDER_QUANTITY_LIMIT"


def test_the_table_for_people_is_what_the_code_says() -> None:
    assert (pathlib.Path(oms.__file__).parent / "GATE.md").read_text() == render()


@pytest.mark.parametrize("article", ["12", "15(1)(a)", "15(1)(b)", "15(1)(c)", "15(1)(d)", "15(3)", "15(4)", "15(5)"])
def test_every_article_on_orders_before_they_are_sent_has_a_check(article: str) -> None:
    assert any(article in check.rts6 for check in CHECKS)


@pytest.mark.parametrize("paragraph", ["(c)(1)(i)", "(c)(1)(ii)", "(c)(2)(i)", "(c)(2)(ii)"])
def test_every_paragraph_on_orders_before_they_are_sent_has_a_check(paragraph: str) -> None:
    assert any(paragraph == check.sec for check in CHECKS)
