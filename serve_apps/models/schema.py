"""Bodies of ``POST /models/{id}/predict``."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from pydantic import Field

from actors.errors import InputError

Variance = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


class _Body(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PredictInstance(_Body):
    """One history to predict from."""

    instrument: Annotated[str, Field(min_length=1, max_length=64)]
    """A name for the answer; it need not be known here."""
    variances: Annotated[tuple[Variance, ...], Field(min_length=1, max_length=10_000)]
    """Realised variances of consecutive periods, oldest first, positive; 22 or more for the default lags."""


class PredictRequest(_Body):
    """Either histories of one's own, or symbols whose live history the service has observed."""

    instances: Annotated[tuple[PredictInstance, ...], Field(min_length=1, max_length=1_000)] | None = None
    """Histories to predict from."""
    instruments: Annotated[tuple[str, ...], Field(min_length=1, max_length=1_000)] | None = None
    """Symbols to predict from live history."""

    @pydantic.model_validator(mode="after")
    def _one_of_both(self) -> PredictRequest:
        if (self.instances is None) == (self.instruments is None):
            raise ValueError("give either instances or instruments")
        return self


class PredictedInstance(_Body):
    """The forecast of one history."""

    instrument: str
    """The name or symbol as it was asked for."""
    made_from: str | None
    """When the newest variance became known (RFC 3339, UTC); null for a history of the caller's own."""
    values: tuple[tuple[float, ...], ...]
    """One row for each horizon, one value for each quantile."""


class PredictResponse(_Body):
    """Forecasts of the mean variance over each horizon."""

    model: str
    """Model id."""
    version: str
    """Version that made the forecasts."""
    unit: str
    """Unit of the values."""
    horizons: tuple[int, ...]
    """Steps ahead, in periods."""
    quantiles: tuple[float, ...]
    """Quantile levels, ascending."""
    predictions: tuple[PredictedInstance, ...]
    """In the order in which they were asked for."""


def parse_request(body: Any) -> PredictRequest:
    """Return a validated request.

    Raises:
        InputError: Names the first field that is wrong, its value and the rule.
    """
    try:
        return PredictRequest.model_validate(body)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ""
        for part in first["loc"]:
            path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
        value = None if first["type"] == "missing" or isinstance(first["input"], dict) else first["input"]
        raise InputError(
            "the request for a prediction is wrong",
            field=path or "body",
            value=value,
            rule=first["msg"].removeprefix("Value error, "),
        ) from None
