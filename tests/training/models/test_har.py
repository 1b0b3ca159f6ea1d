from __future__ import annotations

import csv
import gzip
import math
import pathlib
from collections import defaultdict

import numpy as np
import pytest

from actors.errors import InputError
from tests.data import real_data
from tests.training.simulated import COEFFICIENTS, NOISE, panel, variances
from training.models.har import HarModel
from training.models.least_squares import ordinary_least_squares
from training.panel import Panel, Series


def test_the_coefficients_of_simulated_data_are_recovered_within_their_standard_errors() -> None:
    model = HarModel.fit(panel(8, 2000), horizons=(1,))
    fit = model.fits[0]
    assert fit.observations == 8 * (2000 - 22)
    for estimate, error, truth in zip(fit.coefficients, fit.standard_errors, COEFFICIENTS, strict=True):
        assert abs(estimate - truth) < 4 * error
        assert 0 < error < 0.1
    assert fit.residual_quantiles == pytest.approx([-1.2816 * NOISE, 0.0, 1.2816 * NOISE], abs=0.02)
    assert 0.3 < fit.r_squared < 0.9


def test_a_pooled_fit_is_one_regression_over_all_rows() -> None:
    data = panel(3, 300)
    fit = HarModel.fit(data, horizons=(5,)).fits[0]
    designs, targets = [], []
    for series in data:
        values = series.variances
        for now in range(21, len(values) - 5):
            past = values[: now + 1]
            designs.append([1.0, *(math.log(past[-lag:].mean()) for lag in (1, 5, 22))])
            targets.append(math.log(values[now + 1 : now + 6].mean()))
    expected, *_ = np.linalg.lstsq(np.array(designs), np.array(targets), rcond=None)
    assert fit.coefficients == pytest.approx(expected)
    assert fit.observations == len(targets)


def test_quantiles_cover_what_they_promise_out_of_sample() -> None:
    model = HarModel.fit(panel(4, 1000), horizons=(1,), quantiles=(0.1, 0.5, 0.9))
    path = variances(3000, seed=99)
    histories = [path[index - 22 : index] for index in range(22, len(path))]
    predicted = model.predict(histories)[:, 0, :]
    realised = path[22:]
    for column, level in enumerate((0.1, 0.5, 0.9)):
        assert np.mean(realised < predicted[:, column]) == pytest.approx(level, abs=0.03)


def test_quantiles_never_cross_and_are_positive() -> None:
    levels = tuple(np.linspace(0.01, 0.99, 25))
    predicted = HarModel.fit(panel(2, 200), quantiles=levels).predict([variances(40, seed=n) for n in range(50)])
    assert predicted.shape == (50, 2, 25)
    assert (np.diff(predicted, axis=2) >= 0).all() and (predicted > 0).all()


def test_the_same_data_give_the_same_bits() -> None:
    first, second = HarModel.fit(panel(5, 400)), HarModel.fit(panel(5, 400))
    assert first == second
    histories = [variances(30, seed=n) for n in range(9)]
    together = first.predict(histories)
    for index, history in enumerate(histories):
        assert np.array_equal(second.predict([history])[0], together[index])


def test_a_model_is_read_back_to_the_same_bits(tmp_path: pathlib.Path) -> None:
    model = HarModel.fit(panel(2, 200))
    model.save(tmp_path / "model.json")
    assert HarModel.load(tmp_path / "model.json") == model
    assert model.window == (panel(1, 200)[0].known_times[0], panel(1, 200)[0].known_times[-1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "can't read a model"),
        ("[]", "unreadable model"),
        ('{"kind": "har"}', "unreadable model"),
        ('{"kind": "tree", "window": [0, 1]}', "another kind"),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: pathlib.Path, content: str, says: str) -> None:
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(InputError, match=says):
        HarModel.load(tmp_path / "model.json")
    with pytest.raises(InputError, match="can't read a model"):
        HarModel.load(tmp_path / "nothing.json")


def _spoiled(value: float) -> Panel:
    series = panel(1, 200)[0]
    values = series.variances.copy()
    values[7] = value
    return (Series(4, series.known_times, values),)


