"""Orders that watch the market here, because the venue can't: stops, trailing stops, *if touched* orders."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from actors.messages import OrderStatus, OrderType, Side, Stage, TimeInForce, TradingState, VenueOrder
from actors.oms.inputs import StateChange
from actors.oms.watching import concerned
from tests.actors.oms.support import LIMITS, NATIVE, PRICE, Bench, market, quote

SHORT = dataclasses.replace(LIMITS, allow_short=1)
BUY, SELL = Side.BUY, Side.SELL
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
TOUCHED, LIMIT_TOUCHED = OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT


def bench(**options: Any) -> Bench:
    return Bench(SHORT, **options)


def switch(at: Bench, state: TradingState, scope: str = "firm") -> None:
    at.give(StateChange(time=at.time, scope=scope, state=state, principal="p", reason="r"))


# type, side, stop price, limit price, prices that leave it waiting, price that triggers it, what goes out
TRIGGERS = {
    "a stop to buy, at its price": (STOP, BUY, 10_100, None, [9_900, 10_099], market(10_100), MARKET),
    "a stop to buy, above it": (STOP, BUY, 10_100, None, [10_050], market(10_300), MARKET),
    "a stop to buy, touched within a slice": (STOP, BUY, 10_100, None, [10_050], market(9_900, 10_100, 9_950), MARKET),
    "a stop to buy, by the middle of a quote": (STOP, BUY, 10_100, None, [], quote(10_099, 10_101), MARKET),
    "a stop to sell, at its price": (STOP, SELL, 9_900, None, [10_100, 9_901], market(9_900), MARKET),
    "a stop to sell, touched within a slice": (STOP, SELL, 9_900, None, [9_950], market(9_900, 10_100), MARKET),
    "a stop-limit to buy": (STOP_LIMIT, BUY, 10_100, 10_120, [10_099], market(10_100), LIMIT),
    "a stop-limit to sell": (STOP_LIMIT, SELL, 9_900, 9_880, [9_901], market(9_900), LIMIT),
    "a market if touched to buy": (TOUCHED, BUY, 9_900, None, [10_100, 9_901], market(9_900), MARKET),
    "a market if touched to sell": (TOUCHED, SELL, 10_100, None, [9_900, 10_099], market(10_100), MARKET),
    "a limit if touched to buy": (LIMIT_TOUCHED, BUY, 9_900, 9_890, [9_901], market(9_800, 9_950), LIMIT),
    "a limit if touched to sell": (LIMIT_TOUCHED, SELL, 10_100, 10_110, [10_099], market(10_100), LIMIT),
}


@pytest.mark.parametrize(
    ("kind", "side", "stop_price", "limit_price", "before", "then", "sent"), TRIGGERS.values(), ids=TRIGGERS.keys()
)
def test_an_order_waits_for_its_price_and_goes_out_then(
    kind: OrderType, side: Side, stop_price: int, limit_price: int | None, before: list[int], then: Any, sent: OrderType
) -> None:
    here = bench()
    here.submit(type=kind, side=side, stop_price=stop_price, limit_price=limit_price, time_in_force=TimeInForce.GTC)
    waiting = here.order()
    assert (waiting.status, waiting.stage, waiting.emulated) == (OrderStatus.NEW, Stage.WATCHING, (str(kind),))
    assert waiting.trigger_price == stop_price
    for price in before:
        assert not concerned(here.partition, 99, here.time + 1, market(price))
        assert here.observe(market(price)).messages == []
    assert here.order() == waiting
    (message,) = here.observe(then).messages
    assert message == VenueOrder(
        order_id="3-1", instrument=0, side=side, type=sent, quantity=100, limit_price=limit_price,
        time_in_force=TimeInForce.GTC, time=here.time,
    )  # fmt: skip
    assert (here.order().stage, here.order().status) == (Stage.WORKING, OrderStatus.NEW)
    assert list(here.partition.awaiting) == ["3-1"] and not here.partition.watching
    here.trade(100, price=stop_price)
    assert here.order().status is OrderStatus.FILLED


# side, distance, prices of slices, and the stop price after each; the last one triggers
TRAILS: dict[str, tuple[Side, dict[str, int], list[tuple[int, int]], int]] = {
    "to sell, by an amount": (SELL, {"trail_amount": 50}, [(10_100, 10_050), (10_060, 10_050)], 10_050),
    "to buy, by an amount": (BUY, {"trail_amount": 50}, [(9_900, 9_950), (9_940, 9_950)], 9_950),
    "to sell, by a rate": (SELL, {"trail_rate": 1_000_000}, [(10_150, 10_048), (10_100, 10_048)], 10_048),
    "to buy, by a rate": (BUY, {"trail_rate": 1_000_000}, [(9_850, 9_949), (9_900, 9_949)], 9_949),
    "to sell, never further away": (SELL, {"trail_amount": 50}, [(9_960, 9_950), (10_000, 9_950)], 9_940),
    "to buy, never further away": (BUY, {"trail_amount": 50}, [(10_040, 10_050), (10_010, 10_050)], 10_060),
}


@pytest.mark.parametrize(("side", "distance", "trail", "then"), TRAILS.values(), ids=TRAILS.keys())
def test_a_trailing_stop_follows_the_best_price_and_never_goes_back(
    side: Side, distance: dict[str, int], trail: list[tuple[int, int]], then: int
) -> None:
    here = bench()
    here.submit(type=OrderType.TRAILING_STOP, side=side, **distance)
    first = 50 if "trail_amount" in distance else 100
    assert here.order().trigger_price == PRICE - first * (1 if side is SELL else -1)
    for price, stop in trail:
        before = here.order().trigger_price
        assert concerned(here.partition, 99, here.time + 1, market(price)) == (stop != before)
        effects = here.observe(market(price))
        assert (effects.messages, here.order().trigger_price) == ([], stop)
        assert bool(effects.events) == (stop != before)
    (message,) = here.observe(market(then)).messages
    assert isinstance(message, VenueOrder) and message.type is MARKET


def test_a_slice_that_moves_the_stop_does_not_trigger_it_by_its_older_prices() -> None:
    here = bench()
    here.submit(type=OrderType.TRAILING_STOP, side=SELL, trail_amount=50)
    assert here.observe(market(10_000, 10_200)).messages == []
    assert here.order().trigger_price == 10_150
    assert here.observe(market(10_150)).messages


def test_a_slice_that_was_seen_before_the_order_came_does_not_trigger_it() -> None:
    here = bench()
    here.submit(type=STOP, side=SELL, stop_price=9_900)
    assert not concerned(here.partition, 1, here.time, market(9_000))
    assert concerned(here.partition, 2, here.time, market(9_000))


@pytest.mark.parametrize("kind", [STOP, STOP_LIMIT, TOUCHED, LIMIT_TOUCHED])
def test_a_venue_that_can_do_it_gets_the_order_as_it_is(kind: OrderType) -> None:
    here = bench(capabilities=NATIVE)
    price = 10_100 if kind in (STOP, STOP_LIMIT) else 9_900
    limit_price = price if "LIMIT" in kind.name else None
    (message,) = here.submit(type=kind, stop_price=price, limit_price=limit_price).messages
    assert isinstance(message, VenueOrder) and message.conditions is not None
    assert (message.type, message.conditions.stop_price) == (kind, price)
    assert (here.order().stage, here.order().emulated, here.order().trigger_price) == (Stage.WORKING, (), 0)
    assert not here.partition.watching


def test_a_watching_order_is_counted_and_canceled_at_once() -> None:
    here = bench()
    here.submit(type=STOP, stop_price=10_100)
    assert here.open_quantity() == 100
    effects = here.cancel()
    assert (here.order().status, effects.messages) == (OrderStatus.CANCELED, [])
    assert here.open_quantity() == 0 and not here.partition.watching and not here.partition.awaiting
    assert here.observe(market(10_200)).events == []


def test_a_day_order_that_watches_expires_at_the_close() -> None:
    here = bench()
    here.submit(type=STOP, stop_price=10_100)
    here.submit("c2", type=STOP, stop_price=10_100, time_in_force=TimeInForce.GTC)
    assert here.partition.timers.next == here.look.session_close
    here.reach(here.look.session_close)
    assert here.order().status is OrderStatus.EXPIRED
    assert here.order("c2").status is OrderStatus.NEW


def test_a_day_order_that_was_triggered_is_the_venues_to_expire() -> None:
    here = bench()
    here.submit(type=STOP, stop_price=10_100)
    here.observe(market(10_100))
    here.report_new()
    here.reach(here.look.session_close)
    assert here.order().status is OrderStatus.NEW


def test_while_trading_is_halted_nothing_goes_out_and_what_is_due_goes_out_afterwards() -> None:
    here = bench()
    here.submit(type=STOP, stop_price=10_100)
    switch(here, TradingState.HALTED, "account:main")
    assert not concerned(here.partition, 99, here.time + 1, market(10_200))
    assert here.observe(market(10_200)).messages == []
    assert here.order().stage is Stage.WATCHING
    switch(here, TradingState.ACTIVE, "account:main")
    assert here.observe(market(10_200)).messages


def holding(lots: int, **options: Any) -> Bench:
    """A bench whose account holds lots of AAA of strategy manual."""
    here = bench(**options)
    here.submit("held", side=BUY if lots > 0 else SELL, quantity=abs(lots))
    here.trade(abs(lots))
    return here


@pytest.mark.parametrize(
    ("held", "side", "quantity", "goes"),
    [
        (100, SELL, 100, True),
        (100, SELL, 101, False),
        (100, BUY, 1, False),
        (-100, BUY, 100, True),
        (-100, BUY, 101, False),
        (-100, SELL, 1, False),
    ],
)
@pytest.mark.parametrize("scope", ["firm", "account:main", "strategy:manual"])
def test_while_only_reductions_are_allowed_what_reduces_goes_out(
    held: int, side: Side, quantity: int, goes: bool, scope: str
) -> None:
    here = holding(held)
    here.submit("c2", type=STOP, side=side, quantity=quantity, stop_price=10_100 if side is BUY else 9_900)
    switch(here, TradingState.REDUCE_ONLY, scope)
    effects = here.observe(market(9_800, 10_200))
    assert bool(effects.messages) == goes


def test_while_only_reductions_are_allowed_two_stops_can_not_turn_the_position_together() -> None:
    here = holding(100)
    here.submit("c2", type=STOP, side=SELL, stop_price=9_900)
    here.submit("c3", type=STOP, side=SELL, stop_price=9_900)
    switch(here, TradingState.REDUCE_ONLY)
    assert [message.order_id for message in here.observe(market(9_900)).messages] == ["3-2"]
    here.trade(100, "3-2")
    assert here.observe(market(9_900)).messages == []


def test_the_state_of_a_strategy_looks_at_what_the_strategy_itself_holds() -> None:
    here = holding(100)
    here.submit("c2", type=STOP, side=SELL, stop_price=9_900, strategy="other")
    switch(here, TradingState.REDUCE_ONLY, "strategy:other")
    assert here.observe(market(9_900)).messages == []
