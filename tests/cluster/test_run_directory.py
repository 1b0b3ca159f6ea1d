"""The run's folder, the lock that keeps a second one out, and the state that other commands read."""

import os
import stat
from dataclasses import replace

import pytest

from actors.errors import Conflict, NotFound
from cluster.run_directory import (
    UpState,
    clear_state,
    new_run,
    only_one,
    prepare_home,
    private_token,
    read_state,
    write_state,
)


def up_state(directory, **changes):
    state = UpState(
        os.getpid(), "r", str(directory), "127.0.0.1:1", None, "alphamind", "http://127.0.0.1:1", False, "t"
    )
    return replace(state, **changes)


def test_the_home_and_a_run_can_be_entered_by_their_owner_only(tmp_path):
    prepare_home(tmp_path / "home")
    run = new_run(tmp_path / "home", None)
    for folder in (tmp_path / "home", run, run / "sockets", tmp_path / "home" / "secrets"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_named_run_that_exists_is_continued(tmp_path):
    first = new_run(tmp_path, "production")
    (first / "journal" / "x").write_text("kept")
    assert new_run(tmp_path, "production") == first
    assert (first / "journal" / "x").read_text() == "kept"


def test_runs_without_a_name_are_all_different(tmp_path):
    assert new_run(tmp_path, None) != new_run(tmp_path, None)


def test_a_second_up_is_refused_with_the_process_that_holds_the_lock_and_the_way_out(tmp_path):
    with only_one(tmp_path):
        with pytest.raises(Conflict) as refused, only_one(tmp_path):
            pass
    assert refused.value.code == "ALREADY_UP"
    assert str(os.getpid()) in refused.value.rule
    assert "alphamind down" in refused.value.remedy


def test_the_lock_is_free_again_afterwards(tmp_path):
    with only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_what_is_up_can_be_read_until_it_is_cleared(tmp_path):
    write_state(tmp_path, up_state(tmp_path / "run"))
    assert read_state(tmp_path).run == "r"
    assert os.readlink(tmp_path / "current") == str(tmp_path / "run")
    clear_state(tmp_path)
    with pytest.raises(NotFound, match="nothing is up"):
        read_state(tmp_path)


def test_the_state_of_a_dead_process_counts_as_nothing_up(tmp_path):
    write_state(tmp_path, up_state(tmp_path, pid=2**22 + 1))
    with pytest.raises(NotFound):
        read_state(tmp_path)


def test_actors_in_a_joined_cluster_outlive_the_process_that_started_them(tmp_path):
    write_state(tmp_path, up_state(tmp_path, pid=2**22 + 1, joined=True))
    assert read_state(tmp_path).joined


def test_the_cluster_token_is_random_private_and_stable(tmp_path):
    token = private_token(tmp_path / "ray.token")
    text = token.read_text()
    assert len(text) == 64 and stat.S_IMODE(token.stat().st_mode) == 0o600
    assert private_token(token).read_text() == text
    assert private_token(tmp_path / "other.token").read_text() != text
