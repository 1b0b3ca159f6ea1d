"""Replacements: what is granted, what is refused, and what happens to the order's place in line."""

from __future__ import annotations

import pytest

from actors.clock import MINUTE
from actors.errors import InputError
from actors.messages import ExecutionReport, VenueOrder, VenueReplace
from actors.oms.venue import StandingOrder
from env.exchange.paper import PaperExchange
from tests.env.exchange.builders import Row, bar, brief, exchange, market, order, quote, replacement

# 50 bid at 99, 30 offered at 101.
QUOTE = quote(MINUTE, 99, 101, 50, 30)


def only(venue: PaperExchange, replace: VenueReplace) -> ExecutionReport:
    (entry,) = venue.replace("p00", replace)
    return entry.report


GRANTED = [
    # order, filled before, replacement, quantity and limit of the answer, status of what stands then
    ("the quantity goes up", order(limit=95), 0, replacement(quantity=150, limit=95), (150, 95), "new"),
    ("the quantity goes down", order(limit=95), 0, replacement(quantity=60, limit=95), (60, 95), "new"),
    ("the limit changes", order(limit=95), 0, replacement(quantity=100, limit=96), (100, 96), "new"),
    ("both change", order(limit=95), 0, replacement(quantity=1, limit=94), (1, 94), "new"),
    ("nothing changes", order(limit=95), 0, replacement(quantity=100, limit=95), (100, 95), "new"),
    ("a market order's quantity", order(), 0, replacement(quantity=150), (150, 0), "new"),
    (
        "C.3.a above what is filled",
        order(limit=101),
        30,
        replacement(quantity=31, limit=101),
        (31, 101),
        "partially_filled",
    ),
    ("C.3.b equal to what is filled", order(limit=101), 30, replacement(quantity=30, limit=101), (30, 101), None),
    ("C.3.c below what is filled", order(limit=101), 30, replacement(quantity=20, limit=90), (30, 101), None),
    ("up when part-filled", order(limit=101), 30, replacement(quantity=200, limit=102), (200, 102), "partially_filled"),
]


@pytest.mark.parametrize(
    ("entered", "filled", "replace", "terms", "status"),
    [case[1:] for case in GRANTED],
    ids=[case[0] for case in GRANTED],
)
def test_a_replacement_is_granted_with_the_terms_that_hold_then(
    entered: VenueOrder, filled: int, replace: VenueReplace, terms: tuple[int, int], status: str | None
) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    if filled:
        venue.match(market(1, MINUTE, [QUOTE]))
    report = only(venue, replace)
    assert (str(report.type), report.revision, report.order_quantity, report.limit_price) == ("replaced", 1, *terms)
    standing = [] if status is None else [StandingOrder("0-1", status, filled, terms[0])]
    assert venue.orders("p00") == standing
    if status is None:
        (late,) = venue.cancel("p00", "0-1", 0)
        assert late.report.text == "the order is filled"
        assert venue.match(market(2, 2 * MINUTE, [quote(2 * MINUTE, 99, 101, 50, 30)])) == []


REFUSED = [
    ("an order that never came", order(), replacement("0-9"), "ORDER_UNKNOWN"),
    ("a filled order", order(quantity=30), replacement(quantity=40), "ORDER_CLOSED"),
    ("a rejected order", order(quantity=0), replacement(), "ORDER_CLOSED"),
    ("no quantity", order(limit=95), replacement(quantity=0, limit=95), "QUANTITY_INVALID"),
    ("a negative quantity", order(limit=95), replacement(quantity=-1, limit=95), "QUANTITY_INVALID"),
    ("a limit order without limit", order(limit=95), replacement(), "LIMIT_PRICE_INVALID"),
    ("a limit of nothing", order(limit=95), replacement(limit=0), "LIMIT_PRICE_INVALID"),
    (
        "a new date of an order that has none",
        order(limit=95),
        replacement(limit=95, expire_time=9),
        "EXPIRE_TIME_INVALID",
    ),
    (
        "an order that may only make, at any price",
        order(side="sell", quantity=60),
        replacement(post_only=True),
        "POST_ONLY_INVALID",
    ),
    (
        "what the exchange does not do",
        order(limit=95),
        replacement(limit=95, display_quantity=5),
        "CONDITION_UNSUPPORTED",
    ),
    ("a market order with a limit", order(side="sell", quantity=60), replacement(limit=95), "LIMIT_PRICE_INVALID"),
]


