"""Numbers at and beyond their bounds: an order that holds one is on record, and all that follows can be counted."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import msgspec
import pytest

from actors.errors import InputError
from actors.messages import (
    CancelOrders,
    Contingency,
    Message,
    OrderStatus,
    OrderType,
    PegReference,
    ReplaceOrder,
    Side,
    SubmitList,
    SubmitOrder,
    TimeInForce,
    encode,
)
from actors.oms.gate.sizes import LARGEST_PRODUCT
from actors.oms.limits import Limits
from actors.oms.reading import reader
from actors.oms.snapshots import load, save
from tests.actors.oms import support
from tests.actors.oms.support import IN_PLACE, NATIVE, PLAIN, Bench, market, quote, replayed, submission, until
from tests.actors.oms.world import decode_order, world

BOUNDS = (-(2**63), -(2**53) - 1, -1, 0, 1, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
LARGE = Limits(2**63 - 1, 2**63 - 1, 2**63 - 1, 100_000_000, 1)
GTC, GTD = TimeInForce.GTC, TimeInForce.GTD
ORDERS: dict[str, dict[str, Any]] = {
    "instrument": {},
    "quantity": {},
    "limit_price": {"type": OrderType.LIMIT},
    "stop_price": {"type": OrderType.STOP},
    "trail_amount": {"type": OrderType.TRAILING_STOP},
    "trail_rate": {"type": OrderType.TRAILING_STOP},
    "display_quantity": {"type": OrderType.LIMIT, "limit_price": 9_990},
    "peg_offset": {"type": OrderType.PEGGED, "peg": PegReference.BEST},
    "expire_time": {"type": OrderType.LIMIT, "limit_price": 9_990, "time_in_force": GTD},
}
"""Every integer of an order, with what an order needs beside it."""

TERMS = ("quantity", "limit_price", "stop_price", "trail_amount", "trail_rate", "display_quantity", "expire_time")


def goes_on(here: Bench) -> None:
    """Whatever came before: the market moves, all is encodable, and a replay and a snapshot give the same."""
    here.observe(quote(9_000, 9_010))
    here.observe(market(9_000, 11_000))
    here.observe(quote(2**53, 2**53 + 2))
    assert load(save(here.partition)).digest() == here.partition.digest() == replayed(here.inputs)[0].digest()
    assert here.events() and [encode(message) for message in here.sent()] is not None


@pytest.mark.parametrize("capabilities", [PLAIN, NATIVE], ids=["plain", "native"])
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_with_any_number_is_on_record_and_the_partition_goes_on(
    name: str, side: Side, capabilities: Any
) -> None:
    here = Bench(LARGE, 2**62, capabilities)
    for number, value in enumerate(BOUNDS):
        fields = {"time_in_force": GTC, **ORDERS[name], name: value}
        here.submit(f"c{number}", side=side, **fields)
        order = here.order(f"c{number}")
        assert order.status is OrderStatus.REJECTED or value < 2**63
        if order.status is OrderStatus.REJECTED:
            assert "value: " in order.text and "limit: " in order.text
    goes_on(here)


@pytest.mark.parametrize("name", TERMS)
def test_a_replacement_with_any_number_is_answered_and_the_partition_goes_on(name: str) -> None:
    here = Bench(LARGE, 2**62, IN_PLACE)
    usual = {"limit_price": 9_990, "stop_price": 10_500, "trail_amount": 50, "trail_rate": 10, "expire_time": 900}
    here.submit("c", **{"time_in_force": GTC, **ORDERS[name], **({name: usual[name]} if name in usual else {})})
    assert here.order("c").status.is_open
    for number, value in enumerate(BOUNDS):
        here.replace("c", f"r{number}", **{name: value})
    goes_on(here)


@pytest.mark.parametrize("contingency", Contingency)
@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("margin_rate", [None, 50_000_000])
def test_a_list_with_any_number_is_on_record_and_the_partition_goes_on(
    name: str, contingency: Contingency, margin_rate: int | None
) -> None:
    here = Bench(dataclasses.replace(LARGE, margin_rate=margin_rate), 2**62)
    for number, value in enumerate(BOUNDS):
        fields = {"time_in_force": GTC, **ORDERS[name], name: value}
        for place in (0, 1):
            legs = [submission(f"c{number}-{place}{leg}", **(fields if leg == place else {})) for leg in range(3)]
            here.submit_list(contingency, *legs, list_id=f"l{number}-{place}")
    goes_on(here)


def test_an_order_whose_value_can_not_be_counted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = msgspec.structs.replace(support.INSTRUMENTS[0], price_increment=1, quantity_increment=1)
    monkeypatch.setattr(support, "INSTRUMENTS", (token,))
    here = Bench(dataclasses.replace(LARGE, price_collar=0), 2**62)
    for name, price, quantity, code in (
        ("at the bound", 2**20, LARGEST_PRODUCT // 2**20, ""),
        ("beyond it", 2**20, LARGEST_PRODUCT // 2**20 + 1, "ORDER_NOTIONAL_LIMIT"),
    ):
        here.look = msgspec.structs.replace(here.look, price=price, bid=0, ask=0)
        here.submit(name, reference=price, quantity=quantity, limit_price=price, time_in_force=GTC)
        assert here.order(name).reason == code, here.order(name).text
    here.report_new()
    here.trade(LARGEST_PRODUCT // 2**20, price=8 * 2**20 - 1)
    assert here.order("at the bound").filled_value < 2**63


READ: list[tuple[type[Message], Message, tuple[int, ...], Any, str, str]] = [
    (SubmitOrder, submission(), (4,), 1.5, "quantity", "Expected `int`, got `float`"),
    (SubmitOrder, submission(), (3,), "hold", "side", "Invalid enum value 'hold'"),
    (SubmitOrder, submission(stop_price=1), (10, 5), "2", "conditions.peg_offset", "Expected `int`, got `str`"),
    (SubmitOrder, submission(stop_price=1), (10,), 2, "conditions", "Expected `array | null`, got `int`"),
    (
        SubmitList,
        SubmitList(
            list_id="l", account="main", contingency=Contingency.OCO, orders=(submission(), submission(stop_price=1))
        ),
        (3, 1, 10, 0), True, "orders.conditions.stop_price", "Expected `int | null`, got `bool`",
    ),
    (
        ReplaceOrder, ReplaceOrder(account="main", client_order_id="c", replacement_id="r"), (4,), [1], "limit_price",
        "Expected `int | null`, got `array`",
    ),
    (CancelOrders, CancelOrders(), (2,), 2**64 - 0.5, "instrument", "Expected `int | null`, got `float`"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "message", "path", "value", "field", "rule"), READ)
def test_a_field_that_can_not_be_read_is_refused_by_its_name(
    kind: type[Message], message: Message, path: tuple[int, ...], value: Any, field: str, rule: str
) -> None:
    assert reader(kind)(encode(message)) == message
    whole = at = msgspec.msgpack.decode(encode(message))
    for place in path[:-1]:
        at = at[place]
    at[path[-1]] = value
    with pytest.raises(InputError) as caught:
        reader(kind)(encode(whole))
    shown = type(value).__name__ if isinstance(value, list) else value
    assert (caught.value.field, caught.value.value, caught.value.rule) == (field, shown, rule)


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xc1", encode([1, 2])])
def test_what_is_no_such_message_at_all_stays_what_the_wire_refuses(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        reader(SubmitOrder)(body)


def test_a_peg_beyond_all_bounds_is_answered_and_the_partition_serves_the_next_order_after_a_restart() -> None:
    async def play() -> None:
        async with world() as here:
            here.market.publish_quote(0, 9_999, 10_001)
            await until(lambda: here.oms.prices.look(0).bid == 9_999)
            fields = {"type": OrderType.PEGGED, "peg": PegReference.BEST, "peg_offset": 2**64 - 1, "quantity": 1}
            answer = await here.client.request("submit", encode(submission("c1", time_in_force=GTC, **fields)))
            order = decode_order(answer)
            assert (order.status, order.reason) == (OrderStatus.REJECTED, "PEG_INVALID")
            await here.kill()
            await here.restart()
            assert (await here.submit("c2", limit_price=9_990)).status is OrderStatus.PENDING_NEW
            await here.becomes(OrderStatus.NEW, "c2")

    asyncio.run(play())
