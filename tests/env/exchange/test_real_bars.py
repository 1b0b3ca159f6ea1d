"""Fills against bars as they really were; the generated twin of these laws is ``test_laws``."""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict

import numpy as np

from actors.clock import DAY
from actors.market.ticks import Kind
from env.exchange.paper import PaperExchange
from tests.data import real_data
from tests.env.exchange.builders import Row, always_open, instrument, market, order, rules


def test_no_fill_leaves_the_range_or_the_volume_of_a_real_bar() -> None:
    (path,) = real_data("dow30").glob("AXP_*.csv.gz")
    bars: list[Row] = []
    with gzip.open(path, "rt") as file:
        for line in csv.DictReader(file):
            try:
                prices = [round(float(line[name]) * 100) for name in ("Open", "High", "Low", "Close")]
            except ValueError:
                continue  # a missing price
            if not prices[2] <= min(prices[0], prices[3]) <= max(prices[0], prices[3]) <= prices[1]:
                continue  # an impossible bar: the market shard quarantines it
            begin = int(np.datetime64(line["Date"], "ns").astype(np.int64))
            bars.append((Kind.BAR, 0, 0, 0, 0, begin, begin + DAY, 0, *prices, int(line["Volume"]), DAY))
    chance = random.Random(11)
    venue = PaperExchange(rules([instrument()], participation="0.001"), always_open)
    limits: dict[str, int | None] = {}
    fills = 0
    for number, row in enumerate(bars):
        filled: defaultdict[str, int] = defaultdict(int)
        for _, report in venue.match(market(number + 1, row[6], [row])):
            if report.type == "trade":
                fills += 1
                filled["all"] += report.quantity
                assert row[10] <= report.price <= row[9]
                limit = limits[report.order_id]
                assert limit is None or (report.price - limit) * (1 if report.order_id[0] == "b" else -1) <= 0
        assert filled["all"] <= row[12] // 1000
        side = chance.choice(["buy", "sell"])
        limit = chance.choice([None, row[11] + chance.randint(-100, 100)])
        limits[f"{side}-{number}"] = limit
        tif = chance.choice(["day", "gtc", "ioc", "fok"])
        venue.submit("p00", order(f"{side}-{number}", side, chance.randint(1, 20_000), limit, tif, row[6]))
    assert len(bars) > 3000 and fills > 1000
