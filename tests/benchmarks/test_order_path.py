"""Every figure of the order path is measured and printed, with as little work as will do."""

import json
import subprocess
import time

import pytest

from actors.messages import OrderStatus
from tests.benchmarks import order_path, order_path_peer, order_path_processes
from tests.benchmarks.order_path import MEASURES
from tests.benchmarks.order_path_exchange import LARGEST_TRADE
from tests.benchmarks.order_path_oms import ACCOUNT, TOO_LARGE, InProcessOms, market_order, resting_order
from tests.benchmarks.order_path_processes import OtherProcesses, in_fresh_process
from tests.benchmarks.order_path_recovery import trade
from tests.benchmarks.order_path_sizes import Sizes

TINY = Sizes(
    rounds=1,
    warm_up=5,
    one_at_a_time=20,
    at_random=20,
    in_flight=(4, 64),
    pipelined=100,
    disk_one_at_a_time=10,
    disk_pipelined=100,
    flushes=3,
    peer_orders=20,
    events=300,
)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("name", "figures", "with_goal"), [("latency", 16, 16), ("throughput", 2, 2), ("disk", 2, 2), ("recovery", 2, 0)]
)
def test_every_figure_is_printed_with_its_goal(capsys, name, figures, with_goal):
    MEASURES[name](TINY)
    printed = lines(capsys)
    assert len(printed) == figures
    assert all(line["value"] > 0 for line in printed)
    assert sum(line["met"] is not None for line in printed) == with_goal


def test_a_peer_that_is_not_there_is_said_to_be_missing(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PEERS_ROOT", str(tmp_path))
    MEASURES["peer"](TINY)
    (line,) = lines(capsys)
    assert line["value"] is None and line["met"] is None and str(tmp_path) in line["not_measured"]


def test_the_peer_is_held_against_our_own_rate(capsys, monkeypatch):
    events = {"OrderFilled": TINY.peer_orders}
    said = {"version": "1.221.0", "seconds": 2.0, "processor_seconds": 1.9, "events": events}
    monkeypatch.setattr(order_path_peer, "peer_python", lambda: order_path_peer.SCRIPT)
    monkeypatch.setattr(
        subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, json.dumps(said) + "\n", "")
    )
    MEASURES["peer"](TINY)
    (line,) = lines(capsys)
    assert line["reference"] == 10 and line["ratio"] == pytest.approx(line["value"] / 10, rel=1e-3)
    assert line["records_an_order"] == 3

    said["version"] = "9"
    with pytest.raises(ValueError, match="was to fill 20 orders"):
        MEASURES["peer"](TINY)


@pytest.mark.skipif(not order_path_peer.peer_python().exists(), reason="NautilusTrader is not in the peers' folder")
def test_the_peer_itself_fills_every_order(capsys):
    MEASURES["peer"](TINY)
    (line,) = lines(capsys)
    assert line["peer_events"]["OrderFilled"] == TINY.peer_orders and line["ratio"] > 0


def test_what_is_recovered_was_really_traded(run_directory):
    traded = trade(run_directory, 1_000)
    named = {name: share for name, share in traded.mix.items() if share >= 0.01}
    assert traded.records >= 1_000
    assert named == pytest.approx(
        {
            "Submission": 0.30,
            "report: new": 0.29,
            "report: trade": 0.29,
            "Cancellation": 0.06,
            "report: canceled": 0.06,
        },
        abs=0.01,
    )
    oms = InProcessOms(run_directory)
    oms.recover()
    assert oms.host.partition.digest() == traded.digest
    oms.close()


def test_the_exchange_of_the_benchmark_does_what_it_says(run_directory):
    oms = InProcessOms(run_directory)
    oms.open()
    oms.submit(market_order(1, 2 * LARGEST_TRADE + 1))
    oms.submit(resting_order(2))
    oms.submit(market_order(3, TOO_LARGE))
    oms.deliver()
    oms.cancel("order-2")
    oms.deliver()
    orders = oms.host.partition.accounts[ACCOUNT].orders.values()
    assert [working.order.status for working in orders] == [
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
    ]
    assert oms.exchange.trades == 3 and oms.exchange.acknowledged == oms.host.partition.last_report == 6
    assert oms.host.partition.accounts[ACCOUNT].books.position(0) == 201
    assert not oms.host.partition.alarms
    oms.close()


def test_a_profile_tells_where_time_goes(capsys):
    assert order_path.main(["--only", "recovery", "--rounds", "1", "--events", "200", "--profile"]) == 0
    said = capsys.readouterr().err
    assert "trade-" in said and "recover-" in said and "tottime" in said


def test_what_can_not_be_measured_is_said_and_counted(capsys, monkeypatch):
    def fail(_):
        raise ValueError("the order was lost")

    monkeypatch.setattr(order_path, "MEASURES", {**MEASURES, "latency": fail})
    assert order_path.main(["--only", "latency"]) == 1
    assert "latency: the order was lost" in capsys.readouterr().err


def _burn(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_what_children_take_is_not_taken_by_others(monkeypatch):
    monkeypatch.setattr(order_path_processes, "_busy_seconds", order_path_processes._own_seconds)
    others = OtherProcesses()
    in_fresh_process(_burn, 0.2)
    assert others.processors() == 0

    monkeypatch.setattr(order_path_processes, "_busy_seconds", lambda: order_path_processes._own_seconds() + 5.0)
    assert others.processors() > 0


def test_a_fresh_process_hands_back_result_and_error():
    assert in_fresh_process(len, [1, 2]) == 2
    with pytest.raises(ValueError, match="invalid literal"):
        in_fresh_process(int, "x")
