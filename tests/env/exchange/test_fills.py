"""What an order gets, as a table: kind of data x order type x side x situation."""

from __future__ import annotations

import pytest

from actors.clock import MINUTE
from actors.messages import VenueOrder
from tests.env.exchange.builders import Row, bar, brief, exchange, market, order, quote, trade

# A bar from 100 to 108, low 95, high 110, volume 1,000 of which orders may take 100.
BAR = bar(0, 100, 110, 95, 108, 1000)
T, M = "taker", "maker"

BARS = [
    ("a market buy gets the open", order(quantity=40), [(40, 100, T, "0-1")]),
    ("a market sell gets the open", order(side="sell", quantity=40), [(40, 100, T, "0-1")]),
    ("a large market order gets its share of the volume", order(quantity=250), [(100, 100, T, "0-1")]),
    ("a buy limit above the open gets the open", order(limit=105, quantity=10), [(10, 100, T, "0-1")]),
    ("a buy limit at the open gets the open", order(limit=100, quantity=10), [(10, 100, T, "0-1")]),
    ("a buy limit inside the range gets its limit", order(limit=97, quantity=10), [(10, 97, M, "0-1")]),
    ("a buy limit at the low gets its limit", order(limit=95, quantity=10), [(10, 95, M, "0-1")]),
    ("a buy limit below the low gets nothing", order(limit=94, quantity=10), []),
    ("a sell limit below the open gets the open", order(side="sell", limit=96, quantity=10), [(10, 100, T, "0-1")]),
    ("a sell limit at the open gets the open", order(side="sell", limit=100, quantity=10), [(10, 100, T, "0-1")]),
    ("a sell limit inside the range gets its limit", order(side="sell", limit=107, quantity=10), [(10, 107, M, "0-1")]),
    ("a sell limit at the high gets its limit", order(side="sell", limit=110, quantity=10), [(10, 110, M, "0-1")]),
    ("a sell limit above the high gets nothing", order(side="sell", limit=111, quantity=10), []),
    ("a limit order's share ends too", order(limit=97, quantity=130), [(100, 97, M, "0-1")]),
    (
        "an immediate market order loses its rest",
        order(quantity=130, tif="ioc"),
        [(100, 100, T, "0-1"), ("canceled", "0-1")],
    ),
    ("an immediate limit order takes even at its limit", order(limit=97, quantity=9, tif="ioc"), [(9, 97, T, "0-1")]),
    ("an immediate limit order out of reach is cancelled", order(limit=90, tif="ioc"), [("canceled", "0-1")]),
    ("fill or kill that fits is filled", order(quantity=100, tif="fok"), [(100, 100, T, "0-1")]),
    ("fill or kill that does not fit is cancelled whole", order(quantity=101, tif="fok"), [("canceled", "0-1")]),
    ("fill or kill within the range is filled", order(limit=97, quantity=100, tif="fok"), [(100, 97, T, "0-1")]),
    ("fill or kill out of reach is cancelled", order(limit=94, quantity=1, tif="fok"), [("canceled", "0-1")]),
    ("a day order trades as any other", order(quantity=40, tif="day"), [(40, 100, T, "0-1")]),
    ("an order that came while the bar was under way waits", order(quantity=40, time=1), []),
    ("an immediate order waits for its first whole bar", order(quantity=40, tif="ioc", time=1), []),
]

# 50 bid at 99, 30 offered at 101.
QUOTE = quote(MINUTE, 99, 101, 50, 30)

QUOTES = [
    ("a market buy gets the ask", order(quantity=20), [(20, 101, T, "0-1")]),
    ("a market sell gets the bid", order(side="sell", quantity=20), [(20, 99, T, "0-1")]),
    ("a market buy gets no more than is offered", order(quantity=40), [(30, 101, T, "0-1")]),
    ("a market sell gets no more than is bid for", order(side="sell", quantity=60), [(50, 99, T, "0-1")]),
    ("a buy limit above the ask gets the ask", order(limit=103, quantity=20), [(20, 101, T, "0-1")]),
    ("a buy limit at the ask gets the ask", order(limit=101, quantity=20), [(20, 101, T, "0-1")]),
    ("a buy limit below the ask waits", order(limit=100, quantity=20), []),
    ("a sell limit at the bid gets the bid", order(side="sell", limit=99, quantity=20), [(20, 99, T, "0-1")]),
    ("a sell limit above the bid waits", order(side="sell", limit=100, quantity=20), []),
    ("immediate or cancel loses its rest", order(quantity=40, tif="ioc"), [(30, 101, T, "0-1"), ("canceled", "0-1")]),
    ("fill or kill that does not fit is cancelled", order(quantity=31, tif="fok"), [("canceled", "0-1")]),
    ("fill or kill that fits is filled", order(quantity=30, tif="fok"), [(30, 101, T, "0-1")]),
    ("a quote of the order's own moment is older", order(quantity=20, time=MINUTE), []),
]

