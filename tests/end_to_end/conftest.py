"""One real Ray cluster for all end-to-end tests: two market shards, two OMS shards, two accounts, two strategies."""

import pathlib
import shutil
import tempfile
import time

import pytest
import yaml
from rich.console import Console

from cluster.up import prepare_run, running, with_ports
from cluster.run_directory import new_run, only_one, prepare_home
from configs import load
from serve_apps.auth.secrets import ensure_secrets

SETTINGS = {
    "ray": {"dashboard_port": 0},
    "network": {"port": 0, "tls": {"enabled": True}},
    "feed": {"speed": 3600, "warmup_sessions": 20, "simulated": {"instruments": 6}},
    "market": {"shards": 2},
    "oms": {"shards": 2},
    "accounts": [{"id": "main"}, {"id": "second", "cash": "500000"}],
    "strategies": [
        {"name": "one", "implementation": "actors.strategy.examples:VolatilityTarget", "account": "main"},
        {"name": "two", "implementation": "actors.strategy.examples:VolatilityTarget", "account": "second"},
    ],
}


@pytest.fixture(scope="session")
def configuration():
    home = pathlib.Path(tempfile.mkdtemp(prefix="am-"))
    file = home / "test.yaml"
    file.write_text(yaml.safe_dump(SETTINGS))
    yield with_ports(load("local", [file], environment={"ALPHAMIND_HOME": str(home)}))
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def up(configuration):
    """Yield the running engine and what the other commands know of it."""
    home = configuration.run.home
    prepare_home(home)
    ensure_secrets(home / "secrets", "local")
    directory = new_run(home, "tested")
    console = Console(quiet=True)
    with only_one(home):
        settled, instruments = prepare_run(configuration, directory, console)
        with running(settled, directory, instruments, console, time.monotonic()) as (engine, state):
            yield engine, state
