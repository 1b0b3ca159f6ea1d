"""The data of the benchmarks: read back by the feed and sound to the market."""

import collections

from actors.ingest.source import open_source
from actors.instruments import InstrumentMaster
from actors.market.shard import MarketShard
from actors.market.ticks import Kind
from configs import load
from configs.schema import FeedSection, InstrumentsSection
from tests.benchmarks.average_price import IMPLEMENTATION, AveragePrice
from tests.benchmarks.market_files import Stretch, bounds, write_messages, write_minute_bars
from tests.benchmarks.pure_cores import run_pure_cores


def test_stretches_follow_one_another():
    assert bounds([Stretch(20, 5), Stretch(200, 3), Stretch(1, 1)]) == [(1, 5), (6, 8), (9, 9)]


def test_minute_bars_travel_in_slices_of_the_size_asked_for(tmp_path):
    write_minute_bars(tmp_path / "bars.parquet", [Stretch(3, 400), Stretch(7, 5)])
    source = open_source(FeedSection(data=tmp_path / "bars.parquet"), InstrumentsSection())
    master = InstrumentMaster.from_source(source, InstrumentsSection()).all
    market = MarketShard(0, load("local").market, master)
    accepted = []
    for raw in source.slices(master):
        applied = market.apply(raw)
        assert not applied.quarantined
        accepted.append(applied.accepted)
    assert accepted == [3] * 400 + [7] * 5
    assert not any(market.gaps.values())


def test_each_message_becomes_one_quote_of_a_book_that_is_never_crossed(tmp_path):
    file = write_messages(tmp_path, 1000.0, 2.0)
    source = open_source(FeedSection(data=file, speed=1.0), InstrumentsSection())
    master = InstrumentMaster.from_source(source, InstrumentsSection()).all
    market = MarketShard(0, load("local").market, master)
    kinds = collections.Counter()
    slices = list(source.slices(master))
    for raw in slices:
        applied = market.apply(raw)
        assert not applied.quarantined
        for row in applied.slice.ticks():
            kinds[Kind(row["kind"])] += 1
            assert not (row["first"] and row["second"]) or row["first"] < row["second"]
    assert 300 < len(slices) <= 420 and kinds == {Kind.QUOTE: 2000}


def test_the_pure_cores_take_every_row_of_a_file(tmp_path):
    write_minute_bars(tmp_path / "bars.parquet", [Stretch(3, 40), Stretch(7, 5)])
    strategy = f"strategies=[{{name: average, implementation: '{IMPLEMENTATION}', account: main}}]"
    settings = [f"feed.data={tmp_path / 'bars.parquet'}", "feed.speed=max", strategy]
    samples = list(run_pure_cores(load("local", overrides=settings, environment={"ALPHAMIND_HOME": str(tmp_path)})))
    assert [sample.sequence for sample in samples] == list(range(1, 46))
    assert samples[-1].rows == 3 * 40 + 7 * 5
    assert IMPLEMENTATION.endswith(f":{AveragePrice.__name__}")
