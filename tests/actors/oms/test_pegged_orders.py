"""Pegged orders where the venue has none: limit orders that are amended as the quote moves."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from actors.messages import (
    MONEY_UNIT,
    OrderStatus,
    OrderType,
    PegReference,
    ReportType,
    Side,
    Stage,
    TimeInForce,
    TradingState,
    VenueOrder,
)
from actors.oms.inputs import StateChange
from actors.oms.venue import Capabilities
from actors.oms.watching import concerned
from tests.actors.oms.support import IN_PLACE, LIMITS, NATIVE, PLAIN, Bench, market, quote, replayed

SHORT = dataclasses.replace(LIMITS, allow_short=1)
BUY, SELL = Side.BUY, Side.SELL
MID, BEST = PegReference.MID, PegReference.BEST


def pegged(capabilities: Capabilities = IN_PLACE, **fields: Any) -> Bench:
    """A bench with a pegged order that the venue has acknowledged; AAA is quoted 99.99 to 100.01."""
    here = Bench(SHORT, capabilities=capabilities)
    here.submit(**{"type": OrderType.PEGGED, "peg": BEST, **fields})
    if here.sent():
        here.report_new()
    return here


def limit(here: Bench) -> int | None:
    """The limit price that the venue was told last."""
    message = [message for message in here.sent() if hasattr(message, "limit_price")][-1]
    return message.limit_price  # type: ignore[no-any-return]


# side, peg, offset, own limit price, quote, limit price at the venue
PRICES = {
    "a buy at the best": (BUY, BEST, 0, None, (10_010, 10_020), 10_010),
    "a sale at the best": (SELL, BEST, 0, None, (10_010, 10_020), 10_020),
    "a buy above the best": (BUY, BEST, 2, None, (10_010, 10_020), 10_012),
    "a buy below the best": (BUY, BEST, -2, None, (10_010, 10_020), 10_008),
    "a sale below the best": (SELL, BEST, -2, None, (10_010, 10_020), 10_018),
    "a sale above the best": (SELL, BEST, 2, None, (10_010, 10_020), 10_022),
    "a buy in the middle": (BUY, MID, 0, None, (10_010, 10_020), 10_015),
    "a sale in the middle": (SELL, MID, 0, None, (10_010, 10_020), 10_015),
    "a buy in a middle between two increments": (BUY, MID, 0, None, (10_010, 10_021), 10_015),
    "a sale in a middle between two increments": (SELL, MID, 0, None, (10_010, 10_021), 10_016),
    "a buy with an offset from the middle": (BUY, MID, -3, None, (10_010, 10_020), 10_012),
    "a buy bounded": (BUY, BEST, 0, 10_005, (10_010, 10_020), 10_005),
    "a buy within its bound": (BUY, BEST, 0, 10_015, (10_010, 10_020), 10_010),
    "a sale bounded": (SELL, BEST, 0, 10_030, (10_010, 10_020), 10_030),
    "a sale within its bound": (SELL, BEST, 0, 10_015, (10_010, 10_020), 10_020),
    "never below one increment": (BUY, BEST, -9_999, None, (5, 10), 1),
}


@pytest.mark.parametrize(("side", "peg", "offset", "bound", "quoted", "expected"), PRICES.values(), ids=PRICES.keys())
def test_the_limit_price_follows_the_quote(
    side: Side, peg: PegReference, offset: int, bound: int | None, quoted: tuple[int, int], expected: int
) -> None:
    here = pegged(side=side, peg=peg, peg_offset=offset, limit_price=bound)
    assert here.order().emulated == ("pegged",)
    here.observe(quote(*quoted))
    if limit(here) != here.order().trigger_price:
        assert here.order().status is OrderStatus.NEW  # nobody asked for a replacement but the OMS itself
        here.report(ReportType.REPLACED, revision=1)
    assert (limit(here), here.order().trigger_price, here.order().limit_price) == (expected, expected, bound)


def test_it_goes_out_as_a_limit_order_at_the_quote_of_the_moment() -> None:
    here = Bench(SHORT)
    (message,) = here.submit(type=OrderType.PEGGED, peg=BEST).messages
    assert isinstance(message, VenueOrder)
    assert (message.type, message.limit_price, message.conditions) == (OrderType.LIMIT, 9_999, None)
    assert (here.order().trigger_price, here.order().stage) == (9_999, Stage.WORKING)


def test_a_venue_that_has_pegs_gets_the_order_as_it_is() -> None:
    here = Bench(SHORT, capabilities=NATIVE)
    (message,) = here.submit(type=OrderType.PEGGED, peg=BEST, peg_offset=-1).messages
    assert isinstance(message, VenueOrder) and message.conditions is not None
    assert (message.type, message.conditions.peg, message.conditions.peg_offset) == (OrderType.PEGGED, BEST, -1)
    assert not here.partition.watching


def test_only_a_quote_that_moves_it_concerns_it() -> None:
    here = pegged()
    now = here.time + 1
    assert not concerned(here.partition, 99, now, quote(9_999, 10_005))
    assert not concerned(here.partition, 99, now, market(9_000))
    assert not concerned(here.partition, 99, now, quote(0, 10_005))
    assert concerned(here.partition, 99, now, quote(10_000, 10_005))


def test_one_amendment_at_a_time_and_then_to_where_the_quote_is_by_then() -> None:
    here = pegged()
    here.observe(quote(10_000, 10_010))
    assert here.observe(quote(10_005, 10_010)).messages == []
    assert here.observe(quote(10_008, 10_010)).messages == []
    (message,) = here.report(ReportType.REPLACED, revision=1).messages
    assert (message.revision, message.limit_price) == (2, 10_008)
    assert here.report(ReportType.REPLACED, revision=2).messages == []


def test_it_is_not_amended_before_the_venue_has_acknowledged_it() -> None:
    here = Bench(SHORT, capabilities=IN_PLACE)
    here.submit(type=OrderType.PEGGED, peg=BEST)
    assert here.observe(quote(10_005, 10_010)).messages == []
    (message,) = here.report_new().messages
    assert message.limit_price == 10_005


def test_a_refused_amendment_is_not_tried_again_until_the_quote_moves() -> None:
    here = pegged()
    here.observe(quote(10_000, 10_010))
    assert here.report(ReportType.REPLACE_REJECTED, revision=1).messages == []
    assert not concerned(here.partition, 99, here.time + 1, quote(10_000, 10_010))
    (message,) = here.observe(quote(10_001, 10_010)).messages
    assert message.limit_price == 10_001


def test_a_refused_amendment_is_followed_by_the_one_that_the_quote_asks_for_since() -> None:
    here = pegged()
    here.observe(quote(10_000, 10_010))
    here.observe(quote(10_005, 10_010))
    (message,) = here.report(ReportType.REPLACE_REJECTED, revision=1).messages
    assert message.limit_price == 10_005


def test_without_replacements_at_the_venue_it_moves_by_cancel_and_new() -> None:
    here = pegged(PLAIN)
    (cancel,) = here.observe(quote(10_005, 10_010)).messages
    assert (type(cancel).__name__, cancel.order_id) == ("VenueCancel", "3-1")
    (order,) = here.report(ReportType.CANCELED).messages
    assert (order.order_id, order.limit_price, order.quantity) == ("3-1/2", 10_005, 100)
    assert here.order().emulated == ("pegged", "replace")


def test_without_a_quote_it_is_refused() -> None:
    here = Bench(SHORT)
    here.look = msgspec.structs.replace(here.look, bid=0, ask=0)
    here.submit(type=OrderType.PEGGED, peg=BEST)
    assert (here.sent(), here.order().status, here.order().reason) == ([], OrderStatus.REJECTED, "QUOTE_UNAVAILABLE")


def test_it_stands_still_while_trading_is_halted() -> None:
    here = pegged()
    here.give(StateChange(time=1, scope="firm", state=TradingState.HALTED, principal="p", reason="r"))
    assert not concerned(here.partition, 99, here.time + 1, quote(10_005, 10_010))
    here.give(StateChange(time=1, scope="firm", state=TradingState.REDUCE_ONLY, principal="p", reason="r"))
    assert here.observe(quote(10_005, 10_010)).messages


def test_a_new_bound_moves_it_at_once() -> None:
    here = pegged(limit_price=10_010)
    (message,) = here.replace(limit_price=9_990).messages
    assert message.limit_price == 9_990
    here.report(ReportType.REPLACED, revision=1)
    order = here.order()
    assert (order.limit_price, order.trigger_price, order.replacement_id) == (9_990, 9_990, "r1")
    assert here.observe(quote(10_000, 10_010)).messages == []


def test_another_quantity_leaves_its_price() -> None:
    here = pegged(limit_price=10_010)
    (message,) = here.replace(quantity=50).messages
    assert (message.quantity, message.limit_price) == (50, 9_999)
    here.report(ReportType.REPLACED, revision=1)
    assert (here.order().quantity, here.order().limit_price) == (50, 10_010)


@pytest.mark.parametrize("end", ["fill", "cancel"])
def test_once_it_is_closed_it_follows_nothing(end: str) -> None:
    here = pegged()
    if end == "fill":
        here.trade(100)
    else:
        here.cancel()
        here.report(ReportType.CANCELED)
    assert not here.partition.watching
    assert here.observe(quote(10_005, 10_010)).messages == []


def test_a_bust_lets_it_follow_again() -> None:
    here = pegged()
    here.trade(100, execution_id="e")
    assert here.report(ReportType.TRADE_CANCEL, reference_id="e", execution_id="f").messages == []
    (message,) = here.observe(quote(10_005, 10_010)).messages
    assert message.limit_price == 10_005


def test_it_follows_up_to_what_it_may_cost_and_no_further() -> None:
    here = pegged()
    reserved = here.partition.accounts["main"].exposure.reserved("USD")
    (message,) = here.observe(quote(12_000, 12_010)).messages
    assert message.limit_price == 11_000  # the market when it came, and the collar of 10%
    here.report(ReportType.REPLACED, revision=1)
    assert here.observe(quote(15_000, 15_010)).messages == []
    (message,) = here.observe(quote(9_000, 9_010)).messages
    assert message.limit_price == 9_000
    assert here.partition.accounts["main"].exposure.reserved("USD") == reserved


def test_its_account_never_pays_more_than_it_has() -> None:
    here = Bench(cash=1_200 * MONEY_UNIT, capabilities=IN_PLACE)
    here.submit("p", quantity=10, type=OrderType.PEGGED, peg=PegReference.BEST, time_in_force=TimeInForce.GTC)
    here.report(ReportType.NEW)
    (message,) = here.observe(quote(30_000, 30_002)).messages
    here.report(ReportType.REPLACED, revision=1, order_quantity=10)
    here.trade(10, price=message.limit_price)
    assert here.partition.accounts["main"].books.cash("USD") > 0


@pytest.mark.parametrize(
    ("side", "offset", "code"),
    [
        (Side.BUY, 100_000, "PRICE_COLLAR"),
        (Side.BUY, 2**53 + 1, "PEG_INVALID"),
        (Side.BUY, 2**64 - 1, "PEG_INVALID"),
        (Side.SELL, -(2**63), "PEG_INVALID"),
        (Side.SELL, -9_999, "PRICE_COLLAR"),
        (Side.SELL, -(10**6), "PRICE_COLLAR"),
        (Side.BUY, -(10**6), ""),
    ],
)
def test_an_offset_that_leaves_the_collar_is_refused(side: Side, offset: int, code: str) -> None:
    here = Bench(limits=dataclasses.replace(LIMITS, allow_short=1))
    terms = {"type": OrderType.PEGGED, "peg": PegReference.BEST, "peg_offset": offset}
    here.submit("p", side=side, quantity=10, time_in_force=TimeInForce.GTC, **terms)
    assert here.order("p").reason == code
    assert replayed(here.inputs)[0].digest() == here.partition.digest()


def test_it_is_neither_sent_nor_moved_onto_an_order_of_our_own() -> None:
    here = Bench(limits=dataclasses.replace(LIMITS, allow_short=1), capabilities=IN_PLACE)
    here.submit("s", side=Side.SELL, quantity=10, limit_price=10_010, time_in_force=TimeInForce.GTC)
    here.report(ReportType.NEW)
    terms = {"type": OrderType.PEGGED, "peg": PegReference.BEST, "time_in_force": TimeInForce.GTC}
    here.submit("crosses", quantity=10, peg_offset=20, **terms)
    assert here.order("crosses").reason == "SELF_TRADE"
    here.submit("p", quantity=10, **terms)
    here.report(ReportType.NEW, "3-3")
    (message,) = here.observe(quote(10_050, 10_060)).messages
    assert message.limit_price == 10_009
    here.report(ReportType.REPLACED, "3-3", revision=1)
    here.submit("t", side=Side.SELL, quantity=10, limit_price=10_009, time_in_force=TimeInForce.GTC)
    assert here.order("t").reason == "SELF_TRADE", "where it rests now counts for others"


def test_a_post_only_one_stays_off_the_opposite_quote() -> None:
    here = Bench(capabilities=IN_PLACE)
    terms = {"type": OrderType.PEGGED, "peg": PegReference.MID, "time_in_force": TimeInForce.GTC}
    here.submit("p", quantity=10, post_only=True, peg_offset=0, **terms)
    here.report(ReportType.NEW)
    (message,) = here.observe(quote(10_004, 10_005)).messages
    assert message.limit_price == 10_004


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.ACTIVE])
def test_it_does_not_go_on_following_while_halted(state: TradingState) -> None:
    here = Bench(capabilities=IN_PLACE)
    terms = {"type": OrderType.PEGGED, "peg": PegReference.BEST, "time_in_force": TimeInForce.GTC}
    here.submit("p", quantity=10, **terms)
    here.report(ReportType.NEW)
    here.observe(quote(10_010, 10_012))
    here.observe(quote(10_020, 10_022))
    here.give(StateChange(time=here.time, scope="firm", state=state, principal="x", reason="y"))
    sent = here.report(ReportType.REPLACED, revision=1, order_quantity=10).messages
    assert len(sent) == (0 if state is TradingState.HALTED else 1)
