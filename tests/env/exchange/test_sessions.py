"""Orders that are bound to a session: for its open, for its close, or until a moment.

Sessions of ten minutes, with ten minutes between them: 0 to 10, 20 to 30, 40 to 50 and so on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from actors.clock import DAY, MINUTE
from actors.messages import VenueOrder
from env.exchange.paper import PaperExchange
from tests.env.exchange.builders import Row, always_open, bar, brief, market, order, quote, replacement, rules, trade

Reports = list[tuple[object, ...]]


def bounds(calendar: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    opens = np.arange(20, dtype=np.int64) * 20 * MINUTE
    return opens, opens + 10 * MINUTE


def exchange() -> PaperExchange:
    return PaperExchange(rules(), bounds)


def long_bar(start: int, end: int, volume: int = 1000) -> Row:
    """A bar of several minutes: open 100, range 95 to 110, close 108."""
    return (1, 0, 0, 0, 0, start * MINUTE, end * MINUTE, 0, 100, 110, 95, 108, volume, (end - start) * MINUTE)


def one_quote(minute: float, bid_size: int = 50, ask_size: int = 30) -> Row:
    """A quote of 99 to 101."""
    return quote(int(minute * MINUTE), 99, 101, bid_size, ask_size)


def one_trade(minute: float, side: int = 0, size: int = 200) -> Row:
    """A trade at 100, of which orders may take a tenth."""
    return trade(int(minute * MINUTE), 100, size, side)


def play(venue: PaperExchange, *rows: Row, until: float | None = None) -> Reports:
    """Send each row in a slice of its own, then an empty slice of minute ``until``."""
    reports: Reports = []
    for row in rows:
        reports += brief(venue.match(market(1, row[6], [row])))
    if until is not None:
        reports += brief(venue.match(market(1, round(until * MINUTE))))
    return reports


def at_open(minute: float = 12, side: str = "buy", quantity: int = 10, limit: int | None = None) -> VenueOrder:
    return order(side=side, quantity=quantity, limit=limit, tif="at_open", time=round(minute * MINUTE))


def at_close(minute: float = 2, side: str = "buy", quantity: int = 10, limit: int | None = None) -> VenueOrder:
    return order(side=side, quantity=quantity, limit=limit, tif="at_close", time=round(minute * MINUTE))


# Both from 100 to 108, range 95 to 110, volume 1,000 of which orders may take 100.
FIRST, LAST = bar(20, 100, 110, 95, 108, 1000), bar(9, 100, 110, 95, 108, 1000)
FILLED: Reports = [(10, 100, "taker", "0-1")]
LOST: Reports = [("canceled", "0-1")]

OPENS: list[tuple[str, VenueOrder, list[Row], Reports]] = [
    ("a buy gets the open of the first bar", at_open(), [FIRST], FILLED),
    ("a sale gets it too", at_open(side="sell"), [FIRST], FILLED),
    ("one sent during a session waits for the next", at_open(2), [bar(5, 100, 110, 95, 108, 1000)], []),
    ("one sent at the very open is for it", at_open(20), [FIRST], FILLED),
    ("one sent a moment later is for the next", at_open(20.01), [bar(21, 100, 110, 95, 108, 1000)], []),
    ("a limit that the open satisfies gets the open", at_open(limit=102), [FIRST], FILLED),
    ("a limit within the range alone gets nothing", at_open(limit=97), [FIRST], LOST),
    ("what is left is canceled", at_open(quantity=130), [FIRST], [(100, 100, "taker", "0-1"), *LOST]),
    ("a first bar without volume gives nothing", at_open(), [bar(20, 100, 110, 95, 108, 0)], LOST),
    ("the first bar may come late in the session", at_open(), [bar(26, 100, 110, 95, 108, 1000)], FILLED),
    ("a bar that spans the open holds it", at_open(14), [long_bar(15, 25)], FILLED),
    ("unless it began before the order came", at_open(16), [long_bar(15, 25)], LOST),
    ("a bar of the session before is not of this one", at_open(2), [long_bar(1, 22)], []),
    ("a first quote gives the other side's price", at_open(), [one_quote(20)], [(10, 101, "taker", "0-1")]),
    (
        "and no second chance",
        at_open(quantity=40),
        [one_quote(20), one_quote(20.1)],
        [(30, 101, "taker", "0-1"), *LOST],
    ),
    (
        "a quote of the moment of its arrival is older",
        at_open(20),
        [one_quote(20), one_quote(20.1)],
        [(10, 101, "taker", "0-1")],
    ),
    ("a first trade gives its price", at_open(), [one_trade(20)], FILLED),
    ("a buyer waits for a trade that is of use", at_open(), [one_trade(20, -1), one_trade(20.1, 1)], FILLED),
]


@pytest.mark.parametrize(("entered", "rows", "expected"), [case[1:] for case in OPENS], ids=[case[0] for case in OPENS])
def test_an_order_for_the_open_takes_part_in_the_first_event_of_its_session_alone(
    entered: VenueOrder, rows: list[Row], expected: Reports
) -> None:
    venue = exchange()
    venue.submit("p00", entered)
    assert play(venue, *rows) == expected


def test_an_order_for_an_open_that_no_event_tells_of_expires_when_the_session_after_opens() -> None:
    venue = exchange()
    venue.submit("p00", at_open())
    assert play(venue, until=39.99) == []
    assert play(venue, until=40) == [("expired", "0-1")]


def test_at_the_open_orders_for_it_stand_in_line_with_the_others() -> None:
    venue = exchange()
    venue.submit("p00", order("0-1", quantity=60, tif="at_open", time=11 * MINUTE))
    venue.submit("p00", order("0-2", quantity=60, time=12 * MINUTE))
    venue.submit("p00", order("0-3", quantity=60, limit=103, tif="at_open", time=12 * MINUTE))
    assert play(venue, FIRST) == [
        (60, 100, "taker", "0-1"),
        (40, 100, "taker", "0-2"),
        ("canceled", "0-3"),
    ]


def test_an_order_that_waits_for_the_open_can_be_changed_and_canceled() -> None:
    venue = exchange()
    venue.submit("p00", at_open(limit=90))
    venue.replace("p00", replacement(quantity=20, limit=100, time=13 * MINUTE))
    assert play(venue, FIRST) == [(20, 100, "taker", "0-1")]
    venue.submit("p00", order("0-2", quantity=10, tif="at_open", time=22 * MINUTE))
    assert brief(venue.cancel("p00", "0-2", 0)) == [("canceled", "0-2")]
    assert play(venue, bar(40, 100, 110, 95, 108, 1000)) == []
    assert venue.open_orders == 0


CLOSED: Reports = [(10, 108, "taker", "0-1")]

CLOSES: list[tuple[str, VenueOrder, list[Row], float | None, Reports]] = [
    ("a buy gets the close of the bar that reaches it", at_close(), [LAST], None, CLOSED),
    ("a sale gets it too", at_close(side="sell"), [LAST], None, CLOSED),
    (
        "no earlier bar fills it",
        at_close(),
        [bar(7, 100, 110, 95, 108, 1000), bar(8, 100, 110, 95, 107, 1000)],
        None,
        [],
    ),
    ("a bar under way has its close ahead", at_close(9.5), [LAST], None, CLOSED),
    ("a limit that the close satisfies", at_close(limit=108), [LAST], None, CLOSED),
    ("a limit that it does not", at_close(limit=107), [LAST], None, LOST),
    ("what is left is canceled", at_close(quantity=130), [LAST], None, [(100, 108, "taker", "0-1"), *LOST]),
    ("one sent at the close is for the next", at_close(10), [LAST], 12, []),
    ("one sent between sessions is for the next", at_close(12), [bar(29, 100, 110, 95, 108, 1000)], None, CLOSED),
    ("a bar that goes beyond the close reaches it", at_close(), [long_bar(8, 12)], None, CLOSED),
    ("a bar that is known late reaches it, too", at_close(), [(*LAST[:6], 15 * MINUTE, *LAST[7:])], 16, CLOSED),
    (
        "without it the last bar tells, once the close is past",
        at_close(),
        [bar(7, 100, 110, 95, 108, 1000)],
        10.01,
        CLOSED,
    ),
    ("and not before", at_close(), [bar(7, 100, 110, 95, 108, 1000)], 10, []),
    ("the last bar was known when it came", at_close(8.5), [bar(7, 100, 110, 95, 108, 1000)], 10.01, []),
    (
        "the last quote, the other side's price",
        at_close(),
        [one_quote(5), quote(9 * MINUTE, 95, 96, 9, 9)],
        10.01,
        [(9, 96, "taker", "0-1"), *LOST],
    ),
    (
        "a quote of the close itself counts",
        at_close(),
        [one_quote(5), quote(10 * MINUTE, 95, 96, 99, 99)],
        10.01,
        [(10, 96, "taker", "0-1")],
    ),
    (
        "a quote behind the close does not",
        at_close(),
        [one_quote(5), quote(11 * MINUTE, 95, 96, 99, 99)],
        None,
        [(10, 101, "taker", "0-1")],
    ),
    ("nobody offers at the close", at_close(), [one_quote(5), quote(9 * MINUTE, 95, 0, 9, 0)], 10.01, LOST),
    ("the last trade, whoever was the aggressor", at_close(), [one_trade(9, -1)], 10.01, FILLED),
    ("its share of the last trade", at_close(quantity=30), [one_trade(9)], 10.01, [(20, 100, "taker", "0-1"), *LOST]),
    ("the last event was known when it came", at_close(9.5), [one_trade(9)], 10.01, []),
]


@pytest.mark.parametrize(
    ("entered", "rows", "until", "expected"), [case[1:] for case in CLOSES], ids=[case[0] for case in CLOSES]
)
def test_an_order_for_the_close_trades_at_the_last_price_of_its_session_alone(
    entered: VenueOrder, rows: list[Row], until: float | None, expected: Reports
) -> None:
    venue = exchange()
    early = [row for row in rows if row[6] <= entered.time]
    play(venue, *early)
    venue.submit("p00", entered)
    assert play(venue, *(row for row in rows if row[6] > entered.time), until=until) == expected


def test_an_order_for_the_close_that_no_event_serves_expires_when_the_next_session_opens() -> None:
    venue = exchange()
    venue.submit("p00", at_close(9.5))
    assert play(venue, until=19.99) == []
    assert play(venue, until=20) == [("expired", "0-1")]


def test_one_slice_may_span_the_close_and_the_next_open() -> None:
    venue = exchange()
    venue.submit("p00", at_close())
    rows = [one_quote(9), one_quote(20)]
    assert brief(venue.match(market(1, 21 * MINUTE, rows))) == [(10, 101, "taker", "0-1")]


def test_orders_for_the_close_get_what_the_others_have_left_of_the_last_bar() -> None:
    venue = exchange()
    venue.submit("p00", at_close(quantity=90))
    venue.submit("p00", order("0-2", quantity=30, time=2 * MINUTE))
    assert play(venue, LAST) == [
        (30, 100, "taker", "0-2"),
        (70, 108, "taker", "0-1"),
        ("canceled", "0-1"),
    ]


def test_a_new_limit_for_the_close_sees_no_price_that_was_known_before_it() -> None:
    venue = exchange()
    venue.submit("p00", at_close(limit=90))
    play(venue, one_trade(9))
    venue.replace("p00", replacement(quantity=10, limit=100, time=round(9.5 * MINUTE)))
    assert play(venue, until=11) == []
    assert play(venue, until=20) == [("expired", "0-1")]


def test_a_limit_that_changes_after_the_close_waits_for_a_late_bar_until_the_next_open() -> None:
    venue = exchange()
    venue.submit("p00", at_close(9.5))
    play(venue, until=11)
    venue.replace("p00", replacement(quantity=20, time=11 * MINUTE))
    assert play(venue, until=20) == [("expired", "0-1")]


def test_an_order_that_waits_for_the_close_can_be_changed_and_canceled() -> None:
    venue = exchange()
    venue.submit("p00", at_close(limit=90))
    venue.submit("p00", order("0-2", quantity=10, tif="at_close", time=MINUTE))
    venue.replace("p00", replacement(quantity=20, limit=108, time=3 * MINUTE))
    assert brief(venue.cancel("p00", "0-2", 0)) == [("canceled", "0-2")]
    assert play(venue, LAST) == [(20, 108, "taker", "0-1")]
    assert venue.open_orders == 0


def test_where_the_market_never_closes_sessions_are_utc_days() -> None:
    venue = PaperExchange(rules(), always_open)
    venue.submit("p00", order("0-1", quantity=10, tif="at_close", time=5 * MINUTE))
    venue.submit("p00", order("0-2", quantity=10, tif="at_open", time=5 * MINUTE))
    last = (1439, 100, 110, 95, 108, 1000)
    assert play(venue, bar(1438, 100, 110, 95, 104, 1000), bar(*last)) == [(10, 108, "taker", "0-1")]
    assert play(venue, bar(1440, 109, 110, 95, 104, 1000)) == [(10, 109, "taker", "0-2")]


def test_a_quote_at_midnight_is_the_last_of_its_day() -> None:
    venue = PaperExchange(rules(), always_open)
    venue.submit("p00", order("0-1", quantity=10, tif="at_close", time=5 * MINUTE))
    assert brief(venue.match(market(1, DAY, [quote(DAY, 95, 96, 99, 99)]))) == []
    assert brief(venue.match(market(2, DAY + 1))) == [(10, 96, "taker", "0-1")]


UNTIL = [
    ("a moment before, it lives", 7 * MINUTE - 1, []),
    ("at the moment it has expired", 7 * MINUTE, [("expired", "0-1")]),
]


@pytest.mark.parametrize(("time", "expected"), [case[1:] for case in UNTIL], ids=[case[0] for case in UNTIL])
def test_an_order_until_a_moment_lives_by_the_trading_clock(time: int, expected: Reports) -> None:
    venue = exchange()
    venue.submit("p00", order(tif="gtd", expire_time=7 * MINUTE))
    assert brief(venue.match(market(1, time))) == expected


def test_orders_expire_by_moment_then_first_come_and_only_while_open() -> None:
    venue = exchange()
    for order_id, expire_time in (("0-1", 9), ("0-2", 7), ("0-3", 9), ("0-4", 8), ("0-5", 7)):
        venue.submit("p00", order(order_id, tif="gtd", expire_time=expire_time * MINUTE))
    venue.cancel("p00", "0-4", 0)
    assert play(venue, until=9) == [("expired", order_id) for order_id in ("0-2", "0-5", "0-1", "0-3")]


def test_an_order_until_a_moment_outlives_sessions() -> None:
    venue = exchange()
    venue.submit("p00", order(tif="gtd", limit=97, quantity=10, expire_time=50 * MINUTE))
    assert play(venue, until=41) == []
    assert play(venue, bar(42, 100, 110, 95, 108, 1000)) == [(10, 97, "maker", "0-1")]
