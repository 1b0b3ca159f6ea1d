"""The portfolio service's request ``performance``, over its socket."""

from __future__ import annotations

import pathlib

import pytest

from actors.clock import DAY
from actors.errors import InputError, NotFound
from actors.portfolio.performance.report import PerformanceReport
from tests.actors.portfolio.fakes import run
from tests.actors.portfolio.samples import cash_event, fill, money, order_event
from tests.actors.portfolio.test_service import ask, started, stopped


def test_the_service_reports_what_its_samples_and_books_say(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.emit(cash_event(1, money(10_000)))
        oms.emit(cash_event(2, money(10_000), account="second"))
        await market.step(DAY, {0: 1000}, "portfolio")
        oms.emit(order_event(3, fill(100, 1000)))
        for day in range(2, 32):
            await market.step(day * DAY, {0: 1000 + 20 * day + 90 * (day % 2)}, "portfolio")
        told = await ask(directory, "performance", account="main", benchmark="second", confidence=0.9)
        report = PerformanceReport.from_plain(told)
        (row,) = (await ask(directory, "summary", account="main"))["accounts"]
        assert (report.period, report.periods, report.confidence) == ("day", 30, 0.9)
        assert report.curve[-1].equity == row["equity"] and report.net_flows == "0.00"
        assert report.maximum_drawdown.value == pytest.approx(row["maximum_drawdown"])
        assert report.ratios["sharpe"].low is not None and report.annual_return.value is None
        assert [one["profit"] for one in report.activity.instruments] == [row["profit"]]
        assert [one["profit"] for one in report.activity.strategies] == [row["profit"]]
        assert report.activity.turnover is not None and report.activity.concentration is not None
        assert report.benchmark is not None and report.benchmark.periods == 30
        assert report.benchmark.benchmark_return.value == 0.0
        assert told["as_of"] == 31 * DAY

        part = await ask(directory, "performance", account="main", **{"from": 5 * DAY, "to": 9 * DAY})
        assert (part["start"], part["end"], part["periods"]) == (5 * DAY, 9 * DAY, 4)
        assert part["activity"]["turnover"] is None
        assert all(one["value"] is None and one["reason"] for one in part["ratios"].values())
        for wrong in ({"period": "hour"}, {"confidence": 2.0}, {"from": 5, "to": 5}, {"until": 1}):
            with pytest.raises(InputError):
                await ask(directory, "performance", account="main", **wrong)
        for unknown in ({"account": "nobody"}, {"account": "main", "benchmark": "nobody"}):
            with pytest.raises(NotFound):
                await ask(directory, "performance", **unknown)
        await stopped(service, market, oms)

    run(tmp_path, play)