def _constant() -> Panel:
    series = panel(1, 300)[0]
    return (Series(0, series.known_times, np.full(300, 1e-4)),)


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        (_spoiled(float("nan")), "panel[4][7]", "INPUT_INVALID"),
        (_spoiled(-1e-4), "panel[4][7]", "INPUT_INVALID"),
        (_spoiled(0.0), "panel[4][7]", "INPUT_INVALID"),
        (panel(1, 140), "panel", "TRAINING_DATA_SHORT"),
        (panel(3, 10), "panel", "TRAINING_DATA_SHORT"),
        ((), "panel", "TRAINING_DATA_SHORT"),
        (_constant(), "variances", "TRAINING_DATA_COLLINEAR"),
    ],
)
def test_data_that_allow_no_fit_are_refused_by_name(data: Panel, field: str, code: str) -> None:
    with pytest.raises(InputError) as raised:
        HarModel.fit(data)
    assert (raised.value.field, raised.value.code) == (field, code)


@pytest.mark.parametrize(
    ("keywords", "field"),
    [({"lags": (0, 5)}, "lags"), ({"horizons": ()}, "horizons"), ({"quantiles": (0.5, 1.0)}, "quantiles")],
)
def test_a_shape_that_makes_no_sense_is_refused(keywords: dict[str, tuple[float, ...]], field: str) -> None:
    with pytest.raises(InputError) as raised:
        HarModel.fit(panel(1, 200), **keywords)  # type: ignore[arg-type]
    assert raised.value.field == field


@pytest.mark.parametrize("history", [[1e-4] * 21, [1e-4] * 21 + [float("nan")], [-1e-4] + [1e-4] * 21])
def test_a_history_that_is_short_or_wrong_is_refused_by_its_place(history: list[float]) -> None:
    model = HarModel.fit(panel(1, 200))
    with pytest.raises(InputError, match=r"histories\[1\]"):
        model.predict([variances(22, 1), np.array(history)])


def test_standard_errors_allow_for_instruments_that_move_as_one() -> None:
    rng = np.random.default_rng(5)
    times = np.repeat(np.arange(500), 10)
    shock = np.repeat(rng.standard_normal(500), 10)
    regressor = np.repeat(rng.standard_normal(500), 10)
    design = np.column_stack([np.ones(5000), regressor])
    fitted = ordinary_least_squares(design, shock, times, 1)
    naive = math.sqrt(float(fitted.residuals @ fitted.residuals) / 5000 / 5000)
    assert fitted.standard_errors[1] > 2 * naive
    assert fitted.standard_errors[1] == pytest.approx(1 / math.sqrt(500), rel=0.3)


def _walk_forward(data: dict[str, np.ndarray], first: int, refit: int) -> tuple[float, float]:
    """Return the mean squared errors of ln(variance) one period ahead, of the model and of the random walk.

    The model is fitted to the first ``first`` periods of each series and again after every ``refit``, to all before.
    """
    model_errors, walk_errors = [], []
    longest = max(len(values) for values in data.values())
    for start in range(first, longest, refit):
        known = (values[:start] for values in data.values())
        panel = tuple(
            Series(index, np.arange(1, len(values) + 1, dtype=np.int64), values) for index, values in enumerate(known)
        )
        fitted = HarModel.fit(panel, horizons=(1,), quantiles=(0.5,))
        for values in data.values():
            wanted = range(start, min(start + refit, len(values)))
            if wanted:
                predicted = np.log(fitted.predict([values[now - 22 : now] for now in wanted])[:, 0, 0])
                realised = np.log(values[wanted.start : wanted.stop])
                model_errors.append((realised - predicted) ** 2)
                walk_errors.append((realised - np.log(values[wanted.start - 1 : wanted.stop - 1])) ** 2)
    return float(np.concatenate(model_errors).mean()), float(np.concatenate(walk_errors).mean())


def test_it_beats_the_random_walk_on_simulated_variances() -> None:
    model, walk = _walk_forward({str(n): variances(800, seed=n) for n in range(5)}, 400, 200)
    assert model < 0.9 * walk


def test_it_beats_the_random_walk_on_31_indices() -> None:
    file = real_data("realized_volatility", "rk_th2_31_indices.csv.gz")
    found: defaultdict[str, list[float]] = defaultdict(list)
    with gzip.open(file, "rt") as lines:
        for row in csv.DictReader(lines):
            value = float(row["rk_th2"] or "nan")
            if value > 0:
                found[row["symbol"]].append(value)
    data = {symbol: np.array(values) for symbol, values in found.items() if len(values) > 3000}
    assert len(data) >= 25
    model, walk = _walk_forward(data, 2500, 500)
    assert model < 0.85 * walk
