from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.decimals import parse_quantity
from actors.messages import MONEY_UNIT, OrderStatus, OrderType, ReportType, Side, TradingState
from actors.oms.effects import Effects
from actors.oms.gate import CHECKS
from actors.oms.inputs import StateChange
from actors.oms.limits import Limits
from tests.actors.oms.support import CASH, INSTRUMENTS, LIMITS, PRICE, Bench

SHORT = dataclasses.replace(LIMITS, allow_short=1)
ROOMY = dataclasses.replace(LIMITS, maximum_order_notional=CASH, maximum_position_notional=2 * CASH)


def reason(effects: Effects) -> str:
    """The code with which the gate refused, empty where the order passed."""
    assert effects.order is not None
    return effects.order.reason


def holding(bench: Bench, quantity: int, client_order_id: str = "held", **fields: Any) -> Bench:
    """Let the account hold ``quantity`` lots of AAA, bought (or sold) at the market."""
    side = Side.BUY if quantity > 0 else Side.SELL
    order = bench.submit(client_order_id, side=side, quantity=abs(quantity), **fields).order
    assert order is not None and order.status is OrderStatus.PENDING_NEW, order
    bench.report(ReportType.TRADE, order.order_id, quantity=abs(quantity))
    return bench


def move(bench: Bench, scope: str, state: TradingState) -> None:
    bench.give(StateChange(time=bench.time, scope=scope, state=state, principal="test", reason="test"))


# code: (what comes before, the order at fault, the field named, part of the text, an order that passes just so)
REFUSALS: dict[str, tuple[Bench, dict[str, Any], str, str, dict[str, Any] | None]] = {
    "INSTRUMENT_UNKNOWN": (Bench(), {"instrument": 99}, "instrument", "99", {}),
    "INSTRUMENT_NOT_VALID": (Bench(), {"instrument": 3}, "instrument", "until 50", {}),
    "CURRENCY_MISMATCH": (Bench(), {"instrument": 2}, "instrument", "accepted: instruments in USD", {}),
    "TRADING_HALTED": (Bench(), {"strategy": "stopped"}, "strategy", "cancels only", {"strategy": "other"}),
    "QUANTITY_INVALID": (Bench(), {"quantity": 0}, "quantity", "value: 0", {"quantity": 1}),
    "PRICE_INVALID": (
        Bench(),
        {"type": OrderType.LIMIT, "limit_price": None},
        "limit_price",
        "positive",
        {"limit_price": 1},
    ),
    "PRICE_UNAVAILABLE": (Bench(), {"reference": 0}, "instrument", "first price", {}),
    "REDUCE_ONLY": (
        holding(Bench(), 10),
        {"side": Side.SELL, "quantity": 11, "strategy": "reducing"},
        "quantity",
        "limit: sell 0",
        {"side": Side.SELL, "quantity": 10},
    ),
    "PRICE_COLLAR": (
        Bench(),
        {"limit_price": 11_001},
        "limit_price",
        "110.00 or lower",
        {"limit_price": 11_000},
    ),
    "ORDER_QUANTITY_LIMIT": (
        Bench(dataclasses.replace(LIMITS, maximum_order_quantity=50 * MONEY_UNIT)),
        {"quantity": 51},
        "quantity",
        "quantity up to 50",
        {"quantity": 50},
    ),
    "ORDER_NOTIONAL_LIMIT": (
        Bench(),
        {"quantity": 2_501},
        "quantity",
        "value: 250100.00; limit: 250000.00; accepted: quantity up to 2500",
        {"quantity": 2_500},
    ),
    "SHORT_SALE_FORBIDDEN": (
        holding(Bench(), 10),
        {"side": Side.SELL, "quantity": 11},
        "quantity",
        "quantity up to 10",
        {"side": Side.SELL, "quantity": 10},
    ),
    "POSITION_LIMIT": (
        holding(Bench(ROOMY, cash=3 * CASH), 10_000),
        {"quantity": 10_001, "limit_price": 9_900},
        "quantity",
        "quantity up to 10000",
        {"quantity": 10_000, "limit_price": 9_900},
    ),
    "BUYING_POWER": (
        Bench(ROOMY),
        {"quantity": 9_091},
        "quantity",
        "limit: 1000000.00; accepted: quantity up to 9090",
        {"quantity": 9_090},
    ),
}
move(REFUSALS["TRADING_HALTED"][0], "strategy:stopped", TradingState.HALTED)
move(REFUSALS["REDUCE_ONLY"][0], "strategy:reducing", TradingState.REDUCE_ONLY)


