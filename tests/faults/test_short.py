"""Every fault but a lost node, once or a few times; the commands of this package make them as often as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from actors.journal import Record
from actors.messages import encode
from actors.oms.inputs import KIND_OF
from tests.actors.oms.support import Bench
from tests.faults import damage
from tests.faults.clock_back import step_clocks_back
from tests.faults.damaged_journal import cut_last_record, flip_bits, flip_bits_in_tables
from tests.faults.disk_full import fill_disk
from tests.faults.frozen_node import freeze_and_wake
from tests.faults.kill_database import kill_database, lose_answers
from tests.faults.kills import kill_again_and_again
from tests.faults.report import Report

SEED = 20


def made(scene: Coroutine[Any, Any, Report]) -> Report:
    """Make a fault and check what holds after every one."""
    report = asyncio.run(scene)
    assert report.violations == []
    assert report.counts["orders_found"] == report.counts["orders_acknowledged"] > 50
    assert report.counts["fills"] > 10 and report.counts["checked_right_after"] > 0
    return report


def test_kill_9_of_the_oms_loses_and_doubles_nothing() -> None:
    assert made(kill_again_and_again("oms-0", 2, SEED)).counts["kills"] == 2


def test_kill_9_of_the_venue_loses_and_doubles_nothing() -> None:
    assert made(kill_again_and_again("venue", 2, SEED, accomplices=["oms-0"])).counts["kills"] == 2


def test_kill_9_of_the_journals_database_loses_and_doubles_nothing() -> None:
    assert made(kill_database(1, SEED)).counts["kills"] == 1


def test_an_answer_of_the_database_that_is_lost_is_found_out() -> None:
    assert made(lose_answers(3, SEED)).counts["answers_lost"] == 3


@pytest.mark.parametrize("mounting", [True, False], ids=["a small disk", "files that may not grow"])
def test_while_the_disk_is_full_orders_are_refused_and_afterwards_trading_goes_on(mounting: bool) -> None:
    report = made(fill_disk("oms-0", 2, SEED, mounting=mounting))
    assert report.counts["refused_with_journal_unavailable"] > 0


def test_a_venue_whose_disk_was_full_goes_on_once_it_is_started_again() -> None:
    assert made(fill_disk("venue", 1, SEED)).counts["restarts_of_venue"] > 0


def test_clocks_that_step_back_change_nothing() -> None:
    assert made(step_clocks_back(3, SEED)).counts["hours_of_the_wall_clock"] > 0


@pytest.mark.parametrize("medium", ["segments", "postgres"])
def test_nothing_that_a_frozen_oms_does_counts_when_it_wakes_beside_its_replacement(medium: str) -> None:
    report = made(freeze_and_wake(medium, 1, SEED))
    assert report.counts["stale_epochs_refused_by_the_venue"] > 0
    assert report.counts["ended_by_the_journal"] + report.counts["ended_by_the_venue"] == 1


def records() -> list[Record]:
    """Return a partition's journal, as short as a test likes."""
    bench = Bench()
    for number in range(12):
        bench.submit(f"c{number}")
    return [
        Record(sequence, record.time, KIND_OF[type(record)], 1, encode(record))
        for sequence, record in enumerate(bench.inputs, 1)
    ]


def test_a_journal_that_ends_within_a_record_is_cut_off_or_refused() -> None:
    report = cut_last_record(records()[:6], every=7)
    assert report.violations == []
    assert report.counts[f"torn, recovered (process): {damage.CUT_OFF}"] == report.counts["truncation_points"] - 1 > 10


@pytest.mark.parametrize("flip", [flip_bits, flip_bits_in_tables], ids=["segments", "postgres"])
def test_a_flipped_bit_is_found_and_never_guessed_over(flip: Any) -> None:
    report = flip(records(), 40, SEED)
    assert report.violations == [] and report.counts["bits_flipped"] == 40
