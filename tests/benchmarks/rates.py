"""Rates of a stream from samples of how far it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SETTLING = 0.1
"""Share of a stretch that is left out at its beginning, for caches to settle."""


class Sample(NamedTuple):
    """How far a stream was.

    Attributes:
        sequence: Newest slice that was done.
        rows: Rows of all slices until then.
        seconds: Time that they took.
    """

    sequence: int
    rows: int
    seconds: float


def rate_between(samples: Iterable[Sample], first: int, last: int) -> float:
    """Return the rows a second of the slices ``first`` to ``last``, from the samples nearest to both within them.

    Raises:
        ValueError: Fewer than two samples lie within.
    """
    settled = first + int((last - first) * SETTLING)
    within = sorted({sample for sample in samples if settled <= sample.sequence <= last})
    if len(within) < 2:
        raise ValueError(f"{len(within)} samples from slice {settled} to {last}: no rate can be told")
    return (within[-1].rows - within[0].rows) / (within[-1].seconds - within[0].seconds)
