"""Replacements of every kind, at venues that change orders in place and at those that don't."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import Conflict, InputError, NotFound
from actors.messages import (
    OrderStatus,
    OrderType,
    ReplaceOrder,
    ReportType,
    Side,
    Stage,
    TimeInForce,
    TradingState,
    VenueCancel,
    VenueOrder,
    VenueReplace,
)
from actors.oms.admission import repeated, repeated_replacement
from actors.oms.inputs import StateChange
from actors.oms.sending import outstanding
from actors.oms.venue import Capabilities
from tests.actors.oms.support import IN_PLACE, LIMITS, NATIVE, PLAIN, PRICE, Bench, market, submission

SHORT = dataclasses.replace(LIMITS, allow_short=1)
GTD = TimeInForce.GTD


def working(capabilities: Capabilities = IN_PLACE, **fields: Any) -> Bench:
    """A bench with a limit order to buy 100 that the venue has acknowledged."""
    here = Bench(SHORT, capabilities=capabilities)
    here.submit(**{"limit_price": PRICE, **fields})
    here.report_new()
    return here


# What is wanted, and what goes to the venue: quantity, limit price.
IN_THE_VENUE = {
    "quantity, by more": ({"quantity": 150}, 150, PRICE),
    "quantity, by less": ({"quantity": 50}, 50, PRICE),
    "limit price": ({"limit_price": 9_900}, 100, 9_900),
    "both": ({"quantity": 50, "limit_price": 9_900}, 50, 9_900),
}


@pytest.mark.parametrize(("wanted", "quantity", "price"), IN_THE_VENUE.values(), ids=IN_THE_VENUE.keys())
def test_an_order_is_changed_in_place(wanted: dict[str, int], quantity: int, price: int) -> None:
    here = working()
    (message,) = here.replace(**wanted).messages
    assert message == VenueReplace(order_id="3-1", revision=1, quantity=quantity, limit_price=price, time=here.time)
    before = here.order()
    assert (before.status, before.quantity, before.limit_price) == (OrderStatus.PENDING_REPLACE, 100, PRICE)
    assert outstanding(here.partition, "3-1") == [message]
    here.report(ReportType.REPLACED, revision=1, order_quantity=quantity)
    after = here.order()
    assert (after.status, after.quantity, after.limit_price) == (OrderStatus.NEW, quantity, price)
    assert (after.replacement_id, after.emulated) == ("r1", ())
    assert here.order("r1") == after
    assert not here.partition.awaiting and here.open_quantity() == quantity


@pytest.mark.parametrize(("wanted", "quantity", "price"), IN_THE_VENUE.values(), ids=IN_THE_VENUE.keys())
def test_where_the_venue_can_not_it_is_canceled_and_sent_anew(
    wanted: dict[str, int], quantity: int, price: int
) -> None:
    here = working(PLAIN)
    here.trade(20)
    (message,) = here.replace(**wanted).messages
    assert message == VenueCancel(order_id="3-1", time=here.time)
    assert here.order().status is OrderStatus.PENDING_REPLACE
    here.trade(10)
    (message,) = here.report(ReportType.CANCELED).messages
    assert isinstance(message, VenueOrder)
    assert (message.order_id, message.quantity, message.limit_price) == ("3-1/2", quantity - 30, price)
    order = here.order()
    assert (order.status, order.quantity, order.emulated) == (OrderStatus.PARTIALLY_FILLED, quantity, ("replace",))
    here.report_new("3-1/2")
    here.trade(quantity - 30, "3-1/2")
    assert (here.order().status, here.position()) == (OrderStatus.FILLED, quantity)
    assert here.alarms() == [] and not here.partition.awaiting


def test_where_the_venue_can_not_a_refused_cancel_is_a_refused_replacement() -> None:
    here = working(PLAIN)
    here.replace(quantity=150)
    here.trade(100)
    assert here.order().status is OrderStatus.PENDING_REPLACE
    here.report(ReportType.CANCEL_REJECTED, reason="TOO_LATE", text="too late")
    assert (here.order().status, here.order().quantity) == (OrderStatus.FILLED, 100)
    wish = repeated_replacement(here.partition, here.replace_record(quantity=150).replace)
    assert wish is not None and (wish.reason, wish.text) == ("TOO_LATE", "too late")


def test_where_the_venue_can_not_another_replacement_has_to_wait() -> None:
    here = working(PLAIN)
    here.replace(quantity=150)
    with pytest.raises(Conflict) as caught:
        here.replace(replacement_id="r2", quantity=50)
    assert caught.value.code == "REPLACE_PENDING"
    here.report(ReportType.CANCELED)
    here.report_new("3-1/2")
    assert here.replace(replacement_id="r2", quantity=50).messages


def test_where_the_venue_can_not_several_changes_at_once_go_out_as_one_order() -> None:
    here = Bench(SHORT, capabilities=PLAIN)
    here.submit("held", quantity=100)
    here.trade(100)
    here.submit(side=Side.SELL, limit_price=PRICE, reduce_only=True)
    here.report_new("3-2")
    here.replace(limit_price=10_100)
    here.submit("c3", side=Side.SELL, quantity=40)
    here.trade(40, "3-3")  # the OMS itself makes it smaller meanwhile
    (message,) = here.report(ReportType.CANCELED, "3-2").messages
    assert isinstance(message, VenueOrder)
    assert (message.order_id, message.quantity, message.limit_price) == ("3-2/2", 60, 10_100)


def test_where_the_venue_can_not_a_halt_meanwhile_keeps_the_new_order_from_going_out() -> None:
    here = working(PLAIN)
    here.replace(quantity=50)
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    assert here.report(ReportType.CANCELED).messages == []
    assert (here.order().status, here.order().reason) == (OrderStatus.CANCELED, "TRADING_HALTED")
    assert here.open_quantity() == 0


def test_a_replacement_by_what_is_filled_already_cancels_the_rest() -> None:
    here = working()
    here.trade(40)
    assert here.replace(quantity=40).messages == [VenueCancel(order_id="3-1", time=here.time)]
    assert here.order().status is OrderStatus.PENDING_REPLACE
    here.report(ReportType.CANCELED)
    assert (here.order().status, here.order().quantity, here.order().emulated) == (OrderStatus.FILLED, 40, ())


def test_a_replacement_by_less_than_is_filled_leaves_what_is_filled() -> None:
    here = working()
    here.trade(40)
    here.replace(quantity=30)
    here.report(ReportType.CANCELED)
    assert (here.order().status, here.order().quantity) == (OrderStatus.FILLED, 40)


def test_the_venue_may_grant_another_quantity_than_was_asked_for() -> None:
    here = working()
    here.replace(quantity=50)
    here.report(ReportType.REPLACED, revision=1, order_quantity=60)
    assert (here.order().quantity, here.order().leaves_quantity, here.open_quantity()) == (60, 60, 60)


# What is wanted of an order that watches here: nothing goes out, it holds at once.
HERE: dict[str, tuple[dict[str, Any], dict[str, int], int]] = {
    "stop price": ({"type": OrderType.STOP, "stop_price": 10_100}, {"stop_price": 10_200}, 10_200),
    "trail amount": ({"type": OrderType.TRAILING_STOP, "trail_amount": 50}, {"trail_amount": 80}, 10_080),
    "trail rate": ({"type": OrderType.TRAILING_STOP, "trail_rate": 10**6}, {"trail_rate": 2 * 10**6}, 10_200),
    "trail amount for a rate": ({"type": OrderType.TRAILING_STOP, "trail_rate": 10**6}, {"trail_amount": 80}, 10_080),
    "quantity": ({"type": OrderType.STOP, "stop_price": 10_100}, {"quantity": 70}, 10_100),
    "limit price": (
        {"type": OrderType.STOP_LIMIT, "stop_price": 10_100, "limit_price": 10_150}, {"limit_price": 10_200}, 10_100,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "wanted", "trigger"), HERE.values(), ids=HERE.keys())
def test_an_order_that_waits_here_is_changed_at_once(
    fields: dict[str, Any], wanted: dict[str, int], trigger: int
) -> None:
    here = Bench(SHORT)
    here.submit(**fields)
    assert here.replace(**wanted).messages == []
    order = here.order()
    assert (order.status, order.trigger_price, order.replacement_id) == (OrderStatus.NEW, trigger, "r1")
    for name, value in wanted.items():
        assert getattr(order if hasattr(order, name) else order.conditions, name) == value
    assert here.open_quantity() == order.quantity
    (message,) = here.observe(market(trigger)).messages
    assert isinstance(message, VenueOrder)
    assert (message.quantity, message.limit_price) == (order.quantity, order.limit_price)


def test_a_distance_of_one_kind_takes_the_place_of_the_other() -> None:
    here = Bench(SHORT)
    here.submit(type=OrderType.TRAILING_STOP, trail_rate=10**6)
    here.replace(trail_amount=80)
    assert (here.order().conditions.trail_amount, here.order().conditions.trail_rate) == (80, None)


@pytest.mark.parametrize(
    ("side", "conditions", "best", "then", "wanted", "trigger"),
    [
        (Side.SELL, {"trail_amount": 500}, 11_000, 10_600, {"trail_amount": 400}, 10_600),
        (Side.SELL, {"trail_amount": 500}, 11_000, 10_600, {"trail_amount": 600}, 10_400),
        (Side.SELL, {"trail_amount": 500}, 11_000, 10_600, {"trail_rate": 4_000_000}, 10_560),
        (Side.SELL, {"trail_rate": 5_000_000}, 11_000, 10_600, {"trail_rate": 4_000_000}, 10_560),
        (Side.SELL, {"trail_rate": 5_000_000}, 11_000, 10_600, {"trail_amount": 500}, 10_500),
        (Side.SELL, {"trail_amount": 20_000}, 11_000, 10_600, {"trail_amount": 400}, 9_600),  # as far as anyone knows
        (Side.BUY, {"trail_amount": 500}, 9_000, 9_400, {"trail_amount": 400}, 9_400),
        (Side.BUY, {"trail_rate": 5_000_000}, 9_000, 9_400, {"trail_rate": 4_000_000}, 9_360),
        (Side.BUY, {"trail_amount": 500}, 9_000, 9_400, {"trail_amount": 700}, 9_700),
    ],
)
def test_another_distance_is_one_from_the_best_price_that_the_stop_has_seen(
    side: Side, conditions: dict[str, int], best: int, then: int, wanted: dict[str, int], trigger: int
) -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit(side=side, type=OrderType.TRAILING_STOP, **conditions)
    here.observe(market(best))
    here.observe(market(then))
    assert here.replace(**wanted).refusal is None
    assert here.order().trigger_price == trigger


@given(
    side=st.sampled_from(Side),
    rate=st.integers(1, 99_999_999),
    best=st.integers(1, 10**9),
    tighter=st.integers(1, 99_999_999),
)
def test_a_smaller_distance_never_loosens_a_trailing_stop(side: Side, rate: int, best: int, tighter: int) -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit(side=side, type=OrderType.TRAILING_STOP, trail_rate=rate)
    here.observe(market(best))
    before = here.order().trigger_price
    if here.order().stage is Stage.WATCHING and here.replace(trail_rate=min(rate, tighter)).refusal is None:
        assert (here.order().trigger_price - before) * side.sign <= 0


def test_another_quantity_does_not_move_a_trailing_stop_back() -> None:
    here = Bench(SHORT)
    here.submit(type=OrderType.TRAILING_STOP, trail_amount=50)
    here.observe(market(9_800))
    here.replace(quantity=70)
    assert here.order().trigger_price == 9_850


# What is wanted of an order that the venue looks after itself.
NATIVELY: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "stop price": ({"type": OrderType.STOP, "stop_price": 10_100}, {"stop_price": 10_200}),
    "trail amount": ({"type": OrderType.TRAILING_STOP, "trail_amount": 50}, {"trail_amount": 80}),
    "display quantity": ({"limit_price": PRICE, "display_quantity": 30}, {"display_quantity": 20}),
    "expire time": ({"limit_price": PRICE, "time_in_force": GTD, "expire_time": 500}, {"expire_time": 900}),
}


@pytest.mark.parametrize(("fields", "wanted"), NATIVELY.values(), ids=NATIVELY.keys())
def test_conditions_that_the_venue_looks_after_are_changed_there(
    fields: dict[str, Any], wanted: dict[str, int]
) -> None:
    here = Bench(SHORT, capabilities=NATIVE)
    here.submit(**fields, reduce_only=False)
    here.report_new()
    (message,) = here.replace(**wanted).messages
    ((name, value),) = wanted.items()
    assert isinstance(message, VenueReplace) and getattr(message.conditions, name) == value
    assert getattr(here.order().conditions, name) != value
    here.report(ReportType.REPLACED, revision=1)
    assert getattr(here.order().conditions, name) == value


def test_the_gate_looks_at_a_replacement_and_its_refusal_leaves_the_order() -> None:
    here = working()
    before = here.order(), here.open_quantity(), here.partition.accounts["main"].exposure.reserved("USD")
    effects = here.replace(limit_price=20_000)
    assert effects.refusal is not None and effects.refusal[0] == "PRICE_COLLAR"
    assert (effects.messages, effects.events) == ([], [])
    after = here.order(), here.open_quantity(), here.partition.accounts["main"].exposure.reserved("USD")
    assert after == before
    wish = repeated_replacement(here.partition, here.replace_record(limit_price=20_000).replace)
    assert wish is not None and wish.reason == "PRICE_COLLAR"


@pytest.mark.parametrize("answer", [ReportType.REPLACED, ReportType.REPLACE_REJECTED])
def test_the_worst_of_both_is_set_aside_until_the_answer(answer: ReportType) -> None:
    here = working()
    exposure = here.partition.accounts["main"].exposure
    first = exposure.reserved("USD")
    here.replace(quantity=150, limit_price=9_900)
    pending = exposure.reserved("USD")
    assert (here.open_quantity(), pending > first) == (150, True)
    here.report(answer, revision=1)
    quantity, price = (150, 9_900) if answer is ReportType.REPLACED else (100, PRICE)
    alone = Bench(SHORT)
    alone.submit(quantity=quantity, limit_price=price)
    assert exposure.reserved("USD") == alone.partition.accounts["main"].exposure.reserved("USD")
    assert here.open_quantity() == quantity


def test_what_is_filled_of_a_buy_need_not_be_paid_again() -> None:
    cash = 16_000 * 10**8
    here = Bench(LIMITS, cash, IN_PLACE)
    here.submit(limit_price=PRICE)
    here.report_new()
    here.trade(80)
    assert here.replace(quantity=150).refusal is None  # 70 more lots, 7,000, beside the 8,000 that were paid
    here.report(ReportType.REPLACED, revision=1)
    refusal = here.replace(replacement_id="r2", quantity=170).refusal
    assert refusal is not None and refusal[0] == "BUYING_POWER"


def test_while_trading_is_halted_nothing_is_replaced() -> None:
    here = working()
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    refusal = here.replace(quantity=50).refusal
    assert refusal is not None and refusal[0] == "TRADING_HALTED"


def test_the_same_wish_again_is_the_first_answer() -> None:
    here = working()
    record = here.replace_record(quantity=50)
    assert repeated_replacement(here.partition, record.replace) is None
    here.give(record)
    for answer in (None, ReportType.REPLACED):
        if answer is not None:
            here.report(answer, revision=1)
        wish = repeated_replacement(here.partition, record.replace)
        assert wish is not None and (wish.order.order, wish.reason) == (here.order(), "")
    before = here.partition.digest()
    with pytest.raises(Conflict):
        here.give(record)
    assert here.partition.digest() == before


def test_a_wish_that_the_venue_refused_without_saying_why_stays_refused() -> None:
    here = working()
    here.replace(quantity=50)
    here.report(ReportType.REPLACE_REJECTED, revision=1)
    wish = repeated_replacement(here.partition, here.replace_record(quantity=50).replace)
    assert wish is not None and wish.reason == "REPLACE_REJECTED"


@pytest.mark.parametrize(
    "change", [{"quantity": 51}, {"limit_price": 9_900}, {"client_order_id": "c2"}, {"principal": "x"}]
)
def test_another_wish_under_the_same_id_is_a_conflict(change: dict[str, Any]) -> None:
    here = working()
    here.submit("c2")
    here.replace(quantity=50)
    wish = ReplaceOrder(
        **{"account": "main", "client_order_id": "c1", "replacement_id": "r1", "quantity": 50, **change}
    )
    with pytest.raises(Conflict) as caught:
        repeated_replacement(here.partition, wish)
    assert caught.value.code == "CLIENT_ORDER_ID_REUSED"


def test_the_ids_of_orders_and_of_replacements_are_of_one_kind() -> None:
    here = working()
    here.submit("c2")
    with pytest.raises(Conflict):
        repeated_replacement(here.partition, here.replace_record(replacement_id="c2", quantity=50).replace)
    here.replace(quantity=50)
    with pytest.raises(Conflict):
        repeated(here.partition, submission("r1"))
    with pytest.raises(Conflict):
        here.submit("r1")


def test_a_replaced_order_is_found_canceled_and_replaced_by_its_newest_id() -> None:
    here = working()
    here.replace(quantity=50)
    here.report(ReportType.REPLACED, revision=1)
    here.replace("r1", "r2", limit_price=9_900)
    here.report(ReportType.REPLACED, revision=2)
    assert (here.order("r2"), here.order("r2").quantity) == (here.order("c1"), 50)
    assert here.cancel("r2").messages == [VenueCancel(order_id="3-1", time=here.time)]


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({}, InputError, "REPLACEMENT_EMPTY"),
        ({"client_order_id": "none", "quantity": 1}, NotFound, "ORDER_UNKNOWN"),
        ({"account": "nobody", "quantity": 1}, NotFound, "ACCOUNT_UNKNOWN"),
    ],
)
def test_a_wish_that_can_not_be_is_refused(fields: dict[str, Any], error: type[Exception], code: str) -> None:
    here = working()
    wish = ReplaceOrder(**{"account": "main", "client_order_id": "c1", "replacement_id": "r1", **fields})
    with pytest.raises(error) as caught:
        repeated_replacement(here.partition, wish)
    assert getattr(caught.value, "code") == code
