from __future__ import annotations

import asyncio
import pathlib
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from actors.clock import DAY, MINUTE
from actors.errors import ConfigurationError, InputError, OrderRejected, Unavailable
from actors.journal import open_journal
from actors.messages import OrderStatus, Prediction, RealizedVariance
from actors.strategy.service import STEP, STOP, StrategyService
from configs.schema import Configuration
from tests.actors.features.ticks import START, bar, flat_bar
from tests.actors.strategy import examples
from tests.actors.strategy.examples import INSTRUMENTS, calls_of, configuration, market_slice
from tests.actors.strategy.peers import Market, Oms


class Forecasts:
    """A forecaster that answers with the newest variance."""

    def __init__(self) -> None:
        self.observed: list[RealizedVariance] = []
        self.asked = 0

    async def observe(self, rows: Sequence[RealizedVariance]) -> None:
        self.observed += rows

    async def predict(
        self, model: str, histories: Mapping[int, Sequence[RealizedVariance]], rows: Sequence[RealizedVariance] = ()
    ) -> list[Prediction]:
        self.observed += rows
        self.asked += 1
        return [
            Prediction(
                model=model,
                version="1",
                instrument=instrument,
                made_from=history[-1].known_time,
                unit="variance per period",
                horizons=(1,),
                quantiles=(0.5,),
                values=((history[-1].variance,),),
            )
            for instrument, history in histories.items()
        ]


def nobody() -> Any:
    """There is no forecaster."""
    raise Unavailable("no forecaster")


@pytest.fixture
def directory() -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="am") as folder:
        yield pathlib.Path(folder)


def _service(
    directory: pathlib.Path, settings: Configuration, forecaster: Callable[[], Any] = nobody, shards: int = 1
) -> StrategyService:
    return StrategyService(
        "strategy",
        directory,
        settings,
        INSTRUMENTS,
        markets=tuple(f"market-{index}" for index in range(shards)),
        oms=("oms-0",),
        forecaster=forecaster,
    )


def _run(directory: pathlib.Path, body: Callable[[Market, Oms], Awaitable[None]]) -> None:
    async def run() -> None:
        market, oms = Market(directory), Oms(directory)
        await market.start()
        await oms.start()
        try:
            await body(market, oms)
        finally:
            await market.server.close()
            await oms.server.close()

    asyncio.run(run())


def _crash(service: StrategyService) -> Awaitable[None]:
    """Leave as ``kill -9`` does: nothing is said, nothing is written."""

    async def leave() -> None:
        await service._market.close()
        await service._oms.close()
        await service.server.close()

    return leave()


def _slice(number: int, price: int = 100) -> Any:
    return market_slice(number, [flat_bar(0, START + number * MINUTE, price)])


def test_a_slice_is_acknowledged_once_its_orders_are_confirmed(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("BuyOnBar", "Recorder"))
        await service.start()
        oms.confirms = False
        market.send(_slice(1))
        while not oms.orders:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert market.acknowledged == 0
        assert service.report()["metrics"]["queue_length"] == 1
        oms.confirm(oms.orders["s0-1"])
        await market.wait(1)
        assert service.report()["metrics"]["queue_length"] == 0
        oms.confirms = True
        await market.publish(_slice(2))
        assert oms.submissions == ["s0-1", "s0-2"]
        assert oms.syncs == 2
        calls = calls_of(service.runner, "s1")
        assert [call[0] for call in calls] == ["start", "bar", "bar"]
        assert service.runner.accounts["main"].books.cash("USD") == examples.CASH
        status = service.status()
        assert (status["sequence"], status["strategies"]["s0"]["orders"]) == (2, 2)
        assert service.metrics.counters["orders_total"] == 2
        await service.stop()

    _run(directory, body)