EMPTY_SIDES = [
    ("no ask, no buy", quote(MINUTE, 99, 0, 50, 0), order(), []),
    ("no bid, no sale", quote(MINUTE, 0, 101, 0, 30), order(side="sell"), []),
    ("an ask of size zero gives nothing", quote(MINUTE, 99, 101, 50, 0), order(), []),
    ("no ask, no second chance", quote(MINUTE, 99, 0, 50, 0), order(tif="ioc"), [("canceled", "0-1")]),
]

# 200 traded at 100, of which orders may take 20.
TRADES = [
    ("a buy limit at the price makes", trade(MINUTE, 100, 200), order(limit=100, quantity=15), [(15, 100, M, "0-1")]),
    (
        "a buy limit traded through gets the price",
        trade(MINUTE, 100, 200),
        order(limit=102, quantity=15),
        [(15, 100, T, "0-1")],
    ),
    ("a buy limit below the price waits", trade(MINUTE, 100, 200), order(limit=99, quantity=15), []),
    (
        "a sell limit at the price makes",
        trade(MINUTE, 100, 200),
        order(side="sell", limit=100, quantity=15),
        [(15, 100, M, "0-1")],
    ),
    (
        "a sell limit traded through gets the price",
        trade(MINUTE, 100, 200),
        order(side="sell", limit=98, quantity=15),
        [(15, 100, T, "0-1")],
    ),
    ("a sell limit above the price waits", trade(MINUTE, 100, 200), order(side="sell", limit=101, quantity=15), []),
    (
        "no more than its share of the size",
        trade(MINUTE, 100, 200),
        order(limit=100, quantity=50),
        [(20, 100, M, "0-1")],
    ),
    ("one lot of the smallest trade", trade(MINUTE, 100, 1), order(limit=100, quantity=50), [(1, 100, M, "0-1")]),
    ("a market buy goes with a buyer", trade(MINUTE, 100, 200, side=1), order(quantity=15), [(15, 100, T, "0-1")]),
    ("a market buy goes with an unknown", trade(MINUTE, 100, 200, side=0), order(quantity=15), [(15, 100, T, "0-1")]),
    ("a market buy does not get a seller's price", trade(MINUTE, 100, 200, side=-1), order(quantity=15), []),
    ("nor is that its one opportunity", trade(MINUTE, 100, 200, side=-1), order(quantity=15, tif="ioc"), []),
    (
        "a market sell goes with a seller",
        trade(MINUTE, 100, 200, side=-1),
        order(side="sell", quantity=15),
        [(15, 100, T, "0-1")],
    ),
    ("a trade before the order is history", trade(MINUTE, 100, 200), order(limit=100, time=MINUTE), []),
    (
        "fill or kill fits or not",
        trade(MINUTE, 100, 200),
        order(limit=100, quantity=21, tif="fok"),
        [("canceled", "0-1")],
    ),
    ("a book message gives nothing", (4, 1, 1, 0, 0, MINUTE, MINUTE, 0, 100, 200, 0, 0, 0, 5), order(limit=100), []),
]

TABLE = [
    *((f"bar: {name}", BAR, entered, expected) for name, entered, expected in BARS),
    *((f"quote: {name}", QUOTE, entered, expected) for name, entered, expected in QUOTES),
    *((f"quote: {name}", row, entered, expected) for name, row, entered, expected in EMPTY_SIDES),
    *((f"trade: {name}", row, entered, expected) for name, row, entered, expected in TRADES),
]


@pytest.mark.parametrize(("row", "entered", "expected"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE])
def test_an_order_gets_what_was_there(row: Row, entered: VenueOrder, expected: list[tuple[object, ...]]) -> None:
    venue = exchange()
    assert brief(venue.submit("p00", entered)) == [("new", "0-1")]
    assert brief(venue.match(market(1, 2 * MINUTE, [row]))) == expected


def test_the_rest_of_an_order_waits_for_the_next_bar() -> None:
    venue = exchange()
    venue.submit("p00", order(quantity=150))
    assert brief(venue.match(market(1, MINUTE, [BAR]))) == [(100, 100, T, "0-1")]
    assert brief(venue.match(market(2, 2 * MINUTE, [bar(1, 109, 110, 101, 104, 1000)]))) == [(50, 109, T, "0-1")]
    assert venue.open_orders == 0


