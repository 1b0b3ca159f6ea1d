"""The run's folder, the lock that keeps a second one out, and the state that other commands read."""

import os
import stat
from dataclasses import replace

import pytest

from actors.errors import Conflict, NotFound
from cluster.run_directory import (
    UpState,
    clear_state,
    discard_unused,
    new_run,
    only_one,
    prepare_home,
    private_token,
    read_state,
    refuse_orphans,
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
    with only_one(tmp_path):
        assert read_state(tmp_path).run == "r"
    assert os.readlink(tmp_path / "current") == str(tmp_path / "run")
    clear_state(tmp_path)
    with pytest.raises(NotFound, match="nothing is up"):
        read_state(tmp_path)


def test_what_a_dead_process_wrote_counts_as_nothing_up_even_where_its_id_is_taken_again(tmp_path):
    write_state(tmp_path, up_state(tmp_path, pid=os.getpid()))
    with pytest.raises(NotFound):
        read_state(tmp_path)


def test_actors_in_a_joined_cluster_outlive_the_process_that_started_them(tmp_path):
    write_state(tmp_path, up_state(tmp_path, pid=2**22 + 1, joined=True))
    assert read_state(tmp_path).joined
    with only_one(tmp_path), pytest.raises(Conflict, match="though its alphamind up died") as refused:
        refuse_orphans(tmp_path)
    assert "alphamind down" in refused.value.remedy


def test_nothing_is_orphaned_where_nothing_was_joined(tmp_path):
    with only_one(tmp_path):
        refuse_orphans(tmp_path)
        write_state(tmp_path, up_state(tmp_path))
        refuse_orphans(tmp_path)


def test_a_new_run_that_could_not_begin_leaves_no_folder(tmp_path):
    run = new_run(tmp_path, "fresh")
    with pytest.raises(Conflict), discard_unused(run):
        raise Conflict("no data")
    assert not run.exists()


def test_a_run_that_had_begun_keeps_its_folder_when_it_can_not_go_on(tmp_path):
    run = new_run(tmp_path, "old")
    (run / "instruments.json").write_text("{}")
    with pytest.raises(Conflict), discard_unused(run):
        raise Conflict("other data")
    assert (run / "journal").is_dir()


def test_the_cluster_token_is_random_private_and_stable(tmp_path):
    token = private_token(tmp_path / "ray.token")
    text = token.read_text()
    assert len(text) == 64 and stat.S_IMODE(token.stat().st_mode) == 0o600
    assert private_token(token).read_text() == text
    assert private_token(tmp_path / "other.token").read_text() != text
