"""What a risk manager asks: limits of every scope, trading states, and what a shard gets when it is back."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from actors.errors import AlphaMindError, InputError, NotFound
from actors.messages import TradingState
from configs.schema import AccountSection, Configuration, RiskSection
from tests.actors.portfolio.fakes import FakeOms, run, until
from tests.actors.portfolio.samples import INSTRUMENTS
from tests.actors.portfolio.test_service import ask, stopped
from tests.actors.risk.test_service import AUTHOR, risk, started

HALTED, ACTIVE = TradingState.HALTED, TradingState.ACTIVE
SYMBOL = INSTRUMENTS[0].symbol


def test_limits_of_a_scope_go_to_every_shard_and_outlive_a_restart(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        narrow = f"account:main/instrument:{SYMBOL}"
        answer = await ask(directory, "set_limits", "risk", scope=narrow, limits={"restricted": "true"}, **AUTHOR)
        assert (answer["scope"], answer["limits"], answer["pending"]) == (narrow, {"restricted": "true"}, [])
        sent = {"scope": narrow, "limits": {"restricted": 1}, "whole": True, **AUTHOR}
        assert oms.calls[-1] == ("set_limits", sent)
        await ask(directory, "set_limits", "risk", scope="account:main", limits={"maximum_order_rate": "5"}, **AUTHOR)
        await service.stop()
        again = risk(directory)
        await again.start()
        await until(lambda: not again.delivery.pending())
        assert len(oms.calls) == 3
        shown = await ask(directory, "limits", "risk")
        assert list(shown["scopes"]) == ["firm", narrow, "account:main"]
        assert shown["scopes"]["account:main"]["limits"] == {"maximum_order_rate": "5"}
        assert shown["scopes"][narrow]["principal"] == "chief" and shown["version"] == 3
        answer = await ask(directory, "set_limits", "risk", scope=narrow, limits={"restricted": None}, **AUTHOR)
        assert answer["limits"] == {} and oms.calls[-1][1]["limits"] == {}
        assert narrow not in (await ask(directory, "limits", "risk"))["scopes"]
        await stopped(again, market, oms)

    run(tmp_path, play)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"scope": "desk:a", "limits": {"restricted": "true"}}, InputError),
        ({"scope": "account:nobody", "limits": {"restricted": "true"}}, NotFound),
        ({"scope": "instrument:ZZZ", "limits": {"restricted": "true"}}, NotFound),
        ({"scope": f"instrument:{SYMBOL}", "limits": {"maximum_net_exposure": "5"}}, InputError),
        ({"scope": "account:main", "limits": {"maximum_order_rate": "1.5"}}, InputError),
        ({"scope": "account:main", "limits": {"self_trade_prevention": "3"}}, InputError),
        ({"limits": {"maximum_order_quantity": None}}, InputError),
        ({"limits": {"restricted": "yes"}}, InputError),
        ({"limits": {}}, InputError),
    ],
)
def test_a_limit_that_a_scope_can_not_have_is_refused(
    tmp_path: pathlib.Path, body: dict[str, Any], error: type[AlphaMindError]
) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        with pytest.raises(error):
            await ask(directory, "set_limits", "risk", **body, **AUTHOR)
        assert service.controls.version == 1 and len(oms.calls) == 1
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_the_firms_exposure_is_not_counted_over_currencies(tmp_path: pathlib.Path) -> None:
    accounts = (AccountSection(id="main"), AccountSection(id="euro", currency="EUR"))

    async def play(directory: pathlib.Path) -> None:
        service = risk(directory, configuration=Configuration(accounts=accounts))
        await service.start()
        with pytest.raises(InputError) as caught:
            await ask(directory, "set_limits", "risk", limits={"maximum_gross_exposure": "5"}, **AUTHOR)
        assert caught.value.code == "LIMIT_CURRENCY"
        await service.stop()

    run(tmp_path, play)
    limited = RiskSection.model_validate({"limits": {"maximum_net_exposure": 5}})
    with pytest.raises(ValueError, match="EUR and USD"):
        Configuration(accounts=accounts, risk=limited)


def test_scopes_of_the_configuration_are_set_at_the_first_start(tmp_path: pathlib.Path) -> None:
    section = RiskSection.model_validate({"scopes": {"account:main": {"maximum_order_rate": 7}}})

    async def play(directory: pathlib.Path) -> None:
        oms = FakeOms("oms-0", directory)
        service = risk(directory, configuration=Configuration(risk=section))
        await oms.start()
        await service.start()
        await until(lambda: not service.delivery.pending())
        assert [body["scope"] for _, body in oms.calls] == ["firm", "account:main"]
        assert oms.calls[1][1]["limits"] == {"maximum_order_rate": 7}
        await stopped(service, oms)

    run(tmp_path, play)


def test_who_resumes_trading_reaches_the_shards_that_are_there_and_no_other_later(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        here, away = FakeOms("oms-0", directory), FakeOms("oms-1", directory, partitions=(1,))
        service = risk(directory, ("oms-0", "oms-1"), patience=0.2)
        for one in (here, away, service):
            await one.start()
        await until(lambda: not service.delivery.pending())
        await ask(directory, "set_state", "risk", scope="firm", state="halted", **AUTHOR)
        await away.stop()
        answer = await ask(directory, "set_state", "risk", scope="firm", state="active", **AUTHOR)
        assert (answer["accepted_by"], answer["pending"]) == (["oms-0"], ["oms-1"])
        assert here.calls[-1][1]["state"] == "active"

        back = FakeOms("oms-1", directory, partitions=(1,))
        back.events = away.events
        await back.start()
        await until(lambda: not service.delivery.pending())
        assert back.calls == []
        assert (await ask(directory, "limits", "risk"))["stricter"] == {"firm": {1: "halted"}}
        answer = await ask(directory, "set_state", "risk", scope="firm", state="active", **AUTHOR)
        assert answer["pending"] == [] and answer["stricter"] == {}
        assert back.calls[-1][1]["state"] == "active"
        await stopped(service, here, back)

    run(tmp_path, play)


def test_a_state_of_an_instrument_is_set_like_any_other(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        scope = f"instrument:{SYMBOL}"
        answer = await ask(directory, "set_state", "risk", scope=scope, state="reduce_only", **AUTHOR)
        assert answer["accepted_by"] == ["oms-0"] and oms.calls[-1][1]["scope"] == scope
        with pytest.raises(NotFound):
            await ask(directory, "set_state", "risk", scope="instrument:ZZZ", state="halted", **AUTHOR)
        await stopped(service, market, oms)

    run(tmp_path, play)
