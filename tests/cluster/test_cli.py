"""The command line: what it prints, what it refuses, with which exit code."""

import subprocess
import sys
import tempfile

import pytest
import yaml
from typer.testing import CliRunner

from actors.errors import InputError
from cluster.cli import app, duration

COMMANDS = ["up", "down", "status", "submit", "config", "audit", "halt", "resume", "portfolio"]


def alphamind(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cluster.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**__import__("os").environ, **environment},
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("7", 7), ("1.5s", 1.5)]
)
def test_durations_are_read(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "0s", "1d", "1 s", "nan"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InputError, match="unreadable duration"):
        duration(text)


def test_every_command_explains_itself():
    for command in COMMANDS:
        result = CliRunner().invoke(app, [command, "--help"])
        assert result.exit_code == 0 and len(result.output) > 200, command


def test_config_show_prints_yaml_that_config_check_takes_again(tmp_path):
    shown = CliRunner().invoke(app, ["config", "show", "--set", "market.shards=2"])
    assert shown.exit_code == 0
    assert yaml.safe_load(shown.output)["market"]["shards"] == 2
    file = tmp_path / "mine.yaml"
    file.write_text(shown.output)
    free = ["--set", "network.port=0", "--set", "ray.dashboard_port=0", "--set", "ray.minimum_free_memory_mib=1"]
    assert CliRunner().invoke(app, ["config", "check", "-c", str(file), *free]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["config", "show", "--set", "market.shrads=2"], ["market.shrads", "did you mean market.shards"]),
        (["config", "show", "--set", "market.shards=many"], ["market.shards", "many", "integer"]),
        (["config", "show", "-c", "/nowhere.yaml"], ["/nowhere.yaml"]),
        (["config", "show", "--profile", "prod"], ["prod", "local, services, cluster"]),
        (["up", "--for", "soon"], ["--for", "soon"]),
        (["up", "--speed", "warp"], ["feed.speed", "warp"]),
        (["status"], ["nothing is up", "alphamind up"]),
        (["down"], ["nothing is up", "alphamind up"]),
        (["up", "--data", "/nowhere", "--port", "0", "--set", "ray.dashboard_port=0"], ["/nowhere"]),
        (["up", "--port", "0", "--set", "network.host=203.0.113.1"], ["network.host", "203.0.113.1"]),
        (["config", "check", "--set", "=3"], ["--set", "section.key=value"]),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_code_2_and_no_trace(arguments, words):
    with tempfile.TemporaryDirectory(prefix="am-") as home:
        result = alphamind(*arguments, ALPHAMIND_HOME=home)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    flat = " ".join(result.stderr.split())
    for word in words:
        assert word in flat, result.stderr


@pytest.mark.parametrize(("home", "word"), [("/proc/nowhere", "can't be used"), ("/tmp/" + "x" * 120, "too long")])
def test_a_home_that_will_not_do_is_told_before_anything_starts(home, word):
    result = alphamind("up", "--for", "1s", ALPHAMIND_HOME=home)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert word in result.stderr and "ALPHAMIND_HOME" in result.stderr


def configuration_of(monkeypatch, *arguments):
    """Return the configuration that ``alphamind up`` would run with."""
    seen = []
    summary = {"problems": []}
    monkeypatch.setattr("cluster.up.bring_up", lambda configuration, *_: seen.append(configuration) or summary)
    result = CliRunner().invoke(app, ["up", *arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return seen[0]


def test_own_data_run_as_fast_as_possible_unless_anything_says_otherwise(monkeypatch, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("feed: {speed: 5, warmup_sessions: 3}\n")
    feed = configuration_of(monkeypatch, "--data", "x.csv").feed
    assert (feed.speed, feed.warmup_sessions) == ("max", 0)
    feed = configuration_of(monkeypatch, "--data", "x.csv", "-c", str(file)).feed
    assert (feed.speed, feed.warmup_sessions) == (5, 3)
    feed = configuration_of(monkeypatch, "--data", "x.csv", "-c", str(file), "--set", "feed.speed=7").feed
    assert feed.speed == 7
    assert configuration_of(monkeypatch, "--data", "x.csv", "-c", str(file), "--speed", "10").feed.speed == 10


def test_paths_and_names_reach_the_configuration_as_they_were_given(monkeypatch):
    configuration = configuration_of(monkeypatch, "--data", "/tmp/a #b: c.csv", "--run", "2024", "--port", "0")
    assert str(configuration.feed.data) == "/tmp/a #b: c.csv"
    assert (configuration.run.name, configuration.network.port) == ("2024", 0)
