import numpy as np
import pytest

from actors.clock import MINUTE
from actors.errors import InputError, NotFound
from actors.market.reasons import Reason
from actors.market.shard import MarketShard
from actors.market.ticks import BAR, QUOTE, TRADE, BookAction, Kind, RawSlice, events
from actors.messages import Bar, Quote, Trade, encode
from configs.schema import MarketSection
from tests.actors.market.builders import MONDAY as T
from tests.actors.market.builders import NAN, NONE, bar, book, instrument, quote, raw_slice, rows, trade

THREE = (instrument(0), instrument(1), instrument(2))


def shard(**section):
    return MarketShard(0, MarketSection(**section), THREE)


def test_every_slice_gives_a_slice_even_if_no_row_passed():
    market = shard()
    applied = market.apply(raw_slice(rows(bar(T, NAN)), 1, T + MINUTE))
    assert (applied.accepted, applied.quarantined, applied.slice.rows) == (0, 1, b"")
    applied = market.apply(raw_slice(rows(), 2, T + 2 * MINUTE))
    assert (applied.slice.sequence, applied.slice.time, applied.slice.shard) == (2, T + 2 * MINUTE, 0)
    assert (market.sequence, market.time) == (2, T + 2 * MINUTE)


def test_the_trading_clock_never_runs_backwards():
    market = shard()
    market.apply(raw_slice(rows(), 1, T + 5))
    assert market.apply(raw_slice(rows(), 2, T)).slice.time == T + 5


def test_bars_quotes_and_trades_are_published_in_the_order_received():
    each = rows(trade(T, 100), quote(T, 99, 101), bar(T, 100, number=1, period=1), trade(T + 1, NAN), trade(T + 1, 101))
    published = shard().apply(raw_slice(each, 1, T + 1)).slice.ticks()
    assert events(published) == [
        Trade(0, T, T, 10_000, 1, 1),
        Quote(0, T, T, 9_900, 10_100, 1, 1),
        Bar(1, T, T + 1, 10_000, 10_000, 10_000, 10_000, 1000, 1),
        Trade(0, T + 1, T + 1, 10_100, 1, 1),
    ]


def test_a_shard_holds_the_instruments_whose_number_falls_to_it():
    market = MarketShard(1, MarketSection(shards=2), THREE)
    applied = market.apply(raw_slice(rows(*[trade(T, 100, number=number) for number in (0, 1, 2, NONE)])))
    assert list(market.instruments) == [1]
    assert applied.counts == {Reason.UNKNOWN_INSTRUMENT: 3}
    assert applied.slice.ticks()["instrument"].tolist() == [1]


def test_the_newest_bars_are_kept():
    market = shard(bars_kept=3)
    market.apply(raw_slice(rows(*[bar(T + n * MINUTE, 100 + n) for n in range(5)])))
    assert [each.close for each in market.bars(0, 10)] == [10_200, 10_300, 10_400]
    assert [each.close for each in market.bars(0, 2)] == [10_300, 10_400]
    assert market.bars(1, 5) == []
    with pytest.raises(NotFound, match="no instrument 9"):
        market.bars(9, 1)
    with pytest.raises(InputError, match="not positive"):
        market.bars(0, 0)


def test_the_last_price_is_that_of_the_newest_bar_trade_or_two_sided_quote():
    market = shard()
    market.apply(raw_slice(rows(bar(T, 100), trade(T + MINUTE, 30, number=1)), 1))
    assert market.last_prices() == [(0, 10_000, T), (1, 3_000, T + MINUTE)]
    late = T + 2 * MINUTE
    market.apply(raw_slice(rows(quote(late, 100.01, 100.04), quote(late, 31, NAN, 1, NAN, number=1)), 2))
    assert market.last_prices() == [(0, 10_002, late), (1, 3_000, T + MINUTE)]
    assert market.last_quotes() == [Quote(0, late, late, 10_001, 10_004, 1, 1), Quote(1, late, late, 3_100, 0, 1, 0)]