def test_a_standing_limit_that_opens_at_its_price_makes_and_one_that_opens_better_takes() -> None:
    for opening, liquidity in ((90, M), (89, T)):
        venue = exchange()
        venue.submit("p00", order(limit=90, quantity=5))
        venue.match(market(1, MINUTE, [BAR]))
        filled = venue.match(market(2, 2 * MINUTE, [bar(1, opening, 99, 80, 85, 1000)]))
        assert brief(filled) == [(5, opening, liquidity, "0-1")]


def test_a_standing_limit_that_a_quote_comes_to_makes() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=100, quantity=5))
    venue.match(market(1, MINUTE, [QUOTE]))
    assert brief(venue.match(market(2, 2 * MINUTE, [quote(2 * MINUTE, 98, 100, 10, 10)]))) == [(5, 100, M, "0-1")]


def test_a_bar_without_volume_fills_nothing_and_a_bar_of_one_lot_fills_one() -> None:
    for volume, expected in (
        (0, []),
        (1, [(1, 100, T, "0-1")]),
        (19, [(1, 100, T, "0-1")]),
        (20, [(2, 100, T, "0-1")]),
    ):
        venue = exchange()
        venue.submit("p00", order(quantity=10))
        assert brief(venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, volume)]))) == expected


def test_price_comes_before_time_within_a_side() -> None:
    venue = exchange()
    for order_id, limit in (("0-1", 96), ("0-2", 97), ("0-3", 97), ("0-4", None), ("0-5", 101)):
        venue.submit("p00", order(order_id, limit=limit, quantity=30))
    assert brief(venue.match(market(1, MINUTE, [BAR]))) == [
        (30, 100, T, "0-4"),
        (30, 100, T, "0-5"),
        (30, 97, M, "0-2"),
        (10, 97, M, "0-3"),
    ]


def test_the_sides_share_a_bars_volume_and_the_open_comes_before_the_range() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", side="sell", limit=109, quantity=60))
    venue.submit("p01", order("1-1", quantity=30))
    venue.submit("p00", order("0-2", side="sell", quantity=50))
    venue.submit("p01", order("1-2", limit=96, quantity=40))
    assert brief(venue.match(market(1, MINUTE, [BAR]))) == [
        (30, 100, T, "1-1"),
        (50, 100, T, "0-2"),
        (20, 109, M, "0-1"),
    ]


def test_a_fill_or_kill_order_that_does_not_fit_leaves_the_market_to_the_next() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", quantity=101, tif="fok"))
    venue.submit("p00", order("0-2", quantity=80))
    assert brief(venue.match(market(1, MINUTE, [BAR]))) == [(80, 100, T, "0-2"), ("canceled", "0-1")]


def test_orders_consume_a_quote_until_the_next_one() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", quantity=20))
    venue.submit("p00", order("0-2", quantity=20))
    venue.submit("p00", order("0-3", side="sell", quantity=20))
    first = venue.match(market(1, MINUTE, [QUOTE]))
    assert brief(first) == [(20, 101, T, "0-1"), (10, 101, T, "0-2"), (20, 99, T, "0-3")]
    assert brief(venue.submit("p00", order("0-4", quantity=5))) == [("new", "0-4")]
    second = venue.match(market(2, 2 * MINUTE, [quote(2 * MINUTE, 99, 102, 50, 12)]))
    assert brief(second) == [(10, 102, T, "0-2"), (2, 102, T, "0-4")]


def test_an_order_of_one_instrument_never_sees_another() -> None:
    venue = exchange()
    venue.submit("p00", order())
    assert venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000, instrument=3)])) == []


def test_an_order_sent_late_does_not_see_the_data_that_its_sender_had_seen() -> None:
    venue = exchange()
    venue.submit("p00", order(time=MINUTE))
    assert venue.match(market(1, MINUTE, [BAR])) == []
    later = venue.match(market(2, 2 * MINUTE, [bar(1, 108, 110, 100, 101, 1000)]))
    assert brief(later) == [(100, 108, T, "0-1")]


def test_an_order_stamped_too_early_does_not_see_the_data_that_the_exchange_had_before_it() -> None:
    venue = exchange()
    venue.match(market(1, MINUTE + 5, [BAR]))
    venue.submit("p00", order(time=0))
    assert venue.match(market(2, 2 * MINUTE, [bar(1, 108, 110, 100, 101, 1000)])) == []
