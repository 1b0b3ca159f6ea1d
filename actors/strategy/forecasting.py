"""Asks the forecaster, and trades on without it when it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from actors.errors import AlphaMindError
from actors.messages import Prediction, RealizedVariance
from actors.strategy.forecaster import Forecaster

TIMEOUT_SECONDS = 2.0
PAUSE_SECONDS = 5.0
_PENDING_ROWS = 100_000

log = structlog.get_logger()


class Forecasting:
    """The strategy service's side of forecasts: hands over new variances, asks for predictions, never raises.

    A forecaster that failed is left alone for a few seconds; what was not handed over meanwhile (up to 100,000 rows)
    goes along with the next call. A change of state is logged once.

    Args:
        make: Makes the forecaster at first use.
        model: Model id.
        timeout: Seconds to wait for an answer.
        pause: Seconds before a forecaster that failed is asked again.

    Attributes:
        state: ``waiting`` before the first answer, ``ready``, or the code of the error that it answered with.
        problem: The error in words, empty while all is well.
        version: Version of the model that made the newest prediction.
    """

    def __init__(
        self,
        make: Callable[[], Forecaster],
        model: str,
        timeout: float = TIMEOUT_SECONDS,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self.state = "waiting"
        self.problem = ""
        self.version = ""
        self._make = make
        self._model = model
        self._timeout = timeout
        self._pause = pause
        self._pending: deque[RealizedVariance] = deque(maxlen=_PENDING_ROWS)
        self._forecaster: Forecaster | None = None
        self._not_before = 0.0
        self._observing: asyncio.Task[list[Prediction]] | None = None

    async def update(
        self, rows: Sequence[RealizedVariance], histories: Mapping[int, Sequence[RealizedVariance]]
    ) -> list[Prediction]:
        """Hand over new variances and return a prediction for each history, or none where it gives none."""
        self._pending.extend(rows)
        if not self._pending or time.monotonic() < self._not_before:
            return []
        if not histories:
            # Nobody waits for a prediction: the market does not have to wait for the forecaster either.
            if self._observing is None or self._observing.done():
                self._observing = asyncio.get_running_loop().create_task(self._ask({}))
            return []
        if self._observing is not None:
            await self._observing
            self._observing = None
        return await self._ask(histories)

    async def close(self) -> None:
        """Let what is under way come to its end."""
        if self._observing is not None:
            await self._observing

    async def _ask(self, histories: Mapping[int, Sequence[RealizedVariance]]) -> list[Prediction]:
        pending = list(self._pending)
        self._pending.clear()
        predictions: list[Prediction] = []
        handed_over = False
        try:
            if self._forecaster is None:
                self._forecaster = self._make()
            if histories:
                predictions = await asyncio.wait_for(
                    self._forecaster.predict(self._model, histories, pending), self._timeout
                )
            else:
                await asyncio.wait_for(self._forecaster.observe(pending), self._timeout)
            handed_over = True
        except (asyncio.TimeoutError, TimeoutError):
            self._failed("FORECAST_TIMEOUT", f"no answer within {self._timeout:g} s")
        except AlphaMindError as error:
            if error.code == "MODEL_NOT_FITTED":
                handed_over = True
                self._note(error.code, str(error))
            else:
                self._failed(error.code, str(error))
        except Exception as error:
            self._failed("FORECAST_FAILED", f"{type(error).__name__}: {error}")
        if not handed_over:
            self._pending.extendleft(reversed(pending))
        if predictions:
            self.version = predictions[0].version
            self._note("ready", "")
        return predictions

    def status(self) -> dict[str, Any]:
        """Return state, problem and version as plain data."""
        return {
            "model": self._model,
            "state": self.state,
            "problem": self.problem,
            "version": self.version,
            "pending": len(self._pending),
        }

    def _failed(self, state: str, problem: str) -> None:
        self._not_before = time.monotonic() + self._pause
        self._note(state, problem)

    def _note(self, state: str, problem: str) -> None:
        if state != self.state:
            log.info("forecasts", model=self._model, state=state, before=self.state, problem=problem)
        self.state, self.problem = state, problem
