"""A frozen OMS that wakes beside its replacement: ``python -m tests.faults.frozen_node --times 10``.

The process is stopped with SIGSTOP under load, a replacement starts on the same journals and trades for other clients,
and the old one is woken with SIGCONT while its own clients still wait for answers. Nothing that it does may count: its
appends are refused, the venue refuses its epoch, and its clients are told. Both media.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import pathlib
import random
import signal
import time
from collections.abc import Iterator

from actors.errors import AlphaMindError, Conflict, Unavailable
from actors.messages import OrderType, Side, SubmitOrder, TimeInForce, VenueOrder, encode
from actors.wire import WireClient
from tests.faults.load import Load
from tests.faults.report import Advance, Report, arguments, conclude, progress, silent
from tests.faults.services import PATIENCE, ask, connected
from tests.faults.world import ACCOUNTS, INSTRUMENTS, World, judged, until_open
from tests.servers import postgres

EACH = 5
_ENDS = {"was taken over": "ended_by_the_journal", "has a newer owner": "ended_by_the_venue"}


async def freeze_and_wake(medium: str, times: int, seed: int, advance: Advance = silent, each: int = EACH) -> Report:
    """Freeze the OMS, replace it, wake it, again and again, and judge every run.

    Args:
        medium: ``segments`` or ``postgres``.
        times: How often in all.
        seed: Seed of everything random.
        advance: Called after each time.
        each: How often in one run.
    """
    chance = random.Random(seed)
    report = Report("a frozen OMS wakes beside its replacement", notes={"medium": medium})
    with _database(medium) as dsn:
        while report.counts["freezes"] < times and not report.violations:
            async with judged(report, chance.randrange(2**32), dsn=dsn) as here:
                await here.start()
                for _ in range(min(each, times - report.counts["freezes"])):
                    await asyncio.sleep(chance.uniform(0.1, 0.4))
                    await _freeze_and_wake(here, report, chance)
                    report.counts["checked_right_after"] += await here.check_acknowledged()
                    advance()
    return report


@contextlib.contextmanager
def _database(medium: str) -> Iterator[str | None]:
    if medium == "segments":
        yield None
        return
    with postgres() as dsn:
        yield dsn


async def _freeze_and_wake(here: World, report: Report, chance: random.Random) -> None:
    epochs = {
        name: partition["epoch"]
        for name, partition in (await ask(here.directory, "oms-0", "status"))["status"]["partitions"].items()
    }
    async with connected(here.directory) as client:
        old = here.services.freeze("oms-0")
        report.counts["freezes"] += 1
        await here.services.start("oms-0")
        await until_open(here.directory)
        other = Load(
            here.directory,
            ACCOUNTS,
            INSTRUMENTS,
            chance.randrange(2**32),
            f"other-{report.counts['freezes']}",
            rate=150,
        )
        here.loads.append(other)
        first = other.next_acknowledgement()
        other.start()
        await here.within(first, "the replacement's first acknowledgement")
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        told = here.load.next_acknowledgement()
        woken = time.monotonic()
        probes = asyncio.gather(*(_ask_stale_copy(client, report, number) for number in range(10)))
        old.send_signal(signal.SIGCONT)
        report.seconds.append(await here.within(told, "a client of the old copy reaching the new one") - woken)
        await probes
    await _send_to_venue_with_stale_epochs(here, report, epochs)
    await other.stop()
    log = here.directory / "logs" / f"oms-0.{old.pid}.jsonl"
    await _end(report, log)
    old.kill()
    await old.wait()


async def _ask_stale_copy(client: WireClient, report: Report, number: int) -> None:
    """Send an order to the old copy, for which it is already too late; it must not be acknowledged."""
    order = SubmitOrder(
        client_order_id=f"stale-{report.counts['freezes']}-{number}",
        account=ACCOUNTS[number % len(ACCOUNTS)],
        instrument=0,
        side=Side.BUY,
        quantity=1,
        principal="stale",
    )
    try:
        async with asyncio.timeout(PATIENCE):
            await client.request("submit", encode(order))
    except Unavailable as error:
        report.counts[f"stale_orders_refused_with_{error.code.lower()}"] += 1
    except AlphaMindError as error:
        report.require(False, f"the old copy answered an order with {error}")
    else:
        report.require(False, f"the old copy acknowledged {order.client_order_id}")


async def _send_to_venue_with_stale_epochs(here: World, report: Report, epochs: dict[str, int]) -> None:
    """Do what an old copy would do that knows nothing: send an order under the epoch that it had."""
    async with connected(here.directory, "venue") as venue:
        for session, epoch in epochs.items():
            order = VenueOrder(
                order_id=f"{int(session[1:])}-999999",
                instrument=0,
                side=Side.BUY,
                type=OrderType.MARKET,
                quantity=1,
                limit_price=None,
                time_in_force=TimeInForce.DAY,
                time=0,
            )
            try:
                await venue.request("order", encode({"session": session, "epoch": epoch, "order": order}))
            except Conflict as error:
                report.require(error.code == "SESSION_FENCED", f"the venue refused a stale epoch with {error.code}")
                report.counts["stale_epochs_refused_by_the_venue"] += 1
            else:
                report.require(False, f"the venue took an order of {session} under epoch {epoch}")


async def _end(report: Report, log: pathlib.Path) -> None:
    """Wait until the old copy says why it ended, and count it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if entry["event"] == "the OMS ends":
                reason = next((name for words, name in _ENDS.items() if words in entry["problem"]), None)
                report.require(reason is not None, f"the old copy ended for another reason: {entry['problem']}")
                report.counts[reason or "ended_otherwise"] += 1
                return
        await asyncio.sleep(0.02)
    report.require(False, "the old copy did not end")


def main() -> None:
    """Run the command."""
    given = arguments(__doc__, times=10)

    async def scene(medium: str) -> Report:
        with progress(f"frozen and woken, {medium}", given.times) as advance:
            return await freeze_and_wake(medium, given.times, given.seed, advance)

    conclude(functools.partial(scene, "segments"), functools.partial(scene, "postgres"))


if __name__ == "__main__":
    main()
