"""Options held, in the running risk service: Greeks at once, tail losses and stress once they are revalued."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import numpy as np
import pytest

from actors.clock import DAY
from actors.entries import Split
from actors.errors import Unavailable
from actors.messages import BookingEvent
from actors.risk.live.greeks_book import ListedOption
from actors.risk.pricing import American, Right
from actors.risk.pricing.partial import Revaluation
from configs.schema import RiskSection
from tests.actors.portfolio.fakes import FakeMarket, FakeOms, run, until
from tests.actors.portfolio.samples import cash_event, fill, money, order_event
from tests.actors.portfolio.test_service import ask, stopped
from tests.actors.risk.test_service import CONFIGURATION, SECTION, add, risk

PUT = ListedOption(
    contract=American(right=Right.PUT, strike=10.0, expiry=datetime.date(1971, 1, 1)),
    underlying=0,
    volatility=0.3,
    rate=0.02,
)


async def thirty_six_days(market: FakeMarket) -> None:
    random = np.random.default_rng(3)
    for day, price in enumerate(np.round(1000 + np.cumsum(random.normal(0, 10, 36))).astype(int).tolist(), 1):
        await market.step(day * DAY, {0: price, 1: 120}, "risk")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.risk.service.REVALUE_SECONDS", 0.01)
    monkeypatch.setattr("actors.risk.service.RETRY_SECONDS", 0.05)


def test_a_protective_put_takes_most_of_the_loss_of_its_stock(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms = FakeMarket("market-0", directory), FakeOms("oms-0", directory)
        service = risk(directory, options={1: PUT})
        for one in (market, oms, service):
            await one.start()
        await until(lambda: not service.delivery.pending())
        add(oms, cash_event, money(10_000))
        add(oms, order_event, fill(100, 1000))
        add(oms, order_event, fill(100, 120, instrument=1))
        await thirty_six_days(market)
        await until(lambda: service.live.options.stressed(1) is not None)
        await until(lambda: service.live.revaluation(service.time) is None)
        answer = await ask(directory, "metrics", "risk", account="main")
        assert (answer["share_covered"], answer["not_covered"]) == (1.0, [])
        (stressed,) = answer["stress"]
        assert (stressed["share_covered"], stressed["not_covered"]) == (1.0, [])
        stock = -0.1 * 100 * service.marks.prices[0] / 100
        assert 0.8 * stock < float(stressed["profit"]) < 0  # the put pays a part of it
        assert answer["greeks"]["delta"] is not None

        split = Split(instrument=1, numerator=2, denominator=1)
        before = service.live.greeks.totals["main"].delta
        oms.emit(
            BookingEvent(
                partition=0, sequence=len(oms.events[0]) + 1, time=1, account="main", entry=split, reason="r", key="k"
            )
        )
        await service.oms.sync()
        assert service.live.greeks.totals["main"].delta == pytest.approx(2 * before, abs=2)
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_while_a_revaluation_fails_the_option_is_named_as_missing(tmp_path: pathlib.Path) -> None:
    tried: list[int] = []

    def failing(book: Any, scenarios: Any) -> Revaluation:
        tried.append(len(book.strike))
        raise Unavailable("no processor is free")

    async def play(directory: pathlib.Path) -> None:
        market, oms = FakeMarket("market-0", directory), FakeOms("oms-0", directory)
        crash = {"name": "crash", "measure": "stress_loss", "scenario": "down", "threshold": "1", "action": "halt"}
        section = SECTION.model_dump() | {"rules": [crash], "stale_after": None}
        configuration = CONFIGURATION.model_copy(update={"risk": RiskSection.model_validate(section)})
        service = risk(directory, options={1: PUT}, revalue_american=failing, configuration=configuration)
        for one in (market, oms, service):
            await one.start()
        add(oms, cash_event, money(10_000))
        add(oms, order_event, fill(100, 1000))
        add(oms, order_event, fill(100, 120, instrument=1))
        await thirty_six_days(market)
        await until(lambda: len(tried) > 1)
        answer = await ask(directory, "metrics", "risk", account="main")
        assert answer["not_covered"] == ["BBB"] and answer["stress"][0]["not_covered"] == ["BBB"]
        assert answer["stress"][0]["share_covered"] < 1
        assert service.metrics.counters["revaluations_failed_total"] >= 1
        assert service.metrics.gauges["rules_unjudged"] == 1 and service.breaches.newest == 0
        assert service.failure is None
        await stopped(service, market, oms)

    run(tmp_path, play)
