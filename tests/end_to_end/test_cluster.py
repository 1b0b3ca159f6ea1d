"""The whole system in a real Ray cluster: it trades, answers over HTTP, runs jobs, and survives kill -9."""

import asyncio
import ipaddress
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import zlib

import httpx
import msgspec
import psutil
import pytest

from actors.client import Client
from actors.decimals import parse_money, quantity_text
from actors.errors import AlphaMindError
from actors.journal import read_journal
from actors.messages import CashEvent, OmsEvent, OrderEvent, decoder
from actors.portfolio.books import Books, BooksView
from actors.service import socket_path
from actors.wire import BlockingClient, WireClient
from tests.end_to_end.support import ask, http_client, listeners, status, wait_for

pytestmark = pytest.mark.cluster
ACTORS = ["market-0", "market-1", "venue", "oms-0", "oms-1", "portfolio", "risk", "strategy", "feed"]


@pytest.fixture(scope="module")
def directory(up):
    return pathlib.Path(up[1].directory)


@pytest.fixture(scope="module")
def api(up, configuration):
    with http_client(configuration.run.home, up[1].api) as client:
        yield client


def totals(directory):
    shards = [status(directory, name) for name in ("oms-0", "oms-1")]
    return {key: sum(shard[key] for shard in shards) for key in ("orders", "fills", "rejected")}


def test_both_strategies_trade(up, directory):
    wait_for(lambda: totals(directory)["fills"] >= 10, 90, "ten fills")
    strategies = status(directory, "strategy")["strategies"]
    assert {name: strategy["state"] for name, strategy in strategies.items()} == {"one": "running", "two": "running"}
    assert all(strategy["orders"] > 0 for strategy in strategies.values())


def test_an_order_through_the_api_is_filled_and_becomes_a_position(api):
    before = {row["symbol"]: row for row in api.get("/portfolios/second/positions").json()["positions"]}
    answer = api.post(
        "/trades", json={"symbol": "SIM001", "qty": "7", "side": "buy", "type": "market", "portfolio": "second"}
    )
    assert answer.status_code == 201, answer.text
    key = answer.json()["client_order_id"]
    filled = wait_for(
        lambda: (order := api.get(f"/trades/{key}", params={"portfolio": "second"}).json())["status"] == "filled"
        and order,
        30,
        "the fill",
    )
    assert filled["filled_qty"] == "7" and float(filled["filled_avg_price"]) > 0
    after = {row["symbol"]: row for row in api.get("/portfolios/second/positions").json()["positions"]}
    assert "SIM001" in after, (before, after)


