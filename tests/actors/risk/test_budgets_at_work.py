"""The firm's limits over several partitions: risk service and OMS on one loop, over their real sockets and journals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from actors.messages import OrderStatus, encode
from actors.risk.service import RiskService
from tests.actors.oms.fakes import until
from tests.actors.oms.support import INSTRUMENTS, configuration
from tests.actors.oms.world import World, connected, world
from tests.actors.portfolio.samples import money

BY = {"principal": "chief", "reason": "drill"}
GROSS = "maximum_gross_exposure"
TWO = configuration(
    accounts=[{"id": "main"}, {"id": "other"}],
    risk={"limits": {"maximum_order_notional": 1_000_000, "maximum_position_notional": 1_000_000}},
)


def run(scene: Callable[[World, RiskService], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(configuration=TWO) as here:
            risk = RiskService(
                "risk", here.directory, TWO, INSTRUMENTS, markets=("market-0",), oms=("oms-0",), patience=0.5
            )
            await risk.start()
            await until(lambda: not risk.delivery.pending())
            await scene(here, risk)
            await risk.stop()

    asyncio.run(play())


async def ask(here: World, method: str, **body: Any) -> Any:
    async with connected(here.directory, "risk") as client:
        return msgspec.msgpack.decode(await client.request(method, encode(body)))


def shares(here: World) -> dict[str, int]:
    """What each partition may use of the firm's gross exposure."""
    return {
        account: here.oms.hosted.of_account(account).partition.safeguards.budget.amount(GROSS)
        for account in ("main", "other")
    }


async def passes(here: World, prefix: str, **fields: Any) -> int:
    """Send an order under new ids until it passes; return how often it was refused for want of a share."""
    for attempt in range(200):
        order = await here.submit(f"{prefix}-{attempt}", **fields)
        if order.status is OrderStatus.PENDING_NEW:
            return attempt
        assert order.reason == "FIRM_EXPOSURE_LIMIT", order.text
        await asyncio.sleep(0.02)
    raise AssertionError("no share came")


def test_without_a_limit_of_the_firm_nothing_is_asked_or_granted() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        assert (await here.submit()).reason == ""
        assert risk.budgets.partitions() == [] and here.oms._budgets._client._task is None
        assert (await ask(here, "limits"))["budgets"] == {}

    run(scene)


def test_everyone_gets_something_and_whoever_asks_gets_more() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        answer = await ask(here, "set_limits", limits={GROSS: "10000"}, **BY)
        assert answer["pending"] == []
        await until(lambda: set(shares(here).values()) == {money(2_500)})
        assert (await here.submit("fits", quantity=15)).reason == ""
        refused = await here.submit("short", quantity=50)
        assert refused.reason == "FIRM_EXPOSURE_LIMIT" and "limit: 2500.00" in refused.text
        assert await passes(here, "more", quantity=50) < 100
        assert sum(shares(here).values()) <= money(10_000)
        view = await ask(here, "limits", account="main", symbol="AAA")
        assert view["budgets"][GROSS]["limit"] == money(10_000)
        assert view["use"][GROSS] == view["budget"]["use"][GROSS] == "6500.00"
        assert view["effective"]["price_collar"] == "0.10"

    run(scene)


def test_what_one_partition_has_to_spare_is_given_to_another() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        await ask(here, "set_limits", limits={GROSS: "10000"}, **BY)
        await until(lambda: set(shares(here).values()) == {money(2_500)})
        await passes(here, "a", quantity=50)
        assert shares(here)["main"] == money(7_500)
        await here.cancel((await here.ask("orders", account="main", open_only=True))[0][1])
        await passes(here, "b", account="other", quantity=80)
        assert shares(here)["main"] < money(7_500) and sum(shares(here).values()) <= money(10_000)
        assert (await here.submit("c", account="other", quantity=21)).reason == "FIRM_EXPOSURE_LIMIT"

    run(scene)


def test_a_lower_limit_shrinks_what_was_granted_and_a_dead_oms_keeps_its_share() -> None:
    async def scene(here: World, risk: RiskService) -> None:
        await ask(here, "set_limits", limits={GROSS: "10000"}, **BY)
        await until(lambda: set(shares(here).values()) == {money(2_500)})
        await here.kill()
        await ask(here, "set_limits", limits={GROSS: "2000"}, **BY)
        assert risk.budgets.total(GROSS) == money(5_000)
        await here.restart()
        await until(lambda: set(shares(here).values()) == {money(1_000)})
        await until(lambda: risk.budgets.total(GROSS) == money(2_000))
        assert (await here.submit("c", quantity=11)).reason == "FIRM_EXPOSURE_LIMIT"
        await risk.stop()
        again = RiskService("risk", here.directory, TWO, INSTRUMENTS, markets=("market-0",), oms=("oms-0",))
        await again.start()
        assert again.budgets.total(GROSS) == money(2_000) and again.budgets.partitions() == [0, 4]
        await ask(here, "set_limits", limits={GROSS: None}, **BY)
        assert (await here.submit("d", quantity=500)).reason == ""
        await again.stop()

    run(scene)
