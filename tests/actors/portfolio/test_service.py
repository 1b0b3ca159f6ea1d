from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import pytest

from actors.clock import DAY
from actors.errors import InputError, NotFound, Unavailable
from actors.messages import encode
from actors.portfolio.service import SAMPLE_EVERY, PortfolioService
from actors.service import socket_path
from actors.wire import WireClient
from configs.schema import AccountSection, Configuration
from tests.actors.portfolio.fakes import FakeMarket, FakeOms, run, until
from tests.actors.portfolio.samples import INSTRUMENTS, cash_event, fill, money, order_event

CONFIGURATION = Configuration(accounts=(AccountSection(id="main"), AccountSection(id="second")))


def portfolio(directory: pathlib.Path, markets: tuple[str, ...] = ("market-0",)) -> PortfolioService:
    return PortfolioService("portfolio", directory, CONFIGURATION, INSTRUMENTS, markets=markets, oms=("oms-0",))


async def ask(directory: pathlib.Path, method: str, name: str = "portfolio", **body: object) -> dict[str, Any]:
    client = WireClient(socket_path(directory, name), "tester")
    client.start()
    await client.connected.wait()
    try:
        return msgspec.msgpack.decode(await client.request(method, encode(body)))
    finally:
        await client.close()


async def started(directory: pathlib.Path) -> tuple[FakeMarket, FakeOms, PortfolioService]:
    market, oms, service = FakeMarket("market-0", directory), FakeOms("oms-0", directory), portfolio(directory)
    for one in (market, oms, service):
        await one.start()
    return market, oms, service


async def stopped(*services: Any) -> None:
    for one in services:
        await one.stop()


