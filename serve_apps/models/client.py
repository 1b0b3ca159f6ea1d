"""The strategies' forecaster on Ray Serve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from actors.errors import Unavailable, from_description
from actors.messages import Prediction, RealizedVariance, decoder, encode

_decode_predictions = decoder(list[Prediction])


class ServeForecaster:
    """A ``Forecaster`` over the handle of the Serve application ``models``.

    Made inside the process that uses it; Serve is imported and the handle looked up at the first call.

    Args:
        model: Id of the model that is observed for.
        application: Name of the Serve application.
        handle: A handle to use instead of looking one up.
    """

    def __init__(self, model: str, application: str = "models", handle: Any = None) -> None:
        self.model = model
        self.application = application
        self._handle = handle

    async def observe(self, rows: Sequence[RealizedVariance]) -> None:
        """Hand over new variances; raises ``Unavailable`` where the service can't be reached."""
        await self._call("observe", encode(list(rows)))

    async def predict(
        self,
        model: str,
        histories: Mapping[int, Sequence[RealizedVariance]],
        rows: Sequence[RealizedVariance] = (),
    ) -> list[Prediction]:
        """Hand over ``rows`` and return one prediction for each history; raises as ``Forecaster.predict``."""
        wanted = {instrument: list(history) for instrument, history in histories.items()}
        answer = await self._call("predict", model, encode(wanted), encode(list(rows)))
        predictions: list[Prediction] = _decode_predictions(answer["predictions"])
        return predictions

    async def _call(self, method: str, *arguments: Any) -> dict[str, Any]:
        try:
            if self._handle is None:
                self._handle = await asyncio.to_thread(_look_up, self.application)
            answer: dict[str, Any] = await getattr(self._handle, method).remote(*arguments)
        except Exception as error:
            self._handle = None
            raise Unavailable(
                f"the model service does not answer: {type(error).__name__}: {str(error).partition(chr(10))[0][:200]}",
                remedy="alphamind status shows whether it runs",
                code="MODELS_UNREACHABLE",
            ) from error
        if "error" in answer:
            raise from_description(answer["error"])
        return answer


def _look_up(application: str) -> Any:
    from ray import serve  # loading Serve takes a second that whoever does not forecast need not wait for

    return serve.get_app_handle(application)
