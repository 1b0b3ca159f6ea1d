"""Clocks that step back by hours under load: ``python -m tests.faults.clock_back --times 40``.

The wall clock of the processes steps back and stays there; the time stamps of the market data step back, and later
forward again. Sometimes the OMS dies between the two, so that it comes up in the past of its own journal.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time

from actors.clock import HOUR
from actors.journal import read_journal
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.stepped_clock import SteppedClock
from tests.faults.world import World, judged

EACH = 10


async def step_clocks_back(times: int, seed: int, advance: Advance = silent, each: int = EACH) -> Report:
    """Step wall clock and data back again and again, in runs of a few steps, and judge every run."""
    chance = random.Random(seed)
    report = Report("clocks stepped back")
    while report.counts["steps"] < times and not report.violations:
        async with judged(report, chance.randrange(2**32), clock=True) as here:
            clock = SteppedClock(here.directory / "clock")
            await here.start()
            for _ in range(min(each, times - report.counts["steps"])):
                await _step(here, report, clock, chance)
                report.counts["steps"] += 1
                advance()
            report.counts["hours_of_the_wall_clock"] -= round(clock.offset / HOUR)
            _check_records(here, report)
    return report


async def _step(here: World, report: Report, clock: SteppedClock, chance: random.Random) -> None:
    hours = chance.randint(1, 12)
    clock.step(-hours * HOUR)
    await asyncio.sleep(chance.uniform(0.0, 0.3))
    here.market.step_time(-hours * HOUR)
    report.counts["hours_of_the_data"] += hours
    await asyncio.sleep(chance.uniform(0.05, 0.3))
    if chance.random() < 0.3:
        await here.services.kill("oms-0")
        await here.services.start("oms-0")
        report.seconds.append(await here.goes_on(time.monotonic(), reconnected=True))
        report.counts["kills_in_the_past"] += 1
    report.counts["checked_right_after"] += await here.check_acknowledged()
    here.market.step_time(hours * HOUR)
    await here.within(here.market.next_slice(), "the next slice of market data")


def _check_records(here: World, report: Report) -> None:
    """Require that the records of every OMS journal are in the order of their times."""
    for folder in sorted((here.directory / "journal").glob("oms-*")):
        journal = read_journal(here.configuration.journal, here.directory, folder.name)
        times = [record.time for record in journal.read()]
        backwards = sum(later < earlier for earlier, later in itertools.pairwise(times))
        report.require(not backwards, f"{backwards} records of {folder.name} are older than the record before")
        report.counts["records_in_order"] += len(times)


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=40)

    async def scene() -> Report:
        with progress("clocks stepped back", given.times) as advance:
            return await step_clocks_back(given.times, given.seed, advance)

    conclude(scene)


if __name__ == "__main__":
    main()
