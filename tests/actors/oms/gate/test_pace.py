"""Too much, too often: rates and bursts by a wall clock that may step back, the order-to-trade ratio by the day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clock import DAY, SECOND
from actors.messages import MONEY_UNIT, CancelOrder, Side
from actors.oms.activity import MILLISECOND, Activity
from actors.oms.inputs import Cancellation
from tests.actors.oms.gate.bench import GateBench
from tests.actors.oms.support import PRICE, submission

NOON = 12 * 3_600 * SECOND


def cancel(bench: GateBench, client_order_id: str, received: int) -> None:
    wish = CancelOrder(account="main", client_order_id=client_order_id)
    bench.give(Cancellation(time=bench.time, cancel=wish, received=received))


@pytest.mark.parametrize("scope", ["account:main", "strategy:manual", "firm"])
@pytest.mark.parametrize("name", ["maximum_order_rate", "maximum_message_rate"])
def test_a_rate_holds_for_account_strategy_and_the_partitions_share_of_the_firms(scope: str, name: str) -> None:
    bench = GateBench().account("other")
    bench.limit(scope, **{name: 2 if scope != "firm" else 1_000})
    if scope == "firm":
        assert bench.buy(received=NOON) == f"{name[8:].upper()}_LIMIT"
        bench.grant(**{name: 2})
    assert [bench.buy(received=NOON) for _ in range(3)] == ["", "", f"{name[8:].upper()}_LIMIT"]
    elsewhere = {"account": "other", "strategy": "other"}
    assert bench.buy(received=NOON, **elsewhere) == ("" if scope != "firm" else f"{name[8:].upper()}_LIMIT")
    assert bench.buy(received=NOON + SECOND) == ""


def test_what_was_refused_does_not_count() -> None:
    bench = GateBench().limit("account:main", maximum_order_rate=2)
    assert bench.buy(0, received=NOON) == bench.buy(0, received=NOON) == "QUANTITY_INVALID"
    assert bench.buy(received=NOON) == bench.buy(received=NOON) == ""
    for step in range(1, 10):
        assert bench.buy(received=NOON + step * SECOND // 10) == "ORDER_RATE_LIMIT"
    assert bench.buy(received=NOON + SECOND) == ""


def test_cancels_are_counted_and_never_refused() -> None:
    bench = GateBench().limit("account:main", maximum_cancel_rate=2)
    names = [bench.send(limit_price=PRICE - number, received=NOON).client_order_id for number in range(5)]
    for name in names[:2]:
        cancel(bench, name, NOON + SECOND)
    assert bench.buy(received=NOON + SECOND) == ""
    for name in names[2:]:
        cancel(bench, name, NOON + SECOND)
        assert bench.partition.order("main", name).status == "pending_cancel"
    assert bench.buy(received=NOON + SECOND) == "CANCEL_RATE_LIMIT"
    assert bench.buy(received=NOON + 2 * SECOND) == ""


def test_messages_are_orders_and_cancels_together() -> None:
    bench = GateBench().limit("account:main", maximum_message_rate=3)
    name = bench.send(received=NOON).client_order_id
    cancel(bench, name, NOON)
    assert bench.buy(received=NOON) == ""
    assert bench.buy(received=NOON) == "MESSAGE_RATE_LIMIT"


def test_a_clock_that_steps_back_neither_forgets_nor_blocks() -> None:
    bench = GateBench().limit("account:main", maximum_order_rate=2)
    assert bench.buy(received=NOON) == bench.buy(received=NOON + SECOND // 2) == ""
    back = NOON - 3_600 * SECOND
    assert bench.buy(received=back) == "ORDER_RATE_LIMIT"
    assert bench.buy(received=back + SECOND // 2) == ""
    assert bench.buy(received=back + SECOND // 2) == "ORDER_RATE_LIMIT"
    assert bench.buy(received=back + SECOND) == ""


@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.tuples(st.integers(0, SECOND), st.booleans()), min_size=1, max_size=60),
    jumps=st.lists(st.integers(-DAY, 0), min_size=60, max_size=60),
)
def test_no_second_ever_has_more_orders_than_the_limit(
    limit: int, steps: list[tuple[int, bool]], jumps: list[int]
) -> None:
    """``steps`` is how time really goes on; the wall clock shows it, less what it was set back by."""
    activity = Activity()
    activity.keep(rates=True, window=0)
    real, offset, sent = 0, 10 * DAY, []
    for (step, steps_back), jump in zip(steps, jumps):
        real += step
        offset += jump if steps_back else 0
        received = max(1, real + offset)
        activity.arrived(received)
        if activity.in_last_second(("main", ""), received)[0] < limit:
            activity.order_sent(submission(), received, 0)
            sent.append(real)
    for first in sent:
        assert sum(first <= moment < first + SECOND for moment in sent) <= limit


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "DUPLICATE_ORDER"),
        ({"strategy": "other"}, "DUPLICATE_ORDER"),
        ({"limit_price": PRICE - 2}, ""),
        ({"quantity": 6}, ""),
        ({"side": Side.SELL, "limit_price": PRICE + 1}, ""),
        ({"instrument": 1}, ""),
        ({"account": "other"}, ""),
        ({"limit_price": None}, ""),
    ],
)
def test_orders_are_duplicates_where_all_their_terms_are_the_same(change: dict[str, object], code: str) -> None:
    bench = GateBench(maximum_duplicates=1, duplicate_window=1_000).account("other")
    order = {"quantity": 5, "limit_price": PRICE - 1, "received": NOON}
    assert bench.send(**order).reason == ""
    assert bench.send(**{**order, **change}).reason == code


def test_of_several_scopes_the_longest_window_and_the_fewest_duplicates_hold() -> None:
    bench = GateBench(maximum_duplicates=3, duplicate_window=10)
    bench.limit("account:main", duplicate_window=1_000).limit("instrument:AAA", maximum_duplicates=1)
    assert bench.buy(5, received=NOON) == ""
    assert bench.buy(5, received=NOON + 999 * MILLISECOND) == "DUPLICATE_ORDER"
    assert bench.buy(5, received=NOON + 1_000 * MILLISECOND) == ""
    assert bench.buy(5, received=NOON - DAY) == "DUPLICATE_ORDER"


def test_a_limit_that_is_taken_away_is_forgotten() -> None:
    bench = GateBench(maximum_duplicates=1)
    assert [bench.buy(5, received=NOON), bench.buy(5, received=NOON)] == ["", "DUPLICATE_ORDER"]
    bench.limit("firm", maximum_duplicates=None)
    assert bench.buy(5, received=NOON) == ""
    bench.limit("firm", maximum_duplicates=1)
    assert bench.buy(5, received=NOON) == ""


@pytest.mark.parametrize("scope", ["firm", "account:main", "strategy:manual"])
def test_the_order_to_trade_ratio_is_that_of_the_day(scope: str) -> None:
    bench = GateBench()
    bench.limit(scope, maximum_order_to_trade_ratio=2 * MONEY_UNIT, order_to_trade_grace=3)
    first = [bench.send(limit_price=PRICE - 1) for _ in range(3)]
    assert bench.buy() == "ORDER_TO_TRADE_RATIO"
    bench.fill(first[0])
    assert bench.buy() == "ORDER_TO_TRADE_RATIO"
    bench.fill(first[1])
    assert [bench.buy() for _ in range(4)] == ["", "", "", "ORDER_TO_TRADE_RATIO"]
    bench.time = DAY
    assert [bench.buy() for _ in range(4)] == ["", "", "", "ORDER_TO_TRADE_RATIO"]


def test_activity_is_the_same_after_a_snapshot() -> None:
    bench = GateBench(maximum_duplicates=3).limit("account:main", maximum_order_rate=9)
    for number in range(5):
        bench.send(quantity=1 + number % 2, received=NOON + number * SECOND // 4)
    cancel(bench, "n1", NOON + SECOND)
    activity = bench.partition.safeguards.activity
    again = Activity()
    again.keep(activity.rates, activity.window)
    again.restore(activity.view())
    assert again.view() == activity.view()
    for later in (0, SECOND // 3, SECOND, 2 * SECOND):
        at = NOON + SECOND + later
        assert again.in_last_second(("main", ""), at) == activity.in_last_second(("main", ""), at)
        assert again.alike(submission(quantity=1), SECOND, at) == activity.alike(submission(quantity=1), SECOND, at)
    assert again.today(("main", "manual"), bench.time) == activity.today(("main", "manual"), bench.time) == (6, 0)
