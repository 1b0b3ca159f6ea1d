"""The kill switch's word: who reads it sees the last whole change, whatever happened to its writers."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import pathlib

import pytest

from actors.errors import AlphaMindError, Conflict, Unavailable
from actors.messages import OrderEvent, OrderStatus, StateEvent, TradingState
from actors.oms.kill_word import KillWord, word_path
from tests.actors.oms.fakes import until
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

ACTIVE, REDUCE_ONLY, HALTED = TradingState.ACTIVE, TradingState.REDUCE_ONLY, TradingState.HALTED
BY = {"principal": "risk", "reason": "storm"}


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return word_path(tmp_path)


def test_a_new_word_says_active_and_is_the_owners_alone(path: pathlib.Path) -> None:
    word = KillWord(path)
    assert word.read() == (0, ACTIVE, 0, "", "")
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert os.listdir(path.parent) == ["kill-switch"]
    word.close()


def test_a_change_is_seen_at_once_by_whoever_has_it_open(path: pathlib.Path) -> None:
    reader, writer = KillWord(path), KillWord(path)
    before = reader.numbers[0]
    said = writer.write(HALTED, "chief", "größere Unruhe")
    assert reader.numbers[0] == before + 1
    assert reader.read() == said and said[1:] == (HALTED, said.time, "chief", "größere Unruhe")
    assert writer.write(REDUCE_ONLY, "p" * 200, "r" * 900).principal == "p" * 96
    assert reader.read().reason == "r" * 400 and reader.read().state is REDUCE_ONLY
    for word in (reader, writer):
        word.close()


def test_a_writer_that_dies_half_way_has_changed_nothing(path: pathlib.Path) -> None:
    word = KillWord(path)
    said = word.write(HALTED, "chief", "storm")
    start = 64 + (said.number + 1) % 2 * 512
    word._view[start : start + 300] = b"\x07" * 300
    assert word.read() == said
    word.close()


def test_a_state_that_nobody_knows_counts_as_halted(path: pathlib.Path) -> None:
    word = KillWord(path)
    said = word.write(ACTIVE, "chief", "calm")
    start = 64 + said.number % 2 * 512
    word._view[start] = 77
    assert word.read().state is HALTED
    word.close()


def test_a_word_that_was_set_meanwhile_is_not_overwritten(path: pathlib.Path) -> None:
    word = KillWord(path)
    said = word.write(HALTED, "chief", "storm")
    assert word.write(ACTIVE, "other", "late", expected=0) == said
    assert word.write(ACTIVE, "other", "calm", expected=said.number).state is ACTIVE
    word.close()


def test_a_stuck_writer_keeps_nobody_from_halting_but_from_resuming(path: pathlib.Path) -> None:
    word = KillWord(path)
    with path.open() as stuck:
        fcntl.flock(stuck, fcntl.LOCK_EX)
        assert word.write(REDUCE_ONLY, "chief", "storm").state is REDUCE_ONLY
        assert word.write(HALTED, "chief", "storm").state is HALTED
        with pytest.raises(Unavailable):
            word.write(ACTIVE, "chief", "calm")
    assert word.write(ACTIVE, "chief", "calm").state is ACTIVE
    word.close()


@pytest.mark.parametrize("content", [b"", b"x", b"AMKILL01", b"y" * 1088])
def test_another_file_is_refused(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Conflict) as caught:
        KillWord(path)
    assert caught.value.code == "KILL_SWITCH_UNREADABLE"


def _write(path: pathlib.Path, count: int) -> None:
    word = KillWord(path)
    for number in range(count):
        word.write(HALTED if number % 2 else ACTIVE, "writer", "x" * 400)
    word.close()


def test_writers_of_several_processes_count_every_change(path: pathlib.Path) -> None:
    writers = [multiprocessing.get_context("fork").Process(target=_write, args=(path, 200)) for _ in range(3)]
    for writer in writers:
        writer.start()
    word, seen = KillWord(path) if path.exists() else None, 0
    while any(writer.is_alive() for writer in writers):
        word = word or KillWord(path)
        said = word.read()
        assert said.number >= seen and said.reason in ("", "x" * 400)
        seen = said.number
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert word is not None and word.read().number == 600
    word.close()


def test_the_word_is_on_record_before_the_next_order_is_judged() -> None:
    async def scene(here: World) -> None:
        assert (await here.submit("before")).reason == ""
        await here.becomes(OrderStatus.NEW, "before")  # what is not confirmed is taken back at once
        word = KillWord(word_path(here.directory))
        said = word.write(HALTED, "operator", "drill")
        assert (await here.submit("after")).reason == "TRADING_HALTED"
        assert (await here.cancel("before")).status == "pending_cancel"
        events = await here.events()
        (event,) = (event for event in events if isinstance(event, StateEvent))
        refused = next(one for one in events if isinstance(one, OrderEvent) and one.order.client_order_id == "after")
        assert event.sequence < refused.sequence
        assert (event.scope, event.state, event.principal) == ("firm", HALTED, "operator")
        assert event.reason == f"drill (kill switch, change {said.number})"
        word.write(REDUCE_ONLY, "operator", "calmer")
        assert (await here.submit("less")).reason == "REDUCE_ONLY"
        word.write(ACTIVE, "operator", "calm")
        assert (await here.submit("again")).reason == ""
        word.close()

    run(scene)


def test_the_word_is_heeded_without_any_order() -> None:
    async def scene(here: World) -> None:
        word = KillWord(word_path(here.directory))
        word.write(HALTED, "operator", "drill")
        switch = here.oms.hosted.hosts[4].partition.switch
        await until(lambda: switch.of("firm") is HALTED)
        word.close()

    run(scene)


@pytest.mark.parametrize("resumed", [False, True])
def test_what_was_set_while_the_oms_was_away_holds_when_it_is_back_and_it_never_resumes_by_itself(
    resumed: bool,
) -> None:
    async def scene(here: World) -> None:
        await here.kill()
        word = KillWord(word_path(here.directory))
        word.write(HALTED, "operator", "drill")
        await here.restart()
        assert (await here.submit("a")).reason == "TRADING_HALTED"
        await here.kill()
        if resumed:
            word.write(ACTIVE, "operator", "calm")
        await here.restart()
        assert (await here.submit("b")).reason == "TRADING_HALTED"
        await here.ask("set_state", scope="firm", state="active", **BY)
        assert word.read().state is ACTIVE
        assert (await here.submit("c")).reason == ""
        await here.kill()
        await here.restart()
        assert (await here.submit("d")).reason == ""
        word.close()

    run(scene)


def test_a_halt_of_the_firm_over_the_wire_is_in_the_word_and_one_of_an_account_is_not() -> None:
    async def scene(here: World) -> None:
        await here.ask("set_state", scope="account:main", state="halted", **BY)
        assert here.oms.word.read().number == 0
        await here.ask("set_state", scope="firm", state="reduce_only", **BY)
        assert here.oms.word.read()[1:2] + here.oms.word.read()[3:] == (REDUCE_ONLY, "risk", "storm")
        await here.ask("set_state", scope="firm", state="reduce_only", **BY)
        assert here.oms.word.read().number == 1

    run(scene)


def test_an_order_is_refused_while_the_halt_can_not_be_put_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(here: World) -> None:
        from actors.errors import JournalError

        def full(*_: object) -> int:
            raise JournalError("disk full")

        host = here.oms.hosted.hosts[4]
        word = KillWord(word_path(here.directory))
        with monkeypatch.context() as patched:
            patched.setattr(host.journal, "append", full)
            word.write(HALTED, "operator", "drill")
            await asyncio.sleep(0)
            with pytest.raises(AlphaMindError) as caught:
                await here.submit("a")
            assert caught.value.code == "JOURNAL_UNAVAILABLE"
        assert (await here.submit("b")).reason == "TRADING_HALTED"
        word.close()

    run(scene)
