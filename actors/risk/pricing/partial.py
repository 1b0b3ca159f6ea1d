"""Values of many options in many scenarios, of which some may be missing, and never in silence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from actors.errors import AlphaMindError, Unavailable
from actors.risk.pricing.black_scholes import Array

_SHOWN = 10


@dataclasses.dataclass(frozen=True)
class FailedChunk:
    """Options that could not be revalued.

    Attributes:
        options: Their numbers in the book.
        error: Why.
    """

    options: tuple[int, ...]
    error: AlphaMindError


@dataclasses.dataclass(frozen=True)
class Revaluation:
    """Values of options in scenarios, and which are missing.

    Attributes:
        values: Of one unit of each option; shape (scenarios, options), NaN where missing.
        failed: What is missing; empty where nothing is.
    """

    values: Array
    failed: tuple[FailedChunk, ...] = ()

    @property
    def missing(self) -> float:
        """Share of the options that have no value, from 0 to 1."""
        return sum(len(chunk.options) for chunk in self.failed) / int(self.values.shape[1])

    def totals(self, quantity: Array) -> Array:
        """Return the value of the whole book in each scenario, shape (scenarios,).

        Args:
            quantity: Units of each option, shape (options,).

        Raises:
            Unavailable: Some options are missing; it names them, why, and how large a share they are.
        """
        if self.failed:
            chunk = self.failed[0]
            named = ", ".join(map(str, chunk.options[:_SHOWN]))
            raise Unavailable(
                f"{self.missing:.1%} of the options have no value: {chunk.error.message}",
                field=chunk.error.field or "options",
                value=chunk.error.value,
                rule=f"{chunk.error.rule or 'a value for every option'}; without one: "
                f"{named}{', ...' if len(chunk.options) > _SHOWN or len(self.failed) > 1 else ''}",
                remedy="mend these and revalue again, or take known_totals, which says what is missing",
            )
        return np.asarray(self.values @ quantity)

    def known_totals(self, quantity: Array) -> tuple[Array, float]:
        """Return the value of what could be revalued, shape (scenarios,), and the share of options that is missing."""
        known = np.isfinite(self.values).all(axis=0)
        return np.asarray(self.values[:, known] @ quantity[known]), self.missing


def assembled(scenarios: int, options: int, chunks: Mapping[tuple[int, ...], Array | AlphaMindError]) -> Revaluation:
    """Return the whole of chunks, each by the numbers of its options: shapes (scenarios, options of the chunk)."""
    values = np.full((scenarios, options), np.nan)
    failed = []
    for numbers, found in sorted(chunks.items(), key=lambda chunk: chunk[0]):
        if isinstance(found, AlphaMindError):
            failed.append(FailedChunk(numbers, found))
        else:
            values[:, list(numbers)] = found
    return Revaluation(values, tuple(failed))
