"""Real data whole through the shard, each with a twin on generated data that always runs."""

import collections

import numpy as np
import pandas as pd
import pytest

from actors.market.reasons import Reason
from actors.market.shard import MarketShard
from actors.market.ticks import QUOTE, RAW, BookAction, Kind, RawSlice
from configs.schema import MarketSection
from tests.actors.market.builders import daily_slices, instrument
from tests.data import real_data


def run(panel):
    """Run daily bars through a shard; returns it and the number of quarantined rows by ticker and reason."""
    tickers = sorted(panel["ticker"].unique())
    instruments = tuple(instrument(number, "XNYS", price_increment=10_000) for number in range(len(tickers)))
    market = MarketShard(0, MarketSection(), instruments)
    found: dict[Reason, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for raw in daily_slices(panel, {ticker: number for number, ticker in enumerate(tickers)}):
        applied = market.apply(raw)
        for row in list(market.quarantine)[len(market.quarantine) - applied.quarantined :]:
            found[row.reason][tickers[row.instrument]] += 1
    assert market.accepted + market.quarantined.total() == len(panel)
    return market, found


def test_the_dirt_of_the_daily_panel_is_quarantined():
    panel = pd.read_parquet(real_data("us_daily", "panel_a.parquet"))
    market, found = run(panel)
    prices = panel[["open", "high", "low", "close"]]
    assert market.quarantined[Reason.NON_POSITIVE_PRICE] == int((prices <= 0).any(axis=1).sum())
    spliced = {ticker for ticker, _ in found[Reason.JUMP].most_common(3)}
    assert spliced == {"L", "MO", "RIO"}
    assert min(found[Reason.JUMP][ticker] for ticker in spliced) > 20
    assert set(market.quarantined) == {Reason.NON_POSITIVE_PRICE, Reason.IMPOSSIBLE_BAR, Reason.JUMP}
    assert market.accepted > 0.98 * len(panel)
    assert sum(market.gaps.values()) > 0


def test_the_dirt_of_a_generated_panel_is_quarantined():
    generator = np.random.default_rng(11)
    dates = pd.bdate_range("2018-01-08", "2018-03-16")
    dates = dates[~dates.isin(pd.to_datetime(["2018-01-15", "2018-02-19"]))]
    frames = []
    for ticker in ("AAA", "BBB", "CCC"):
        close = np.round(50 * np.exp(np.cumsum(generator.normal(0, 0.01, len(dates)))), 2)
        frame = {"date": dates, "ticker": ticker, "open": close, "high": close + 1, "low": close - 1, "close": close}
        frames.append(pd.DataFrame({**frame, "volume": 1000}))
    panel = pd.concat(frames, ignore_index=True)
    spliced = (panel["ticker"] == "BBB") & panel.groupby("ticker").cumcount().mod(10).isin([5, 6])
    panel.loc[spliced, ["open", "high", "low", "close"]] *= 10
    holiday = panel[panel["ticker"] == "AAA"].head(1).assign(date=pd.Timestamp("2018-01-15"))
    panel = pd.concat([panel, holiday], ignore_index=True)
    panel = panel[~((panel["ticker"] == "CCC") & (panel["date"] == dates[7]))]
    market, found = run(panel)
    assert found[Reason.JUMP] == {"BBB": int(spliced.sum())}
    assert found[Reason.OUTSIDE_SESSION] == {"AAA": 1}
    assert market.gaps == {2: 1}
    assert market.quarantined.total() == int(spliced.sum()) + 1


def lobster_slices(messages, size=500):
    """Return LOBSTER messages (time of day, type, order id, size, price x 10,000, direction) as slices."""
    midnight = pd.Timestamp("2012-06-21", tz="America/New_York").value
    made = np.zeros(len(messages), RAW)
    made["kind"], made["row"] = Kind.BOOK, np.arange(len(messages))
    made["action"], made["side"], made["reference"] = messages[1], messages[5], messages[2]
    made["event_time"] = made["known_time"] = midnight + np.round(messages[0].to_numpy() * 1e9).astype(np.int64)
    made["first"], made["second"] = messages[4] / 10_000, messages[3]
    return [
        RawSlice(n // size + 1, int(part["known_time"].max()), part.tobytes())
        for n in range(0, len(made), size)
        for part in [made[n : n + size]]
    ]


def changes(tops):
    """Return the entries that differ from the one before."""
    return [top for number, top in enumerate(tops) if not number or top != tops[number - 1]]


def in_order(ours, published, window=500):
    """Return how many of ours occur among the published in order, none further than ``window`` after the one before."""
    places = collections.defaultdict(list)
    for place, top in enumerate(published):
        places[top].append(place)
    matched, last = 0, -1
    for top in ours:
        later = next((place for place in places[top] if place > last), None)
        if later is not None and later - last < window:
            matched, last = matched + 1, later
    return matched


def replay(messages):
    """Run messages through a shard; returns it and the published quotes as (bid, ask, bid size, ask size)."""
    market = MarketShard(0, MarketSection(), (instrument(0, "XNYS", price_increment=10_000),))
    quotes = []
    for raw in lobster_slices(messages):
        ticks = market.apply(raw).slice.ticks()
        found = ticks[ticks["kind"] == Kind.QUOTE].view(QUOTE)
        quotes += found[["bid", "ask", "bid_size", "ask_size"]].tolist()
    return market, quotes


def test_replaying_real_messages_from_an_empty_book_reproduces_the_published_best_quotes():
    name = "AAPL_2012-06-21_34200000_{}.csv.gz"
    messages = pd.read_csv(real_data("lobster", name.format("37800000_message_50")), header=None)
    book = pd.read_csv(real_data("lobster", name.format("57600000_orderbook_1")), header=None)
    published = changes([(bid, ask, bid_size, ask_size) for ask, ask_size, bid, bid_size in book.to_numpy().tolist()])
    market, quotes = replay(messages)
    assert market.quarantined.total() == 0
    assert len(quotes) > 23_000
    assert in_order(quotes, published) / len(quotes) > 0.95
    assert market.books[0].unknown_orders < 0.01 * len(messages)
    assert market.books[0].stale_orders == 0


def test_replaying_generated_messages_reproduces_the_best_quotes_of_their_maker():
    generator = np.random.default_rng(2)
    live, made, best = {}, [], []
    for number in range(2_000):
        time = 34_200 + number * 0.001
        if live and generator.random() < 0.45:
            key = int(generator.choice(list(live)))
            side, price, size = live.pop(key)
            made.append((time, int(BookAction.DELETE), key, size, price * 100, side))
        else:
            side = int(generator.choice([-1, 1]))
            price = 1_000 - side * int(generator.integers(1, 30))
            live[number] = (side, price, int(generator.integers(1, 9)))
            made.append((time, int(BookAction.ADD), number, live[number][2], price * 100, side))
        bid = max((price for side, price, _ in live.values() if side > 0), default=0)
        ask = min((price for side, price, _ in live.values() if side < 0), default=0)
        at = {1: bid, -1: ask}
        sizes = {
            end: sum(size for side, price, size in live.values() if side == end and price == at[end]) for end in at
        }
        best.append((bid * 100, ask * 100, sizes[1], sizes[-1]))
    _, quotes = replay(pd.DataFrame(made))
    assert quotes == changes(best)


@pytest.mark.parametrize("hours", [-10, 10])
def test_generated_messages_at_night_are_all_refused(hours):
    messages = pd.DataFrame([(34_200 + hours * 3600, 1, 1, 1, 1_000_000, 1)])
    market, quotes = replay(messages)
    assert (quotes, market.quarantined) == ([], {Reason.OUTSIDE_SESSION: 1})
