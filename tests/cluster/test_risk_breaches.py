"""``alphamind risk breaches`` asks the running risk service."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pathlib

import orjson
from typer.testing import CliRunner, Result

from cluster.cli import app
from tests.actors.portfolio.fakes import run
from tests.actors.portfolio.samples import cash_event, money
from tests.actors.risk.rules.test_breaches_at_work import World, configured, rule


async def alphamind(*arguments: str) -> Result:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return await asyncio.wrap_future(pool.submit(CliRunner().invoke, app, [*arguments]))


def test_breaches_are_shown_with_what_was_measured_and_what_it_set(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        world = await World(directory, configured(rule("gross_exposure", 1000, "halt"))).start()
        command = ("risk", "breaches", "--run", str(directory))
        assert "no rule of risk is broken" in (await alphamind(*command)).output
        world.add(cash_event, money(10_000))
        world.trade(200, 1000)
        await world.step(1, {0: 1000})
        shown = await alphamind(*command)
        assert shown.exit_code == 0
        assert shown.output.splitlines()[-2:] == [
            "1 watch (firm) since 1970-01-11 00:00:00: halted",
            "  gross_exposure 2000.00 over 1000.00; AAA 2000.00",
        ]
        (row,) = orjson.loads((await alphamind(*command, "--json", "--all")).stdout)["breaches"]
        assert (row["rule"], row["open"], row["state"]) == ("watch", True, "halted")
        nobody = await alphamind(*command, "--account", "nobody")
        assert nobody.exit_code != 0 and getattr(nobody.exception, "code", "") == "RESOURCE_NOT_FOUND"
        await world.stop()

    run(tmp_path, play)
