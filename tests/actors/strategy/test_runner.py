from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from actors.clock import DAY, MINUTE
from actors.errors import ConfigurationError, NotFound
from actors.features.realized_variance import realized_variances
from actors.messages import CancelOrder, OrderStatus, Prediction, SubmitOrder, encode
from actors.strategy.step import decode_step, merged
from tests.actors.features.ticks import START, bar, flat_bar, quote, ticks, trade
from tests.actors.strategy import examples
from tests.actors.strategy.examples import calls_of, cash_event, market_slice, order_event, runner_of, step_of


def _prediction(instrument: int) -> Prediction:
    return Prediction(
        model="har-rv",
        version="1",
        instrument=instrument,
        made_from=START,
        unit="variance per period",
        horizons=(1, 5),
        quantiles=(0.1, 0.5, 0.9),
        values=((1e-5, 2e-5, 4e-5), (1e-5, 2e-5, 4e-5)),
    )


def test_all_bars_of_one_close_are_in_view_before_the_first_callback() -> None:
    runner = runner_of("Recorder")
    time = START + MINUTE
    runner.apply(step_of(1, [flat_bar(0, time, 100), flat_bar(1, time, 200)]))
    assert calls_of(runner) == [
        ("start", time),
        ("bar", 0, 100, [100, 200, 0]),
        ("bar", 1, 200, [100, 200, 0]),
    ]


def test_a_quote_is_seen_without_those_that_came_later_in_the_same_slice() -> None:
    runner = runner_of("Recorder")
    runner.apply(step_of(1, [quote(0, START + 1, 99, 101), quote(0, START + 2, 0, 103), trade(0, START + 3, 110)]))
    assert calls_of(runner)[1:] == [("quote", 99, 100), ("quote", 0, 100), ("trade", 110, 110)]


def test_callbacks_come_as_events_then_market_data_then_forecasts() -> None:
    runner = runner_of("Recorder")
    order = SubmitOrder(client_order_id="s0-1", account="main", instrument=0, side="buy", quantity=5, strategy="s0")
    runner.apply(
        step_of(
            1,
            [flat_bar(0, START + MINUTE, 100)],
            events=[cash_event(), order_event(2, order, OrderStatus.FILLED, filled=5, price=100)],
            predictions=[_prediction(0)],
        )
    )
    assert [call[0] for call in calls_of(runner)] == ["start", "order", "fill", "bar", "forecast"]
    assert calls_of(runner)[2] == ("fill", 5, 5, examples.CASH - 500 * 1_000_000)
    assert calls_of(runner)[-1] == ("forecast", 0, True)


def test_a_strategy_sees_its_own_instruments_and_orders_only() -> None:
    runner = runner_of(
        {"implementation": "Recorder", "instruments": ["BBB"]}, {"implementation": "Recorder", "name": "other"}
    )
    order = SubmitOrder(client_order_id="x", account="main", instrument=1, side="buy", quantity=5, strategy="other")
    runner.apply(
        step_of(
            1,
            [flat_bar(0, START + MINUTE, 100), flat_bar(1, START + MINUTE, 200)],
            events=[cash_event(), order_event(2, order, OrderStatus.FILLED, filled=5, price=100)],
        )
    )
    assert [call[0] for call in calls_of(runner)] == ["start", "bar"]
    assert runner.strategies["s0"].context.position("BBB") == 0
    assert runner.strategies["other"].context.position("BBB") == 5


def test_orders_get_the_strategys_name_and_number_as_their_key() -> None:
    runner = runner_of("BuyOnBar", {"implementation": "BuyOnBar", "parameters": {"lots": 1, "limit": 99}})
    rows = [flat_bar(0, START + MINUTE, 100), flat_bar(1, START + MINUTE, 200)]
    commands = runner.apply(step_of(1, rows))
    assert [(one.client_order_id, one.quantity, one.limit_price, str(one.type)) for one in commands] == [
        ("s0-1", 11, None, "market"),
        ("s1-1", 2, 99, "limit"),
        ("s0-2", 12, None, "market"),
        ("s1-2", 3, 99, "limit"),
    ]


def test_a_strategy_that_raises_is_stopped_alone_and_its_last_callback_sends_nothing() -> None:
    runner = runner_of("FailsAtThird", "BuyOnBar")
    sent = [runner.apply(step_of(n, [flat_bar(0, START + n * MINUTE, 100)])) for n in range(1, 6)]
    assert [[one.client_order_id for one in commands] for commands in sent] == [
        ["s0-1", "s1-1"],
        ["s0-2", "s1-2"],
        ["s1-3"],
        ["s1-4"],
        ["s1-5"],
    ]
    status = runner.status()
    assert status["s0"]["state"] == "failed"
    assert "RuntimeError in on_bar: no more" in status["s0"]["error"] and "examples.py" in status["s0"]["error"]
    assert status["s0"]["open_orders"] == 2
    assert status["s1"] == {
        "state": "running",
        "error": None,
        "account": "main",
        "instruments": 3,
        "orders": 5,
        "open_orders": 5,
    }


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (lambda context, bar: sys.exit(3), "SystemExit in on_bar: 3"),
        (lambda context, bar: context.buy("AAA", 10**30), "InputError in on_bar: quantity"),
    ],
)
def test_neither_sys_exit_nor_an_order_beyond_all_bounds_ends_the_other_strategies(
    monkeypatch: pytest.MonkeyPatch, action: Callable[..., object], error: str
) -> None:
    monkeypatch.setattr(examples, "ACTION", action)
    runner = runner_of("Callbacks", "BuyOnBar")
    commands = runner.apply(step_of(1, [flat_bar(0, START + MINUTE, 100)]))
    assert [command.client_order_id for command in commands] == ["s1-1"]
    status = runner.status()
    assert status["s0"]["state"] == "failed" and status["s0"]["error"].startswith(error)
    assert status["s1"]["state"] == "running"


