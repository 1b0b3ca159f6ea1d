"""The exchange's process is killed with SIGKILL in the middle of trading, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import pathlib
import random
import sys
import textwrap

from actors.clock import MINUTE
from actors.errors import Unavailable
from actors.market.ticks import MarketSlice
from actors.messages import ReportType, VenueOrder, VenueReplace, encode
from tests.env.exchange.builders import always_open, bar, instrument, market, order, replacement, rules
from tests.env.exchange.peers import FakeMarket, FakePartition
from env.exchange.paper import PaperExchange

PROGRAM = textwrap.dedent("""
    import asyncio, pathlib, sys
    from configs import Configuration
    from env.exchange.service import PaperExchangeService
    from tests.env.exchange.builders import instrument

    async def main():
        directory = pathlib.Path(sys.argv[1])
        venue = PaperExchangeService(
            "venue", directory, Configuration(), (instrument(0), instrument(1)), markets=("market-0",)
        )
        await venue.start()
        await asyncio.Event().wait()

    asyncio.run(main())
    """)
ROOT = pathlib.Path(__file__).parents[3]


async def start(directory: pathlib.Path) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(directory), env=environment, stdout=asyncio.subprocess.DEVNULL
    )


async def insist(partition: FakePartition, entered: VenueOrder | VenueReplace) -> None:
    """Send an order or a replacement until it is acknowledged, as an OMS does."""
    while True:
        await partition.client.connected.wait()
        try:
            await (partition.order(entered) if isinstance(entered, VenueOrder) else partition.replace(entered))
            return
        except Unavailable:
            await asyncio.sleep(0.01)


def test_killed_again_and_again_it_reports_what_an_undisturbed_exchange_reports(tmp_path: pathlib.Path) -> None:
    chance = random.Random(5)
    days: list[tuple[list[VenueOrder | VenueReplace], MarketSlice]] = []
    for minute in range(40):
        orders: list[VenueOrder | VenueReplace] = [
            order(
                f"0-{minute}-{number}",
                chance.choice(["buy", "sell"]),
                chance.randint(1, 90),
                chance.choice([None, chance.randint(95, 110)]),
                chance.choice(["gtc", "ioc", "day"]),
                minute * MINUTE,
                chance.randint(0, 1),
            )
            for number in range(3)
        ]
        if minute:
            changed = f"0-{minute - 1}-{chance.randint(0, 2)}"
            orders.append(replacement(changed, minute, chance.randint(1, 120), chance.choice([None, 99, 105])))
        rows = [bar(minute, 100, 110, 95, 104, chance.randint(0, 900), instrument=number) for number in range(2)]
        days.append((orders, market(minute + 1, (minute + 1) * MINUTE, rows)))

    async def scene() -> FakePartition:
        shard = await FakeMarket().listen(tmp_path)
        process = await start(tmp_path)
        partition = FakePartition(tmp_path)
        partition.client.start()
        for minute, (orders, slice_) in enumerate(days):
            if minute in (10, 25):  # in the middle of an order
                sending = asyncio.ensure_future(insist(partition, orders[0]))
                await asyncio.sleep(0)
                process.kill()
                await process.wait()
                process = await start(tmp_path)
                await sending
            for entered in orders:
                await insist(partition, entered)
            shard.publish(slice_)
            if minute in (15, 30):  # in the middle of a slice
                await asyncio.sleep(0.0005)
                process.kill()
                await process.wait()
                process = await start(tmp_path)
            while not shard.acks or shard.acks[-1] < slice_.sequence:
                await asyncio.sleep(0.002)
        await partition.client.close()
        process.kill()
        await process.wait()
        return partition

    partition = asyncio.run(asyncio.wait_for(scene(), 120))
    undisturbed = PaperExchange(rules([instrument(0), instrument(1)]), always_open)
    expected = []
    for orders, slice_ in days:
        for entered in orders:
            is_new = isinstance(entered, VenueOrder)
            expected += undisturbed.submit("p00", entered) if is_new else undisturbed.replace("p00", entered)
        expected += undisturbed.match(slice_)
    assert [encode(report) for report in partition.reports] == [encode(entry.report) for entry in expected]
    assert undisturbed.fills > 50
    assert sum(entry.report.type is ReportType.REPLACED for entry in expected) > 5
