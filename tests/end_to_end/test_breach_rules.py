"""Rules of risk in the whole system on one event loop: what they set reaches the gate, and stays over a restart."""

from __future__ import annotations

import asyncio
from typing import Any

import yaml

from actors.messages import OrderEvent, StateEvent, TradingState
from actors.portfolio.valuation import exposures
from actors.risk.limits import limit_use
from configs import load
from tests.end_to_end.test_one_process import SIMULATED, all_events, fills_of
from tests.local_engine import LocalEngine

RULES = [
    {"name": "cap", "measure": "gross_exposure", "threshold": "150000", "action": "halt"},
    {
        "name": "tail",
        "measure": "value_at_risk",
        "confidence": 0.95,
        "threshold": "1",
        "action": "tighten",
        "scope": "accounts",
        "tighten": {"limit": "maximum_order_notional", "factor": "0.5"},
    },
]


def play(directory: Any, scene: Any, **risk: Any) -> None:
    file = directory / "settings.yaml"
    file.write_text(yaml.safe_dump({**SIMULATED, "risk": risk}))

    async def whole() -> None:
        async with LocalEngine(load("local", [file], environment={}), directory) as engine:
            await engine.until_finished()
            await scene(engine)

    asyncio.run(whole())


def test_a_breach_halts_the_trading_of_a_running_system_and_its_effect_outlives_a_restart(run_directory: Any) -> None:
    async def scene(engine: LocalEngine) -> None:
        events = await all_events(engine)
        halts = [event for event in events if isinstance(event, StateEvent)]
        assert {(event.scope, event.state, event.principal) for event in halts} == {
            ("firm", TradingState.HALTED, "rule:cap")
        }
        risk: Any = engine.services["risk"]
        (breach,) = [one for one in risk.breaches.open.values() if one.rule == "cap"]
        assert breach.evidence.value > breach.evidence.threshold
        assert len([one for one in [*risk.breaches.open.values()] if one.rule == "tail"]) == 1
        assert risk.controls.limits_of("account:main")["maximum_order_notional"] == 125_000 * 10**8
        late = [fill for fill in fills_of(events) if fill.time > halts[0].time]
        known = {
            event.order.order_id for event in events if isinstance(event, OrderEvent) and event.time <= halts[0].time
        }
        assert all(fill.order_id in known for fill in late), "nothing new came through"

        before = (dict(risk.breaches.open), dict(risk.controls.states), risk.controls.limits)
        await engine.stop("risk")
        again: Any = await engine.start("risk")
        assert (dict(again.breaches.open), dict(again.controls.states), again.controls.limits) == before

    play(run_directory, scene, rules=RULES, minimum_window=10)


def test_live_exposures_of_a_run_are_what_a_full_count_says(run_directory: Any) -> None:
    async def scene(engine: LocalEngine) -> None:
        risk: Any = engine.services["risk"]
        book, prices = risk.live.book.account("main"), risk.marks.prices
        whole = exposures(risk.ledger.books("main"), prices, engine.instruments, "USD")
        assert book.own.values == whole and whole
        assert risk.watch.caught_up and risk.live.tails.of("main") is None, "nobody asked"
        limits = {"maximum_gross_exposure": 1, "maximum_position_quantity": 1, "maximum_position_notional": 1}
        assert book.limit_use(limits) == limit_use(limits, whole, [], prices, engine.instruments)

    play(run_directory, scene)
