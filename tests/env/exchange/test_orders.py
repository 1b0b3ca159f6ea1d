from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from actors.clock import DAY, HOUR, MINUTE
from actors.errors import Conflict, InputError
from actors.calendars import session_bounds
from actors.messages import OrderType, TimeInForce, VenueOrder
from env.exchange.capabilities import CAPABILITIES
from env.exchange.paper import PaperExchange
from actors.oms.venue import StandingOrder
from tests.env.exchange.builders import Row, bar, brief, exchange, instrument, market, order, rules


def test_an_order_is_acknowledged_at_the_later_of_its_own_clock_and_the_exchanges() -> None:
    venue = exchange()
    venue.match(market(1, 50))
    assert venue.submit("p00", order("0-1", time=70))[0].report.time == 70
    assert venue.submit("p00", order("0-2", time=20))[0].report.time == 50


@pytest.mark.parametrize(
    ("entered", "reason"),
    [
        (order(instrument=9), "INSTRUMENT_UNKNOWN"),
        (order(quantity=0), "QUANTITY_INVALID"),
        (order(quantity=-5), "QUANTITY_INVALID"),
        (order(limit=0), "LIMIT_PRICE_INVALID"),
        (order(limit=-3), "LIMIT_PRICE_INVALID"),
        (msgspec.structs.replace(order(), limit_price=5), "LIMIT_PRICE_INVALID"),
        (msgspec.structs.replace(order(limit=5), limit_price=None), "LIMIT_PRICE_INVALID"),
        (order(time=1_000), "INSTRUMENT_EXPIRED"),
        (order(tif="gtd"), "EXPIRE_TIME_INVALID"),
        (order(tif="gtd", time=9, expire_time=9), "EXPIRE_TIME_INVALID"),
        (order(tif="day", expire_time=9), "EXPIRE_TIME_INVALID"),
        (order(post_only=True), "POST_ONLY_INVALID"),
        (order(limit=5, tif="ioc", post_only=True), "POST_ONLY_INVALID"),
        (order(limit=5, tif="at_close", post_only=True), "POST_ONLY_INVALID"),
        (order(limit=5, display_quantity=10), "CONDITION_UNSUPPORTED"),
        (order(stop_price=5), "CONDITION_UNSUPPORTED"),
        (order(peg="mid"), "CONDITION_UNSUPPORTED"),
        (order(reduce_only=True), "CONDITION_UNSUPPORTED"),
        (msgspec.structs.replace(order(), type=OrderType.STOP), "ORDER_TYPE_UNSUPPORTED"),
    ],
)
def test_an_order_that_makes_no_sense_is_rejected_with_its_reason(entered: VenueOrder, reason: str) -> None:
    venue = exchange(instruments=[instrument(valid_to=1_000)])
    (refused,) = venue.submit("p00", entered)
    assert (refused.report.type, refused.report.reason) == ("rejected", reason)
    assert refused.report.text
    assert venue.open_orders == venue.orders_accepted == 0
    assert venue.submit("p00", entered) == []


def test_the_exchange_takes_every_order_that_it_says_it_takes_and_no_other() -> None:
    for kind, tif in itertools.product(OrderType, TimeInForce):
        conditions = {"expire_time": 5} if tif is TimeInForce.GTD else {}
        entered = order(limit=None if kind is OrderType.MARKET else 7, tif=tif, **conditions)
        (answer,) = exchange().submit("p00", msgspec.structs.replace(entered, type=kind))
        takes = kind in CAPABILITIES.order_types and tif in CAPABILITIES.times_in_force
        assert (answer.report.type == "new") is takes, f"{kind} {tif}"
    assert CAPABILITIES.replaces and CAPABILITIES.post_only and not CAPABILITIES.display_quantity


def test_an_order_that_comes_again_changes_nothing_whatever_its_clock_says() -> None:
    venue = exchange()
    venue.submit("p00", order())
    assert venue.submit("p00", order(time=99)) == []
    assert venue.open_orders == 1


def test_another_order_under_a_used_id_is_refused() -> None:
    venue = exchange()
    venue.submit("p00", order())
    with pytest.raises(Conflict) as caught:
        venue.submit("p00", order(quantity=7))
    assert caught.value.code == "ORDER_ID_REUSED"


def test_sessions_do_not_share_order_ids_nor_report_numbers() -> None:
    venue = exchange()
    first, second = venue.submit("p00", order())[0], venue.submit("p01", order())[0]
    assert (first.session, first.report.sequence) == ("p00", 1)
    assert (second.session, second.report.sequence) == ("p01", 1)
    assert venue.orders("p01") == [StandingOrder("0-1", "new", 0, 100)]


def test_a_cancelled_order_trades_no_more() -> None:
    venue = exchange()
    venue.submit("p00", order())
    assert brief(venue.cancel("p00", "0-1", 5)) == [("canceled", "0-1")]
    assert venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)])) == []


