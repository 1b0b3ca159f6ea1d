"""Breaches that are open while the configuration of their rules changes."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.actors.portfolio.fakes import until
from tests.actors.portfolio.samples import cash_event, money
from tests.actors.risk.rules.test_breaches_at_work import World, configured, play, rule


def test_a_breach_whose_rule_is_taken_away_closes_at_the_next_start(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        world.trade(200, 1000)
        await world.step(1, {0: 1000})
        assert len(await world.breaches(open_only=True)) == 1
        world.configuration = configured()
        await world.restart()
        (breach,) = await world.breaches()
        assert not breach["open"] and breach["closing_evidence"] is None
        await world.restart()
        assert await world.breaches() == [breach]

    play(tmp_path, configured(rule("gross_exposure", 1000)), scene)


@pytest.mark.parametrize(
    ("changed", "states"),
    [
        (rule("gross_exposure", 1000, "halt"), ["halted"]),
        (rule("gross_exposure", 1500), []),
        (rule("net_exposure", 1000), []),
        (rule("gross_exposure", 1000, scope="accounts"), []),
        (rule("gross_exposure", 1000, "tighten", tighten={"limit": "maximum_order_rate", "value": "5"}), []),
    ],
    ids=["action", "threshold", "measure", "scope", "tighten"],
)
def test_a_breach_whose_rule_is_changed_closes_and_is_judged_anew(
    changed: dict[str, Any], states: list[str], tmp_path: pathlib.Path
) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        world.trade(200, 1000)
        await world.step(1, {0: 1000})
        assert len(await world.breaches(open_only=True)) == 1
        world.configuration = configured(changed)
        await world.restart()
        (breach,) = await world.breaches()
        assert not breach["open"] and breach["closing_evidence"] is None
        await world.step(2, {0: 1000})
        await until(lambda: [one["state"] for one in world.sent("set_state")] == states)
        again, _ = await world.breaches()
        assert (again["number"], again["open"], again["action"]) == (2, True, changed["action"])
        world.configuration = configured(changed)
        await world.restart()
        assert len(await world.breaches(open_only=True)) == 1, "the same rule keeps its breach"

    before = rule("gross_exposure", 1000)
    if changed["action"] == "tighten":
        before = rule("gross_exposure", 1000, "tighten", tighten={"limit": "maximum_order_rate", "value": "50"})
    play(tmp_path, configured(before), scene)
