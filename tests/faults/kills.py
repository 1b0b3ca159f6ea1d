"""Kills services at random moments under load, one run of a few kills after the other, and judges every run."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

from tests.faults.report import Advance, Report, silent
from tests.faults.world import World, judged

EACH = 20
"""Kills in one run: enough for a long history, few enough that its replay does not take most of the time."""
_DURING_RECOVERY = 0.25
_BOTH = 0.25


async def kill_again_and_again(
    victim: str, times: int, seed: int, advance: Advance = silent, each: int = EACH, accomplices: Sequence[str] = ()
) -> Report:
    """Kill a service with SIGKILL again and again while orders, cancels and market data keep coming.

    One kill of four comes before the service is back from the one before.

    Args:
        victim: ``oms-0`` or ``venue``.
        times: Number of kills in all.
        seed: Seed of everything random.
        advance: Called after each kill.
        each: Kills in one run.
        accomplices: Services that die with it, one time in four.
    """
    chance = random.Random(seed)
    report = Report(f"kill -9 of {victim}")
    while report.counts["kills"] < times and not report.violations:
        async with judged(report, chance.randrange(2**32)) as here:
            await here.start()
            for _ in range(min(each, times - report.counts["kills"])):
                await asyncio.sleep(chance.uniform(0.02, 0.6))
                victims = [victim, *(accomplices if chance.random() < _BOTH else ())]
                again = chance.uniform(0.2, 1.2) if chance.random() < _DURING_RECOVERY else None
                await _kill(here, report, victims, again)
                advance()
    return report


async def _kill(here: World, report: Report, victims: list[str], again: float | None) -> None:
    """Kill and start, once more after ``again`` seconds; then wait until the victim's work goes on."""
    began = time.monotonic()
    for kill in range(1 if again is None else 2):
        if kill and again is not None:
            await asyncio.sleep(again)
            report.counts["kills_during_recovery"] += 1
            began = time.monotonic()
        for name in victims:
            await here.services.kill(name)
        for name in victims:
            await here.services.start(name)
    report.counts["kills"] += 1
    report.seconds.append(await here.goes_on(began, reconnected="oms-0" in victims))
    report.counts["checked_right_after"] += await here.check_acknowledged()