@pytest.mark.parametrize(
    ("entered", "replace", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_replacement_that_makes_no_sense_is_rejected_and_changes_nothing(
    entered: VenueOrder, replace: VenueReplace, reason: str
) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    venue.match(market(1, MINUTE, [QUOTE]))
    before = venue.orders("p00")
    report = only(venue, replace)
    assert (str(report.type), report.reason, report.revision) == ("replace_rejected", reason, 1)
    assert report.text and report.order_quantity == report.limit_price == 0
    assert venue.orders("p00") == before


def test_nobody_replaces_the_order_of_another_session() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=95))
    (refused,) = venue.replace("p01", replacement(limit=96))
    assert (refused.session, refused.report.reason) == ("p01", "ORDER_UNKNOWN")


def test_a_revision_at_or_below_the_newest_answered_one_is_ignored() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=95))
    assert only(venue, replacement(revision=2, quantity=0, limit=95)).type == "replace_rejected"
    for revision in (1, 2):
        assert venue.has_answered("p00", replacement(revision=revision))
        assert venue.replace("p00", replacement(revision=revision, quantity=50, limit=95)) == []
    assert only(venue, replacement(revision=3, quantity=50, limit=95)).type == "replaced"
    venue.cancel("p00", "0-1", 0)
    assert venue.replace("p00", replacement(revision=3, quantity=50, limit=95)) == []
    assert only(venue, replacement(revision=4, limit=95)).reason == "ORDER_CLOSED"
    assert venue.replace("p00", replacement(revision=4, limit=95)) == []


@pytest.mark.parametrize("revision", [0, -1])
def test_revisions_are_counted_from_one(revision: int) -> None:
    venue = exchange()
    venue.submit("p00", order(limit=95))
    with pytest.raises(InputError) as caught:
        venue.replace("p00", replacement(revision=revision, limit=96))
    assert caught.value.code == "REVISION_INVALID"


def test_an_order_that_comes_again_after_its_replacement_is_known_by_what_it_was() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=95))
    venue.replace("p00", replacement(quantity=50, limit=96))
    assert venue.submit("p00", order(limit=95)) == []


PLACES = [
    ("smaller: it keeps its place", replacement(quantity=80, limit=97), ["0-1", "0-2"]),
    ("the same: it keeps its place", replacement(quantity=90, limit=97), ["0-1", "0-2"]),
    ("larger: it goes to the end", replacement(quantity=91, limit=97), ["0-2", "0-1"]),
    ("a better limit: it comes first by price", replacement(quantity=90, limit=98), ["0-1", "0-2"]),
]


@pytest.mark.parametrize(("replace", "line"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES])
def test_only_an_order_that_gets_smaller_and_no_more_keeps_its_place_in_line(
    replace: VenueReplace, line: list[str]
) -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", limit=97, quantity=90))
    venue.submit("p00", order("0-2", limit=97, quantity=90))
    venue.replace("p00", replace)
    filled = brief(venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)])))
    assert [entry[-1] for entry in filled] == line


def test_there_and_back_again_costs_the_place() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", limit=97, quantity=90))
    venue.submit("p00", order("0-2", limit=97, quantity=90))
    venue.replace("p00", replacement(revision=1, quantity=90, limit=96))
    venue.replace("p00", replacement(revision=2, quantity=90, limit=97))
    filled = brief(venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)])))
    assert [entry[-1] for entry in filled] == ["0-2", "0-1"]


