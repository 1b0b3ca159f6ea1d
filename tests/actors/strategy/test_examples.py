from __future__ import annotations

import math

import pytest

from actors.clock import MINUTE
from actors.messages import OrderStatus, Prediction, SubmitOrder
from actors.strategy.runner import StrategyRunner
from actors.strategy.step import Step
from configs.schema import Configuration
from tests.actors.features.ticks import START, flat_bar
from tests.actors.strategy.examples import CASH, INSTRUMENTS, cash_event, order_event, step_of

PRICE = 10_000


def _prediction(volatility: float, upper: float | None = None, instrument: int = 0) -> Prediction:
    """Return a forecast whose annualised median and upper quantile are as given."""
    per_year = 13 * 252
    low, middle, high = (value**2 / per_year for value in (volatility / 2, volatility, upper or volatility * 1.2))
    return Prediction(
        model="har-rv",
        version="1",
        instrument=instrument,
        made_from=START,
        unit="variance per period",
        horizons=(1, 5),
        quantiles=(0.1, 0.5, 0.9),
        values=((1.0, 1.0, 1.0), (low, middle, high)),
    )


def _runner(name: str, **parameters: float) -> StrategyRunner:
    section = {"name": "s", "implementation": f"actors.strategy.examples:{name}", "account": "main"}
    configuration = Configuration.model_validate({"strategies": [{**section, "parameters": parameters}]})
    return StrategyRunner(configuration, INSTRUMENTS)


def _step(sequence: int, *predictions: Prediction, price: int = PRICE, **inputs: object) -> Step:
    rows = [flat_bar(0, START + sequence * MINUTE, price)] if price else []
    return step_of(sequence, rows, time=START + sequence * MINUTE, predictions=list(predictions), **inputs)


def _ordered(runner: StrategyRunner, step: Step) -> list[tuple[str, int]]:
    return [(str(one.side), one.quantity) for one in runner.apply(step) if isinstance(one, SubmitOrder)]


@pytest.mark.parametrize(
    ("volatility", "upper", "share"),
    [
        (0.25, None, 0.10 / 3 / 0.25),
        (0.50, None, 0.10 / 3 / 0.50),
        (0.25, 0.75, 0.10 / 3 / 0.50),
        (0.02, None, 0.20),
    ],
)
def test_the_position_is_the_target_volatility_over_the_forecast_one(
    volatility: float, upper: float | None, share: float
) -> None:
    ordered = _ordered(_runner("VolatilityTarget"), _step(1, _prediction(volatility, upper), events=[cash_event()]))
    assert ordered == [("buy", math.floor(share * 1_000_000 / 100.0 + 1e-9))]


def test_each_instrument_gets_at_most_its_share_of_the_equity() -> None:
    runner = _runner("VolatilityTarget", maximum_weight=1.0, share=0.6)
    assert _ordered(runner, _step(1, _prediction(0.01), events=[cash_event()])) == [("buy", 2000)]


def _holding(runner: StrategyRunner, volatility: float) -> int:
    command = runner.apply(_step(1, _prediction(volatility), events=[cash_event()]))[0]
    assert isinstance(command, SubmitOrder)
    event = order_event(2, command, OrderStatus.FILLED, filled=command.quantity, price=PRICE)
    runner.apply(_step(2, events=[event]))
    return command.quantity


def test_no_trade_while_the_position_is_within_the_band() -> None:
    runner = _runner("VolatilityTarget", band=0.2)
    _holding(runner, 0.25)
    assert _ordered(runner, _step(3, _prediction(0.25 * 1.15))) == []


def test_the_position_shrinks_when_the_forecast_rises() -> None:
    runner = _runner("VolatilityTarget")
    held = _holding(runner, 0.25)
    assert _ordered(runner, _step(3, _prediction(0.50))) == [("sell", held - held // 2)]


def test_it_never_buys_more_than_its_cash_allows() -> None:
    runner = _runner("VolatilityTarget")
    ordered = _ordered(runner, _step(1, _prediction(0.25), events=[cash_event(amount=150 * 100_000_000)]))
    assert ordered == []
    assert _ordered(runner, _step(2, _prediction(0.25), events=[cash_event(2, amount=-CASH)])) == []


def test_cash_that_open_orders_will_take_is_not_spent_twice() -> None:
    runner = _runner("VolatilityTarget", maximum_weight=1.0, share=1.0, target_volatility=5.0)
    rows = [flat_bar(n, START + MINUTE, PRICE) for n in range(3)]
    predictions = [_prediction(0.25, instrument=n) for n in range(3)]
    inputs = {"predictions": predictions, "events": [cash_event(amount=100_000 * 100_000_000)]}
    bought = [one.quantity for one in runner.apply(step_of(1, rows, **inputs)) if isinstance(one, SubmitOrder)]
    assert bought == [333, 333, 333]
    context = runner.strategies["s"].context
    assert runner.strategies["s"].strategy.spare_cash(context) == 100 * 100_000_000  # type: ignore[attr-defined]


def test_nothing_is_bought_without_a_price_and_without_cash() -> None:
    assert _ordered(_runner("VolatilityTarget"), _step(1, _prediction(0.25), price=0, events=[cash_event()])) == []
    assert _ordered(_runner("VolatilityTarget"), _step(1, _prediction(0.25))) == []


def test_an_open_order_is_not_placed_twice() -> None:
    runner = _runner("VolatilityTarget")
    assert len(_ordered(runner, _step(1, _prediction(0.25), events=[cash_event()]))) == 1
    assert _ordered(runner, _step(2, _prediction(0.25))) == []


def test_buy_and_hold_buys_each_instrument_once_in_equal_shares() -> None:
    runner = _runner("BuyAndHold", share=0.9)
    assert _ordered(runner, _step(1, events=[cash_event()])) == [("buy", 3000)]
    assert _ordered(runner, _step(2)) == []
    other = step_of(3, [flat_bar(1, START + 3 * MINUTE, 2 * PRICE)])
    assert _ordered(runner, other) == [("buy", 1500)]


def test_buy_and_hold_buys_nothing_that_it_can_not_afford() -> None:
    assert _ordered(_runner("BuyAndHold"), _step(1)) == []
