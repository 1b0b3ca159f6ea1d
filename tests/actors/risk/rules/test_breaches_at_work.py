"""Rules in the running risk service: on record first, then in force, the same after a restart."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import pytest

from actors.clock import DAY, HOUR, SECOND
from actors.messages import TradingState
from actors.risk.rules.breach import BreachOpened
from actors.risk.service import OPENED, RiskService
from configs.schema import AccountSection, Configuration, RiskSection
from tests.actors.portfolio.fakes import FakeMarket, FakeOms, run, until
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event
from tests.actors.portfolio.test_service import ask, stopped

ACCOUNTS = (AccountSection(id="main"), AccountSection(id="second"))
AUTHOR = {"principal": "chief", "reason": "drill"}
TEN = 10 * DAY
"""Market time at which the tests begin."""


def configured(*rules: dict[str, Any], **section: Any) -> Configuration:
    section = {"stale_after": None, "silent_after": None, "stress": {"down": -0.1}, **section}
    return Configuration(accounts=ACCOUNTS, risk=RiskSection.model_validate({**section, "rules": rules}))


def rule(measure: str, threshold: float, action: str = "alarm", **more: Any) -> dict[str, Any]:
    return {"name": "watch", "measure": measure, "threshold": str(threshold), "action": action, **more}


class World:
    """A market, an OMS and the risk service with one configuration."""

    def __init__(self, directory: pathlib.Path, configuration: Configuration) -> None:
        self.directory = directory
        self.configuration = configuration
        self.market = FakeMarket("market-0", directory)
        self.oms = FakeOms("oms-0", directory)
        self.service = self._risk()

    def _risk(self) -> RiskService:
        return RiskService(
            "risk", self.directory, self.configuration, INSTRUMENTS, markets=("market-0",), oms=("oms-0",)
        )

    async def start(self) -> World:
        for one in (self.market, self.oms, self.service):
            await one.start()
        await until(lambda: not self.service.delivery.pending())
        return self

    async def restart(self) -> None:
        await self.service.stop()
        self.service = self._risk()
        await self.service.start()
        await until(lambda: not self.service.delivery.pending())

    def add(self, make: Any, *arguments: Any, **fields: Any) -> None:
        self.oms.emit(make(len(self.oms.events[0]) + 1, *arguments, **fields))

    def trade(self, quantity: int, price: int, **fields: Any) -> None:
        account = fields.get("account", "main")
        self.add(order_event, fill(quantity, price, **fields), account=account, instrument=fields.get("instrument", 0))

    async def step(self, time: int, prices: dict[int, int]) -> None:
        await self.market.step(TEN + time, prices, "risk")

    async def breaches(self, open_only: bool = False, account: str | None = None) -> list[dict[str, Any]]:
        answer = await ask(self.directory, "breaches", "risk", account=account, open_only=open_only)
        return answer["breaches"]

    def sent(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body in self.oms.calls if name == method and body["principal"].startswith("rule:")]

    async def stop(self) -> None:
        await stopped(self.service, self.market, self.oms)


def play(tmp_path: pathlib.Path, configuration: Configuration, scene: Any) -> None:
    async def inner(directory: pathlib.Path) -> None:
        world = await World(directory, configuration).start()
        await scene(world)
        await world.stop()

    run(tmp_path, inner)


def test_a_fill_over_the_level_halts_trading_with_its_evidence_on_record(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        await world.step(1, {0: 1000})
        world.trade(60, 1000)
        await world.service.oms.sync()
        assert await world.breaches() == []
        world.trade(50, 1000)
        await until(lambda: world.sent("set_state"))
        (sent,) = world.sent("set_state")
        assert (sent["scope"], sent["state"], sent["principal"]) == ("firm", "halted", "rule:watch")
        assert sent["reason"] == "gross_exposure 1100.00 over 1000.00"
        (breach,) = await world.breaches()
        evidence = breach["evidence"]
        assert (breach["number"], breach["rule"], breach["scope"], breach["open"]) == (1, "watch", "firm", True)
        assert (breach["action"], breach["state"], breach["note"]) == ("halt", "halted", "")
        assert (evidence["measure"], evidence["value"], evidence["threshold"]) == (
            "gross_exposure",
            "1100.00",
            "1000.00",
        )
        assert (evidence["as_of"], evidence["market_sequence"]) == (TEN + 1, 1)
        assert evidence["oms_sequences"] == {"0": len(world.oms.events[0]) - 1}, "all but the halt itself"
        assert evidence["positions"] == [{"symbol": "AAA", "exposure": "1100.00"}] and evidence["missing_share"] == 0.0
        assert (await ask(world.directory, "metrics", "risk", account=None))["breaches"] == [breach]
        assert (await ask(world.directory, "metrics", "risk", account="main"))["breaches"] == []

        world.trade(-60, 1000)
        await world.service.oms.sync()
        (closed,) = await world.breaches()
        assert not closed["open"] and closed["closed_at"] == TEN + 1
        assert closed["closing_evidence"]["value"] == "500.00" and await world.breaches(open_only=True) == []
        states = (await ask(world.directory, "limits", "risk"))["trading_states"]
        assert states == {"firm": "halted"}, "that a person lifts"

    play(tmp_path, configured(rule("gross_exposure", 1000, "halt")), scene)


def test_between_the_levels_a_breach_stays_open(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        world.trade(100, 1000)
        for number, (price, expected) in enumerate([(1000, 0), (1101, 1), (1050, 1), (1101, 1), (1000, 0), (1200, 1)]):
            await world.step(1 + number, {0: price})
            assert len(await world.breaches(open_only=True)) == expected, price
        assert [one["number"] for one in await world.breaches()] == [2, 1]

    play(tmp_path, configured(rule("net_exposure", 1100, clear="1000")), scene)


def test_each_account_has_breaches_of_its_own(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        for account in ("main", "second"):
            world.add(cash_event, money(1_000), account=account)
            world.trade(100 if account == "main" else -300, 1000, account=account)
        await world.step(1, {0: 1000})
        (breach,) = await world.breaches()
        assert (breach["scope"], breach["evidence"]["value"]) == ("account:second", "3.00")
        assert await world.breaches(account="main") == [] and await world.breaches(account="second") == [breach]
        await until(lambda: world.sent("set_state"))
        assert world.sent("set_state")[0]["scope"] == "account:second"

    play(tmp_path, configured(rule("leverage", 2, "reduce_only", scope="accounts")), scene)


def test_tightening_takes_a_share_of_what_a_person_set_and_never_loosens(tmp_path: pathlib.Path) -> None:
    configuration = configured(
        rule("gross_exposure", 1000, "tighten", tighten={"limit": "maximum_order_notional", "factor": "0.5"})
    )

    async def scene(world: World) -> None:
        def notional() -> int:
            return world.service.controls.limits_of("firm")["maximum_order_notional"]

        async def breach() -> None:
            await world.step(world.market.slices[-1].time - TEN + 1 if world.market.slices else 1, {0: 1200})
            await world.step(world.market.slices[-1].time - TEN + 1, {0: 900})

        world.add(cash_event, money(10_000))
        world.trade(100, 1000)
        await breach()
        assert notional() == money(125_000)
        await until(lambda: world.sent("set_limits"))
        assert world.sent("set_limits")[0]["limits"]["maximum_order_notional"] == money(125_000)
        await breach()
        assert notional() == money(125_000), "not a share of a share"
        assert (await world.breaches())[0]["note"] == "maximum_order_notional is 125000.00 already"
        await ask(world.directory, "set_limits", "risk", limits={"maximum_order_notional": "200"}, **AUTHOR)
        await breach()
        assert notional() == money(100)
        await world.restart()
        await ask(world.directory, "set_limits", "risk", limits={"maximum_order_notional": "80"}, **AUTHOR)
        await breach()
        assert notional() == money(40)
        assert world.service.controls.limits_of("firm")["maximum_position_notional"] == money(500_000)

    play(tmp_path, configuration, scene)


def test_what_a_person_halted_stays_halted_and_what_a_person_lifted_is_not_halted_again(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        await ask(world.directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        world.add(cash_event, money(10_000))
        world.trade(200, 1000)
        await world.step(1, {0: 1000})
        (breach,) = await world.breaches()
        assert breach["note"] == "firm is halted already" and world.sent("set_state") == []
        await ask(world.directory, "set_state", "risk", scope="firm", state="active", **AUTHOR)
        for number in range(2, 5):
            await world.step(number, {0: 1000 + number})
        assert world.service.controls.states["firm"].state is TradingState.ACTIVE
        assert len(await world.breaches()) == 1

    play(tmp_path, configured(rule("gross_exposure", 1000, "reduce_only")), scene)


def test_a_restart_finds_the_breaches_open_and_fires_none_again(tmp_path: pathlib.Path) -> None:
    configuration = configured(
        rule("gross_exposure", 1000, "reduce_only"),
        {**rule("drawdown", 0.1), "name": "drawdown"},
        {**rule("day_loss", 100), "name": "day"},
    )

    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        world.trade(1000, 1000)
        for number, price in enumerate([1000, 1100, 900, 850, 1000]):
            await world.step(HOUR * (number + 1), {0: price})
        before = await world.breaches()
        assert [one["rule"] for one in before] == ["day", "drawdown", "watch"]
        assert before[0]["evidence"]["value"] == "1000.00" and before[1]["evidence"]["value"].startswith("0.181818")
        assert [one["open"] for one in before] == [False, False, True]
        await until(lambda: world.sent("set_state"))
        calls = len(world.oms.calls)
        await world.restart()
        assert await world.breaches() == before
        await world.step(HOUR * 6, {0: 1000})
        assert await world.breaches() == before and len(world.oms.calls) == calls
        await world.step(HOUR * 7, {0: 940})
        assert [one["open"] for one in await world.breaches()][:2] == [
            True,
            True,
        ], "the peak and the day's begin are known"

    play(tmp_path, configuration, scene)


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_the_record_and_its_effect_a_restart_makes_the_effect(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        await world.step(1, {0: 1000})

        def killed(_: object) -> None:
            raise Killed

        adopt, world.service._adopt_breach = world.service._adopt_breach, killed  # type: ignore[method-assign]
        with pytest.raises(Killed):
            event = order_event(len(world.oms.events[0]) + 1, fill(200, 1000))
            world.oms.events[0].append(event)
            world.service._take_event(event)
        assert adopt is not None and world.service.controls.states == {} and world.sent("set_state") == []
        await world.restart()
        assert world.service.controls.states["firm"].state is TradingState.HALTED
        (sent,) = world.sent("set_state")
        assert (sent["state"], sent["principal"]) == ("halted", "rule:watch")
        await world.step(2, {0: 1000})
        assert [one["number"] for one in await world.breaches()] == [1]
        opened = [record for record in world.service._journal.read() if record.kind == OPENED]
        assert len(opened) == 1

    play(tmp_path, configured(rule("gross_exposure", 1000, "halt")), scene)


def test_slices_that_come_again_after_a_restart_are_not_judged_with_books_that_are_ahead(
    tmp_path: pathlib.Path,
) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        await world.step(SECOND, {0: 5000})
        await world.step(2 * SECOND, {0: 1000})
        traded = fill(50, 1000)
        event = order_event(len(world.oms.events[0]) + 1, traded)
        world.oms.emit(
            type(event)(partition=0, sequence=event.sequence, time=TEN + 2 * SECOND, order=event.order, fill=traded)
        )
        await world.step(3 * SECOND, {0: 1000})
        await world.restart()
        await world.step(4 * SECOND, {0: 1000})
        assert await world.breaches() == [], "fifty at 50.00 were never held"

    play(tmp_path, configured(rule("gross_exposure", 1000)), scene)


def test_value_at_risk_and_stress_are_measured_when_due_and_feed_the_rules(tmp_path: pathlib.Path) -> None:
    configuration = configured(
        rule("stress_loss", 150, scenario="down"),
        {**rule("expected_shortfall", 5, confidence=0.95), "name": "shortfall"},
        refresh_seconds=60,
        large_move=0.2,
        window=40,
        minimum_window=10,
    )

    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        world.trade(100, 1000)
        for day in range(14):
            await world.step(day * DAY, {0: 1000 + day % 2})
        measured = world.service.live.tails.measurements
        start = 14 * DAY
        await world.step(start, {0: 1000})
        await world.step(start + 30 * SECOND, {0: 1010})
        answer = await ask(world.directory, "metrics", "risk", account="main")
        assert (answer["measured_at"], answer["measured_seconds_ago"]) == (TEN + start, 30.0)
        assert world.service.live.tails.measurements == measured + 2, "the account and the firm"
        await world.step(start + 61 * SECOND, {0: 1010})
        await world.step(start + 122 * SECOND, {1: 1010})
        assert world.service.live.tails.measurements == measured + 4, "not where nothing moved"
        assert await world.breaches() == []
        await world.step(start + 123 * SECOND, {0: 1600})
        assert world.service.live.tails.measurements == measured + 6, "at once after a large move"
        (breach,) = await world.breaches()
        assert (breach["rule"], breach["evidence"]["value"]) == ("watch", "160.00")
        assert breach["evidence"]["measured_at"] == TEN + start + 123 * SECOND
        assert breach["evidence"]["measure"] == "stress_loss down"
        await world.step(start + DAY, {0: 1000})
        await world.step(start + 2 * DAY, {0: 1000})
        shortfall = [one for one in await world.breaches() if one["rule"] == "shortfall"]
        assert shortfall and float(shortfall[0]["evidence"]["value"]) > 100

    play(tmp_path, configuration, scene)


def test_an_old_price_is_an_alarm_by_the_hours_of_its_market(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        world.add(cash_event, money(10_000))
        for instrument in (0, 2):
            world.trade(10, 1000, instrument=instrument)
        await until(lambda: world.service.live.feed.silence(0) is not None)
        monday = 8 * DAY + 14 * HOUR  # 1970-01-19 is a Monday of the exchange, open from 14:30
        await world.step(monday, {0: 1000, 2: 5})
        await world.step(monday + HOUR, {2: 5})
        assert await world.breaches() == [], "half an hour of trading"
        await world.step(monday + 2 * HOUR, {2: 5})
        (breach,) = await world.breaches()
        assert (breach["rule"], breach["evidence"]["value"]) == ("stale-price", "5400.00")
        assert [one["symbol"] for one in breach["evidence"]["positions"]] == ["AAA"]
        await world.step(monday + 3 * HOUR, {0: 1000})
        assert await world.breaches(open_only=True) == []

    play(tmp_path, configured(stale_after=3600), scene)


def test_a_silent_feed_is_an_alarm_until_it_speaks_again(tmp_path: pathlib.Path) -> None:
    async def scene(world: World) -> None:
        await until(lambda: world.service.live.feed.silence(0) is not None)
        await world.step(1, {0: 1000})
        heard = world.service.live.feed._heard
        world.service.watch.listen(heard + 300 * SECOND)
        assert await world.breaches() == []
        world.service.watch.listen(heard + 301 * SECOND)
        world.service.watch.listen(heard + 400 * SECOND)
        (breach,) = await world.breaches()
        assert (breach["rule"], breach["open"], breach["evidence"]["value"]) == ("dead-feed", True, "301.00")
        await world.step(2, {0: 1000})
        assert await world.breaches(open_only=True) == []

    play(tmp_path, configured(silent_after=300), scene)


def test_a_record_of_a_breach_is_read_as_it_was_written() -> None:
    from actors.messages import decoder, encode
    from actors.risk.rules.breach import Contribution, Evidence

    evidence = Evidence("leverage", "fraction", 3, 2, 1, 1, 7, {0: 5}, [Contribution("AAA", -1)], 0.25)
    opened = BreachOpened(1, "watch", "firm", "alarm", evidence)
    assert decoder(BreachOpened)(encode(opened)) == opened
    older = msgspec.msgpack.encode(list(msgspec.structs.astuple(opened))[:8])
    assert decoder(BreachOpened)(older) == opened
