"""What the benchmark of the bring-up makes of what it sees."""

import os
import subprocess
import sys

import psutil
import pytest

from tests.benchmarks.bringup import parts_of_start
from tests.benchmarks.running_up import fresh_home, processes_of_session, proportional_set_size

TIMINGS = {
    "ray_seconds": 4.0,
    "serve_seconds": 4.9,
    "actors_seconds": 5.0,
    "feed_seconds": 6.0,
    "start_seconds": 10.1,
    "first_fill_seconds": 12.0,
}


@pytest.mark.parametrize(("first_fill", "before"), [(13.0, 1.0), (11.8, 0.0)])
def test_the_parts_of_a_start_add_up_to_the_whole(first_fill, before):
    parts = parts_of_start(TIMINGS, first_fill)
    assert sum(parts.values()) == pytest.approx(first_fill)
    assert parts["Python and the configuration"] == pytest.approx(before)
    assert parts["feed"] == pytest.approx(1.1) and min(parts.values()) >= 0


@pytest.fixture
def family():
    """Yield a process that began a session and has a child."""
    child = "import time; time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    leader = psutil.Popen([sys.executable, "-c", parent], start_new_session=True)
    while len(leader.children()) < 1:
        assert leader.poll() is None
    members = [leader, *leader.children()]
    yield members
    for member in members:
        member.kill()
    leader.wait()


def test_a_process_and_all_below_it_are_measured(family):
    sizes = proportional_set_size(family[0])
    assert sum(sizes.values()) > 2
    assert sum(sizes.values()) <= sum(member.memory_info().rss for member in family) / 2**20


def test_the_processes_of_a_session_are_found_and_no_others(family):
    assert {member.pid for member in processes_of_session(family[0].pid)} == {member.pid for member in family}
    assert os.getpid() not in {member.pid for member in processes_of_session(family[0].pid)}


def test_a_process_that_has_ended_takes_no_memory():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(ended.pid)
    ended.wait()
    with pytest.raises(psutil.NoSuchProcess):
        proportional_set_size(process)


def test_a_fresh_home_is_removed_with_all_that_is_in_it():
    with fresh_home() as home:
        (home / "runs").mkdir()
        (home / "runs" / "file").write_text("x")
    assert not home.exists()