def test_a_strategy_hears_of_its_orders_at_the_next_slice(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration({"implementation": "Both"}))
        await service.start()
        oms.decide = lambda _: OrderStatus.REJECTED
        await market.publish(_slice(1))
        await market.publish(_slice(2))
        strategy: Any = service.runner.strategies["s0"].strategy
        assert strategy.told == [("s0-1", "pending_new"), ("s0-1", "rejected")]
        await service.stop()

    class Both(examples.Strategy):
        def on_start(self, context: Any) -> None:
            self.told: list[tuple[str, str]] = []

        def on_bar(self, context: Any, bar: Any) -> None:
            context.buy(bar.instrument, 1)

        def on_order(self, context: Any, order: Any) -> None:
            self.told.append((order.client_order_id, str(order.status)))

    examples.Both = Both  # type: ignore[attr-defined]
    _run(directory, body)


def test_after_a_crash_the_last_orders_are_sent_again_under_the_same_ids(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        settings = configuration("BuyOnBar", "Recorder")
        first = _service(directory, settings)
        await first.start()
        await market.publish(_slice(1))
        oms.confirms = False
        market.send(_slice(2))
        while len(oms.orders) < 2:
            await asyncio.sleep(0.001)
        await _crash(first)
        second = _service(directory, settings)
        await second.start()
        while len(oms.submissions) < 3:
            await asyncio.sleep(0.001)
        oms.confirms = True
        oms.confirm(oms.orders["s0-2"])
        await market.wait(2)
        await market.publish(_slice(3))
        assert oms.submissions == ["s0-1", "s0-2", "s0-2", "s0-3"]
        assert [order.quantity for order in oms.orders.values()] == [11, 12, 13]
        assert [call[0] for call in calls_of(second.runner, "s1")] == ["start", "bar", "bar", "bar"]
        await second.stop()

    _run(directory, body)


def test_a_crash_before_anything_was_sent_loses_no_order(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        settings = configuration("BuyOnBar")
        first = _service(directory, settings)
        await first.recover()
        await oms.server.close()
        await first.connect()
        market.send(_slice(1))
        await asyncio.sleep(0.05)
        await _crash(first)
        await oms.restart()
        second = _service(directory, settings)
        await second.start()
        await market.wait(1)
        assert oms.submissions == ["s0-1"]
        await second.stop()

    _run(directory, body)


def test_orders_wait_for_an_oms_that_is_away(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("BuyOnBar"))
        await service.start()
        await market.publish(_slice(1))
        oms.confirms = False
        market.send(_slice(2))
        while len(oms.orders) < 2:
            await asyncio.sleep(0.001)
        await oms.restart()
        oms.emit(_confirmed(oms, "s0-2"))
        await market.wait(2)
        assert len(oms.orders) == 2
        await service.stop()

    _run(directory, body)


def _confirmed(oms: Oms, key: str) -> Any:
    import msgspec

    return msgspec.structs.replace(oms.orders[key], status=OrderStatus.NEW)


def test_an_order_is_sent_until_the_oms_can_take_it(directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.strategy.submission._PATIENCE_SECONDS", 0.005)

    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("BuyOnBar"))
        await service.start()
        oms.confirms = False
        oms.errors["s0-1"] = Unavailable("recovering")
        market.send(_slice(1))
        while len(oms.submissions) < 2:
            await asyncio.sleep(0.001)
        assert market.acknowledged == 0
        oms.errors.clear()
        while not oms.orders:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        oms.confirm(oms.orders["s0-1"])
        await market.wait(1)
        await service.stop()

    _run(directory, body)


def test_an_order_that_the_oms_does_not_take_is_told_as_rejected(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("BuyOnBar"))
        await service.start()
        oms.errors["s0-1"] = InputError("no such account", code="ACCOUNT_UNKNOWN")
        await market.publish(_slice(1))
        assert [order.reason for order in service._refused] == ["ACCOUNT_UNKNOWN"]
        await market.publish(_slice(2))
        assert [order.client_order_id for order in service.runner.strategies["s0"].context.open_orders()] == ["s0-2"]
        await service.stop()

    _run(directory, body)


def test_cancellations_are_sent_and_one_that_is_refused_stops_nothing(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancels(context: Any, bar: Any) -> None:
        orders = context.open_orders()
        if orders:
            context.cancel(orders[0].client_order_id)
        else:
            context.buy(bar.instrument, 1)

    monkeypatch.setattr(examples, "ACTION", cancels)

    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Callbacks"))
        await service.start()
        await market.publish(_slice(1))
        await market.publish(_slice(2))
        assert oms.cancels == ["s0-1"]
        assert oms.orders["s0-1"].status is OrderStatus.CANCELED
        await market.publish(_slice(3))
        oms.orders["s0-2"] = _closed(oms, "s0-2")
        await market.publish(_slice(4))
        assert oms.cancels == ["s0-1", "s0-2"]
        await service.stop()

    _run(directory, body)


def test_a_list_is_confirmed_once_each_of_its_orders_works_or_is_held(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        examples, "ACTION", lambda context, bar: context.bracket("AAA", "buy", 10, take_profit=110, stop_loss=90)
    )

    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Callbacks"))
        await service.start()
        oms.confirms = False
        market.send(_slice(1))
        while len(oms.orders) < 3:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        assert market.acknowledged == 0
        oms.confirm(oms.orders["s0-1"])
        await market.wait(1)
        assert oms.submissions == ["s0-1"]
        oms.errors["s0-4"] = InputError("too many at once", code="ORDER_QUANTITY_LIMIT")
        oms.confirms = True
        await market.publish(_slice(2))
        assert [(order.client_order_id, order.reason) for order in service._refused] == [
            (key, "ORDER_QUANTITY_LIMIT") for key in ("s0-4", "s0-5", "s0-6")
        ]
        await service.stop()

    _run(directory, body)


def test_commands_on_one_order_are_answered_one_after_the_other(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(context: Any, bar: Any) -> None:
        key = context.buy(bar.instrument, 1)
        context.replace(key, quantity=7)
        context.cancel_all()
        context.buy(bar.instrument, 2)

    monkeypatch.setattr(examples, "ACTION", act)

    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Callbacks"))
        await service.start()
        await market.publish(_slice(1))
        assert (oms.submissions, oms.replacements, oms.cancels) == (["s0-1", "s0-3"], ["s0-2"], ["s0-1"])
        told = [(event.order.client_order_id, str(event.order.status)) for event in oms.events[1:]]
        assert [status for key, status in told if key == "s0-1"] == [
            "pending_new", "new", "pending_replace", "new", "pending_cancel", "canceled",
        ]  # fmt: skip
        assert told[-1] == ("s0-3", "new")
        assert oms.orders["s0-1"].quantity == 7
        await service.stop()

    _run(directory, body)


def test_a_change_that_is_refused_is_told_and_leaves_the_order_as_it_is(
    directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(context: Any, bar: Any) -> None:
        orders = context.open_orders()
        if orders:
            context.replace(orders[0].client_order_id, quantity=7)
        else:
            context.buy(bar.instrument, 1)

    monkeypatch.setattr(examples, "ACTION", act)

    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Callbacks", "Recorder"))
        await service.start()
        await market.publish(_slice(1))
        oms.errors["s0-2"] = OrderRejected("too much", code="BUYING_POWER")
        await market.publish(_slice(2))
        (told,) = service._refused
        assert (told.client_order_id, told.status, told.quantity, told.reason, told.text) == (
            "s0-1", OrderStatus.NEW, 1, "BUYING_POWER", "too much",
        )  # fmt: skip
        del oms.orders["s0-1"]
        await market.publish(_slice(3))
        assert [order.reason for order in service.runner.strategies["s0"].context.open_orders()] == ["BUYING_POWER"]
        assert oms.replacements == ["s0-2", "s0-3"] and service._refused == []
        await service.stop()

    _run(directory, body)


def _closed(oms: Oms, key: str) -> Any:
    import msgspec

    return msgspec.structs.replace(oms.orders[key], status=OrderStatus.FILLED)


def _days(number: int) -> Any:
    time = START + number * DAY
    return market_slice(number, [bar(0, time, 1000, 1010 + number, 990, 1000 + number, period=DAY)])


def test_forecasts_are_asked_for_and_journaled_as_used(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        settings = configuration("Recorder")
        made: list[Forecasts] = []

        def make() -> Forecasts:
            made.append(Forecasts())
            return made[-1]

        first = _service(directory, settings, make)
        await first.start()
        for number in range(1, 25):
            await market.publish(_days(number))
        assert len(made[0].observed) == 24 and made[0].asked == 3
        calls = calls_of(first.runner)
        assert [call for call in calls if call[0] == "forecast"] == [("forecast", 0, True)] * 3
        assert first.status()["forecaster"]["state"] == "ready"
        await _crash(first)

        second = _service(directory, settings, make)
        await second.start()
        assert len(made) == 1
        assert calls_of(second.runner) == calls
        assert second.runner.forecasts == first.runner.forecasts
        await market.publish(_days(25))
        assert made[1].observed[-1].known_time == START + 25 * DAY and made[1].asked == 1
        await second.stop()

    _run(directory, body)


def test_trading_goes_on_without_a_forecaster(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("BuyOnBar"))
        await service.start()
        await market.publish(_days(1))
        assert oms.submissions == ["s0-1"]
        assert service.status()["forecaster"]["state"] == "SERVICE_UNAVAILABLE"
        await service.stop()

    _run(directory, body)


def test_a_run_that_was_stopped_goes_on_from_its_journal(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        settings = configuration("BuyOnBar", "Recorder")
        for round in range(2):
            service = _service(directory, settings)
            await service.start()
            await market.publish(_slice(2 * round + 1))
            await market.publish(_slice(2 * round + 2))
            await service.stop()
            assert calls_of(service.runner, "s1")[-1][0] == "stop"
        assert list(oms.orders) == ["s0-1", "s0-2", "s0-3", "s0-4"]
        journal = open_journal(settings.journal, directory, "strategy", "test")
        assert [record.kind for record in journal.read()] == [STEP, STEP, STOP, STEP, STEP, STOP]
        journal.close()

    _run(directory, body)


def test_a_step_joins_the_slices_of_all_shards(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        other = Market(directory, shard=1)
        await other.start()
        service = _service(directory, configuration("Recorder"), shards=2)
        await service.start()
        time = START + MINUTE
        market.send(market_slice(1, [flat_bar(0, time, 100)]))
        await asyncio.sleep(0.02)
        assert market.acknowledged == 0
        other.send(market_slice(1, [flat_bar(1, time, 200)], shard=1))
        await market.wait(1)
        await other.wait(1)
        assert calls_of(service.runner)[1:] == [("bar", 0, 100, [100, 200, 0]), ("bar", 1, 200, [100, 200, 0])]
        await service.stop()
        await other.server.close()

    _run(directory, body)


def test_events_that_skip_one_are_not_taken(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Recorder"))
        await service.recover()
        assert service._on_event(examples.cash_event(1))
        assert service._on_event(examples.cash_event(1))
        assert not service._on_event(examples.cash_event(3))
        assert len(service._events) == 1
        await service.stop()

    _run(directory, body)


def test_a_strategy_that_can_not_be_loaded_stops_the_start(directory: pathlib.Path) -> None:
    async def body(market: Market, oms: Oms) -> None:
        service = _service(directory, configuration("Nothing"))
        with pytest.raises(ConfigurationError):
            await service.start()
        await service.stop()

    _run(directory, body)


def test_what_the_market_no_longer_has_is_counted_and_a_failure_is_shown(directory: pathlib.Path) -> None:
    service = _service(directory, configuration())
    service._skipped({})
    service._failed("slice 3 could not be taken")
    assert service.metrics.counters["gaps_total"] == 1
    assert service.failure == "slice 3 could not be taken"
