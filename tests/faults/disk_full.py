"""The disk of the journals full under load, again and again: ``python -m tests.faults.disk_full --times 10``."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import Sequence

from actors.oms.routing import partition_of
from tests.faults.full_disk import Disk, FileSizeLimit, small_disk
from tests.faults.replay import journal_name
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.supervisor import Supervisor
from tests.faults.world import ACCOUNTS, World, judged

_REFUSALS = 20


async def fill_disk(victim: str, times: int, seed: int, advance: Advance = silent, mounting: bool = True) -> Report:
    """Fill the disk of a service's journals under load, let orders be refused for a while, and give the space back.

    Args:
        victim: ``oms-0``, which goes on by itself, or ``venue``, which ends and is started again.
        times: How often.
        seed: Seed of everything random.
        advance: Called after each time.
        mounting: Whether a small file system is mounted where this user may; else files may not grow.
    """
    chance = random.Random(seed)
    report = Report(f"disk full for {victim}")
    async with judged(report, chance.randrange(2**32)) as here:
        disk = _disk(here, victim, mounting)
        report.notes["means"] = type(disk).__name__
        await here.start()
        async with Supervisor(here.services, report) as supervisor:
            for _ in range(times):
                await asyncio.sleep(chance.uniform(0.1, 0.5))
                disk.fill()
                await _feel_it(here, victim, supervisor)
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                disk.empty()
                report.counts["times_full"] += 1
                report.seconds.append(await here.goes_on(time.monotonic()))
                report.counts["checked_right_after"] += await here.check_acknowledged()
                advance()
    if victim == "oms-0":
        report.require(report.counts["refused_with_journal_unavailable"] >= times, "no order was refused")
        report.require(not report.counts["restarts_of_oms-0"], "the OMS ended")
    return report


async def _feel_it(here: World, victim: str, supervisor: Supervisor) -> None:
    """Wait until the full disk has been met: orders are refused, or the venue has ended."""

    def met() -> int:
        refused = here.load.counts["refused with JOURNAL_UNAVAILABLE"]
        return refused // _REFUSALS if victim == "oms-0" else supervisor.restarts[victim]

    before = met()
    async with asyncio.timeout(30):
        while met() <= before:
            await asyncio.sleep(0.01)


def _disk(here: World, victim: str, mounting: bool) -> Disk:
    partitions = {partition_of(account, here.configuration.oms.partitions) for account in ACCOUNTS}
    journals = ["venue"] if victim == "venue" else [journal_name(index) for index in sorted(partitions)]
    if mounting:
        with contextlib.suppress(OSError):
            return here.at_end.enter_context(small_disk(here.directory, journals))
    return FileSizeLimit(functools.partial(_pids, here, victim))


def _pids(here: World, victim: str) -> Sequence[int]:
    return [here.services.pid(victim)]


def main() -> None:
    """Run the command."""
    given = arguments(
        __doc__, times=10, no_mount={"action": "store_true", "help": "limit the size of files instead of mounting"}
    )

    async def scene(victim: str) -> Report:
        with progress(f"disk full for {victim}", given.times) as advance:
            return await fill_disk(victim, given.times, given.seed, advance, not given.no_mount)

    conclude(functools.partial(scene, "oms-0"), functools.partial(scene, "venue"))


if __name__ == "__main__":
    main()