UNDER_WAY = [
    ("a new limit waits for the next whole bar", replacement(quantity=100, limit=105, time=MINUTE + 1), []),
    ("a larger quantity waits as well", replacement(quantity=150, limit=97, time=MINUTE + 1), []),
    ("a smaller one does not", replacement(quantity=10, limit=97, time=MINUTE + 1), [(10, 97, "maker", "0-1")]),
]


@pytest.mark.parametrize(("replace", "filled"), [case[1:] for case in UNDER_WAY], ids=[case[0] for case in UNDER_WAY])
def test_new_terms_see_no_price_of_a_bar_that_was_under_way(
    replace: VenueReplace, filled: list[tuple[object, ...]]
) -> None:
    venue = exchange()
    venue.submit("p00", order(limit=97))
    venue.replace("p00", replace)
    rows: list[Row] = [bar(1, 100, 110, 95, 108, 1000)]
    assert brief(venue.match(market(1, 2 * MINUTE, rows))) == filled


def test_an_order_at_a_new_limit_has_not_stood_there_before() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=97))
    venue.match(market(1, MINUTE, [QUOTE]))
    venue.replace("p00", replacement(quantity=100, limit=101))
    assert brief(venue.match(market(2, 2 * MINUTE, [quote(2 * MINUTE, 99, 101, 50, 30)]))) == [
        (30, 101, "taker", "0-1")
    ]


def test_a_replaced_day_order_expires_when_it_would_have() -> None:
    venue = exchange()
    venue.submit("p00", order(limit=97, tif="day"))
    venue.replace("p00", replacement(quantity=200, limit=98, time=MINUTE))
    assert venue.match(market(1, 24 * 60 * MINUTE)) == []
    assert brief(venue.match(market(2, 24 * 60 * MINUTE + 1))) == [("expired", "0-1")]


DATES = [
    ("a later date", 9, 8, [], [("expired", "0-1")]),
    ("an earlier date", 4, 4, [("expired", "0-1")], []),
]


@pytest.mark.parametrize(
    ("date", "first", "then", "last"), [case[1:] for case in DATES], ids=[case[0] for case in DATES]
)
def test_an_order_until_a_date_gets_another_one_and_keeps_its_place(
    date: int, first: int, then: list[tuple[object, ...]], last: list[tuple[object, ...]]
) -> None:
    venue = exchange()
    for order_id in ("0-1", "0-2"):
        venue.submit("p00", order(order_id, limit=97, quantity=60, tif="gtd", expire_time=7 * MINUTE))
    only(venue, replacement(quantity=60, limit=97, expire_time=date * MINUTE))
    expired = [entry for entry in brief(venue.match(market(1, first * MINUTE))) if entry[-1] == "0-1"]
    assert expired == then
    assert [entry for entry in brief(venue.match(market(2, 9 * MINUTE))) if entry[-1] == "0-1"] == last
    again = exchange()
    for order_id in ("0-1", "0-2"):
        again.submit("p00", order(order_id, limit=97, quantity=60, tif="gtd", expire_time=7 * MINUTE))
    only(again, replacement(quantity=60, limit=97, expire_time=date * MINUTE))
    filled = brief(again.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)])))
    assert filled == [(60, 97, "maker", "0-1"), (40, 97, "maker", "0-2")]


@pytest.mark.parametrize("conditions", [{}, {"expire_time": MINUTE}], ids=["no date", "a date that is over"])
def test_an_order_until_a_date_needs_one_that_is_to_come(conditions: dict[str, int]) -> None:
    venue = exchange()
    venue.submit("p00", order(limit=97, tif="gtd", expire_time=7 * MINUTE))
    assert only(venue, replacement(limit=98, time=MINUTE, **conditions)).reason == "EXPIRE_TIME_INVALID"
    assert venue.match(market(1, 7 * MINUTE - 1)) == []
    assert brief(venue.match(market(2, 7 * MINUTE))) == [("expired", "0-1")]