@pytest.mark.parametrize("code", REFUSALS)
def test_each_check_refuses_with_its_code_and_says_what_would_pass(code: str) -> None:
    bench, at_fault, field, text, passes = REFUSALS[code]
    before = bench.partition.accounts["main"].exposure.reserved("USD")
    order = bench.submit(f"refused-{len(bench.inputs)}", **at_fault).order
    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.REJECTED, code)
    assert f"field: {field}" in order.text
    assert text in order.text
    assert bench.effects[-1].messages == []
    assert bench.partition.accounts["main"].exposure.reserved("USD") == before
    passing = bench.submit(f"passing-{len(bench.inputs)}", **(passes or {})).order
    assert passing is not None and passing.status is OrderStatus.PENDING_NEW, passing


# More ways into the same refusals.
@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("INSTRUMENT_UNKNOWN", {"instrument": -1}),
        ("QUANTITY_INVALID", {"quantity": -5}),
        ("QUANTITY_INVALID", {"quantity": 2**60}),
        ("PRICE_INVALID", {"limit_price": 0}),
        ("PRICE_INVALID", {"limit_price": -1}),
        ("PRICE_INVALID", {"limit_price": 2**60}),
        ("PRICE_INVALID", {"type": OrderType.MARKET, "limit_price": 100}),
        ("PRICE_UNAVAILABLE", {"reference": 0, "limit_price": 100}),
        ("PRICE_COLLAR", {"side": Side.SELL, "limit_price": 8_999}),
        ("ORDER_NOTIONAL_LIMIT", {"side": Side.SELL, "limit_price": 2**40}),
    ],
)
def test_malformed_orders_are_refused(code: str, order: dict[str, Any]) -> None:
    bench = holding(Bench(), 100)
    assert reason(bench.submit(**order)) == code


@pytest.mark.parametrize(
    "passive", [{"limit_price": 1}, {"side": Side.SELL, "quantity": 10, "limit_price": 100 * PRICE}]
)
def test_a_price_far_away_on_the_passive_side_passes_the_collar(passive: dict[str, Any]) -> None:
    bench = holding(Bench(), 10)
    assert reason(bench.submit(**passive)) == ""


def test_checks_run_in_the_order_of_the_table() -> None:
    bench = Bench()
    move(bench, "firm", TradingState.HALTED)
    order = bench.submit(quantity=0, limit_price=0, reference=0).order
    assert order is not None and order.reason == "TRADING_HALTED"


@pytest.mark.parametrize("scope", ["firm", "account:main", "strategy:manual"])
def test_every_scope_of_the_kill_switch_halts(scope: str) -> None:
    bench = Bench()
    bench.submit("before")
    move(bench, scope, TradingState.HALTED)
    assert reason(bench.submit("after")) == "TRADING_HALTED"
    assert bench.cancel("before").events
    move(bench, scope, TradingState.ACTIVE)
    assert reason(bench.submit("again")) == ""


def test_the_most_restrictive_state_wins() -> None:
    bench = holding(Bench(), 10)
    move(bench, "account:main", TradingState.REDUCE_ONLY)
    move(bench, "firm", TradingState.HALTED)
    assert reason(bench.submit("a", side=Side.SELL, quantity=1)) == "TRADING_HALTED"
    move(bench, "firm", TradingState.ACTIVE)
    assert reason(bench.submit("b", side=Side.SELL, quantity=1)) == ""
    assert reason(bench.submit("c", quantity=1)) == "REDUCE_ONLY"


def test_reduce_only_counts_what_is_already_being_sold() -> None:
    bench = holding(Bench(), 10)
    move(bench, "account:main", TradingState.REDUCE_ONLY)
    assert reason(bench.submit("a", side=Side.SELL, quantity=7)) == ""
    refused = bench.submit("b", side=Side.SELL, quantity=4).order
    assert refused is not None and refused.reason == "REDUCE_ONLY" and "quantity up to 3" in refused.text


def test_reduce_only_lets_a_short_position_be_bought_back() -> None:
    bench = holding(Bench(SHORT), -10)
    move(bench, "firm", TradingState.REDUCE_ONLY)
    assert reason(bench.submit("a", quantity=11)) == "REDUCE_ONLY"
    assert reason(bench.submit("b", quantity=10)) == ""


def test_a_strategy_that_may_only_reduce_is_held_to_its_own_position() -> None:
    bench = holding(holding(Bench(SHORT), 100, "x", strategy="long"), -100, "y", strategy="short")
    move(bench, "strategy:long", TradingState.REDUCE_ONLY)
    assert reason(bench.submit("a", side=Side.SELL, strategy="long")) == ""
    refused = bench.submit("b", side=Side.SELL, quantity=1, strategy="long").order
    assert refused is not None and refused.reason == "REDUCE_ONLY"


