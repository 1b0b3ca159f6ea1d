from __future__ import annotations

import asyncio
import decimal
import pathlib
from typing import Any

import numpy as np
import pytest

from actors.clock import DAY, MINUTE
from actors.decimals import parse_money
from actors.entries import ExchangeRate
from actors.errors import AlphaMindError, Conflict, InputError, NotFound, Unavailable
from actors.messages import BookingEvent, OrderStatus
from actors.risk.service import RiskService
from configs.limits import LimitsSection
from configs.schema import AccountSection, Configuration, RiskSection
from tests.actors.portfolio.fakes import FakeMarket, FakeOms, run, until
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event
from tests.actors.portfolio.test_service import ask, stopped

SECTION = RiskSection(window=40, minimum_window=30, stress={"down": -0.1})
CONFIGURATION = Configuration(accounts=(AccountSection(id="main"), AccountSection(id="second")), risk=SECTION)
AUTHOR = {"principal": "chief", "reason": "drill"}


def risk(directory: pathlib.Path, oms: tuple[str, ...] = ("oms-0",), **arguments: Any) -> RiskService:
    configuration = arguments.pop("configuration", CONFIGURATION)
    return RiskService("risk", directory, configuration, INSTRUMENTS, markets=("market-0",), oms=oms, **arguments)


async def started(directory: pathlib.Path) -> tuple[FakeMarket, FakeOms, RiskService]:
    market, oms, service = FakeMarket("market-0", directory), FakeOms("oms-0", directory), risk(directory)
    for one in (market, oms, service):
        await one.start()
    await until(lambda: not service.delivery.pending())
    return market, oms, service


def add(oms: FakeOms, make: Any, *arguments: Any, **fields: Any) -> None:
    """Emit the next event of partition 0."""
    oms.emit(make(len(oms.events[0]) + 1, *arguments, **fields))


async def hold(oms: FakeOms) -> None:
    add(oms, cash_event, money(10_000))
    add(oms, order_event, fill(100, 1000))
    add(oms, order_event, fill(-20, 2000, instrument=1))


