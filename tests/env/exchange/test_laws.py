"""What holds whatever comes."""

from __future__ import annotations

import fractions
from collections import defaultdict

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import MINUTE
from actors.market.ticks import Kind, MarketSlice
from actors.messages import Side, VenueOrder, encode
from env.exchange.paper import PaperExchange
from env.exchange.session_orders import SessionReport
from tests.env.exchange.builders import Row, always_open, bar, instrument, market, order, quote, rules, trade

INSTRUMENTS = 2
Step = tuple[str, object]


@st.composite
def rows(draw: st.DrawFn, minute: int) -> list[Row]:
    found: list[Row] = []
    for number in range(INSTRUMENTS):
        kind = draw(st.sampled_from(["none", "bar", "quote", "trade"]))
        end = (minute + 1) * MINUTE
        if kind == "bar":
            low = draw(st.integers(90, 110))
            high = draw(st.integers(low, 115))
            opening, close = draw(st.integers(low, high)), draw(st.integers(low, high))
            found.append(bar(minute, opening, high, low, close, draw(st.integers(0, 400)), instrument=number))
        elif kind == "quote":
            bid = draw(st.integers(90, 110))
            ask = draw(st.integers(bid + 1, 120))
            sizes = st.integers(0, 60)
            found.append(quote(end, bid, ask, draw(sizes), draw(sizes), instrument=number))
        elif kind == "trade":
            price, size, side = draw(st.integers(90, 115)), draw(st.integers(0, 300)), draw(st.sampled_from([-1, 0, 1]))
            found.append(trade(end, price, size, side, instrument=number))
    return found


@st.composite
def days(draw: st.DrawFn) -> list[Step]:
    """Orders, cancels and slices, in some order."""
    steps: list[Step] = []
    number = 0
    for minute in range(draw(st.integers(1, 8))):
        for _ in range(draw(st.integers(0, 4))):
            number += 1
            entered = order(
                f"0-{number}",
                draw(st.sampled_from(["buy", "sell"])),
                draw(st.integers(1, 80)),
                draw(st.none() | st.integers(88, 116)),
                draw(st.sampled_from(["day", "gtc", "ioc", "fok"])),
                minute * MINUTE,
                draw(st.integers(0, INSTRUMENTS - 1)),
            )
            steps.append(("order", entered))
        if number and draw(st.booleans()):
            steps.append(("cancel", f"0-{draw(st.integers(1, number))}"))
        steps.append(("slice", market(minute + 1, (minute + 1) * MINUTE, draw(rows(minute)))))
    return steps


def new_exchange(participation: str) -> PaperExchange:
    return PaperExchange(
        rules([instrument(number) for number in range(INSTRUMENTS)], participation=participation), always_open
    )


def play(venue: PaperExchange, step: Step, only_relevant: bool = False) -> list[SessionReport]:
    kind, content = step
    if kind == "order":
        assert isinstance(content, VenueOrder)
        return venue.submit("p00", content)
    if kind == "cancel":
        return venue.cancel("p00", str(content), 0)
    assert isinstance(content, MarketSlice)
    return venue.match(venue.relevant(content) if only_relevant else content)


@settings(deadline=None)
@given(days(), st.sampled_from(["0.1", "0.33", "1.0"]))
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


@settings(deadline=None)
@given(days())
def test_a_replay_gives_the_same_reports_byte_for_byte_even_without_the_irrelevant_rows(steps: list[Step]) -> None:
    first, second, third = new_exchange("0.1"), new_exchange("0.1"), new_exchange("0.1")
    for step in steps:
        seen = [(name, encode(report)) for name, report in play(first, step)]
        assert [(name, encode(report)) for name, report in play(second, step)] == seen
        assert [(name, encode(report)) for name, report in play(third, step, only_relevant=True)] == seen


@settings(deadline=None)
@given(days())
def test_every_order_ends_once_and_its_reports_add_up(steps: list[Step]) -> None:
    venue = new_exchange("0.1")
    leaves: dict[str, int] = {}
    for step in steps:
        if isinstance(step[1], VenueOrder):
            leaves[step[1].order_id] = step[1].quantity
        for _, report in play(venue, step):
            if report.type == "trade":
                leaves[report.order_id] -= report.quantity
                assert leaves[report.order_id] >= 0
            elif report.type in ("canceled", "expired"):
                assert leaves[report.order_id] > 0
                leaves[report.order_id] = 0
    still_open = {state.order_id: state.filled_quantity for state in venue.orders("p00")}
    assert {order_id for order_id, left in leaves.items() if left} == set(still_open)
    assert venue.open_orders == len(still_open)
    assert msgspec.json.encode(venue.turnover)