def test_a_cancellation_of_a_failed_callback_is_not_sent_and_can_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cancels_and_fails(context: object, _: object) -> None:
        for order in context.open_orders():  # type: ignore[attr-defined]
            context.cancel(order.client_order_id)  # type: ignore[attr-defined]
            raise RuntimeError
        context.buy("AAA", 1)  # type: ignore[attr-defined]

    monkeypatch.setattr(examples, "ACTION", cancels_and_fails)
    runner = runner_of("Callbacks")
    runner.apply(step_of(1, [flat_bar(0, START + MINUTE, 100)]))
    assert runner.apply(step_of(2, [flat_bar(0, START + 2 * MINUTE, 100)])) == []
    assert runner.accounts["main"].cancels == set()


def test_an_order_that_the_oms_would_not_take_is_told_and_forgotten() -> None:
    runner = runner_of("Recorder", "BuyOnBar")
    command = runner.apply(step_of(1, [flat_bar(0, START + MINUTE, 100)]))[0]
    assert isinstance(command, SubmitOrder)
    refused = order_event(1, command, OrderStatus.REJECTED, reason="ACCOUNT_UNKNOWN").order
    runner.apply(step_of(2, [], time=START + MINUTE, refused=[refused]))
    assert runner.strategies["s1"].context.open_orders() == []


def test_the_same_steps_give_the_same_orders_and_callbacks_when_they_are_replayed() -> None:
    def steps() -> list[object]:
        made = []
        for number in range(1, 40):
            time = START + number * MINUTE
            rows = [bar(n, time, 100 + number, 110 + number, 90, 100 + n) for n in (0, 1)]
            made.append(step_of(number, rows, events=[cash_event(number)], partitions={0: number}))
        return made

    live, again = runner_of("Recorder", "BuyOnBar"), runner_of("Recorder", "BuyOnBar")
    first, second = [], []
    for step in steps():
        live.measure(step.slices, step.time)  # type: ignore[attr-defined]
        first.append(live.apply(step))  # type: ignore[arg-type]
        second.append(again.replay(decode_step(encode(step))))
    assert first == second
    assert calls_of(live) == calls_of(again)
    assert live.status() == again.status()
    assert (again.sequence, again.partitions) == (39, {0: 39})


def test_on_stop_can_place_no_orders_and_a_run_that_goes_on_starts_again() -> None:
    runner = runner_of("Recorder", "Stubborn")
    runner.apply(step_of(1, [flat_bar(0, START + MINUTE, 100)]))
    runner.stop()
    assert runner.status()["s0"]["state"] == "stopped"
    assert runner.status()["s1"]["state"] == "failed"
    assert "STRATEGY" not in (runner.status()["s0"]["error"] or "")
    assert "is stopping" in runner.status()["s1"]["error"]
    runner.apply(step_of(2, [flat_bar(0, START + 2 * MINUTE, 100)]))
    assert [call[0] for call in calls_of(runner)] == ["start", "bar"]


def test_forecasts_are_wanted_for_instruments_of_strategies_that_ask_for_them() -> None:
    runner = runner_of({"implementation": "Recorder", "instruments": ["BBB"]}, "BuyOnBar")
    rows = [bar(n, START + day * DAY, 100, 110, 95, 100 + n, period=DAY) for day in range(1, 24) for n in (0, 1)]
    found = runner.measure([market_slice(1, rows)], rows[-1][6])
    assert found == realized_variances([ticks(rows)])
    histories = runner.histories(found)
    assert list(histories) == [1]
    assert len(histories[1]) == 22


def test_rows_of_several_shards_are_put_in_the_order_in_which_they_became_known() -> None:
    first = market_slice(1, [flat_bar(0, START + 1, 1), flat_bar(0, START + 3, 3)], shard=0)
    second = market_slice(1, [flat_bar(1, START + 1, 11), flat_bar(1, START + 2, 12)], shard=1)
    assert merged([second, first])["fourth"].tolist() == [1, 11, 12, 3]


@pytest.mark.parametrize(
    ("strategy", "kind", "field"),
    [
        (
            {"implementation": "BuyOnBar", "parameters": {"lotz": 1}},
            ConfigurationError,
            "strategies[0].parameters.lotz",
        ),
        ({"implementation": "Nothing"}, ConfigurationError, "strategies[0].implementation"),
        ({"implementation": "BuyOnBar", "instruments": ["AAB"]}, NotFound, "strategies.s0.instruments"),
    ],
)
def test_a_wrong_strategy_is_refused_with_its_place_in_the_configuration(
    strategy: dict[str, object], kind: type[Exception], field: str
) -> None:
    with pytest.raises(kind) as raised:
        runner_of(strategy)
    assert raised.value.field == field  # type: ignore[attr-defined]


def test_cancellations_are_collected_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def buys_then_cancels(context: object, _: object) -> None:
        key = context.buy("AAA", 1)  # type: ignore[attr-defined]
        context.cancel(key)  # type: ignore[attr-defined]
        context.cancel(key)  # type: ignore[attr-defined]

    monkeypatch.setattr(examples, "ACTION", buys_then_cancels)
    commands = runner_of("Callbacks").apply(step_of(1, [flat_bar(0, START + MINUTE, 100)]))
    assert [type(command) for command in commands] == [SubmitOrder, CancelOrder]
