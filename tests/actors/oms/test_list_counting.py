"""What orders of a list count for one another while the gate looks at them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.messages import MONEY_UNIT, Contingency, OrderStatus, Side, SubmitList, SubmitOrder, TimeInForce, encode
from actors.oms.inputs import LimitsChange
from actors.oms.limits import Limits
from tests.actors.oms.exits import SHORT, stop, target
from tests.actors.oms.support import LIMITS, PRICE, Bench, submission
from tests.actors.oms.world import decode_orders, world

BUY, SELL = Side.BUY, Side.SELL
OCO, OTO, BRACKET = Contingency.OCO, Contingency.OTO, Contingency.BRACKET
SECOND = 1_000_000_000
MUCH = 10**15


def bench(limits: Limits = SHORT, **own: int) -> Bench:
    """A bench whose account has limits of its own."""
    here = Bench(limits)
    here.give(LimitsChange(time=0, limits=own, version=2, principal="t", reason="t", scope="account:main"))
    return here


@pytest.mark.parametrize(
    "limits",
    [
        {"maximum_gross_exposure": MUCH},
        {"maximum_net_exposure": MUCH},
        {"maximum_concentration": MONEY_UNIT},
        {"margin_rate": MONEY_UNIT // 2},
    ],
    ids=lambda limits: next(iter(limits)),
)
@pytest.mark.parametrize("contingency", Contingency)
@pytest.mark.parametrize("unknown", [999, -1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_unknown_instrument_in_a_list_is_refused_and_valued_as_nothing(
    limits: dict[str, int], contingency: Contingency, unknown: int, place: int
) -> None:
    here = bench(LIMITS, **limits)
    orders = [submission(f"c{number}") for number in range(3)]
    orders[place] = submission(f"c{place}", instrument=unknown)
    effects = here.submit_list(contingency, *orders)
    reasons = [order.reason for order in effects.orders]
    assert reasons == ["INSTRUMENT_UNKNOWN" if number == place else "LIST_REFUSED" for number in range(3)]
    totals = here.partition.safeguards.totals
    assert totals.held() == set() and unknown not in totals.marks
    assert here.submit("c9").order is not None and here.order("c9").reason == ""


def test_a_list_with_an_unknown_instrument_does_not_end_the_service() -> None:
    async def run() -> None:
        async with world() as here:
            await here.ask(
                "set_limits",
                limits={"maximum_gross_exposure": MUCH},
                scope="account:main",
                reason="test",
                principal="t",
            )
            wish = SubmitList(
                list_id="l1", account="main", contingency=OCO, orders=(submission("a", instrument=999), submission("b"))
            )
            before = here.oms.hosted.hosts[4].partition
            answer = decode_orders(await here.client.request("submit_list", encode(wish)))
            assert [order.reason for order in answer] == ["INSTRUMENT_UNKNOWN", "LIST_REFUSED"]
            assert here.oms.hosted.hosts[4].partition is before
            await here.kill()
            await here.restart()
            assert (await here.order("a")).status is OrderStatus.REJECTED
            assert (await here.submit("c")).reason == ""

    asyncio.run(run())


def test_what_was_refused_counts_for_no_other_order_of_its_list() -> None:
    here = Bench(LIMITS, 15_000 * MONEY_UNIT)
    effects = here.submit_list(OCO, submission("c1", quantity=200, limit_price=PRICE), submission("c2", instrument=999))
    assert [order.reason for order in effects.orders] == ["BUYING_POWER", "INSTRUMENT_UNKNOWN"]
    assert here.open_quantity() == 0 and here.partition.accounts["main"].exposure.reserved("USD") == 0


def _many(contingency: Contingency, count: int) -> tuple[SubmitOrder, ...]:
    first = submission("c0", limit_price=PRICE - 50) if contingency is not OCO else target("c0", 10)
    return (first, *(target(f"c{number}", 10, limit_price=10_200 + number) for number in range(1, count)))


@pytest.mark.parametrize("contingency", Contingency)
@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("maximum_order_rate", "ORDER_RATE_LIMIT"),
        ("maximum_message_rate", "MESSAGE_RATE_LIMIT"),
    ],
)
def test_the_orders_of_a_list_count_against_rates_each(contingency: Contingency, limit: str, code: str) -> None:
    here = bench(**{limit: 4})
    effects = here.submit_list(contingency, *_many(contingency, 5))
    assert [order.reason for order in effects.orders] == ["LIST_REFUSED"] * 4 + [code]
    effects = here.submit_list(OCO, target("d1", 10), target("d2", 10), list_id="l2")
    assert [order.reason for order in effects.orders] == ["", ""]  # what was refused counts no more
    effects = here.submit_list(OCO, *(target(f"e{number}", 10) for number in range(3)), list_id="l3")
    assert effects.orders[2].reason == code


def test_the_same_order_many_times_in_one_list_is_a_burst() -> None:
    here = bench(maximum_duplicates=2, duplicate_window=1_000)
    effects = here.submit_list(OCO, *(target(f"c{number}", 10) for number in range(3)))
    assert [order.reason for order in effects.orders] == ["LIST_REFUSED", "LIST_REFUSED", "DUPLICATE_ORDER"]
    assert here.submit_list(OCO, target("d1", 10), target("d2", 10), list_id="l2").orders[1].reason == ""


def test_a_list_that_passes_counts_each_of_its_orders_once() -> None:
    here = bench(maximum_order_rate=3)
    here.submit_list(OCO, target("c1", 10), target("c2", 10))
    assert here.submit("c3").messages and not here.submit("c4").messages
    assert here.order("c4").reason == "ORDER_RATE_LIMIT"


@pytest.mark.parametrize(
    ("buy", "sale", "crosses"),
    [
        ({"limit_price": 10_001}, {"limit_price": 9_999}, True),
        ({"limit_price": 10_000}, {"limit_price": 10_000}, True),
        ({"limit_price": 9_999}, {"limit_price": 10_001}, False),
        ({"limit_price": 10_001, "time_in_force": TimeInForce.IOC}, {"limit_price": 9_999}, False),
        ({"limit_price": 9_999}, {}, True),
    ],
    ids=["cross", "meet", "apart", "never rests", "market"],
)
def test_orders_of_one_list_that_would_trade_with_one_another_are_refused(
    buy: dict[str, Any], sale: dict[str, Any], crosses: bool
) -> None:
    here = bench(self_trade_prevention=1)
    before = here.partition.safeguards.resting.view()
    effects = here.submit_list(OCO, submission("c1", **buy), submission("c2", SELL, **sale))
    assert [order.reason for order in effects.orders] == (["LIST_REFUSED", "SELF_TRADE"] if crosses else ["", ""])
    if crosses:
        assert here.partition.safeguards.resting.view() == before


def test_orders_that_are_held_or_watch_the_market_rest_nowhere_yet() -> None:
    here = bench(self_trade_prevention=1)
    entry, exits = submission("c1", limit_price=PRICE), (target("c2", limit_price=9_990), stop("c3"))
    assert [order.reason for order in here.submit_list(BRACKET, entry, *exits).orders] == ["", "", ""]