def test_open_sales_count_for_the_short_sale_check() -> None:
    bench = holding(Bench(), 10)
    bench.submit("a", side=Side.SELL, quantity=6, limit_price=PRICE)
    refused = bench.submit("b", side=Side.SELL, quantity=5).order
    assert refused is not None and refused.reason == "SHORT_SALE_FORBIDDEN" and "quantity up to 4" in refused.text
    bench.report(ReportType.CANCELED, "3-2")
    assert reason(bench.submit("c", side=Side.SELL, quantity=10)) == ""


def test_open_buys_count_for_the_position_limit_and_a_short_limit_exists_too() -> None:
    limits = dataclasses.replace(SHORT, maximum_position_notional=100_000 * MONEY_UNIT)
    bench = Bench(limits)
    assert reason(bench.submit("a", quantity=600)) == ""
    assert reason(bench.submit("b", quantity=401)) == "POSITION_LIMIT"
    assert reason(bench.submit("c", quantity=400)) == ""
    assert reason(bench.submit("d", side=Side.SELL, quantity=1_001)) == "POSITION_LIMIT"
    assert reason(bench.submit("e", side=Side.SELL, quantity=1_000)) == ""


def test_a_position_that_outgrew_its_limit_can_still_be_reduced() -> None:
    bench = holding(Bench(cash=10 * CASH), 2_000)
    assert reason(bench.submit("a", reference=10 * PRICE, quantity=1)) == "POSITION_LIMIT"
    sale = bench.submit("b", reference=10 * PRICE, side=Side.SELL, quantity=200).order
    assert sale is not None and sale.reason == ""


def test_buying_power_is_what_open_buys_leave_and_comes_back_with_a_cancel() -> None:
    bench = Bench(ROOMY)
    bench.submit("a", quantity=9_000, limit_price=PRICE)
    reserved = bench.partition.accounts["main"].exposure.reserved("USD")
    assert reserved == 900_000 * MONEY_UNIT + 45 * MONEY_UNIT
    assert reason(bench.submit("b", quantity=1_000, limit_price=PRICE)) == "BUYING_POWER"
    bench.report(ReportType.TRADE, "3-1", quantity=4_000)
    assert bench.partition.accounts["main"].exposure.reserved("USD") == 500_025 * MONEY_UNIT
    bench.report(ReportType.CANCELED, "3-1")
    assert bench.partition.accounts["main"].exposure.reserved("USD") == 0
    assert reason(bench.submit("c", quantity=5_900, limit_price=PRICE)) == ""


def test_before_the_first_limits_nothing_passes() -> None:
    bench = Bench(Limits(0, 0, 0, 0, 0))
    assert reason(bench.submit()) == "ORDER_QUANTITY_LIMIT"


@given(
    held=st.integers(0, 3_000),
    pending=st.integers(0, 1_000),
    quantity=st.integers(1, 40_000),
    side=st.sampled_from(Side),
    limit=st.none() | st.integers(9_000, 11_000),
    cash=st.integers(300_000, 5_000_000),
    state=st.sampled_from([TradingState.ACTIVE, TradingState.REDUCE_ONLY]),
    short=st.booleans(),
)
def test_what_a_refusal_says_would_be_accepted_passes_that_check(
    held: int, pending: int, quantity: int, side: Side, limit: int | None, cash: int, state: TradingState, short: bool
) -> None:
    limits = dataclasses.replace(
        LIMITS,
        maximum_order_quantity=20_000 * MONEY_UNIT,
        maximum_order_notional=1_000_000 * MONEY_UNIT,
        maximum_position_notional=1_500_000 * MONEY_UNIT,
        allow_short=int(short),
    )
    bench = Bench(limits, cash=cash * MONEY_UNIT)
    for index, lots in enumerate((held, pending)):
        if lots:
            order = bench.submit(f"before-{index}", quantity=lots).order
            assert order is not None
            if index == 0 and order.reason == "":
                bench.report(ReportType.TRADE, order.order_id, quantity=lots)
    move(bench, "firm", state)
    refused = bench.submit("refused", quantity=quantity, side=side, limit_price=limit).order
    assert refused is not None
    if "accepted: quantity up to " not in refused.text:
        return
    text = refused.text.partition("accepted: quantity up to ")[2].rstrip(")")
    accepted = parse_quantity(INSTRUMENTS[0], text)
    assert 0 < accepted < quantity
    codes = [check.code for check in CHECKS]
    again = bench.submit("again", quantity=accepted, side=side, limit_price=limit).order
    assert again is not None
    assert again.reason == "" or codes.index(again.reason) > codes.index(refused.reason)
    if again.status is OrderStatus.PENDING_NEW:
        bench.report(ReportType.REJECTED, again.order_id)
    more = bench.submit("more", quantity=accepted + 1, side=side, limit_price=limit).order
    assert more is not None and more.reason == refused.reason