def test_one_of_two_orders_at_a_price_can_be_cancelled() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", limit=97, quantity=10))
    venue.submit("p00", order("0-2", limit=97, quantity=10))
    venue.cancel("p00", "0-1", 0)
    assert venue.orders("p00") == [StandingOrder("0-2", "new", 0, 10)]


@pytest.mark.parametrize(
    ("entered", "cancelled", "reason"),
    [
        (order(), "0-9", "ORDER_UNKNOWN"),
        (order(quantity=10), "0-1", "ORDER_CLOSED"),
        (order(quantity=0), "0-1", "ORDER_CLOSED"),
    ],
    ids=["never came", "filled", "rejected"],
)
def test_a_cancel_that_comes_too_late_or_for_nothing_is_rejected(
    entered: VenueOrder, cancelled: str, reason: str
) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]))
    (refused,) = venue.cancel("p00", cancelled, 0)
    assert (refused.report.type, refused.report.reason) == ("cancel_rejected", reason)


def test_nobody_cancels_the_order_of_another_session() -> None:
    venue = exchange()
    venue.submit("p00", order())
    (refused,) = venue.cancel("p01", "0-1", 0)
    assert (refused.session, refused.report.reason) == ("p01", "ORDER_UNKNOWN")


def test_execution_ids_are_made_of_session_and_report_number() -> None:
    venue = exchange()
    venue.submit("p03", order(quantity=150))
    fills = [
        venue.match(market(number + 1, (number + 1) * MINUTE, [bar(number, 100, 110, 95, 108, 1000)]))[0].report
        for number in range(2)
    ]
    assert [fill.execution_id for fill in fills] == ["p03-2", "p03-3"]
    assert [(fill.quantity, fill.time) for fill in fills] == [(100, MINUTE), (50, 2 * MINUTE)]


def test_turnover_and_counts_add_up() -> None:
    venue = exchange(instruments=[instrument(), instrument(1, currency="EUR", multiplier=10)])
    venue.submit("p00", order("0-1", quantity=10))
    venue.submit("p00", order("0-2", quantity=10, instrument=1))
    venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000), bar(0, 200, 210, 195, 208, 1000, instrument=1)]))
    assert (venue.orders_accepted, venue.fills, venue.open_orders) == (2, 2, 0)
    assert venue.turnover == {"USD": 10 * 10**8, "EUR": 200 * 10**8}


DAY_ORDERS_24_7 = [
    ("alive later on its day", 3 * HOUR, 20 * HOUR, False),
    ("alive for the bar that ends at midnight", 3 * HOUR, DAY, False),
    ("dead at the first slice of the next day", 3 * HOUR, DAY + 1, True),
    ("of midnight: alive for the next day's bar", DAY, 2 * DAY, False),
    ("of midnight: dead the day after", DAY, 2 * DAY + 1, True),
]


@pytest.mark.parametrize(
    ("entered_at", "slice_at", "expired"),
    [case[1:] for case in DAY_ORDERS_24_7],
    ids=[case[0] for case in DAY_ORDERS_24_7],
)
def test_where_the_market_never_closes_a_day_order_lives_a_utc_day(
    entered_at: int, slice_at: int, expired: bool
) -> None:
    venue = exchange()
    venue.submit("p00", order(tif="day", time=entered_at))
    assert brief(venue.match(market(1, slice_at))) == ([("expired", "0-1")] if expired else [])


def _new_york(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


# New York, 2024-07-02 (Tuesday) 13:30-20:00 UTC, 2024-07-03 13:30-17:00 (half day), 2024-07-04 closed, 2024-07-05.
DAY_ORDERS_XNYS = [
    ("during the session, the same session", "2024-07-02T15:00", "2024-07-02T20:00", False),
    ("during the session, its daily bar known late", "2024-07-02T15:00", "2024-07-03T02:00", False),
    ("during the session, the next open", "2024-07-02T15:00", "2024-07-03T13:30", True),
    ("at the close, the next session's close", "2024-07-02T20:00", "2024-07-03T17:00", False),
    ("at the close, the session after the holiday", "2024-07-02T20:00", "2024-07-05T13:31", True),
    ("before the open, that session", "2024-07-03T08:00", "2024-07-03T16:59", False),
    ("before the open, the session after", "2024-07-03T08:00", "2024-07-05T13:30", True),
    ("on the holiday, the next session", "2024-07-04T15:00", "2024-07-05T20:00", False),
]


@pytest.mark.parametrize(
    ("entered_at", "slice_at", "expired"),
    [case[1:] for case in DAY_ORDERS_XNYS],
    ids=[case[0] for case in DAY_ORDERS_XNYS],
)
def test_a_day_order_lives_until_the_session_after_its_own_opens(entered_at: str, slice_at: str, expired: bool) -> None:
    venue = PaperExchange(rules([instrument(calendar="XNYS")]), session_bounds)
    venue.submit("p00", order(tif="day", time=_new_york(entered_at)))
    assert brief(venue.match(market(1, _new_york(slice_at)))) == ([("expired", "0-1")] if expired else [])


@pytest.mark.parametrize("tif", ["gtc", "ioc", "fok"])
def test_only_day_orders_expire(tif: str) -> None:
    venue = exchange()
    venue.submit("p00", order(tif=tif))
    assert venue.match(market(1, 400 * DAY)) == []
    assert venue.open_orders == 1


def test_a_day_order_expires_before_the_first_bar_of_the_next_day_could_fill_it() -> None:
    venue = exchange()
    venue.submit("p00", order(tif="day", time=HOUR))
    assert brief(venue.match(market(1, DAY + MINUTE, [bar(1440, 100, 110, 95, 108, 1000)]))) == [("expired", "0-1")]


def test_a_filled_day_order_does_not_expire() -> None:
    venue = exchange()
    venue.submit("p00", order(tif="day", quantity=1))
    venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]))
    assert venue.match(market(2, 2 * DAY)) == []