def test_positions_and_figures_are_right_as_of_the_slice(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.emit(cash_event(1, money(10_000)))
        await market.step(DAY, {0: 1000, 1: 2000}, "portfolio")
        oms.emit(order_event(2, fill(100, 1000, money(1))))
        oms.emit(order_event(3, fill(10, 500, instrument=3)))
        await market.step(2 * DAY, {0: 1100}, "portfolio")

        answer = await ask(directory, "positions", account="main")
        first, second = answer["positions"]
        assert (first["symbol"], first["quantity"], first["market_value"]) == ("AAA", "100", "1100.00")
        assert second["symbol"] == "EEE" and second["price"] is None
        assert (answer["cash"], answer["equity"], answer["unrealised"]) == ("8999.00", "10099.00", "100.00")
        assert (answer["gross_exposure"], answer["fees"], answer["profit"]) == ("1100.00", "1.00", "99.00")
        assert answer["unpriced"] == ["EEE"]
        assert [other["currency"] for other in answer["other_currencies"]] == ["EUR"]
        assert (answer["as_of"], answer["market_sequence"], answer["oms_sequences"]) == (2 * DAY, 2, {"0": 3})

        everything = await ask(directory, "summary", account=None)
        assert [row["account"] for row in everything["accounts"]] == ["main", "second"]
        (one,) = (await ask(directory, "summary", account="main"))["accounts"]
        assert (one["turnover"], one["sampled_at"], one["drawdown"]) == ("1000.00", 2 * DAY, 0.0)
        curve = await ask(directory, "equity_curve", account="main", limit=1)
        assert [(point["time"], point["equity"]) for point in curve["points"]] == [(2 * DAY, "10099.00")]
        assert (await ask(directory, "equity_curve", account="main", limit=0))["points"] == []
        status = service.report()["status"]
        assert [(one["account"], one["equity"]) for one in status["accounts"]] == [
            ("main", "10099.00"),
            ("second", "0.00"),
        ]
        assert status["accounts"][0]["positions"] == answer["positions"] and status["accounts_total"] == 2
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_an_unknown_account_or_a_wrong_request_is_refused(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        for method in ("positions", "summary", "equity_curve"):
            with pytest.raises(NotFound):
                await ask(directory, method, account="nobody")
        with pytest.raises(InputError):
            await ask(directory, "positions", acount="main")
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_it_does_not_answer_from_books_that_are_not_rebuilt(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        service = portfolio(directory)
        await service.start()
        with pytest.raises(Unavailable, match="still reading the events of oms-0"):
            await ask(directory, "positions", account="main")
        await service.stop()

    run(tmp_path, play)


def test_a_lost_event_is_asked_for_again(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        oms.emit(cash_event(1, money(100)), lose=True)
        oms.emit(cash_event(2, money(100)))
        await market.step(DAY, {0: 1000}, "portfolio")
        assert service.ledger.books("main").cash("USD") == money(200)
        assert oms.subscriptions == 2
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_restart_rebuilds_books_and_keeps_the_curve(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        oms.emit(cash_event(1, money(10_000)))
        oms.emit(order_event(2, fill(100, 1000)))
        await market.step(DAY, {0: 1000, 1: 2000}, "portfolio")
        await market.step(2 * DAY, {0: 1200}, "portfolio")
        await market.step(2 * DAY + 1, {0: 900}, "portfolio")
        before = await ask(directory, "summary", account="main"), await ask(directory, "equity_curve", account="main")
        await service.stop()

        again = portfolio(directory)
        await again.start()
        await until(lambda: again.sequence == 3)
        after = await ask(directory, "summary", account="main"), await ask(directory, "equity_curve", account="main")
        assert after == before
        assert again.marks.prices == {0: 900, 1: 2000}
        await market.step(3 * DAY, {0: 600}, "portfolio")
        (row,) = (await ask(directory, "summary", account="main"))["accounts"]
        assert row["drawdown"] == row["maximum_drawdown"] == pytest.approx(600 / 10_200)
        await stopped(again, market, oms)

    run(tmp_path, play)


def test_a_slice_that_was_not_acknowledged_before_a_restart_is_taken_again(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        await stopped(service)
        market.acknowledged.clear()
        market.publish(2 * DAY, {0: 1100})
        again = portfolio(directory)
        await again.start()
        await until(lambda: market.acknowledged.get("portfolio") == 2)
        assert again.sequence == 2
        await stopped(again, market, oms)

    run(tmp_path, play)


def test_it_waits_for_an_oms_that_is_away(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        await oms.stop()
        market.publish(2 * DAY, {0: 1100})
        await until(lambda: not service.oms.clients["oms-0"].connected.is_set())
        assert market.acknowledged["portfolio"] == 1
        back = FakeOms("oms-0", directory)
        back.emit(cash_event(1, money(5)))
        await back.start()
        await until(lambda: market.acknowledged["portfolio"] == 2)
        assert service.ledger.books("main").cash("USD") == money(5)
        await stopped(service, market, back)

    run(tmp_path, play)


def test_slices_of_several_shards_are_joined(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        first, second = FakeMarket("market-0", directory), FakeMarket("market-1", directory)
        oms, service = FakeOms("oms-0", directory), portfolio(directory, ("market-0", "market-1"))
        for one in (first, second, oms, service):
            await one.start()
        first.publish(DAY, {0: 1000})
        await until(lambda: service.market._slices)
        assert service.sequence == 0
        await second.step(DAY, {1: 2000}, "portfolio")
        await until(lambda: first.acknowledged.get("portfolio") == 1)
        assert service.marks.prices == {0: 1000, 1: 2000}
        await stopped(service, first, second, oms)

    run(tmp_path, play)


def test_the_oms_is_asked_for_fills_unless_all_shards_say_that_there_are_none(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        markets = [FakeMarket("market-0", directory), FakeMarket("market-1", directory)]
        oms, service = FakeOms("oms-0", directory), portfolio(directory, ("market-0", "market-1"))
        for one in (*markets, oms, service):
            await one.start()
        asked = []
        for number, quiet in enumerate([(True, True), (True, False), (False, True), (False, False)], 1):
            for market, says in zip(markets, quiet, strict=True):
                market.publish(DAY + number, {0: 1000 + number}, says)
            await until(lambda: all(market.acknowledged.get("portfolio") == number for market in markets))
            asked.append(oms.syncs)
        assert asked == [0, 1, 2, 3]
        await stopped(service, *markets, oms)

    run(tmp_path, play)


def test_a_quiet_slice_waits_for_the_events_that_the_oms_already_had(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = (
            FakeMarket("market-0", directory),
            FakeOms("oms-0", directory),
            portfolio(directory),
        )
        oms.emit(cash_event(1, money(10_000)))
        await market.start()
        await service.start()
        market.publish(DAY, {0: 1000}, quiet=True)
        await until(lambda: service.market._slices or service.market._seen["market-0"] == 1)
        assert service.sequence == 0
        assert service.report()["metrics"]["queue_length"] == 1
        await oms.start()
        await until(lambda: market.acknowledged.get("portfolio") == 1)
        numbers = service.report()["metrics"]
        assert (numbers["queue_length"], numbers["slices_total"]) == (0, 1)
        assert numbers["slice_seconds_p50"] > 0
        assert service.ledger.books("main").cash("USD") == money(10_000)
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_repeated_slice_is_acknowledged_again_and_not_taken(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        market.acknowledged.clear()
        market.subscribers["portfolio"].emit(encode(market.slices[0]))
        await until(lambda: market.acknowledged.get("portfolio") == 1)
        assert service.metrics.counters["slices_total"] == 1
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_slices_that_are_no_longer_kept_are_made_up_for_by_a_snapshot(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms = FakeMarket("market-0", directory, kept=2), FakeOms("oms-0", directory)
        for number in range(5):
            market.publish(DAY + number, {0: 1000 + number, 1: 2000})
        market.completed = 4
        service = portfolio(directory)
        for one in (market, oms, service):
            await one.start()
        await until(lambda: market.acknowledged.get("portfolio") == 5)
        assert (service.sequence, service.marks.prices) == (5, {0: 1004, 1: 2000})
        assert service.metrics.counters["slices_total"] == 1
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_equity_is_sampled_at_least_every_so_many_slices(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        for number in range(SAMPLE_EVERY + 5):
            await market.step(DAY + number, {0: 1000}, "portfolio")
        points = (await ask(directory, "equity_curve", account="main"))["points"]
        assert [point["sequence"] for point in points] == [1, 1 + SAMPLE_EVERY]
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_a_slice_that_cannot_be_taken_stops_the_follower_and_is_reported(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        service._journal.close()
        market.publish(2 * DAY, {0: 1000})
        await until(lambda: service.failure)
        assert "slice 2 could not be taken" in service.report()["failure"]
        assert market.acknowledged["portfolio"] == 1
        await stopped(service, market, oms)

    run(tmp_path, play)


def test_an_event_that_cannot_be_applied_is_reported(tmp_path: pathlib.Path) -> None:
    async def play(directory: pathlib.Path) -> None:
        market, oms, service = await started(directory)
        await market.step(DAY, {0: 1000}, "portfolio")
        oms.emit(order_event(1, fill(1, 1, instrument=99)))
        await until(lambda: service.failure)
        assert "event 1 of partition 0 could not be applied" in service.failure
        await stopped(service, market, oms)

    run(tmp_path, play)
