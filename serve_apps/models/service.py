"""What the deployment does, without Serve: requests in, plain data out, errors as data."""

from __future__ import annotations

import asyncio
import datetime
import difflib
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import structlog

from actors.errors import AlphaMindError, NotFound
from actors.messages import Instrument, RealizedVariance, decoder, encode
from actors.metrics import Metrics
from serve_apps.models.schema import PredictedInstance, PredictRequest, PredictResponse, parse_request
from training.forecast_book import UNIT, ForecastBook

Histories = dict[int, list[RealizedVariance]]
decode_rows: Callable[[bytes], list[RealizedVariance]] = decoder(list[RealizedVariance])
decode_histories: Callable[[bytes], Histories] = decoder(Histories)

Answer = TypeVar("Answer")
log = structlog.get_logger()


def errors_as_data(
    method: Callable[..., Awaitable[dict[str, Any]]],
) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Make a method answer ``{"error": description}`` instead of raising: an exception does not cross Serve whole."""

    @functools.wraps(method)
    async def answering(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        try:
            return await method(*arguments, **keywords)
        except AlphaMindError as error:
            return {"error": error.describe()}
        except Exception:
            log.exception("model service failed", method=method.__name__)
            return {
                "error": AlphaMindError(f"the model service failed to {method.__name__}; its log says why").describe()
            }

    return answering


class ModelService:
    """Serves one forecast book; fits run in a thread, so that predictions go on meanwhile.

    ``observe`` answers when the fit that it made due is installed, so whoever observes and then predicts always gets
    the same version for the same data.

    Metrics: ``predictions_total`` and ``observations_total`` count instruments and variances; ``predict_seconds`` is
    how long the model took for one request.

    Args:
        book: The book, recovered.
        instruments: The instrument master, for symbols.
    """

    def __init__(self, book: ForecastBook, instruments: Sequence[Instrument]) -> None:
        self.book = book
        self.metrics = Metrics()
        self._instruments = {instrument.symbol: instrument.id for instrument in instruments}
        self._observing: asyncio.Lock | None = None

    @errors_as_data
    async def observe(self, rows: bytes) -> dict[str, Any]:
        """Take new variances (encoded ``list[RealizedVariance]``); fit where a fit is due."""
        await self._observe(decode_rows(rows))
        return self.book.describe()

    @errors_as_data
    async def predict(self, model_id: str, histories: bytes, rows: bytes) -> dict[str, Any]:
        """Observe ``rows``, then predict from ``histories``; both encoded.

        Returns:
            ``{"predictions": encoded list[Prediction]}``.
        """
        await self._observe(decode_rows(rows))
        began = time.perf_counter_ns()
        predictions = self.book.predict(model_id, decode_histories(histories))
        self._predicted(len(predictions), began)
        return {"predictions": encode(predictions)}

    @errors_as_data
    async def predict_http(self, model_id: str, body: Any) -> dict[str, Any]:
        """Answer ``POST /models/{id}/predict``: a ``PredictRequest`` in, a ``PredictResponse`` out, as plain data."""
        self.book.known(model_id)
        request = parse_request(body)
        current = self.book.fitted(model_id)
        names, histories, times = self._wanted(request)
        began = time.perf_counter_ns()
        values = self.book.values(histories)
        self._predicted(len(names), began)
        return PredictResponse(
            model=model_id,
            version=current.version,
            unit=UNIT,
            horizons=current.model.horizons,
            quantiles=current.model.quantiles,
            predictions=tuple(
                PredictedInstance(instrument=name, made_from=newest, values=tuple(tuple(row) for row in matrix))
                for name, newest, matrix in zip(names, times, values.tolist(), strict=True)
            ),
        ).model_dump(mode="json")

    @errors_as_data
    async def describe(self) -> dict[str, Any]:
        """Return what the model is and has seen."""
        return self.book.describe()

    def _predicted(self, count: int, began: int) -> None:
        self.metrics.count("predictions_total", count)
        self.metrics.observe("predict_seconds", time.perf_counter_ns() - began)

    async def _observe(self, rows: Sequence[RealizedVariance]) -> None:
        if self._observing is None:
            self._observing = asyncio.Lock()
        async with self._observing:
            self.book.observe(rows)
            self.metrics.count("observations_total", len(rows))
            if self.book.due:
                model = await asyncio.to_thread(self.book.fit, self.book.panel())
                if model is not None:
                    self.book.install(model)

    def _wanted(self, request: PredictRequest) -> tuple[list[str], list[Any], list[str | None]]:
        if request.instances is not None:
            names = [instance.instrument for instance in request.instances]
            return names, [np.array(instance.variances) for instance in request.instances], [None] * len(names)
        symbols = list(request.instruments or ())
        rows = [self._live(index, symbol) for index, symbol in enumerate(symbols)]
        return (
            symbols,
            [np.array([row.variance for row in history]) for history in rows],
            [_rfc3339(history[-1].known_time) if history else None for history in rows],
        )

    def _live(self, index: int, symbol: str) -> list[RealizedVariance]:
        if symbol not in self._instruments:
            near = difflib.get_close_matches(symbol, list(self._instruments), n=1, cutoff=0.5)
            raise NotFound(
                "unknown instrument",
                field=f"instruments[{index}]",
                value=symbol,
                rule=f"one of the {len(self._instruments)} symbols of the instrument master",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
        return self.book.history(self._instruments[symbol])


def _rfc3339(nanoseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(nanoseconds // 1_000_000_000, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
