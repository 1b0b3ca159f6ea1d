"""What holds whatever comes."""

from __future__ import annotations

import fractions
from collections import defaultdict

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market.ticks import Kind, MarketSlice
from actors.messages import Side, VenueOrder, encode
from tests.env.exchange.builders import Row
from tests.env.exchange.scenarios import PLAIN, Step, days, new_exchange, play


@settings(deadline=None, max_examples=60)
@given(days(PLAIN), st.sampled_from(["0.1", "0.33", "1.0"]))
def test_no_order_gets_more_than_it_asked_for_or_than_was_there(steps: list[Step], participation: str) -> None:
    venue = new_exchange(participation)
    orders: dict[str, VenueOrder] = {}
    filled: defaultdict[str, int] = defaultdict(int)
    sequence = 0
    for step in steps:
        taken: defaultdict[tuple[int, Side], int] = defaultdict(int)
        if isinstance(step[1], VenueOrder):
            orders[step[1].order_id] = step[1]
        for _, report in play(venue, step):
            sequence += 1
            assert report.sequence == sequence
            if report.type != "trade":
                continue
            assert isinstance(step[1], MarketSlice)
            entered = orders[report.order_id]
            filled[report.order_id] += report.quantity
            taken[entered.instrument, entered.side] += report.quantity
            (row,) = [row for row in step[1].ticks().tolist() if row[4] == entered.instrument]
            assert report.quantity > 0
            assert there(row, entered.side, report.price)
            assert entered.limit_price is None or (report.price - entered.limit_price) * entered.side.sign <= 0
            assert row[6] > entered.time
        if isinstance(step[1], MarketSlice):
            for row in step[1].ticks().tolist():
                buys, sells = taken[row[4], Side.BUY], taken[row[4], Side.SELL]
                if row[0] == Kind.QUOTE:
                    assert buys <= row[11] and sells <= row[10]
                else:
                    volume = row[12] if row[0] == Kind.BAR else row[9]
                    assert buys + sells <= max(fractions.Fraction(participation) * volume, 1 if volume else 0)
    for order_id, quantity in filled.items():
        assert quantity <= orders[order_id].quantity
        if orders[order_id].time_in_force == "fok":
            assert quantity == orders[order_id].quantity


def there(row: Row, side: Side, price: int) -> bool:
    """Whether the price was there for that side."""
    if row[0] == Kind.BAR:
        return row[10] <= price <= row[9]
    if row[0] == Kind.QUOTE:
        return price == (row[9] if side is Side.BUY else row[8])
    return price == row[8]


@settings(deadline=None, max_examples=60)
@given(days())
def test_a_replay_gives_the_same_reports_byte_for_byte_even_without_the_irrelevant_rows(steps: list[Step]) -> None:
    first, second, third = new_exchange(), new_exchange(), new_exchange()
    for step in steps:
        seen = [(name, encode(report)) for name, report in play(first, step)]
        assert [(name, encode(report)) for name, report in play(second, step)] == seen
        if isinstance(step[1], MarketSlice):
            step = (step[0], third.relevant(step[1]))
        assert [(name, encode(report)) for name, report in play(third, step)] == seen


@settings(deadline=None, max_examples=60)
@given(days())
def test_every_order_ends_once_and_its_reports_add_up(steps: list[Step]) -> None:
    venue = new_exchange()
    quantity: dict[str, int] = {}
    filled: defaultdict[str, int] = defaultdict(int)
    ended: set[str] = set()
    for step in steps:
        if isinstance(step[1], VenueOrder):
            quantity[step[1].order_id] = step[1].quantity
        for _, report in play(venue, step):
            order_id = report.order_id
            if report.type in ("cancel_rejected", "replace_rejected"):
                continue
            assert order_id not in ended
            filled[order_id] += report.quantity
            quantity[order_id] = report.order_quantity or quantity[order_id]
            assert filled[order_id] <= quantity[order_id]
            if report.type in ("canceled", "expired", "rejected"):
                assert filled[order_id] < quantity[order_id]
                ended.add(order_id)
            elif filled[order_id] == quantity[order_id]:
                ended.add(order_id)
    still_open = {state.order_id: (state.filled_quantity, state.quantity) for state in venue.orders("p00")}
    assert still_open == {
        order_id: (filled[order_id], whole) for order_id, whole in quantity.items() if order_id not in ended
    }
    assert venue.open_orders == len(still_open)
    assert msgspec.json.encode(venue.turnover)


@settings(deadline=None, max_examples=60)
@given(days())
def test_an_order_that_may_only_make_never_takes(steps: list[Step]) -> None:
    venue = new_exchange()
    makers = {
        content.order_id
        for _, content in steps
        if isinstance(content, VenueOrder) and content.conditions is not None and content.conditions.post_only
    }
    for step in steps:
        for _, report in play(venue, step):
            assert report.liquidity != "taker" or report.order_id not in makers


@settings(deadline=None, max_examples=60)
@given(days())
def test_a_replacement_that_comes_again_changes_nothing(steps: list[Step]) -> None:
    once, twice = new_exchange(), new_exchange()
    for step in steps:
        seen = play(once, step)
        assert play(twice, step) == seen
        if step[0] == "replace" and seen and seen[0].report.reason != "ORDER_UNKNOWN":
            assert play(twice, step) == []
    assert twice.orders("p00") == once.orders("p00")