def test_the_configured_limits_reach_every_oms_shard_once(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        ((method, body),) = oms.calls
        assert method == "set_limits" and body["principal"] == "configuration"
        assert body["limits"]["maximum_order_notional"] == money(250_000)
        await oms.stop()
        await service.stop()

        again = risk(directory)
        await oms.start()
        await again.start()
        await until(lambda: not again.delivery.pending())
        assert len(oms.calls) == 1
        await stopped(again, market, oms)

    run(tmp_path, play)


def test_measures_are_those_of_the_book_at_the_last_prices(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await hold(oms)
        random = np.random.default_rng(1)
        closes = np.round(1000 + np.cumsum(random.normal(0, 10, (35, 2)), axis=0)).astype(int) + [0, 1000]
        for day, (first, second) in enumerate(closes.tolist(), 1):
            await market.step(day * DAY, {0: first, 1: second}, "risk")
        answer = await ask(directory, "metrics", "risk", account="main")

        returns = closes[1:] / closes[:-1] - 1
        exposures = np.array([100 * closes[-1, 0], -20 * closes[-1, 1]]) / 100
        losses = sorted((-(returns @ exposures)).tolist())
        low, high = answer["measures"]
        assert (low["confidence"], low["value_at_risk"]) == (0.95, f"{losses[32]:.2f}")
        assert float(high["expected_shortfall"]) == pytest.approx(losses[-1], abs=0.01)
        assert float(low["value_at_risk_of_equity"]) == pytest.approx(losses[32] / float(answer["equity"]), abs=1e-6)
        assert (answer["observations"], answer["window"], answer["share_covered"]) == (34, 40, 1.0)
        assert answer["horizon"] == {"periods": 1, "usual_seconds": 86_400.0}
        assert answer["method"] == "historical simulation" and answer["reason"] is None and answer["not_covered"] == []

        assert float(answer["net_exposure"]) == pytest.approx(exposures.sum())
        assert float(answer["gross_exposure"]) == pytest.approx(abs(exposures).sum())
        assert [row["symbol"] for row in answer["exposures"]] == ["AAA", "BBB"]
        (stressed,) = answer["stress"]
        assert float(stressed["profit"]) == pytest.approx(-0.1 * exposures.sum())
        assert answer["limits"]["allow_short"] == {"limit": False, "value": 1, "fraction": None, "symbol": "BBB"}
        assert answer["limits"]["maximum_position_notional"]["symbol"] == "AAA"
        assert answer["trading_states"] == {"firm": "active"} and answer["stale"] == []
        assert (answer["as_of"], answer["market_sequence"]) == (35 * DAY, 35)
        assert answer["oms_sequences"] == {"0": 4}
        assert await ask(directory, "metrics", "risk", account="main") == answer
        status = service.report()["status"]
        assert status["periods"] == 35 and status["pending"] == []
        assert status["accounts"][0]["measures"] == answer["measures"]

        add(oms, cash_event, money(500), account="second")
        await service.oms.sync()
        firm = await ask(directory, "metrics", "risk", account=None)
        assert firm["accounts"] == ["main", "second"]
        assert float(firm["equity"]) == pytest.approx(float(answer["equity"]) + 500)
        assert firm["measures"][0]["value_at_risk"] == low["value_at_risk"]
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_without_enough_returns_the_measures_are_empty_and_say_why(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await hold(oms)
        await market.step(DAY, {0: 1000, 1: 2000}, "risk")
        answer = await ask(directory, "metrics", "risk", account="main")
        assert {row["value_at_risk"] for row in answer["measures"]} == {None}
        assert "30 returns" in answer["reason"]
        assert answer["not_covered"] == ["AAA", "BBB"]
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_price_that_stands_while_others_move_is_flagged(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await hold(oms)
        await market.step(DAY, {0: 1000, 1: 2000}, "risk")
        for day in range(2, 6):
            await market.step(day * DAY, {0: 1000}, "risk")
        answer = await ask(directory, "metrics", "risk", account="main")
        assert answer["stale"] == ["BBB"]
        assert [row["stale"] for row in answer["exposures"]] == [False, True]
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_open_orders_count_against_the_order_limits_until_they_close(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        add(oms, order_event, order_id="one")
        await market.step(DAY, {0: 1000}, "risk")
        answer = await ask(directory, "metrics", "risk", account="main")
        assert answer["limits"]["maximum_order_notional"]["value"] == "1000.00"
        add(oms, order_event, order_id="one", status=OrderStatus.CANCELED)
        await market.step(DAY + 1, {0: 1000}, "risk")
        answer = await ask(directory, "metrics", "risk", account="main")
        assert answer["limits"]["maximum_order_notional"]["value"] == "0.00"
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_accounts_in_several_currencies_are_not_added_up(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        add(oms, cash_event, money(5), account="euro", currency="EUR")
        add(oms, cash_event, money(5), currency="EUR")
        await service.oms.sync()
        with pytest.raises(InputError, match="several currencies"):
            await ask(directory, "metrics", "risk", account=None)
        answer = await ask(directory, "metrics", "risk", account="main")
        assert answer["other_currencies"] == ["EUR"]
        assert answer["translated"]["untranslated"] == {"EUR": "5.00"}
        rate = ExchangeRate(currency="EUR", rate=money(1.1))
        sequence = len(oms.events[0]) + 1
        oms.emit(BookingEvent(partition=0, sequence=sequence, time=1, account="main", entry=rate, reason="r", key="k"))
        await service.oms.sync()
        translated = (await ask(directory, "metrics", "risk", account="main"))["translated"]
        assert (translated["untranslated"], translated["gross_exposure"]) == ({}, "0.00")
        assert float(translated["equity"]) == float(answer["translated"]["equity"]) + 5.5
        with pytest.raises(NotFound):
            await ask(directory, "metrics", "risk", account="nobody")
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_change_of_limits_is_sent_answered_and_outlives_a_restart(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        changes = {"maximum_order_notional": "1000", "allow_short": "true"}
        answer = await ask(directory, "set_limits", "risk", limits=changes, **AUTHOR)
        assert (answer["version"], answer["accepted_by"], answer["pending"]) == (2, ["oms-0"], [])
        assert answer["limits"]["maximum_order_notional"] == "1000.00"
        assert oms.calls[-1][1] == {
            **AUTHOR,
            "limits": service.controls.limits_of("firm"),
            "scope": "firm",
            "whole": True,
        }
        assert oms.calls[-1][1]["limits"]["allow_short"] == 1
        await service.stop()
        again = risk(directory)
        await again.start()
        await until(lambda: not again.delivery.pending())
        limits = await ask(directory, "limits", "risk")
        assert (limits["version"], limits["principal"], limits["reason"]) == (2, "chief", "drill")
        assert limits["limits"] == answer["limits"] and limits["pending"] == []
        assert len(oms.calls) == 2
        await stopped(again, market, oms)

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("set_limits", {"limits": {"price_collar": "2"}, **AUTHOR}),
        ("set_limits", {"limits": {"price_collar": "0.2"}, "principal": "chief", "reason": " "}),
        ("set_limits", {"limits": {"price_collar": 0.2}, **AUTHOR}),
        ("set_state", {"scope": "desk", "state": "halted", **AUTHOR}),
        ("set_state", {"scope": "strategy:mean reversion", "state": "halted", **AUTHOR}),
        ("set_state", {"scope": "firm", "state": "paused", **AUTHOR}),
        ("set_state", {"scope": "firm", "state": "halted", "principal": "", "reason": "x"}),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(tmp_path: pathlib.Path, method: str, body: dict) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        with pytest.raises(InputError):
            await ask(directory, method, "risk", **body)
        assert service.controls.version == 1 and service.controls.states == {} and len(oms.calls) == 1
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_trading_is_halted_everywhere_and_stays_so_over_restarts(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        answer = await ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        assert (answer["scope"], answer["state"], answer["accepted_by"]) == ("firm", "halted", ["oms-0"])
        assert oms.calls[-1] == ("set_state", {"scope": "firm", "state": "halted", **AUTHOR})
        await ask(directory, "set_state", "risk", scope="account:main", state="reduce_only", **AUTHOR)
        with pytest.raises(NotFound):
            await ask(directory, "set_state", "risk", scope="account:nobody", state="halted", **AUTHOR)
        await service.stop()
        await oms.stop()

        again, fresh = risk(directory), FakeOms("oms-0", directory)
        await fresh.start()
        await again.start()
        await until(lambda: not again.delivery.pending())
        assert [method for method, _ in fresh.calls] == ["set_state", "set_state", "set_limits"]
        states = (await ask(directory, "limits", "risk"))["trading_states"]
        assert states == {"firm": "halted", "account:main": "reduce_only"}
        await stopped(again, market, fresh)

    run(tmp_path, play)


def test_a_shard_that_is_away_is_named_and_gets_the_change_when_it_is_back(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        oms = FakeOms("oms-0", directory)
        service = risk(directory, ("oms-0", "oms-1"), patience=0.05)
        await oms.start()
        await service.start()
        answer = await ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        assert (answer["accepted_by"], answer["pending"]) == (["oms-0"], ["oms-1"])
        late = FakeOms("oms-1", directory, partitions=(1, 3))
        await late.start()
        await until(lambda: not service.delivery.pending())
        assert [method for method, _ in late.calls] == ["set_state", "set_limits"]
        await stopped(service, oms, late)

    run(tmp_path, play)


@pytest.mark.parametrize(("refusal", "error"), [(Conflict("not here"), Conflict), (ValueError("bug"), AlphaMindError)])
def test_a_shard_that_refuses_is_reported(tmp_path: pathlib.Path, refusal: Exception, error: type) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.refusal = refusal
        with pytest.raises(error):
            await ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        assert service.delivery.pending() == ["oms-0"]
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_change_that_could_not_be_sent_is_sent_after_the_next_subscription(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.refusal = Unavailable("starting")
        answer = await ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        assert answer["pending"] == ["oms-0"]
        oms.refusal = None
        for connection in list(oms.server.connections):
            connection.close()
        await until(lambda: not service.delivery.pending())
        assert oms.calls[-1][0] == "set_state"
        await stopped(service, market, oms)

    run(tmp_path, play)


INTRADAY = np.random.default_rng(2).integers(900, 1100, (60, 3)).tolist()


def bars(number: int) -> tuple[int, dict[int, int]]:
    """Return time and prices of one of 60 slices, seven minutes apart; some instruments do not trade in some."""
    return DAY + number * 7 * MINUTE, {one: price for one, price in enumerate(INTRADAY[number]) if price % 3}


@pytest.mark.parametrize("split", [1, 17, 31, 44])
def test_a_restart_in_the_middle_changes_no_return(tmp_path: pathlib.Path, split: int) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory / "through")
        for number in range(60):
            await market.step(*bars(number), "risk")
        expected = service.history.returns()
        assert len(expected) == 13 and np.isfinite(expected[1:, :3]).all()
        await stopped(service, market, oms)

        market, oms, service = await started(directory / "broken")
        for number in range(split):
            await market.step(*bars(number), "risk")
        await service.stop()
        market.publish(*bars(split))
        again = risk(directory / "broken")
        await again.start()
        await until(lambda: market.acknowledged["risk"] == split + 1)
        for number in range(split + 1, 60):
            await market.step(*bars(number), "risk")
        np.testing.assert_array_equal(again.history.returns(), expected)
        await stopped(again, market, oms)

    run(tmp_path, play)


def test_slices_left_out_count_as_traded_in_the_open_period(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        market.kept = 1
        await market.step(DAY, {0: 1000}, "risk")
        await service.stop()
        for number in range(1, 4):
            market.publish(DAY + number, {0: 1000 + number})
        market.completed = 3
        again = risk(directory)
        await again.start()
        await until(lambda: market.acknowledged["risk"] == 4)
        assert again.history.stale([0]) == [] and again.marks.prices[0] == 1003
        await market.step(2 * DAY, {0: 1100}, "risk")
        np.testing.assert_allclose(again.history.returns()[:, 0], [0.003, 1100 / 1003 - 1])
        await stopped(again, market, oms)

    run(tmp_path, play)


def test_limits_wait_for_nobody_at_the_stop(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        service = risk(directory, ("oms-0", "oms-1"))
        await service.start()
        asking = asyncio.ensure_future(ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR))
        await until(lambda: service.controls.states)
        await service.stop()
        with pytest.raises(AlphaMindError):
            await asking

    run(tmp_path, play)


def test_a_run_that_is_continued_with_other_limits_takes_what_the_configuration_changed(tmp_path: pathlib.Path) -> None:
    other = CONFIGURATION.model_copy(
        update={"risk": SECTION.model_copy(update={"limits": LimitsSection(maximum_order_notional=decimal.Decimal(7))})}
    )

    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await ask(directory, "set_limits", "risk", limits={"price_collar": "0.3"}, **AUTHOR)
        await service.stop()
        for _ in range(2):
            again = risk(directory, configuration=other)
            await again.start()
            await until(lambda: not again.delivery.pending())
            limits = await ask(directory, "limits", "risk")
            assert (limits["version"], limits["principal"]) == (3, "configuration")
            assert limits["reason"] == "the run was continued with another configuration"
            assert limits["limits"]["maximum_order_notional"] == "7.00"
            assert parse_money(limits["limits"]["price_collar"], "") == 30_000_000, "what a person set stays"
            await again.stop()
        assert len(oms.calls) == 3
        method, body = oms.calls[-1]
        assert method == "set_limits" and set(body) == {"scope", "limits", "whole", "principal", "reason"}
        assert body["limits"]["maximum_order_notional"] == money(7) and body["principal"] == "configuration"
        await stopped(market, oms)

    run(tmp_path, play)
