"""``alphamind up`` as its users start it: it ends cleanly, goes on where it was, and joins a cluster that runs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.benchmarks.running_up import ROOT, START_TIMEOUT, fresh_home, processes_of_session, running_up

pytestmark = pytest.mark.cluster

HEAD = """
import sys
import ray

ray.init(address="local", num_cpus=8, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
print(ray.get_runtime_context().gcs_address, flush=True)
for _ in sys.stdin:
    names = [actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True)
             if actor["namespace"] == "alphamind"]
    print(",".join(sorted(names)) or "none", flush=True)
"""


def until(condition, timeout, what):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.1)


def test_ctrl_c_ends_it_with_a_summary_and_nothing_left_and_the_run_goes_on_where_it_was():
    with fresh_home() as home:
        with running_up(home, "--run", "mine") as up:
            up.until("oms-0", lambda report: report["status"].get("fills", 0) > 5, 60)
            up.process.send_signal(signal.SIGINT)
            first = up.summary()
            until(lambda: not processes_of_session(up.process.pid), 10, "the end of every process")
        assert first["ended"] == "SIGINT" and first["problems"] == [] and first["fills"] > 5
        assert json.loads((home / "runs" / "mine" / "summary.json").read_text()) == first
        with running_up(home, "--run", "mine", "--for", "4s") as up:
            second = up.summary()
        assert second["ended"] == "time" and second["problems"] == []
        assert second["orders"] >= first["orders"] and second["slices"] > first["slices"]
        assert second["rejected"] == 0


def test_data_of_the_users_own_run_to_their_end(tmp_path):
    file = tmp_path / "prices.csv"
    days = [f"2024-01-{day:02d}" for day in (2, 3, 4, 5, 8, 9, 10, 11, 12, 16)]
    lines = [f"{day},ABC,{100 + n},{101 + n},{99 + n},{100 + n},100000" for n, day in enumerate(days)]
    lines[3] = lines[3].replace("103,104", "103,90")
    file.write_text("\n".join(["date,symbol,open,high,low,close,volume", *lines]) + "\n")
    strategy = "strategies=[{name: hold, implementation: 'actors.strategy.examples:BuyAndHold', account: main}]"
    limits = "risk.limits.maximum_order_notional=2000000"
    position = "risk.limits.maximum_position_notional=2000000"
    with fresh_home() as home:
        options = ["--data", str(file), "--until-end", "--set", strategy, "--set", limits, "--set", position]
        with running_up(home, *options) as up:
            summary = up.summary()
    assert summary["ended"] == "data" and summary["problems"] == []
    assert summary["ticks"] == 10 and summary["quarantine_reasons"] == {"impossible_bar": 1}
    assert summary["orders"] == 1 and summary["fills"] >= 1


def test_a_taken_port_stops_the_start_and_names_the_way_out():
    with fresh_home() as home, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            [sys.executable, "-m", "cluster.cli", "up", "--for", "1s", "--port", port],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "ALPHAMIND_HOME": str(home)},
        )
    assert refused.returncode == 2
    assert port in refused.stderr and "--port" in refused.stderr and "Traceback" not in refused.stderr


def test_it_joins_a_cluster_that_runs_and_down_ends_what_a_killed_up_has_left_there():
    head = subprocess.Popen(
        [sys.executable, "-c", HEAD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        address = head.stdout.readline().strip()
        assert address.startswith("127.0.0.1:")

        def actors():
            head.stdin.write("list\n")
            head.stdin.flush()
            return head.stdout.readline().strip()

        with fresh_home() as home:
            with running_up(home, "--address", address) as up:
                up.until("oms-0", lambda report: report["status"].get("orders", 0) > 0, 60)
                assert "oms-0" in actors()
                up.process.kill()
                up.process.wait(10)
                assert "oms-0" in actors()
                down = subprocess.run(
                    [sys.executable, "-m", "cluster.cli", "down"],
                    capture_output=True,
                    text=True,
                    timeout=START_TIMEOUT,
                    env={**os.environ, "ALPHAMIND_HOME": str(home)},
                )
                assert down.returncode == 0, down.stderr
        until(lambda: actors() == "none", 20, "the end of the actors")
        assert head.poll() is None
    finally:
        head.stdin.close()
        head.wait(30)
