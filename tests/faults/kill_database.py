"""``kill -9`` of the journals' PostgreSQL under load: ``python -m tests.faults.kill_database --times 20``."""

from __future__ import annotations

import asyncio
import random
import time

from tests.faults.relay import Relay
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.supervisor import Supervisor
from tests.faults.world import judged
from tests.servers import Postgres, private_postgres

EACH = 10


async def kill_database(times: int, seed: int, advance: Advance = silent, each: int = EACH) -> Report:
    """Kill the database at random moments, start it again after up to a second, and judge every run.

    All of its processes die at once, or the first one alone. The journals' durability is ``replicated``: an answer
    means that the database has the record in its log. A service that ends by itself is started again, and counted.
    """
    chance = random.Random(seed)
    report = Report("kill -9 of the journals' PostgreSQL", notes={"medium": "postgres"})
    while report.counts["kills"] < times and not report.violations:
        with private_postgres() as server:
            async with judged(report, chance.randrange(2**32), dsn=server.dsn) as here:
                await here.start()
                async with Supervisor(here.services, report):
                    for _ in range(min(each, times - report.counts["kills"])):
                        await asyncio.sleep(chance.uniform(0.1, 0.8))
                        began = time.monotonic()
                        whole, seconds = chance.random() < 0.5, chance.uniform(0.0, 1.0)
                        await asyncio.to_thread(_kill_and_start, server, whole, seconds)
                        report.counts["kills"] += 1
                        report.seconds.append(await here.goes_on(began))
                        report.counts["checked_right_after"] += await here.check_acknowledged()
                        advance()
    return report


async def lose_answers(times: int, seed: int, advance: Advance = silent) -> Report:
    """Break the connection to the database when it has put a record in its log and before the owner hears of it.

    The owner knows only that the append may have been written; it has to find out and to go on by itself.
    """
    chance = random.Random(seed)
    report = Report("answers of the journals' PostgreSQL lost", notes={"medium": "postgres"})
    with private_postgres() as server:
        async with Relay(server.port) as relay:
            async with judged(report, chance.randrange(2**32), dsn=server.dsn_at(relay.port)) as here:
                await here.start()
                async with Supervisor(here.services, report):
                    for _ in range(times):
                        await asyncio.sleep(chance.uniform(0.1, 0.4))
                        began, before = time.monotonic(), relay.cuts
                        relay.lose_next_answer()
                        while relay.cuts == before:
                            await asyncio.sleep(0.005)
                        report.counts["answers_lost"] += 1
                        report.seconds.append(await here.goes_on(began))
                        report.counts["checked_right_after"] += await here.check_acknowledged()
                        advance()
    return report


def _kill_and_start(server: Postgres, whole: bool, seconds: float) -> None:
    server.kill(whole)
    time.sleep(seconds)
    server.start()


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=20)

    async def scene() -> Report:
        with progress("kill -9 of the database", given.times) as advance:
            return await kill_database(given.times, given.seed, advance)

    async def second_scene() -> Report:
        with progress("answers of the database lost", given.times) as advance:
            return await lose_answers(given.times, given.seed, advance)

    conclude(scene, second_scene)


if __name__ == "__main__":
    main()
