from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from actors.errors import Unavailable
from actors.messages import Prediction, RealizedVariance
from actors.strategy.forecasting import Forecasting

ROW = RealizedVariance(0, 0, 1, 1e-4)
PREDICTION = Prediction(
    model="m", version="7", instrument=0, made_from=1, unit="u", horizons=(1,), quantiles=(0.5,), values=((1e-4,),)
)


class Scripted:
    """Answers, fails or hangs as its script says."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.rows: list[int] = []

    async def _next(self, rows: Sequence[RealizedVariance]) -> Any:
        self.rows.append(len(rows))
        action = self.script.pop(0)
        if action == "hang":
            await asyncio.sleep(60)
        if isinstance(action, Exception):
            raise action
        return action

    async def observe(self, rows: Sequence[RealizedVariance]) -> None:
        await self._next(rows)

    async def predict(
        self, model: str, histories: Mapping[int, Sequence[RealizedVariance]], rows: Sequence[RealizedVariance] = ()
    ) -> list[Prediction]:
        answer: list[Prediction] = await self._next(rows)
        return answer


def _play(forecaster: Scripted, calls: int, pause: float = 0.0) -> tuple[Forecasting, list[int]]:
    forecasting = Forecasting(lambda: forecaster, "m", timeout=0.02, pause=pause)

    async def run() -> list[int]:
        return [len(await forecasting.update([ROW], {0: [ROW]})) for _ in range(calls)]

    return forecasting, asyncio.run(run())


def test_predictions_are_returned_and_their_version_is_shown() -> None:
    forecasting, found = _play(Scripted([PREDICTION]), 1)
    assert found == [1]
    assert forecasting.status() == {"model": "m", "state": "ready", "problem": "", "version": "7", "pending": 0}


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        ("hang", "FORECAST_TIMEOUT"),
        (Unavailable("away"), "SERVICE_UNAVAILABLE"),
        (RuntimeError("broken"), "FORECAST_FAILED"),
    ],
)
def test_rows_that_were_not_handed_over_go_along_with_the_next_call(failure: Any, state: str) -> None:
    forecaster = Scripted(failure, [PREDICTION])
    forecasting = Forecasting(lambda: forecaster, "m", timeout=0.02, pause=0.0)

    async def run() -> None:
        assert await forecasting.update([ROW], {0: [ROW]}) == []
        assert (forecasting.state, forecasting.status()["pending"]) == (state, 1)
        assert await forecasting.update([ROW], {0: [ROW]}) == [PREDICTION]

    asyncio.run(run())
    assert forecaster.rows == [1, 2]
    assert forecasting.state == "ready"


def test_a_model_that_is_not_fitted_has_taken_the_rows() -> None:
    forecaster = Scripted(Unavailable("soon", code="MODEL_NOT_FITTED"), [PREDICTION])
    forecasting, found = _play(forecaster, 2, pause=60.0)
    assert found == [0, 1]
    assert forecaster.rows == [1, 1]


def test_a_forecaster_that_failed_is_left_alone_for_a_while() -> None:
    forecaster = Scripted(Unavailable("away"))
    _, found = _play(forecaster, 3, pause=60.0)
    assert found == [0, 0, 0] and forecaster.rows == [1]


def test_rows_are_observed_in_the_background_where_no_strategy_wants_a_forecast() -> None:
    forecaster = Scripted("hang", None, None)
    forecasting = Forecasting(lambda: forecaster, "m", timeout=0.02, pause=0.0)

    async def run() -> None:
        for _ in range(3):
            assert await forecasting.update([ROW], {}) == []
        await forecasting.close()
        assert forecaster.rows == [3]
        assert forecasting.status()["pending"] == 3
        await forecasting.update([ROW], {})
        await forecasting.close()
        assert forecasting.status()["pending"] == 0

    asyncio.run(run())
    assert forecaster.rows[-1] == 4


def test_a_prediction_waits_for_the_rows_that_are_under_way() -> None:
    forecaster = Scripted(None, [PREDICTION])
    forecasting = Forecasting(lambda: forecaster, "m", timeout=0.02, pause=0.0)

    async def run() -> None:
        await forecasting.update([ROW], {})
        assert await forecasting.update([ROW], {0: [ROW]}) == [PREDICTION]

    asyncio.run(run())
    assert sum(forecaster.rows) == 2


def test_nothing_is_asked_when_there_is_nothing_new() -> None:
    forecasting = Forecasting(lambda: Scripted(), "m")
    assert asyncio.run(forecasting.update([], {})) == []
