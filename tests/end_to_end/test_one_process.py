"""All services together on one event loop: the same data give the same orders, and the books add up."""

import asyncio
import re

import msgspec
import pytest
import yaml

from actors.messages import OrderEvent, OmsEvent, decoder
from actors.service import socket_path
from actors.wire import WireClient
from cluster.summary import summarise
from configs import load
from tests.data import real_data
from tests.local_engine import LocalEngine
from tests.test_readme import README

SIMULATED = {"feed": {"speed": "max", "simulated": {"instruments": 3, "sessions": 12}}}


async def all_events(engine):
    """Return every event of every OMS shard, decoded."""
    found = []
    for name in engine.services:
        if not name.startswith("oms-"):
            continue
        client = WireClient(socket_path(engine.directory_of(name), name), "test")
        client.start()
        await asyncio.wait_for(client.connected.wait(), 5)
        events = []
        answer = await client.subscribe("subscribe", msgspec.msgpack.encode({"from": {}}), events.append)
        expected = sum(msgspec.msgpack.decode(answer, strict=False)["partitions"].values())
        while len(events) < expected:
            await asyncio.sleep(0.001)
        await client.close()
        found.extend(decoder(OmsEvent)(event) for event in events)
    return found


def run(directory, settings, overrides=(), engine_class=LocalEngine):
    """Run the data through, and return the summary and all events."""
    file = directory / "settings.yaml"
    file.write_text(yaml.safe_dump(settings))

    async def whole():
        async with engine_class(load("local", [file], overrides, environment={}), directory) as engine:
            await engine.until_finished()
            return summarise(engine.report(), {}, "r", "data"), await all_events(engine)

    return asyncio.run(whole())


def fills_of(events):
    return [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]


def test_two_runs_on_the_same_data_give_the_same_events_and_books(run_directory):
    results = []
    for name in ("a", "b"):
        (run_directory / name).mkdir()
        results.append(run(run_directory / name, SIMULATED))
    (first, events), (second, repeated) = results
    assert first["fills"] > 5 and first["problems"] == []
    assert events == repeated
    assert first["accounts"] == second["accounts"]


def test_several_shards_trade_the_same_accounts_to_the_same_fills(run_directory):
    settings = {
        "feed": {"speed": "max", "simulated": {"instruments": 6, "sessions": 4}},
        "accounts": [{"id": "main"}, {"id": "second"}],
        "strategies": [
            {"name": "one", "implementation": "actors.strategy.examples:BuyAndHold", "account": "main"},
            {"name": "two", "implementation": "actors.strategy.examples:BuyAndHold", "account": "second"},
        ],
    }
    fills = []
    for name, shards in (("a", 1), ("b", 2)):
        (run_directory / name).mkdir()
        sharded = {**settings, "market": {"shards": shards}, "oms": {"shards": shards}}
        _, events = run(run_directory / name, sharded)
        fills.append(sorted((f.account, f.instrument, f.quantity, f.price, f.time) for f in fills_of(events)))
    assert fills[0] == fills[1] and len(fills[0]) >= 12


def test_the_strategy_of_the_readme_trades(run_directory):
    code = re.search(r"# reversion.py\n(.*?)```", README, re.DOTALL)[1]
    (run_directory / "reversion.py").write_text(code)
    strategy = {"name": "reversion", "implementation": f"{run_directory}/reversion.py:Reversion", "account": "main"}
    summary, _ = run(run_directory, {**SIMULATED, "strategies": [strategy]})
    assert summary["strategies"]["reversion"]["state"] == "running"
    assert summary["fills"] > 0


def test_no_fill_comes_at_or_before_the_time_of_its_order(run_directory):
    _, events = run(run_directory, SIMULATED)
    submitted = {event.order.order_id: event.order.submitted_at for event in events if isinstance(event, OrderEvent)}
    fills = fills_of(events)
    assert fills and all(fill.time > submitted[fill.order_id] for fill in fills)


def test_real_daily_bars_are_traded_and_their_dirt_is_quarantined(run_directory):
    path = real_data("dow30")
    summary, events = run(run_directory, {"feed": {"data": str(path), "speed": "max", "end": "2008-01-01"}})
    assert summary["ticks"] > 7000 and summary["fills"] > 100 and summary["problems"] == []
    assert summary["quarantine_reasons"]["impossible_bar"] > 0
    assert len({fill.execution_id for fill in fills_of(events)}) == summary["fills"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_data_that_cannot_be_read_stop_the_start_with_the_file_and_the_way_out(run_directory, text):
    from actors.errors import DataError

    file = run_directory / "bad.csv"
    file.write_text(text)
    with pytest.raises(DataError) as error:
        run(run_directory, {"feed": {"data": str(file)}})
    assert "bad.csv" in str(error.value)
