"""Orders that may only make: canceled where they would take at their first opportunity, filled at their limit later."""

from __future__ import annotations

import pytest

from actors.clock import MINUTE
from actors.messages import VenueOrder
from tests.env.exchange.builders import Row, bar, brief, exchange, market, order, quote, replacement, trade

# 50 bid at 99, 30 offered at 101; a bar from 100 with the range 95 to 110; a trade at 100.
QUOTE, BAR, TRADE = quote(MINUTE, 99, 101, 50, 30), bar(0, 100, 110, 95, 108, 1000), trade(MINUTE, 100, 200)
TAKES = [("canceled", "0-1")]


def buy(limit: int, tif: str = "gtc") -> VenueOrder:
    return order(quantity=10, limit=limit, tif=tif, post_only=True)


def sell(limit: int) -> VenueOrder:
    return order(side="sell", quantity=10, limit=limit, post_only=True)


FIRST = [
    ("a buy at the ask would take", QUOTE, buy(101), TAKES),
    ("a buy above the ask would take", QUOTE, buy(102), TAKES),
    ("a buy below the ask rests", QUOTE, buy(100), []),
    ("a sale at the bid would take", QUOTE, sell(99), TAKES),
    ("a sale above the bid rests", QUOTE, sell(100), []),
    ("nothing offered, nothing to take", quote(MINUTE, 99, 0, 50, 0), buy(102), []),
    ("a buy at the open would take", BAR, buy(100), TAKES),
    ("a buy above the open would take", BAR, buy(105), TAKES),
    ("a buy within the range makes", BAR, buy(97), [(10, 97, "maker", "0-1")]),
    ("a sale below the open would take", BAR, sell(96), TAKES),
    ("a sale within the range makes", BAR, sell(107), [(10, 107, "maker", "0-1")]),
    ("a buy out of reach rests", BAR, buy(94), []),
    ("a trade at the limit makes", TRADE, buy(100), [(10, 100, "maker", "0-1")]),
    ("a trade through a buy's limit would have been taken", TRADE, buy(101), TAKES),
    ("a trade through a sale's limit would have been taken", TRADE, sell(99), TAKES),
    ("a trade out of reach leaves it resting", TRADE, buy(99), []),
    ("a day order may only make as well", QUOTE, buy(101, tif="day"), TAKES),
]


@pytest.mark.parametrize(("row", "entered", "expected"), [case[1:] for case in FIRST], ids=[case[0] for case in FIRST])
def test_at_its_first_opportunity_it_makes_or_is_canceled(
    row: Row, entered: VenueOrder, expected: list[tuple[object, ...]]
) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    reports = venue.match(market(1, MINUTE, [row]))
    assert brief(reports) == expected
    if expected == TAKES:
        assert reports[0].report.reason == "POST_ONLY_WOULD_TAKE"
        assert venue.open_orders == 0


LATER = [
    ("the ask comes to a buy", quote(2 * MINUTE, 95, 97, 50, 30), buy(97), 97),
    ("the ask goes through a buy: its own limit, no better", quote(2 * MINUTE, 90, 92, 50, 30), buy(97), 97),
    ("the bid goes through a sale", quote(2 * MINUTE, 108, 110, 50, 30), sell(105), 105),
    ("a bar opens through a buy", bar(1, 90, 95, 88, 91, 1000), buy(97), 97),
    ("a trade goes through a sale", trade(2 * MINUTE, 110, 200), sell(105), 105),
]


@pytest.mark.parametrize(("row", "entered", "price"), [case[1:] for case in LATER], ids=[case[0] for case in LATER])
def test_once_it_has_rested_it_is_filled_at_its_limit_and_makes(row: Row, entered: VenueOrder, price: int) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    assert venue.match(market(1, MINUTE, [QUOTE])) == []
    assert brief(venue.match(market(2, 2 * MINUTE, [row]))) == [(10, price, "maker", "0-1")]


def test_the_cancel_comes_before_the_fills_and_takes_nothing_of_the_market() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", limit=102, quantity=30, post_only=True))
    venue.submit("p00", order("0-2", limit=101, quantity=30))
    assert brief(venue.match(market(1, MINUTE, [QUOTE]))) == [("canceled", "0-1"), (30, 101, "taker", "0-2")]


def test_at_a_new_limit_it_is_asked_again() -> None:
    venue = exchange()
    venue.submit("p00", buy(97))
    venue.match(market(1, MINUTE, [QUOTE]))
    venue.replace("p00", replacement(quantity=10, limit=101, post_only=True))
    assert brief(venue.match(market(2, 2 * MINUTE, [quote(2 * MINUTE, 99, 101, 50, 30)]))) == TAKES


def test_without_the_condition_it_takes_like_any_other() -> None:
    venue = exchange()
    venue.submit("p00", buy(97))
    venue.match(market(1, MINUTE, [QUOTE]))
    venue.replace("p00", replacement(quantity=10, limit=102))
    later = quote(2 * MINUTE, 99, 101, 50, 30)
    assert brief(venue.match(market(2, 2 * MINUTE, [later]))) == [(10, 101, "taker", "0-1")]