def test_an_instrument_without_a_known_calendar_is_refused_at_the_start() -> None:
    with pytest.raises(InputError):
        PaperExchange(rules([instrument(calendar="XXXX")]), session_bounds)


@pytest.mark.parametrize("first_shard", [0, 1])
def test_fills_and_expiries_do_not_depend_on_which_shard_comes_first(first_shard: int) -> None:
    venue = exchange(instruments=[instrument(0), instrument(1)], shards=2)
    venue.submit("p00", order("0-1", tif="day"))
    venue.submit("p00", order("0-2", tif="day", instrument=1))
    rows: dict[int, list[Row]] = {0: [bar(0, 100, 110, 95, 108, 500)], 1: [bar(0, 50, 60, 45, 58, 700, instrument=1)]}
    seen: list[tuple[object, ...]] = []
    for sequence, time in ((1, MINUTE), (2, DAY + 1)):
        for shard in (first_shard, 1 - first_shard):
            seen += brief(venue.match(market(sequence, time, rows[shard] if sequence == 1 else [], shard=shard)))
    assert sorted(seen, key=str) == sorted(
        [(50, 100, "taker", "0-1"), (70, 50, "taker", "0-2"), ("expired", "0-1"), ("expired", "0-2")], key=str
    )


def test_an_order_takes_its_time_from_its_own_shard() -> None:
    venue = exchange(instruments=[instrument(0), instrument(1)], shards=2)
    venue.match(market(1, MINUTE, shard=1))
    assert venue.submit("p00", order("0-1"))[0].report.time == 0
    assert venue.submit("p00", order("0-2", instrument=1))[0].report.time == MINUTE


def test_the_rules_of_a_journal_may_have_more_shards_than_those_it_is_replayed_with() -> None:
    venue = exchange()
    venue.adopt(rules([instrument(0), instrument(1)], shards=2))
    venue.submit("p00", order(tif="day", instrument=1))
    assert venue.match(market(1, DAY + 1, shard=0)) == []
    assert brief(venue.match(market(1, DAY + 1, shard=1))) == [("expired", "0-1")]


def test_only_rows_of_instruments_with_open_orders_are_relevant() -> None:
    venue = exchange(instruments=[instrument(0), instrument(1)])
    rows = [bar(0, 100, 110, 95, 108, 1000), bar(0, 100, 110, 95, 108, 1000, instrument=1)]
    whole = market(1, MINUTE, rows)
    assert venue.relevant(whole) == market(1, MINUTE)
    venue.submit("p00", order(instrument=1))
    assert venue.relevant(whole) == market(1, MINUTE, rows[1:])
    venue.submit("p00", order("0-2"))
    assert venue.relevant(whole) == whole
    assert venue.relevant(market(2, 9)) == market(2, 9)


@pytest.mark.parametrize("count", [1, 32, 33, 200])
def test_relevant_rows_are_found_among_few_and_among_many(count: int) -> None:
    venue = exchange(instruments=[instrument(number) for number in range(200)])
    rows = [bar(0, 100, 110, 95, 108, 1000, instrument=number) for number in range(count)]
    for number in (0, 30, 150):
        venue.submit("p00", order(f"0-{number}", instrument=number))
    wanted = [row for row in rows if row[4] in (0, 30, 150)]
    assert venue.relevant(market(1, MINUTE, rows)) == market(1, MINUTE, wanted)


def test_ended_orders_are_not_looked_at_again() -> None:
    """Only what is open is walked through: the work of a slice does not grow with all orders ever sent."""
    venue = exchange()
    for number in range(50):
        venue.submit("p00", order(f"0-{number}", quantity=1, tif="day"))
    venue.match(market(1, MINUTE, [bar(0, 100, 110, 95, 108, 1000)]))
    assert (venue.fills, venue.open_orders, venue.orders("p00")) == (50, 0, [])
    assert not venue._open.by_instrument and not venue._open.expired(0, 2 * DAY)
