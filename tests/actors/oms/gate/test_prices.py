"""Prices against the market, on both sides: collars, stops, quotes, post-only, and orders of our own."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import MONEY_UNIT, OrderType, PegReference, ReportType, Side, TimeInForce
from tests.actors.oms.gate.bench import GateBench
from tests.actors.oms.support import PRICE

BUY, SELL = Side.BUY, Side.SELL
QUOTE = {"bid": PRICE - 2, "ask": PRICE + 2}


@pytest.mark.parametrize(
    ("side", "fields", "passes"),
    [
        (BUY, {"limit_price": 11_000}, True),
        (BUY, {"limit_price": 11_001}, False),
        (BUY, {"limit_price": 1}, True),
        (SELL, {"limit_price": 9_000}, True),
        (SELL, {"limit_price": 8_999}, False),
        (SELL, {"limit_price": 50_000}, True),
        # A waiting order is measured from where it triggers, not from where the market is now.
        (BUY, {"type": OrderType.STOP_LIMIT, "stop_price": 12_000, "limit_price": 13_200}, True),
        (BUY, {"type": OrderType.STOP_LIMIT, "stop_price": 12_000, "limit_price": 13_201}, False),
        (SELL, {"type": OrderType.STOP_LIMIT, "stop_price": 8_000, "limit_price": 7_200}, True),
        (SELL, {"type": OrderType.STOP_LIMIT, "stop_price": 8_000, "limit_price": 7_199}, False),
        (BUY, {"type": OrderType.LIMIT_IF_TOUCHED, "stop_price": 5_000, "limit_price": 5_501}, False),
    ],
)
def test_the_collar_bounds_the_aggressive_side_alone(side: Side, fields: dict[str, Any], passes: bool) -> None:
    assert GateBench().send(side, **fields).reason == ("" if passes else "PRICE_COLLAR")


@pytest.mark.parametrize(
    ("side", "limit_price", "volatility", "code"),
    [
        (BUY, 10_100, MONEY_UNIT // 200, ""),
        (BUY, 10_101, MONEY_UNIT // 200, "PRICE_COLLAR_VOLATILITY"),
        (SELL, 9_900, MONEY_UNIT // 200, ""),
        (SELL, 9_899, MONEY_UNIT // 200, "PRICE_COLLAR_VOLATILITY"),
        (BUY, 11_000, 0, ""),
        (BUY, 11_001, MONEY_UNIT, "PRICE_COLLAR"),
    ],
)
def test_deviations_narrow_the_collar_where_volatility_is_known(
    side: Side, limit_price: int, volatility: int, code: str
) -> None:
    bench = GateBench(price_collar_deviations=2 * MONEY_UNIT)
    assert bench.send(side, limit_price=limit_price, volatility=volatility).reason == code
    assert GateBench(price_collar_deviations=0).send(side, limit_price=limit_price, volatility=volatility).reason in (
        "",
        "PRICE_COLLAR",
    )


@pytest.mark.parametrize(
    ("kind", "side", "stop_price", "passes"),
    [
        (OrderType.STOP, BUY, PRICE + 1, True),
        (OrderType.STOP, BUY, PRICE, False),
        (OrderType.STOP, SELL, PRICE - 1, True),
        (OrderType.STOP, SELL, PRICE, False),
        (OrderType.MARKET_IF_TOUCHED, BUY, PRICE - 1, True),
        (OrderType.MARKET_IF_TOUCHED, BUY, PRICE, False),
        (OrderType.MARKET_IF_TOUCHED, SELL, PRICE + 1, True),
        (OrderType.MARKET_IF_TOUCHED, SELL, PRICE, False),
    ],
)
def test_an_order_that_would_trigger_at_once_is_refused(
    kind: OrderType, side: Side, stop_price: int, passes: bool
) -> None:
    order = GateBench().send(side, type=kind, stop_price=stop_price)
    assert order.reason == ("" if passes else "STOP_PRICE_WRONG_SIDE")


@pytest.mark.parametrize(
    ("side", "fields", "code"),
    [
        (BUY, {"peg": PegReference.BEST, "bid": 9}, ""),
        (BUY, {"peg": PegReference.BEST, "ask": 9}, "QUOTE_UNAVAILABLE"),
        (SELL, {"peg": PegReference.BEST, "ask": 9}, ""),
        (SELL, {"peg": PegReference.BEST, "bid": 9}, "QUOTE_UNAVAILABLE"),
        (BUY, {"peg": PegReference.MID, "bid": 9}, "QUOTE_UNAVAILABLE"),
        (BUY, {"peg": PegReference.MID, "bid": 9, "ask": 11}, ""),
        (BUY, {"peg": PegReference.BEST, "peg_offset": -99, "bid": 9}, ""),
    ],
)
def test_a_peg_needs_the_quote_that_it_follows(side: Side, fields: dict[str, Any], code: str) -> None:
    assert GateBench().send(side, type=OrderType.PEGGED, **fields).reason == code


PEG = {"type": OrderType.PEGGED, "peg": PegReference.BEST}


@pytest.mark.parametrize(
    ("side", "fields", "rests"),
    [
        (BUY, {"limit_price": PRICE + 1, **QUOTE}, True),
        (BUY, {"limit_price": PRICE + 2, **QUOTE}, False),
        (SELL, {"limit_price": PRICE - 1, **QUOTE}, True),
        (SELL, {"limit_price": PRICE - 2, **QUOTE}, False),
        (BUY, {"limit_price": PRICE}, True),
        (BUY, {"limit_price": PRICE + 1}, False),
        (SELL, {"limit_price": PRICE}, True),
        (SELL, {"limit_price": PRICE - 1}, False),
        (BUY, {**PEG, "peg_offset": 3, **QUOTE}, True),
        (BUY, {**PEG, "peg_offset": 4, **QUOTE}, False),
        (BUY, {**PEG, "peg_offset": 4, "limit_price": PRICE + 1, **QUOTE}, True),
    ],
)
def test_a_post_only_order_has_to_rest(side: Side, fields: dict[str, Any], rests: bool) -> None:
    assert GateBench().send(side, post_only=True, **fields).reason == ("" if rests else "POST_ONLY_WOULD_TAKE")


@pytest.mark.parametrize(
    ("resting", "side", "fields", "passes"),
    [
        ((SELL, 10_010), BUY, {"limit_price": 10_009}, True),
        ((SELL, 10_010), BUY, {"limit_price": 10_010}, False),
        ((BUY, 9_990), SELL, {"limit_price": 9_991}, True),
        ((BUY, 9_990), SELL, {"limit_price": 9_990}, False),
        ((BUY, 9_990), BUY, {"limit_price": 9_990}, True),
        # A market order trades at the opposite quote, or where there is none at the last price.
        ((SELL, 10_010), BUY, {"ask": 10_009}, True),
        ((SELL, 10_010), BUY, {"ask": 10_010}, False),
        ((SELL, 10_010), BUY, {}, True),
        ((SELL, 10_000), BUY, {}, False),
        ((BUY, 9_990), SELL, {"bid": 9_991}, True),
        ((BUY, 9_990), SELL, {"bid": 9_990}, False),
        ((SELL, 10_010), BUY, {"type": OrderType.STOP, "stop_price": 10_020}, True),
    ],
)
def test_an_order_does_not_meet_one_of_the_same_account(
    resting: tuple[Side, int], side: Side, fields: dict[str, Any], passes: bool
) -> None:
    bench = GateBench()
    assert bench.send(resting[0], limit_price=resting[1]).reason == ""
    assert bench.send(side, **fields).reason == ("" if passes else "SELF_TRADE")


def test_only_what_rests_can_be_met() -> None:
    bench = GateBench()
    assert bench.sell(limit_price=PRICE, time_in_force=TimeInForce.IOC) == ""
    assert bench.buy(limit_price=PRICE) == ""
    first = bench.send(SELL, limit_price=PRICE + 1)
    second = bench.send(SELL, limit_price=PRICE + 1)
    bench.fill(first)
    assert bench.buy(limit_price=PRICE + 1) == "SELF_TRADE"
    bench.report(ReportType.CANCELED, second.order_id)
    assert bench.buy(limit_price=PRICE + 1) == ""


@pytest.mark.parametrize(("mode", "code"), [(0, ""), (1, ""), (2, "SELF_TRADE")])
def test_other_accounts_are_met_where_the_firm_allows_it(mode: int, code: str) -> None:
    bench = GateBench(self_trade_prevention=mode).account("other")
    assert bench.sell(limit_price=PRICE, account="other") == ""
    assert bench.buy(limit_price=PRICE) == code
    assert GateBench(self_trade_prevention=0).buy(limit_price=PRICE) == ""