def test_book_messages_become_trades_and_quotes_in_their_place():
    each = rows(
        trade(T, 50, number=1),
        book(T + 1, BookAction.ADD, 1, 99, 5),
        book(T + 2, BookAction.ADD, 2, 101, 5, side=-1),
        book(T + 3, BookAction.ADD, 3, 98, 5),
        book(T + 4, BookAction.EXECUTE, 2, 101, 2, side=-1),
        trade(T + 5, 51, number=1),
        book(T + 6, BookAction.EXECUTE_HIDDEN, 0, 100, 7, side=1),
        book(T + 7, BookAction.DELETE, 77, 99, 1),
        book(T + 8, BookAction.HALT, 0, -1, 0),
    )
    market = shard()
    published = market.apply(raw_slice(each)).slice.ticks()
    assert published["kind"].tolist() == [3, 2, 2, 3, 2, 3, 3]
    assert published["row"].tolist() == [0, 1, 2, 4, 4, 5, 6]
    quotes = published[published["kind"] == Kind.QUOTE].view(QUOTE)
    assert quotes[["bid", "ask", "bid_size", "ask_size"]].tolist() == [
        (9_900, 0, 5, 0),
        (9_900, 10_100, 5, 5),
        (9_900, 10_100, 5, 3),
    ]
    trades = published[published["kind"] == Kind.TRADE].view(TRADE)
    assert trades[["side", "price", "size"]].tolist() == [(1, 5_000, 1), (1, 10_100, 2), (1, 5_100, 1), (-1, 10_000, 7)]
    assert market.books[0].unknown_orders == 1
    assert market.books[0].halts == 1
    assert market.last_prices()[0] == (0, 10_000, T + 6)


def test_the_quarantine_counts_everything_and_keeps_the_newest_rows():
    market = shard()
    for number in range(3):
        market.apply(raw_slice(rows(*[trade(T, NAN)] * 400, trade(T, -1)), number + 1))
    assert market.quarantined == {Reason.MISSING_VALUE: 1200, Reason.NON_POSITIVE_PRICE: 3}
    assert len(market.quarantine) == 1000
    assert market.quarantine[-1].reason is Reason.NON_POSITIVE_PRICE
    assert market.quarantine[-1].sequence == 3


def test_a_cut_off_slice_is_refused_and_changes_nothing():
    market = shard()
    with pytest.raises(InputError, match="cut off"):
        market.apply(RawSlice(1, T, b"x" * 81))
    assert market.sequence == 0


def test_rows_of_random_bytes_never_stop_the_shard():
    generator = np.random.default_rng(5)
    market = shard()
    for number in range(40):
        raw = RawSlice(number + 1, T, generator.bytes(80 * int(generator.integers(1, 90))))
        applied = market.apply(raw)
        assert applied.accepted + applied.quarantined == len(raw.rows) // 80


def test_the_same_slices_give_the_same_slices():
    generator = np.random.default_rng(3)
    prices = 100 + np.cumsum(generator.normal(0, 3, 600))
    each = [trade(T + int(n // 2), float(price), number=int(n % 3)) for n, price in enumerate(prices)]
    slices = [raw_slice(rows(*each[n : n + 20]), n + 1) for n in range(0, 600, 20)]
    first, second = shard(), shard()
    assert [encode(first.apply(raw).slice) for raw in slices] == [encode(second.apply(raw).slice) for raw in slices]
    assert (first.quarantined, first.rounded, first.gaps) == (second.quarantined, second.rounded, second.gaps)
    assert first.rounded > 0


def test_large_and_small_slices_leave_the_same_state():
    each = [bar(T + n * MINUTE, 100 + n % 7, number=n % 3) for n in range(300)]
    whole, parts = shard(), shard()
    published = whole.apply(raw_slice(rows(*each))).slice.ticks()
    for n in range(0, 300, 10):
        parts.apply(raw_slice(rows(*each[n : n + 10]), n + 1))
    assert len(published) == 300
    assert published.view(BAR)["close"][0] == 10_000
    assert whole.last_prices() == parts.last_prices()
    assert whole.bars(2, 100) == parts.bars(2, 100)