def test_repeating_a_client_order_id_gives_the_first_order_and_another_body_is_a_conflict(api):
    body = {
        "symbol": "SIM002",
        "qty": "1",
        "side": "buy",
        "type": "market",
        "portfolio": "main",
        "client_order_id": "once",
    }
    first, second = api.post("/trades", json=body), api.post("/trades", json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert api.post("/trades", json={**body, "qty": "2"}).status_code == 409


def test_risk_and_predictions_have_real_content(api):
    metrics = wait_for(
        lambda: (r := api.get("/risk/metrics", params={"portfolio": "main"})).status_code == 200 and r.json(),
        60,
        "risk metrics",
    )
    assert "main" in str(metrics)
    prediction = wait_for(
        lambda: (r := api.post("/models/har-rv/predict", json={"instruments": ["SIM001"]})).status_code == 200
        and r.json(),
        60,
        "a prediction",
    )
    values = prediction["predictions"][0]["values"]
    assert all(0 < row[0] < row[1] < row[2] for row in values)


def test_requests_without_the_right_are_refused(up, configuration, api):
    url = up[1].api
    assert httpx.get(f"{url}/portfolios/main/positions").status_code == 401
    assert (
        httpx.post(f"{url}/auth/token", data={"grant_type": "client_credentials"}, auth=("x", "y")).status_code == 401
    )
    with http_client(configuration.run.home, url, scope="read:risk") as narrow:
        assert narrow.get("/risk/metrics", params={"portfolio": "main"}).status_code == 200
        assert narrow.post("/trades", json={}).status_code == 403
    refused = api.post(
        "/trades", json={"symbol": "SIM001", "qty": "0.5", "side": "buy", "type": "market", "portfolio": "main"}
    )
    assert refused.status_code == 422 and refused.headers["content-type"] == "application/problem+json"
    assert api.post("/trades", content=b"{", headers={"content-type": "application/json"}).status_code in (400, 422)
    assert api.get("/portfolios/nobody/positions").status_code == 404
    assert api.post("/models/nothing/predict", json={"instruments": ["SIM001"]}).status_code == 404


def test_nothing_listens_beyond_loopback(up):
    found = listeners(psutil.Process())
    assert len(found) > 10
    assert [entry for entry in found if not ipaddress.ip_address(entry[0].removeprefix("::ffff:")).is_loopback] == []


def test_ray_refuses_whoever_has_no_token(up):
    dashboard = up[1].dashboard
    assert httpx.get(f"{dashboard}/api/jobs/").status_code in (401, 403)


def alphamind(home, *arguments, timeout=120):
    return subprocess.run(
        [sys.executable, "-m", "cluster.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "ALPHAMIND_HOME": str(home)},
    )


def test_status_shows_every_actor(up, configuration):
    shown = alphamind(configuration.run.home, "status")
    assert shown.returncode == 0, shown.stderr
    for name in ACTORS:
        assert name in shown.stdout


def test_a_second_up_beside_the_first_is_refused(up, configuration):
    second = alphamind(configuration.run.home, "up", "--for", "1s", "--port", "0")
    assert second.returncode == 2
    assert "already up" in second.stderr and "alphamind down" in second.stderr


def test_a_job_is_run_and_its_log_and_exit_code_come_back(up, configuration, tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import sys, alphamind\n"
        "client = alphamind.connect()\n"
        "order = client.submit('SIM003', 'buy', 3, client_order_id='from-a-job', account='main')\n"
        "print('status', order.status, 'argument', sys.argv[1])\n"
        "sys.exit(int(sys.argv[2]))\n"
    )
    good = alphamind(configuration.run.home, "submit", str(script), "--", "hello", "0")
    assert good.returncode == 0, good.stdout + good.stderr
    assert re.search(r"status (pending_new|new) argument hello", good.stdout)
    assert alphamind(configuration.run.home, "submit", str(script), "--", "x", "3").returncode != 0


def test_rate_latency_and_queue_length_of_every_actor_reach_prometheus(up):
    import ray

    port = ray.nodes()[0]["MetricsExportPort"]

    def exported():
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        found = set(re.findall(r'^ray_alphamind_(\w+){[^}]*actor="([^"]+)"', text, re.MULTILINE))
        kinds = {"rate": "_total", "latency": "_seconds_p99", "queue": "queue_length"}
        wanted = {(actor, kind) for actor in ACTORS for kind in kinds} | {("api", "rate"), ("models", "rate")}
        have = {(actor, kind) for name, actor in found for kind, end in kinds.items() if name.endswith(end)}
        missing.clear()
        missing.update(wanted - have)
        return not missing

    missing = set()
    wait_for(exported, 30, "rate, latency and queue length of every actor")


class Load(threading.Thread):
    """A client that sends small orders all the time and remembers what was acknowledged."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.client_directory = directory
        self.acknowledged = {}
        self.ended = threading.Event()

    def run(self):
        number = 0
        client = None
        while not self.ended.is_set():
            key = f"load-{number}"
            try:
                client = client or Client(self.client_directory)
                account = "main" if number % 2 else "second"
                order = client.submit(
                    f"SIM00{1 + number % 5}",
                    "buy" if number % 4 < 2 else "sell",
                    1,
                    client_order_id=key,
                    account=account,
                )
                self.acknowledged[key] = (account, order.order_id)
                number += 1
            except AlphaMindError:
                client = None
                time.sleep(0.05)
            time.sleep(0.01)


def process_of(up, name):
    return up[0].health([name], timeout=5.0)[name]["pid"]


def test_kill_9_of_every_actor_under_load_loses_and_doubles_nothing(up, directory, capsys):
    engine, _ = up
    load = Load(directory)
    load.start()
    away = {}
    for name in ACTORS:
        wait_for(lambda: all(report["ready"] for report in engine.health().values()), 60, "all actors ready")
        before_orders, before_time = len(load.acknowledged), status(directory, "market-0")["sequence"]
        pid = process_of(up, name)
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        wait_for(lambda: engine.health([name])[name].get("pid") not in (None, pid), 30, f"{name} restarted")
        wait_for(
            lambda: status(directory, "market-0")["sequence"] > before_time + 5, 30, f"the market goes on after {name}"
        )
        wait_for(lambda: len(load.acknowledged) > before_orders + 5, 30, f"orders go on after {name}")
        away[name] = round(time.monotonic() - began, 1)
    load.ended.set()
    load.join(10)
    assert engine.health()["strategy"]["status"]["strategies"]["one"]["state"] == "running"
    check_books(directory, load.acknowledged)
    with capsys.disabled():
        print(f"\nseconds from kill -9 until market and orders went on: {away}; {len(load.acknowledged)} orders")


def check_books(directory, acknowledged):
    """Every acknowledged order is there once, every fill once; cash and positions are their sum, wherever one asks."""
    ask(directory, "feed", "pause")
    wait_for(lambda: status(directory, "feed")["state"] == "paused", 10, "the pause")
    time.sleep(1.0)
    events = [event for shard in ("oms-0", "oms-1") for event in everything(directory, shard)]
    orders = {}
    for event in events:
        if isinstance(event, OrderEvent):
            orders.setdefault((event.order.account, event.order.client_order_id), set()).add(event.order.order_id)
    assert all(len(ids) == 1 for ids in orders.values()), "an order is there twice"
    for key, (account, order_id) in acknowledged.items():
        assert orders[account, key] == {order_id}
    fills = [event.fill for event in events if isinstance(event, OrderEvent) and event.fill is not None]
    assert len({fill.execution_id for fill in fills}) == len(fills) > 0, "a fill is there twice"
    assert status(directory, "venue")["fills"] == len(fills)
    assert {fill.client_order_id for fill in fills} & set(acknowledged), "no order of the load was filled"
    instruments = Client(directory).instruments.values()
    for account in ("main", "second"):
        rebuilt = Books(account, sorted(instruments, key=lambda instrument: instrument.id))
        for event in events:
            if isinstance(event, CashEvent) and event.account == account:
                rebuilt.deposit(event.currency, event.amount)
            elif isinstance(event, OrderEvent) and event.fill is not None and event.fill.account == account:
                rebuilt.book(event.fill)
        books = owned_books(directory, account)
        assert books.cash == {"USD": rebuilt.cash("USD")}
        assert books.positions == rebuilt.positions()
        seen = ask(directory, "portfolio", "positions", {"account": account})
        held = {row["symbol"]: row["quantity"] for row in seen["positions"]}
        assert held == {
            instrument.symbol: quantity_text(instrument, quantity)
            for instrument in instruments
            if (quantity := rebuilt.position(instrument.id))
        }
        summary = ask(directory, "portfolio", "summary", {"account": account})["accounts"][0]
        assert parse_money(summary["cash"]) == rebuilt.cash("USD")
    ask(directory, "feed", "resume")


def everything(directory, shard):
    """Return all events of an OMS shard, from its first."""

    async def collect():
        client = WireClient(socket_path(directory, shard), "test")
        client.start()
        await asyncio.wait_for(client.connected.wait(), 5)
        events = []
        answer = msgspec.msgpack.decode(
            await client.subscribe("subscribe", msgspec.msgpack.encode({"from": {}}), events.append), strict=False
        )
        expected = sum(answer["partitions"].values())
        while len(events) < expected:
            await asyncio.sleep(0.01)
        await client.close()
        return [decoder(OmsEvent)(event) for event in events]

    return asyncio.run(collect())


def owned_books(directory, account):
    shard = f"oms-{zlib.crc32(account.encode()) % 16 % 2}"
    with BlockingClient(socket_path(directory, shard), "test") as client:
        return decoder(BooksView)(client.request("positions", msgspec.msgpack.encode({"account": account})))


def test_kill_9_of_the_serve_replicas_is_mended_by_serve(up, configuration):
    url = up[1].api
    replicas = [
        process
        for process in psutil.Process().children(recursive=True)
        if any("ServeReplica" in part for part in process.cmdline())
    ]
    assert len(replicas) == 2
    for replica in replicas:
        replica.kill()
    wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200, 60, "the api replica is back")
    with http_client(configuration.run.home, url) as client:
        wait_for(
            lambda: client.post("/models/har-rv/predict", json={"instruments": ["SIM001"]}).status_code == 200,
            60,
            "the model is back",
        )


def test_every_journal_holds_from_its_first_record_to_its_last(up, configuration, directory):
    names = sorted(path.name for path in (directory / "journal").iterdir())
    assert {"market-0", "market-1", "venue", "strategy", "portfolio", "risk"} <= set(names)
    ask(directory, "feed", "pause")
    time.sleep(1.0)
    for name in names:
        verified = read_journal(configuration.journal, directory, name).verify()
        assert verified.fault is None and verified.records > 0, (name, verified)
    ask(directory, "feed", "resume")
