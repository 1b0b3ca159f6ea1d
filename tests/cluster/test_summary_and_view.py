"""What people and programs are told of a run."""

import io

import pytest
from rich.console import Console

from actors.errors import AlphaMindError
from cluster.run_directory import UpState
from cluster.summary import overview, problems, summarise
from cluster.signals import Stop
from cluster.view import render, render_summary
from cluster.watch import watch
from tests.cluster.reports import good_health

STATE = UpState(
    1, "r", "/runs/r", "127.0.0.1:1", "http://127.0.0.1:8265", "alphamind", "http://127.0.0.1:8000", False, "t"
)


def shown(health):
    console = Console(file=io.StringIO(), width=160)
    console.print(render(STATE, health))
    return console.file.getvalue()


def test_the_figures_of_shards_are_added_up():
    seen = overview(good_health())
    assert (seen["ticks"], seen["quarantined"], seen["orders"], seen["fills"]) == (100, 3, 7, 5)
    assert seen["actors"] == "8/8" and seen["rate"] == 10


def test_the_summary_has_the_promised_figures_and_no_problems_after_a_good_run():
    summary = summarise(good_health(), {"start_seconds": 1.234}, "r", "time")
    assert summary["ticks"] == 100 and summary["slices"] == 9 and summary["gaps"] == 1
    assert summary["quarantine_reasons"] == {"duplicate": 3}
    assert summary["cash"] == {"main": "900000.00"} and summary["equity"] == {"main": "1000100.50"}
    assert summary["timings"] == {"start_seconds": 1.23}
    assert summary["problems"] == []


def test_an_actor_that_does_not_answer_a_failed_strategy_and_a_failed_feed_are_problems():
    health = good_health()
    health["risk"] = {"name": "risk", "ready": False, "state": "restarting", "status": {}}
    health["strategy"]["status"]["strategies"]["s"] = {"state": "failed", "error": "ZeroDivisionError"}
    health["feed"]["status"]["failure"] = "file ended in the middle"
    assert problems(health) == ["risk: restarting", "strategy s: ZeroDivisionError", "feed: file ended in the middle"]


def test_the_view_shows_actors_positions_risk_and_addresses():
    text = shown(good_health())
    for part in (
        "market-0",
        "SPY",
        "450.25",
        "1,000,100.50",
        "1,234.50",
        "over 30 minutes",
        "http://127.0.0.1:8000/docs",
        "2023-11-14",
    ):
        assert part in text


def test_the_view_shows_what_is_wrong_and_survives_missing_reports():
    health = good_health()
    health["portfolio"] = {"name": "portfolio", "ready": False, "state": "restarting"}
    health["risk"]["status"] = {"accounts": [{"account": "main", "reason": "30 returns needed, 4 there"}]}
    text = shown(health)
    assert "problems" in text and "portfolio: restarting" in text and "30 returns needed" in text


def test_the_summary_for_a_person_says_what_was_made_and_why_there_was_no_forecast():
    console = Console(file=io.StringIO(), width=160)
    console.print(render_summary(summarise(good_health(), {}, "r", "time")))
    text = console.file.getvalue()
    for part in ("1,000,100.50", "100.50", "MODEL_NOT_FITTED: 120 observations", "ended by time"):
        assert part in text
    health = good_health()
    health["risk"] = {"name": "risk", "ready": False, "state": "restarting", "status": {}}
    console.print(render_summary(summarise(health, {}, "r", "time")))
    assert "risk: restarting" in console.file.getvalue()


class FakeEngine:
    def __init__(self, health):
        self.timings = {}
        self._health = health

    def health(self):
        return self._health


def test_watching_ends_when_the_time_is_over_and_notes_the_first_fill():
    engine = FakeEngine(good_health())
    console = Console(file=io.StringIO())
    assert watch(engine, STATE, 0.0, 0.01, False, Stop(), console) == "time"
    assert engine.timings["first_fill_seconds"] > 0
    assert "ticks 100" in console.file.getvalue()


def test_watching_ends_with_the_data_where_that_was_asked_for():
    health = good_health()
    health["feed"]["status"]["state"] = "finished"
    assert watch(FakeEngine(health), STATE, 0.0, None, True, Stop(), Console(file=io.StringIO())) == "data"


def test_watching_on_a_terminal_draws_the_view():
    console = Console(file=io.StringIO(), force_terminal=True, width=160, height=50)
    watch(FakeEngine(good_health()), STATE, 0.0, 0.01, False, Stop(), console)
    assert "value at risk" in console.file.getvalue()


def test_watching_ends_at_a_signal_and_a_second_one_interrupts():
    stop = Stop()
    stop(15, None)
    assert watch(FakeEngine(good_health()), STATE, 0.0, None, False, stop, Console(file=io.StringIO())) == "SIGTERM"
    with pytest.raises(KeyboardInterrupt):
        stop(2, None)


def test_an_actor_that_refuses_to_go_on_ends_the_run_with_its_reason():
    health = good_health()
    health["oms-0"]["failure"] = "a newer owner holds the lease"
    with pytest.raises(AlphaMindError, match="oms-0 stopped: a newer owner"):
        watch(FakeEngine(health), STATE, 0.0, 5.0, False, Stop(), Console(file=io.StringIO()))
