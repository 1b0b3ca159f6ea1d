from __future__ import annotations

import asyncio
import pathlib

import numpy as np
import pytest

from actors.errors import InputError, NotFound, Unavailable
from actors.messages import RealizedVariance
from configs.schema import ForecasterSection
from tests.training.simulated import rows
from training.forecast_book import ForecastBook
from training.local_forecaster import LocalForecaster
from training.models.har import HarModel

SECTION = ForecasterSection(minimum_observations=60, refit_periods=10)
PERIODS = 22 + 5 + 60 - 1  # that many of one instrument give 60 rows


def _fitted(book: ForecastBook) -> None:
    assert book.due
    model = book.fit(book.panel())
    assert model is not None
    book.install(model)


def test_a_model_that_is_not_fitted_says_how_many_observations_there_are_and_are_needed() -> None:
    book = ForecastBook(SECTION)
    book.observe(rows(1, 40))
    assert not book.due
    with pytest.raises(Unavailable) as raised:
        book.predict("har-rv", {})
    assert (raised.value.code, raised.value.value, raised.value.rule) == ("MODEL_NOT_FITTED", 14, "60 observations")


def test_the_first_fit_is_due_when_there_is_enough_and_the_next_after_the_configured_periods() -> None:
    book = ForecastBook(SECTION)
    due = []
    for period, row in enumerate(rows(1, PERIODS + 25), start=1):
        book.observe([row])
        if book.due:
            due.append(period)
            _fitted(book)
    assert due == [PERIODS, PERIODS + 10, PERIODS + 20]
    assert book.current is not None and book.current.version == "3"


def test_predictions_say_what_they_were_made_from() -> None:
    book = ForecastBook(SECTION)
    book.observe(rows(2, 80))
    _fitted(book)
    predictions = book.predict("har-rv", {1: book.history(1), 0: book.history(0)})
    assert [one.instrument for one in predictions] == [1, 0]
    first = predictions[0]
    assert (first.model, first.version, first.horizons, first.quantiles) == ("har-rv", "1", (1, 5), (0.1, 0.5, 0.9))
    assert first.made_from == rows(2, 80)[-1].known_time
    expected = book.values([np.array([row.variance for row in book.history(1)])])[0]
    assert np.array_equal(np.array(first.values), expected)
    assert book.predict("har-rv", {}) == []


def test_an_unknown_model_is_answered_with_the_known_one() -> None:
    with pytest.raises(NotFound, match="one of har-rv"):
        ForecastBook(SECTION).predict("garch", {})


@pytest.mark.parametrize("variance", [0.0, -1.0, float("nan"), float("inf")])
def test_a_wrong_variance_is_refused_and_nothing_is_taken(variance: float) -> None:
    book = ForecastBook(SECTION)
    with pytest.raises(InputError, match=r"rows\[1\].variance"):
        book.observe([RealizedVariance(0, 0, 1, 1e-4), RealizedVariance(0, 1, 2, variance)])
    assert book.describe()["instruments"] == 0


def test_data_that_allow_no_fit_are_told_and_tried_again() -> None:
    book = ForecastBook(SECTION)
    book.observe([RealizedVariance(0, period - 1, period, 1e-4) for period in range(1, 100)])
    assert book.due
    assert book.fit(book.panel()) is None
    assert not book.due
    with pytest.raises(Unavailable, match="collinear"):
        book.fitted("har-rv")
    assert "collinear" in book.describe()["problem"]
    book.observe([RealizedVariance(0, 99, 100, 2e-4)])
    assert book.due


def test_a_book_that_comes_back_goes_on_with_its_version_and_its_observations(tmp_path: pathlib.Path) -> None:
    first = ForecastBook(SECTION, tmp_path)
    first.recover()
    stream = rows(1, PERIODS + 10)
    first.observe(stream[:PERIODS])
    _fitted(first)
    first.observe(stream[PERIODS : PERIODS + 4])

    again = ForecastBook(SECTION, tmp_path)
    again.recover()
    assert again.current == first.current
    assert again.describe() == first.describe()
    assert not again.due
    again.observe(stream)
    assert again.due
    model = again.fit(again.panel())
    first.observe(stream)
    assert model == first.fit(first.panel())


def test_a_version_of_another_configuration_is_not_used(tmp_path: pathlib.Path) -> None:
    book = ForecastBook(SECTION, tmp_path)
    book.observe(rows(1, 100))
    _fitted(book)
    other = ForecastBook(SECTION.model_copy(update={"horizons": (1, 3)}), tmp_path)
    other.recover()
    assert other.current is None and other.due


def test_the_file_of_observations_does_not_grow_without_end(tmp_path: pathlib.Path) -> None:
    section = SECTION.model_copy(update={"maximum_periods": 30})
    book = ForecastBook(section, tmp_path)
    book.observe(rows(2, 90))
    file = tmp_path / "har-rv" / "observations.bin"
    assert file.stat().st_size == 2 * 90 * 32
    again = ForecastBook(section, tmp_path)
    again.recover()
    assert file.stat().st_size == 2 * 30 * 32
    third = ForecastBook(section, tmp_path)
    third.recover()
    assert third.history(0) == book.history(0) == again.history(0)


def test_the_local_forecaster_fits_before_it_answers() -> None:
    async def run() -> None:
        forecaster = LocalForecaster(SECTION)
        stream = rows(1, PERIODS)
        with pytest.raises(Unavailable):
            await forecaster.predict("har-rv", {0: stream[-22:]}, stream[:-1])
        found = await forecaster.predict("har-rv", {0: stream[-22:]}, stream[-1:])
        assert found[0].version == "1"
        model = HarModel.fit(forecaster.book.panel(), minimum_observations=60)
        expected = model.predict([np.array([row.variance for row in stream[-22:]])])
        assert np.array_equal(np.array(found[0].values), expected[0])

    asyncio.run(run())


def test_the_local_forecaster_goes_on_where_data_allow_no_fit() -> None:
    forecaster = LocalForecaster(SECTION)
    asyncio.run(forecaster.observe([RealizedVariance(0, period - 1, period, 1e-4) for period in range(1, 100)]))
    assert forecaster.book.current is None
