"""The pure core of the model service: what was observed, which version predicts, and when a new fit is due."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import structlog

from actors.errors import InputError, NotFound, Unavailable
from actors.messages import Prediction, RealizedVariance
from configs.schema import ForecasterSection
from training.models.har import HarModel
from training.models.model import VolatilityModel
from training.models.registry import ModelRegistry, ModelVersion
from training.observations import ObservationFile
from training.panel import Floats, Panel, PanelBuilder

UNIT = "variance per period"
log = structlog.get_logger()


class ForecastBook:
    """Observes realised variances, knows when the model is to be fitted, and predicts with its newest version.

    A fit is three calls, so that the middle one can run elsewhere: ``panel``, ``fit``, ``install``.

    Args:
        section: The forecaster's configuration.
        folder: Where versions and observations are kept; ``None``: in memory only.
    """

    def __init__(self, section: ForecasterSection, folder: pathlib.Path | None = None) -> None:
        self.section = section
        self.current: ModelVersion | None = None
        self._panel = PanelBuilder(section.maximum_periods)
        self._registry = None if folder is None else ModelRegistry(folder)
        self._file = None if folder is None else ObservationFile(folder / section.id / "observations.bin")
        self._fitted_at = 0
        self._versions = 0
        self._fit_problem = ""

    def recover(self) -> None:
        """Take up what an earlier process left: its observations and its newest version.

        Raises:
            ModelTampered: The newest version is not what was saved.
        """
        if self._file is None or self._registry is None:
            return
        rows = self._file.read()
        self._panel.add(rows)
        kept = [row for instrument in self._panel.instruments() for row in self._panel.rows(instrument)]
        if len(rows) > 2 * len(kept):
            self._file.replace(sorted(kept, key=lambda row: (row.known_time, row.instrument)))
        if self._registry.versions(self.section.id):
            newest = self._registry.load(self.section.id)
            if self._fits_section(newest.model):
                self.current = newest
                self._fitted_at = self._panel.periods - self._panel.periods_after(newest.model.window[1])
            else:
                log.warning("model was fitted under another configuration", model=newest.id, version=newest.version)

    def _fits_section(self, model: VolatilityModel) -> bool:
        section = self.section
        return (
            model.shortest_history == max(section.lags)
            and model.horizons == tuple(sorted(set(section.horizons)))
            and model.quantiles == tuple(sorted(set(section.quantiles)))
        )

    def observe(self, rows: Sequence[RealizedVariance]) -> None:
        """Take new variances; those that were observed before change nothing.

        Raises:
            InputError: A variance is not a positive number; nothing is taken then.
        """
        for index, row in enumerate(rows):
            if not (0.0 < row.variance < float("inf")):
                raise InputError(
                    "a variance is not a positive number",
                    field=f"rows[{index}].variance",
                    value=row.variance,
                    rule="finite and above 0",
                )
        taken = self._panel.add(rows)
        if self._file is not None:
            self._file.append(taken)

    @property
    def observations(self) -> int:
        """Pooled rows that a fit of the longest horizon would have."""
        return self._panel.usable(max(self.section.lags), max(self.section.horizons))

    @property
    def due(self) -> bool:
        """Whether the model is to be fitted now: first when there is enough, then every ``refit_periods``."""
        if self.observations < self.section.minimum_observations:
            return False
        periods = self._panel.periods - self._fitted_at
        return periods >= (1 if self.current is None else self.section.refit_periods)

    def panel(self) -> Panel:
        """Return the training data as they stand, and count the next fit from here."""
        self._fitted_at = self._panel.periods
        return self._panel.panel()

    def fit(self, panel: Panel) -> HarModel | None:
        """Fit the model; changes nothing but the note of what was wrong, so it may run in another thread.

        Returns:
            The model, or ``None`` where the data do not allow a fit (says why in ``describe``).
        """
        section = self.section
        try:
            model = HarModel.fit(
                panel,
                lags=section.lags,
                horizons=section.horizons,
                quantiles=section.quantiles,
                minimum_observations=section.minimum_observations,
            )
        except InputError as error:
            self._fit_problem = str(error)
            log.warning("model not fitted", model=section.id, problem=str(error))
            return None
        self._fit_problem = ""
        return model

    def install(self, model: HarModel) -> ModelVersion:
        """Keep a model as the newest version and predict with it from now on."""
        if self._registry is not None:
            self.current = self._registry.save(self.section.id, model)
        else:
            self._versions += 1
            self.current = ModelVersion(self.section.id, str(self._versions), "", model)
        fit = model.fits[0]
        log.info(
            "model fitted",
            model=self.section.id,
            version=self.current.version,
            observations=fit.observations,
            r_squared=round(fit.r_squared, 4),
        )
        return self.current

    def predict(self, model_id: str, histories: Mapping[int, Sequence[RealizedVariance]]) -> list[Prediction]:
        """Return one prediction for each history, in the order of the mapping.

        Raises:
            NotFound: No such model.
            Unavailable: Code ``MODEL_NOT_FITTED``: says how many observations there are and are needed.
            InputError: A history is too short or not positive.
        """
        current = self.fitted(model_id)
        if not histories:
            return []
        values = self.values([np.array([row.variance for row in rows]) for rows in histories.values()])
        horizons, quantiles = current.model.horizons, current.model.quantiles
        return [
            Prediction(
                model=model_id,
                version=current.version,
                instrument=instrument,
                made_from=rows[-1].known_time,
                unit=UNIT,
                horizons=horizons,
                quantiles=quantiles,
                values=tuple(map(tuple, matrix)),
            )
            for (instrument, rows), matrix in zip(histories.items(), values.tolist(), strict=True)
        ]

    def values(self, histories: Sequence[Floats]) -> Floats:
        """Return quantiles for bare histories; see ``VolatilityModel.predict``."""
        return self.fitted(self.section.id).model.predict(histories)

    def history(self, instrument: int) -> list[RealizedVariance]:
        """Return what was observed of an instrument, oldest first, as long as a prediction needs."""
        return self._panel.rows(instrument, max(self.section.lags))

    def known(self, model_id: str) -> None:
        """Check that there is such a model; raises ``NotFound`` with those that there are."""
        if model_id != self.section.id:
            raise NotFound("no such model", field="model_id", value=model_id, rule=f"one of {self.section.id}")

    def fitted(self, model_id: str) -> ModelVersion:
        """Return the version that predicts; raises as ``predict``."""
        self.known(model_id)
        if self.current is None:
            raise Unavailable(
                f"model {model_id} is not fitted yet{': ' + self._fit_problem if self._fit_problem else ''}",
                field="observations",
                value=self.observations,
                rule=f"{self.section.minimum_observations} observations",
                remedy="wait for more data, or lower forecaster.minimum_observations",
                code="MODEL_NOT_FITTED",
            )
        return self.current

    def describe(self) -> dict[str, Any]:
        """Return what a person wants to know of the model at a glance, as plain data."""
        current = self.current
        return {
            "model": self.section.id,
            "version": None if current is None else current.version,
            "digest": None if current is None else current.digest,
            "observations": self.observations,
            "needed": self.section.minimum_observations,
            "instruments": len(self._panel.instruments()),
            "observed_until": self._panel.newest or None,
            "problem": self._fit_problem or None,
            "fit": None if current is None else current.model.describe(),
        }
