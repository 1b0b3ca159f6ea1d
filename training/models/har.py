"""The heterogeneous autoregression of realised variance, pooled over instruments, with empirical quantiles.

For each horizon h one regression over all instruments and periods (Corsi 2009, in logarithms as in Andersen,
Bollerslev and Diebold 2007):

    ln(mean of v[t+1] ... v[t+h]) = b0 + sum over lags l of b_l ln(mean of v[t-l+1] ... v[t]) + e[t]

The forecast for h is direct, not iterated. Its quantiles are exp(fitted value + empirical quantile of the residuals
of that horizon): the logarithm keeps order, so they are quantiles of the mean variance itself, and they can't cross.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actors.errors import InputError
from actors.features.har import LAGS, har_regressors
from training.models.least_squares import LeastSquares, ordinary_least_squares
from training.models.training_rows import TrainingRows
from training.panel import Floats, Panel, check_histories, check_variances

KIND = "har"


@dataclass(frozen=True)
class HorizonFit:
    """The regression of one horizon.

    Attributes:
        horizon: Steps ahead, in periods.
        coefficients: Constant first, then one for each lag.
        standard_errors: Of the coefficients (Driscoll and Kraay 1998).
        residual_quantiles: Empirical quantiles of the residuals, ascending.
        r_squared: In sample.
        observations: Pooled rows.
    """

    horizon: int
    coefficients: tuple[float, ...]
    standard_errors: tuple[float, ...]
    residual_quantiles: tuple[float, ...]
    r_squared: float
    observations: int


@dataclass(frozen=True)
class HarModel:
    """A fitted heterogeneous autoregression.

    Attributes:
        lags: Lengths of the averages, in periods, ascending.
        quantiles: Quantile levels, ascending.
        fits: One regression for each horizon.
        instruments: Ids of the instruments that it learned from.
        window: Known times of the first and the last variance that it learned from, UTC nanoseconds.
    """

    lags: tuple[int, ...]
    quantiles: tuple[float, ...]
    fits: tuple[HorizonFit, ...]
    instruments: tuple[int, ...]
    window: tuple[int, int]

    @property
    def horizons(self) -> tuple[int, ...]:
        """Steps ahead, in periods."""
        return tuple(fit.horizon for fit in self.fits)

    @property
    def shortest_history(self) -> int:
        """Variances that ``predict`` needs."""
        return max(self.lags)

    @classmethod
    def fit(
        cls,
        panel: Panel,
        *,
        lags: Sequence[int] = LAGS,
        horizons: Sequence[int] = (1, 5),
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        minimum_observations: int = 120,
    ) -> HarModel:
        """Fit one pooled regression for each horizon.

        Args:
            panel: Realised variances; an instrument with too short a series is left out of a horizon.
            lags: Lengths of the averages, in periods.
            horizons: Steps ahead, in periods.
            quantiles: Quantile levels.
            minimum_observations: Pooled rows that each horizon needs.

        Raises:
            InputError: A variance that is not a positive number, lags or horizons or quantiles out of range, fewer
            rows than
                needed, or collinear regressors.
        """
        lags, horizons, quantiles = (
            tuple(sorted(set(lags))),
            tuple(sorted(set(horizons))),
            tuple(sorted(set(quantiles))),
        )
        _check_shape(lags, horizons, quantiles)
        for series in panel:
            check_variances(series.variances, f"panel[{series.instrument}]")
        rows = TrainingRows(panel, lags)
        fits = []
        for horizon in horizons:
            design, target, times = rows.of(horizon)
            if len(target) < minimum_observations:
                raise InputError(
                    f"too few observations for horizon {horizon}",
                    field="panel",
                    value=len(target),
                    rule=f"at least {minimum_observations} with {max(lags)} periods before and {horizon} after them",
                    remedy="a longer history, or more instruments",
                    code="TRAINING_DATA_SHORT",
                )
            fits.append(_summarise(horizon, ordinary_least_squares(design, target, times, horizon), quantiles))
        used = [series for series in panel if len(series.variances)]
        return cls(
            lags,
            quantiles,
            tuple(fits),
            tuple(series.instrument for series in used),
            (min(int(one.known_times[0]) for one in used), max(int(one.known_times[-1]) for one in used)),
        )

    def predict(self, histories: Sequence[Floats]) -> Floats:
        """Return quantiles of the mean variance over each horizon; see ``VolatilityModel.predict``."""
        longest = self.shortest_history
        check_histories(histories, longest)
        newest = np.array([history[-longest:] for history in histories], dtype=np.float64).reshape(-1, longest)
        regressors = np.ones((len(histories), 1 + len(self.lags)))
        regressors[:, 1:] = har_regressors(newest, self.lags)[:, -1]
        middle = np.column_stack([_dot(regressors, fit.coefficients) for fit in self.fits])
        spread = np.array([fit.residual_quantiles for fit in self.fits])
        return np.asarray(np.exp(middle[:, :, None] + spread[None, :, :]))

    def describe(self) -> dict[str, Any]:
        """Return everything that the model is, as plain data."""
        return {
            "kind": KIND,
            "lags": list(self.lags),
            "quantiles": list(self.quantiles),
            "instruments": list(self.instruments),
            "window": list(self.window),
            "fits": [
                {
                    "horizon": fit.horizon,
                    "coefficients": list(fit.coefficients),
                    "standard_errors": list(fit.standard_errors),
                    "residual_quantiles": list(fit.residual_quantiles),
                    "r_squared": fit.r_squared,
                    "observations": fit.observations,
                }
                for fit in self.fits
            ],
        }

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> HarModel:
        """Make the model again that ``describe`` described.

        Raises:
            InputError: The description is not that of such a model.
        """
        try:
            if description["kind"] != KIND:
                raise InputError("another kind of model", field="kind", value=description["kind"], rule=KIND)
            first, last = description["window"]
            return cls(
                tuple(int(lag) for lag in description["lags"]),
                tuple(float(level) for level in description["quantiles"]),
                tuple(
                    HorizonFit(
                        int(fit["horizon"]),
                        tuple(float(number) for number in fit["coefficients"]),
                        tuple(float(number) for number in fit["standard_errors"]),
                        tuple(float(number) for number in fit["residual_quantiles"]),
                        float(fit["r_squared"]),
                        int(fit["observations"]),
                    )
                    for fit in description["fits"]
                ),
                tuple(int(instrument) for instrument in description["instruments"]),
                (int(first), int(last)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"unreadable model: {type(error).__name__} {error}", field="model", rule="a description of HarModel"
            ) from None

    def save(self, path: pathlib.Path) -> None:
        """Write the model as JSON; numbers are written so that they are read back to the same bits."""
        path.write_text(json.dumps(self.describe(), indent=1))

    @classmethod
    def load(cls, path: pathlib.Path) -> HarModel:
        """Read a model that ``save`` wrote; raises ``InputError`` where it is none."""
        try:
            description = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"can't read a model: {error}", field="path", value=path, rule="a file of save") from None
        return cls.from_description(description)


def _check_shape(lags: tuple[int, ...], horizons: tuple[int, ...], quantiles: tuple[float, ...]) -> None:
    for field, values in (("lags", lags), ("horizons", horizons)):
        if not values or values[0] < 1:
            raise InputError(f"{field} out of range", field=field, value=values, rule="whole numbers from 1 on")
    if not quantiles or not 0 < quantiles[0] <= quantiles[-1] < 1:
        raise InputError("quantiles out of range", field="quantiles", value=quantiles, rule="between 0 and 1")


def _summarise(horizon: int, fitted: LeastSquares, quantiles: tuple[float, ...]) -> HorizonFit:
    spread = np.sort(np.quantile(fitted.residuals, quantiles))
    return HorizonFit(
        horizon,
        tuple(fitted.coefficients.tolist()),
        tuple(fitted.standard_errors.tolist()),
        tuple(spread.tolist()),
        fitted.r_squared,
        len(fitted.residuals),
    )


def _dot(regressors: Floats, coefficients: Sequence[float]) -> Floats:
    """Multiply in one fixed order, so that a forecast does not depend on how many are made together."""
    total = np.zeros(len(regressors))
    for column, coefficient in enumerate(coefficients):
        total += regressors[:, column] * coefficient
    return total
