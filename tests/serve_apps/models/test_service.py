from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from actors.messages import Instrument, RealizedVariance, encode
from configs.schema import ForecasterSection
from serve_apps.models.service import ModelService
from tests.training.simulated import rows, variances
from training.forecast_book import ForecastBook

SECTION = ForecasterSection(minimum_observations=60, refit_periods=10)
INSTRUMENTS = (Instrument(id=0, symbol="AAA"), Instrument(id=1, symbol="BBB"), Instrument(id=2, symbol="CCC"))


def _service(observed: list[RealizedVariance]) -> ModelService:
    service = ModelService(ForecastBook(SECTION), INSTRUMENTS)
    answer = asyncio.run(service.observe(encode(observed)))
    assert "error" not in answer
    service._observing = None
    return service


def test_a_due_fit_is_installed_when_observe_answers() -> None:
    service = ModelService(ForecastBook(SECTION), INSTRUMENTS)
    answer = asyncio.run(service.observe(encode(rows(2, 80))))
    assert (answer["version"], answer["instruments"]) == ("1", 2)
    assert asyncio.run(service.describe())["fit"]["kind"] == "har"


def test_a_client_gets_predictions_from_its_own_histories() -> None:
    service = _service(rows(2, 80))
    histories = [variances(30, seed=3), variances(22, seed=4)]
    body = {"instances": [{"instrument": f"X{n}", "variances": one.tolist()} for n, one in enumerate(histories)]}
    answer = asyncio.run(service.predict_http("har-rv", body))
    assert {name: answer[name] for name in ("model", "version", "unit", "horizons", "quantiles")} == {
        "model": "har-rv",
        "version": "1",
        "unit": "variance per period",
        "horizons": [1, 5],
        "quantiles": [0.1, 0.5, 0.9],
    }
    assert [(one["instrument"], one["made_from"]) for one in answer["predictions"]] == [("X0", None), ("X1", None)]
    values = np.array([one["values"] for one in answer["predictions"]])
    assert np.array_equal(values, service.book.values(histories))


def test_a_client_gets_predictions_from_the_live_history() -> None:
    service = _service(rows(2, 80))
    answer = asyncio.run(service.predict_http("har-rv", {"instruments": ["BBB"]}))
    assert answer["predictions"][0]["instrument"] == "BBB"
    assert answer["predictions"][0]["made_from"] == "1970-03-22T00:00:00Z"
    history = np.array([row.variance for row in rows(2, 80) if row.instrument == 1])
    assert np.array_equal(np.array(answer["predictions"][0]["values"]), service.book.values([history])[0])


@pytest.mark.parametrize(
    ("observed", "model_id", "body", "kind", "code", "says"),
    [
        (100, "garch", {"instruments": ["AAA"]}, "NotFound", "RESOURCE_NOT_FOUND", "har-rv"),
        (40, "har-rv", {"instruments": ["AAA"]}, "Unavailable", "MODEL_NOT_FITTED", "60 observations"),
        (40, "har-rv", {"instrument": ["AAA"]}, "InputError", "INPUT_INVALID", "not permitted"),
        (100, "har-rv", {}, "InputError", "INPUT_INVALID", "either"),
        (100, "har-rv", {"instruments": ["BBBB"]}, "NotFound", "RESOURCE_NOT_FOUND", "did you mean BBB"),
        (100, "har-rv", {"instruments": ["CCC"]}, "InputError", "HISTORY_SHORT", "at least 22"),
        (
            100,
            "har-rv",
            {"instances": [{"instrument": "X", "variances": [1e-4] * 21}]},
            "InputError",
            "HISTORY_SHORT",
            "at least 22",
        ),
    ],
)
def test_what_can_not_be_answered_is_described(
    observed: int, model_id: str, body: dict[str, Any], kind: str, code: str, says: str
) -> None:
    answer = asyncio.run(_service(rows(1, observed)).predict_http(model_id, body))
    assert (answer["error"]["kind"], answer["error"]["code"]) == (kind, code)
    assert says in str(answer["error"])


def test_an_unforeseen_failure_is_described_without_details(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _service(rows(1, 80))

    def fail(_: str) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(service.book, "fitted", fail)
    answer = asyncio.run(service.predict_http("har-rv", {"instruments": ["AAA"]}))
    assert answer["error"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in str(answer)


def test_predictions_go_on_while_a_fit_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    async def run() -> None:
        service = ModelService(ForecastBook(SECTION), INSTRUMENTS)
        await service.observe(encode(rows(1, 90)))
        release, fit = threading.Event(), service.book.fit

        def slow(panel: Any) -> Any:
            release.wait(10)
            return fit(panel)

        monkeypatch.setattr(service.book, "fit", slow)
        observing = asyncio.ensure_future(service.observe(encode(rows(1, 110))))
        await asyncio.sleep(0.02)
        answer = await service.predict_http("har-rv", {"instruments": ["AAA"]})
        assert answer["version"] == "1" and not observing.done()
        release.set()
        assert (await observing)["version"] == "2"

    asyncio.run(run())


def test_a_fit_that_fails_leaves_the_service_as_it_was() -> None:
    flat = [RealizedVariance(0, period - 1, period, 1e-4) for period in range(1, 100)]
    service = _service(flat)
    assert asyncio.run(service.describe())["version"] is None


def test_predictions_and_observations_are_counted_and_timed() -> None:
    service = _service(rows(2, 80))
    asyncio.run(service.predict_http("har-rv", {"instruments": ["AAA", "BBB"]}))
    histories = {1: [row for row in rows(2, 80) if row.instrument == 1][-22:]}
    assert "error" not in asyncio.run(service.predict("har-rv", encode(histories), encode([])))
    numbers = service.metrics.snapshot()
    assert (numbers["predictions_total"], numbers["observations_total"]) == (3, 160)
    assert numbers["predict_seconds_p50"] > 0
