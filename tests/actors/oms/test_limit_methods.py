"""Limits over the wire: by scope, shown with their use, and shares of the firm's limits."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from actors.errors import AlphaMindError, Conflict
from actors.messages import LimitsEvent
from actors.oms.kill_word import KillWord, word_path
from actors.oms.scopes import FIRM
from tests.actors.oms.fakes import until
from tests.actors.oms.gate.bench import money
from tests.actors.oms.support import PRICE, configuration
from tests.actors.oms.test_service import run
from tests.actors.oms.world import World

BY = {"principal": "risk", "reason": "drill"}
TWO = configuration(accounts=[{"id": "main"}, {"id": "other"}])


def test_limits_of_a_scope_are_changed_taken_away_and_replaced_as_a_whole() -> None:
    async def scene(here: World) -> None:
        scope = "account:main/instrument:AAA"
        tree = here.oms.hosted.hosts[4].partition.limits
        answer = await here.ask("set_limits", scope=scope, limits={"restricted": 1, "allow_short": 0}, **BY)
        assert answer == {"version": 2}
        assert (await here.submit("a")).reason == "INSTRUMENT_RESTRICTED"
        assert await here.ask("set_limits", scope=scope, limits={"restricted": 1}, **BY) == {"version": 2}
        assert await here.ask("set_limits", scope=scope, limits={"restricted": None}, **BY) == {"version": 3}
        assert tree.of(scope).mapping() == {"allow_short": 0}
        assert (await here.submit("b")).reason == ""
        await here.ask("set_limits", scope=scope, limits={"maximum_order_quantity": 5}, whole=True, **BY)
        assert tree.of(scope).mapping() == {"maximum_order_quantity": 5}
        await here.ask("set_limits", scope=scope, limits={}, whole=True, **BY)
        assert list(tree.mapping()) == [FIRM]
        events = [event for event in await here.events() if isinstance(event, LimitsEvent) and event.scope == scope]
        assert [(event.version, event.limits.get("restricted")) for event in events][:2] == [(2, 1), (3, None)]
        await here.kill()
        await here.restart()
        assert here.oms.hosted.hosts[4].partition.limits_version == 5

    run(scene)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scope": "planet", "limits": {"restricted": 1}}, "SCOPE_INVALID"),
        ({"scope": "instrument:ZZZ", "limits": {"restricted": 1}}, "INSTRUMENT_UNKNOWN"),
        ({"scope": "instrument:AAA", "limits": {"maximum_order_rate": 1}}, "LIMIT_SCOPE_INVALID"),
        ({"limits": {"maximum_order_rat": 1}}, "LIMIT_UNKNOWN"),
        ({"limits": {"maximum_order_quantity": None}}, "LIMIT_INVALID"),
        ({"limits": {}, "whole": True}, "LIMIT_INVALID"),
        ({"limits": {"allow_short": 1}, "reason": ""}, "TEXT_INVALID"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(body: dict[str, Any], code: str) -> None:
    async def scene(here: World) -> None:
        records = here.oms.hosted.hosts[4].journal.last_sequence
        with pytest.raises(AlphaMindError) as caught:
            await here.ask("set_limits", **{**BY, **body})
        assert caught.value.code == code
        assert here.oms.hosted.hosts[4].journal.last_sequence == records

    run(scene)


def test_limits_are_shown_with_what_holds_for_an_order_and_what_is_used() -> None:
    async def scene(here: World) -> None:
        await here.ask("set_limits", scope="account:main", limits={"maximum_gross_exposure": money(5_000)}, **BY)
        await here.ask("set_limits", scope="strategy:manual", limits={"maximum_order_rate": 9}, **BY)
        await here.submit("a", quantity=10)
        shown = await here.ask("limits", account="main", symbol="AAA")
        assert list(shown["tree"]) == ["firm", "account:main", "strategy:manual"]
        assert shown["effective"]["maximum_gross_exposure"] == money(5_000)
        assert shown["effective"]["maximum_order_rate"] is None and shown["strategy"] == {"maximum_order_rate": 9}
        assert shown["use"]["maximum_gross_exposure"] == shown["use"]["maximum_position_notional"] == money(1_000)
        assert shown["strategy_use"]["maximum_position_quantity"] == money(10)
        assert shown["strategy_use"]["maximum_order_rate"] == 1
        assert shown["firm"] == {} and shown["budget"]["amounts"] == {}
        assert await here.ask("limits") == {"version": 3, "tree": shown["tree"]}
        for wrong in ({"account": "nobody"}, {"account": "main", "symbol": "ZZZ"}):
            with pytest.raises(AlphaMindError):
                await here.ask("limits", **wrong)

    run(scene)


def test_a_budget_is_put_in_force_once_and_older_ones_change_nothing() -> None:
    async def scene(here: World) -> None:
        await here.ask("set_limits", limits={"maximum_gross_exposure": money(10_000)}, **BY)
        host = here.oms.hosted.hosts[4]

        def grant(number: int, amount: int) -> dict[str, Any]:
            return {
                "partition": 4, "number": number, "amounts": {"maximum_gross_exposure": amount}, "currency": "USD",
            }  # fmt: skip

        answer = await here.ask("set_budget", **grant(2, money(700)))
        assert (answer["number"], answer["amounts"]) == (2, {"maximum_gross_exposure": money(700)})
        records = host.journal.last_sequence
        for number in (1, 2):
            assert (await here.ask("set_budget", **grant(number, money(9_000))))["number"] == 2
        assert host.journal.last_sequence == records
        assert (await here.submit("a", quantity=8)).reason == "FIRM_EXPOSURE_LIMIT"
        assert (await here.submit("b", quantity=7)).reason == ""
        await here.kill()
        await here.restart()
        shares = await here.ask("budgets")
        assert shares[4]["amounts"] == {"maximum_gross_exposure": money(700)}
        assert shares[4]["use"]["maximum_gross_exposure"] == money(700)
        with pytest.raises(AlphaMindError) as caught:
            await here.ask("set_budget", **{**grant(1, 1), "partition": 5})
        assert caught.value.code == "PARTITION_UNKNOWN"

    run(scene)


def test_what_limits_ask_for_is_measured_and_read_and_nothing_else() -> None:
    async def scene(here: World) -> None:
        assert not here.oms.prices.measures_volatility
        sessions, may_read = here.oms._limits._sessions, threading.Event()
        read = sessions.read
        sessions.read = lambda: (may_read.wait(60), read())  # type: ignore[assignment,method-assign]
        await here.ask("set_limits", limits={"price_collar_deviations": 10**8, "require_open_session": 1}, **BY)
        assert here.oms.prices.measures_volatility
        order = await here.submit("a")
        assert not sessions.asked_for and order.reason == "SESSION_CLOSED"
        assert "once the calendar was read" in order.text
        may_read.set()
        await until(lambda: sessions.asked_for, 60)
        assert "from " in (await here.submit("b")).text, "1970 was long before the session"
        none = {"price_collar_deviations": None, "require_open_session": None}
        await here.ask("set_limits", limits=none, **BY)
        assert not here.oms.prices.measures_volatility and not sessions.asked_for
        assert (await here.submit("c", limit_price=PRICE)).reason == ""

    run(scene)


def test_a_request_to_resume_that_was_held_up_does_not_undo_a_later_halt() -> None:
    async def scene(here: World) -> None:
        asked = time.time_ns()
        word = KillWord(word_path(here.directory))
        word.write(word.read().state.HALTED, "operator", "storm")
        with pytest.raises(Conflict) as caught:
            await here.ask("set_state", scope="firm", state="active", asked=asked, **BY)
        assert caught.value.code == "STATE_SUPERSEDED" and "operator set it to halted" in str(caught.value)
        assert (await here.submit("a")).reason == "TRADING_HALTED"
        await here.ask("set_state", scope="firm", state="active", asked=time.time_ns(), **BY)
        assert (await here.submit("b")).reason == "" and word.read().state == "active"
        word.close()

    run(scene)


def test_an_account_of_another_shard_is_not_this_ones_to_halt() -> None:
    async def scene(here: World) -> None:
        answer = await here.ask("set_state", scope="account:a", state="halted", **BY)
        assert answer["partitions"] == 0
        with pytest.raises(AlphaMindError) as caught:
            await here.ask("set_state", scope="account:other", state="halted", **BY)
        assert caught.value.code == "ACCOUNT_UNKNOWN"
        with pytest.raises(AlphaMindError):
            await here.ask("set_state", scope="instrument:ZZZ", state="halted", **BY)

    run(scene, shards=2)
